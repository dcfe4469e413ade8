package org.smpvisor.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.smpvisor.report.BugTable;
import org.smpvisor.report.VerifyPage;
import org.smpvisor.report.VerifyReport;
import org.smpvisor.variant.Bug;
import org.smpvisor.verify.BugRecord;
import org.smpvisor.verify.BugStudy;
import org.smpvisor.verify.MarkedPage;
import org.smpvisor.verify.Settings;
import org.smpvisor.verify.Toolbox;
import org.smpvisor.verify.Verification;
import org.smpvisor.verify.VerifyRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs the tests of jcstress and Lincheck, or shows which tool finds which historical bug. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs the tests of jcstress (races of the model on real hardware) and of Lincheck (its small parts against a"
                    + " sequential specification), and leaves their own reports, logs and a summary in a folder of its"
                    + " own, DIR/verify-1, -2 and so on.",
            "",
            "With --bugs: puts back one bug of Xen's past after the other, and shows which tool finds it and how soon:"
                    + " stress, the lock validator, explore, jcstress, Lincheck.",
            ""
        },
        footer = {
            "",
            "Exit status 0: every test ran and passed, or says why it was left out; with",
            "--bugs: a tool found each bug, and none reported anything without a bug.",
            "1: otherwise. 2: wrong use.",
            "",
            "Examples:",
            "  smpvisor verify --mode quick",
            "  smpvisor verify --jcstress --test Mailbox --seconds 60",
            "  smpvisor verify --bugs --bug XB-026 --bug XB-049"
        })
public final class VerifyCommand implements Callable<Integer> {
    private static final List<String> MODES = List.of("quick", "default", "tough");
    private static final List<String> PLACES = List.of("--runs", "--markdown");
    private static final double MAX_SECONDS = 7 * 24 * 3600.0;
    private static final double BUG_SECONDS = 20;
    private static final int MAX_THREADS = 256;

    @Spec
    private CommandSpec spec;

    @Option(names = "--jcstress", description = "Only the tests of jcstress.")
    private boolean jcstress;

    @Option(names = "--lincheck", description = "Only the tests of Lincheck.")
    private boolean lincheck;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description = "How thoroughly: quick, default or tough (default: default). Of jcstress about 4, 36 and 660"
                    + " seconds for each test.")
    private String mode;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description =
                    "About how long all of it may take (default: as long as the mode takes). Lincheck's classes have"
                            + " half of it if both tools run, and what is not finished then has failed; jcstress has the rest,"
                            + " and each of its iterations is made shorter or longer to fit, 10 ms to 10 s. With --bugs: how"
                            + " long stress and explore each look for a bug (default: 20).")
    private Double seconds;

    @Option(names = "--threads", paramLabel = "N", description = "CPUs that jcstress may use (default: all).")
    private Integer threads;

    @Option(
            names = "--test",
            paramLabel = "PATTERN",
            description = "Only tests whose full class name contains a match of this regular expression.")
    private String test;

    @Option(names = "--bugs", description = "Shows which tool finds which bug of Xen's past.")
    private boolean bugs;

    @Option(
            names = "--bug",
            paramLabel = "ID",
            description = "With --bugs: only this one; may be repeated. 'smpvisor bugs list' lists them.")
    private List<String> ids = new ArrayList<>();

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description = "With --bugs: writes the table into this page, between the marks that it has for it.")
    private Path markdown;

    @Option(names = "--seed", paramLabel = "N", description = "With --bugs: seed of all choices (default: 1).")
    private Long seed;

    @Option(
            names = "--runs",
            paramLabel = "DIR",
            defaultValue = "runs",
            description = "Where the folder of the run is made (default: ${DEFAULT-VALUE}).")
    private Path runs;

    @Option(
            names = "--json",
            description = "Prints one JSON object on standard output; progress goes to standard error.")
    private boolean json;

    private Toolbox tools = Toolbox.ofThisProgram();

    @Override
    public Integer call() throws IOException, InterruptedException {
        check(!(jcstress && lincheck), "--jcstress and --lincheck exclude each other; without either both are run");
        check(
                seconds == null || seconds > 0 && seconds <= MAX_SECONDS,
                "--seconds: " + seconds + " is not between 0 and a week");
        check(
                threads == null || threads >= 1 && threads <= MAX_THREADS,
                "--threads: " + threads + " is not between 1 and " + MAX_THREADS);
        return bugs ? bugTable() : tests();
    }

    // ---- tests ------------------------------------------------------------------------------------------------------

    private int tests() throws IOException, InterruptedException {
        check(ids.isEmpty(), "--bug goes with --bugs");
        check(markdown == null, "--markdown goes with --bugs");
        check(seed == null, "--seed goes with --bugs");
        String how = mode == null ? "default" : mode;
        check(MODES.contains(how), "--mode: there is no mode '" + how + "'; there are " + String.join(", ", MODES));
        Settings settings =
                new Settings(how, seconds == null ? 0 : seconds, threads == null ? 0 : threads, pattern(), "");
        boolean withJcstress = !lincheck;
        boolean withLincheck = !jcstress;
        present(withJcstress ? tools.missingForJcstress() : null);
        present(withLincheck ? tools.missingForLincheck() : null);
        check(
                test == null || Verification.chosen(tools, settings, withJcstress, withLincheck) > 0,
                "--test: there is no test whose name has '" + test + "'");
        Path folder = folder();
        VerifyRecord record =
                new Verification(tools, folder, command(), progress()).run(settings, withJcstress, withLincheck);
        VerifyReport report = new VerifyReport(record);
        Files.writeString(folder.resolve("summary.json"), text(report.json()));
        Files.writeString(folder.resolve("summary.html"), new VerifyPage(record).html());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.print(text(report.json()));
            out.flush();
        } else {
            report.print(out);
        }
        return record.isFine() ? Main.OK : Main.FAILED;
    }

    private Pattern pattern() {
        try {
            return test == null ? null : Pattern.compile(test);
        } catch (PatternSyntaxException e) {
            throw wrong("--test: '" + test + "' is not a regular expression: " + e.getDescription());
        }
    }

    // ---- bugs -------------------------------------------------------------------------------------------------------

    private int bugTable() throws IOException, InterruptedException {
        check(!jcstress && !lincheck, "--bugs runs all tools; it goes with neither --jcstress nor --lincheck");
        check(mode == null, "--mode goes with the tests, not with --bugs");
        check(test == null, "--test goes with the tests, not with --bugs");
        check(threads == null, "--threads goes with the tests, not with --bugs");
        List<Bug> hunted = hunted();
        MarkedPage page = page();
        present(tools.missingForJcstress());
        present(tools.missingForLincheck());
        Path folder = folder();
        double each = seconds == null ? BUG_SECONDS : seconds;
        BugRecord record =
                new BugStudy(tools, folder, each, seed == null ? 1 : seed, progress()).run(hunted, command());
        BugTable table = new BugTable(record);
        Files.writeString(folder.resolve("bugs.json"), text(table.json()));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.print(text(table.json()));
            out.flush();
        } else {
            table.print(out);
        }
        if (page != null) {
            page.write(table.markdown());
        }
        return record.isFine() ? Main.OK : Main.FAILED;
    }

    private List<Bug> hunted() {
        Set<Bug> all = new LinkedHashSet<>();
        for (String id : ids) {
            Bug b = BugOptions.named(spec, id);
            check(b.isHunted(), "--bug: " + b.id() + " cannot be hunted yet: it waits for " + b.waitsFor());
            all.add(b);
        }
        return all.isEmpty() ? Arrays.stream(Bug.values()).filter(Bug::isHunted).toList() : List.copyOf(all);
    }

    /** The page of {@code --markdown}, read before anything runs. */
    private MarkedPage page() {
        try {
            return markdown == null ? null : new MarkedPage(markdown);
        } catch (IOException e) {
            throw wrong("--markdown: " + markdown + " cannot be used: " + reason(e));
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.NoSuchFileException ? "there is no such file" : e.getMessage();
    }

    // ---- both -------------------------------------------------------------------------------------------------------

    /** A new folder, the first number that is free. */
    private Path folder() {
        try {
            Files.createDirectories(runs);
            for (int n = 1; ; n++) {
                try {
                    return Files.createDirectory(runs.resolve("verify-" + n));
                } catch (FileAlreadyExistsException e) {
                    // taken; the next one
                }
            }
        } catch (IOException e) {
            throw wrong("--runs: " + runs + " cannot be made: " + e.getMessage());
        }
    }

    private Consumer<String> progress() {
        PrintWriter err = spec.commandLine().getErr();
        return line -> {
            err.println(line);
            err.flush();
        };
    }

    /** The options as they were given, but for those that say where things go. */
    private String command() {
        StringBuilder b = new StringBuilder("./smpvisor");
        boolean isPlace = false;
        for (String a : spec.commandLine().getParent().getParseResult().originalArgs()) {
            boolean was = isPlace;
            isPlace = PLACES.contains(a);
            if (!was && !isPlace && PLACES.stream().noneMatch(p -> a.startsWith(p + "="))) {
                b.append(' ').append(a.matches("[\\w./:=,-]+") ? a : "'" + a + "'");
            }
        }
        return b.toString();
    }

    private static String text(Map<String, Object> document) {
        try {
            return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(document) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void present(String missing) {
        check(missing == null, missing);
    }

    private void check(boolean isRight, String message) {
        if (!isRight) {
            throw wrong(message);
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}

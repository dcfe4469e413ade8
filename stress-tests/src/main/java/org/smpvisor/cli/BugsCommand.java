package org.smpvisor.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.smpvisor.explore.BugHunt;
import org.smpvisor.explore.Evidence;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.report.HuntReport;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Variant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Historical bugs of Xen: which can be put back, and whether the tools find them. */
@Command(
        name = "bugs",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Bugs that Xen once had and that can be put back into the model, to measure the tools that look for such bugs.",
            ""
        },
        subcommands = {BugsCommand.ListBugs.class, BugsCommand.HuntBugs.class})
public final class BugsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "Missing command: list or hunt");
    }

    private static String status(Bug b) {
        if (!b.isSwitchable()) {
            return "waits for " + b.waitsFor();
        }
        return b.waitsFor() == null ? "switchable" : "switchable, open: " + b.waitsFor();
    }

    private static String tools(Bug b) {
        return b.tools().stream().map(Bug.Tool::toString).collect(Collectors.joining(", "));
    }

    private static void print(PrintWriter out, Object json) {
        try {
            out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        out.flush();
    }

    /** {@code bugs list}. */
    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = {
                "Lists the bugs: the commit of Xen that mended each, what is wrong, which tools must find it.",
                ""
            })
    static final class ListBugs implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(names = "--json", description = "Print JSON.")
        private boolean json;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                List<Map<String, Object>> all = new ArrayList<>();
                for (Bug b : Bug.values()) {
                    Map<String, Object> m = new LinkedHashMap<>();
                    m.put("id", b.id());
                    m.put("commit", b.commit());
                    m.put("what", b.what());
                    m.put("tools", b.tools().stream().map(Bug.Tool::toString).toList());
                    m.put("switchable", b.isSwitchable());
                    m.put("waitsFor", b.waitsFor());
                    all.add(m);
                }
                print(out, all);
                return Main.OK;
            }
            for (Bug b : Bug.values()) {
                out.printf(Locale.ROOT, "%-8s %s  %s%n", b.id(), b.commit(), b.what());
                out.printf(Locale.ROOT, "         found by: %s; %s%n", tools(b), status(b));
            }
            out.flush();
            return Main.OK;
        }
    }

    /** {@code bugs hunt}. */
    @Command(
            name = "hunt",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = {
                "Puts back one bug after the other and explores the small scenarios until a tool finds it. All weak spots are"
                        + " corrected meanwhile, but those that a bug needs, and what the model shows without the bug does not"
                        + " count.",
                ""
            },
            footer = {
                "",
                "Exit status 0: every bug was found, and nothing without it. 1: otherwise. 2: wrong use.",
                "",
                "Example:",
                "  smpvisor bugs hunt XB-001 XB-039 --seeds 20"
            })
    static final class HuntBugs implements Callable<Integer> {
        private static final int SHRINK_SCHEDULES = 4_000;

        @Spec
        private CommandSpec spec;

        @Parameters(
                paramLabel = "ID",
                arity = "0..*",
                description = "Bugs to hunt; without any, all that can be found.")
        private List<String> ids = new ArrayList<>();

        @Option(
                names = "--seconds",
                paramLabel = "N",
                defaultValue = "60",
                description = "Time for each bug and seed (60).")
        private double seconds;

        @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Bugs hunted at a time (1).")
        private int threads;

        @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "First seed of all choices (1).")
        private long seed;

        @Option(names = "--seeds", paramLabel = "N", defaultValue = "1", description = "Number of seeds (1).")
        private int seeds;

        @Option(
                names = "--runs",
                paramLabel = "DIR",
                defaultValue = "runs",
                description = "Where replay files go, in DIR/bugs-SEED (runs).")
        private Path runs;

        @Option(names = "--json", description = "Print JSON.")
        private boolean json;

        /** Replay file of each bug that was found by a schedule. */
        private final Map<Bug, Path> kept = new ConcurrentHashMap<>();

        @Override
        public Integer call() throws Exception {
            check(seconds > 0 && seconds <= 86_400, "--seconds must be more than 0 and at most 86400");
            check(threads > 0 && threads <= 256, "--threads must be 1 to 256");
            check(seeds > 0 && seeds <= 1000, "--seeds must be 1 to 1000");
            List<Bug> bugs = bugs();
            try {
                Files.createDirectories(runs);
            } catch (IOException e) {
                check(false, "--runs: " + runs + " cannot be made: " + e.getMessage());
            }
            List<List<BugHunt.Result>> all = hunt(bugs);
            HuntReport report = new HuntReport(all, seed, seconds, kept);
            if (json) {
                BugsCommand.print(spec.commandLine().getOut(), report.json());
            } else {
                report.print(spec.commandLine().getOut());
            }
            boolean fine = all.stream().flatMap(List::stream).allMatch(HuntBugs::isFine);
            return fine ? Main.OK : Main.FAILED;
        }

        private static boolean isFine(BugHunt.Result r) {
            return r.verdict() == BugHunt.Verdict.FOUND && r.twinFindings().isEmpty();
        }

        private void check(boolean isRight, String message) {
            if (!isRight) {
                throw new ParameterException(spec.commandLine(), message);
            }
        }

        private List<Bug> bugs() {
            Set<Bug> out = new LinkedHashSet<>();
            for (String id : ids) {
                List<Bug> some = new ArrayList<>();
                Bug.named(id).ifPresent(some::add);
                for (Bug b : some.isEmpty() ? Bug.values() : new Bug[0]) {
                    if (b.id().length() == id.length() + 1
                            && b.id().toUpperCase(Locale.ROOT).startsWith(id.toUpperCase(Locale.ROOT))) {
                        some.add(b);
                    }
                }
                check(!some.isEmpty(), "there is no bug '" + id + "'; 'smpvisor bugs list' names them");
                for (Bug b : some) {
                    check(b.isSwitchable(), b.id() + " cannot be switched on yet: it waits for " + b.waitsFor());
                }
                out.addAll(some);
            }
            if (ids.isEmpty()) {
                for (Bug b : Bug.values()) {
                    if (b.isHunted()) {
                        out.add(b);
                    }
                }
            }
            return List.copyOf(out);
        }

        /** All bugs with the first seed, then with the next: the model without them is explored once for each seed. */
        private List<List<BugHunt.Result>> hunt(List<Bug> bugs) throws Exception {
            ExecutorService pool = Executors.newFixedThreadPool(threads, r -> {
                Thread t = new Thread(r, "hunter");
                t.setDaemon(true);
                return t;
            });
            BugHunt hunter = new BugHunt(SmallScenarios.all(), seconds);
            List<List<Future<BugHunt.Result>>> work = new ArrayList<>();
            List<List<BugHunt.Result>> all = new ArrayList<>();
            bugs.forEach(b -> all.add(new ArrayList<>()));
            try {
                for (int i = 0; i < seeds; i++) {
                    long n = seed + i;
                    List<Future<BugHunt.Result>> some = new ArrayList<>();
                    for (Bug b : bugs) {
                        some.add(pool.submit(() -> hunt(hunter, b, n)));
                    }
                    work.add(some);
                }
                for (int i = 0; i < seeds; i++) {
                    List<BugHunt.Result> some = new ArrayList<>();
                    for (Future<BugHunt.Result> f : work.get(i)) {
                        some.add(f.get());
                    }
                    for (int b = 0; b < some.size(); b++) {
                        all.get(b).add(hunter.judgeAgain(some.get(b)));
                    }
                    hunter.forget(seed + i);
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception x ? x : e;
            } finally {
                pool.shutdownNow();
            }
            for (List<BugHunt.Result> r : all) {
                keep(r.get(0));
            }
            return all;
        }

        private BugHunt.Result hunt(BugHunt hunter, Bug b, long n) {
            BugHunt.Result r = hunter.hunt(b, n, () -> Thread.currentThread().isInterrupted());
            PrintWriter err = spec.commandLine().getErr();
            err.println(HuntReport.line(r));
            err.flush();
            return r;
        }

        /** What the lock validator reports needs no schedule: a report of another tool is kept, if there is one. */
        private void keep(BugHunt.Result r) {
            for (BugHunt.Catch c : r.catches()) {
                if (c.tool() != Bug.Tool.LOCKS && r.bug().tools().contains(c.tool())) {
                    SmallScenario scenario = SmallScenarios.named(c.scenario()).orElseThrow();
                    Variant v = BugHunt.background(r.bug()).with(r.bug());
                    String text = Evidence.of(scenario, v, c.failure(), SHRINK_SCHEDULES)
                            .file()
                            .text();
                    Path file = runs.resolve("bugs-" + r.seed()).resolve(r.bug().id() + ".replay");
                    try {
                        Files.createDirectories(file.getParent());
                        Files.writeString(file, text);
                    } catch (IOException e) {
                        throw new UncheckedIOException("the replay file cannot be written: " + e.getMessage(), e);
                    }
                    kept.put(r.bug(), file);
                    return;
                }
            }
        }
    }
}

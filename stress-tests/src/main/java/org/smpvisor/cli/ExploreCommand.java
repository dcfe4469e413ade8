package org.smpvisor.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.smpvisor.explore.ExploreOptions;
import org.smpvisor.explore.ExploreRecord;
import org.smpvisor.explore.ExploreRun;
import org.smpvisor.explore.Explorer;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.report.ExploreReport;
import org.smpvisor.scenario.Verdict;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Searches schedules of small scenarios for one in which something goes wrong. */
@Command(
        name = "explore",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs small scenarios under a scheduler that decides every step: which CPU goes on, when an interrupt is taken,"
                    + " when the hardware and the devices act. Thousands of schedules a second, each judged.",
            "",
            "What fails is made as short as possible and kept in a file that 'smpvisor replay' reproduces step for step.",
            ""
        },
        footer = {
            "",
            "Exit status as for 'stress'. 0: clean, known. 1: violation, deadlock,",
            "notExercised (something that a scenario promises happened in no schedule),",
            "interrupted, modelBug. 2: wrong use.",
            "",
            "Examples:",
            "  smpvisor explore --scenario linux-move --seconds 10",
            "  smpvisor explore --quirks fixed --strategy search --seconds 60"
        })
public final class ExploreCommand implements Callable<Integer> {
    private static final double MAX_SECONDS = 7 * 24 * 3600.0;
    private static final int MAX_THREADS = 256;
    private static final long SHUTDOWN_PATIENCE_SECONDS = 60;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--scenario",
            paramLabel = "NAME",
            completionCandidates = ScenarioNames.class,
            description = "A small scenario; may be repeated (default: all of them). One of ${COMPLETION-CANDIDATES};"
                    + " with -gicv2 behind it, on a GICv2.")
    private List<String> names = new ArrayList<>();

    @Option(
            names = "--strategy",
            paramLabel = "NAME",
            defaultValue = "portfolio",
            description =
                    "How schedules are chosen (default: ${DEFAULT-VALUE}): random (every step equally likely), pos"
                            + " (partial-order sampling), spread (what comes from outside is spread over the run), pct (random"
                            + " priorities, 1 to 3 changes), buffers (stores reach memory late), search (all schedules with few"
                            + " preemptions and interrupts, then more), dpor (a schedule of each kind: two are of one kind if"
                            + " they differ in the order of steps that touch nothing in common), portfolio (all of them in turn).")
    private String strategy;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "30",
            description = "How long to search, all scenarios together (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--schedules",
            paramLabel = "N",
            description = "How many schedules to try in each scenario, instead of --seconds.")
    private Long schedules;

    @Option(names = "--threads", paramLabel = "N", description = "Workers (default: one per core).")
    private Integer threads;

    @Mixin
    private QuirkOptions quirks;

    @Mixin
    private BugOptions bugs;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "Seed of all choices (default: a fresh one, which is printed). With one worker and --schedules the"
                            + " same seed gives the same schedules.")
    private Long seed;

    @Option(
            names = "--runs",
            paramLabel = "DIR",
            defaultValue = "runs",
            description =
                    "Where replay files go, in a folder of their own for each exploration (default: ${DEFAULT-VALUE}).")
    private Path runs;

    @Option(names = "--strict", description = "Verdict 'known' counts as a failure (exit 1).")
    private boolean strict;

    @Option(names = "--list-scenarios", description = "Lists the small scenarios, and ends.")
    private boolean listScenarios;

    @Option(
            names = "--json",
            description = "Prints one JSON object on standard output; progress goes to standard error.")
    private boolean json;

    /** Names for help and completion. */
    static final class ScenarioNames implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return SmallScenarios.all().stream().map(SmallScenario::name).iterator();
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (listScenarios) {
            for (SmallScenario s : SmallScenarios.all()) {
                out.printf("%-16s %s (%d pCPUs)%n", s.name(), s.summary(), s.pcpus());
            }
            out.flush();
            return Main.OK;
        }
        ExploreOptions options = options();
        Progress progress = new Progress(err);
        if (!json) {
            out.printf(
                    Locale.ROOT,
                    "%d small scenarios, strategy %s, %d workers, seed %d%n",
                    options.scenarios().size(),
                    options.strategy(),
                    options.threads(),
                    options.seed());
            out.flush();
        }
        try {
            Files.createDirectories(options.runs());
        } catch (IOException e) {
            throw wrong("--runs: " + options.runs() + " cannot be made: " + e.getMessage());
        }
        ExploreRun run = new ExploreRun(options, progress);
        CountDownLatch shown = new CountDownLatch(1);
        Thread hook = new Thread(() -> endEarly(run, shown), "interrupt");
        Runtime.getRuntime().addShutdownHook(hook);
        ExploreRecord record;
        try {
            record = run.run();
            progress.end();
            if (json) {
                out.println(new ExploreReport(record).json());
                out.flush();
            } else {
                new ExploreReport(record).print(out);
            }
        } finally {
            shown.countDown();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is on its way down: the user interrupted, and the summary has been shown.
        }
        return strict && record.verdict() == Verdict.KNOWN
                ? Main.FAILED
                : record.verdict().exitCode();
    }

    private static void endEarly(ExploreRun run, CountDownLatch shown) {
        run.interrupt();
        try {
            if (!shown.await(SHUTDOWN_PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("smpvisor explore: ended without a summary");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(Verdict.INTERRUPTED.exitCode());
    }

    private ExploreOptions options() {
        List<SmallScenario> scenarios = new ArrayList<>();
        for (String name : names) {
            scenarios.add(SmallScenarios.named(name)
                    .orElseThrow(() -> wrong("--scenario: there is no small scenario '" + name + "'; there are "
                            + SmallScenarios.all().stream()
                                    .map(SmallScenario::name)
                                    .collect(Collectors.joining(", ")))));
        }
        if (!ExploreOptions.STRATEGIES.contains(strategy)) {
            throw wrong("--strategy: there is no strategy '" + strategy + "'; there are "
                    + String.join(", ", ExploreOptions.STRATEGIES));
        }
        if (!(seconds > 0) || seconds > MAX_SECONDS) {
            throw wrong("--seconds: " + seconds + " is not between 0 and a week");
        }
        if (schedules != null && schedules < 1) {
            throw wrong("--schedules: " + schedules + " is not 1 or more");
        }
        int workers = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (workers < 1 || workers > MAX_THREADS) {
            throw wrong("--threads: " + workers + " is not between 1 and " + MAX_THREADS);
        }
        long s = seed == null ? System.nanoTime() & 0xffffffffL : seed;
        return new ExploreOptions(
                scenarios.isEmpty() ? SmallScenarios.all() : scenarios,
                bugs.into(quirks.variant()),
                strategy,
                seconds,
                schedules == null ? 0 : schedules,
                workers,
                s,
                runs.resolve("explore-" + s),
                command(workers, s));
    }

    private String command(int workers, long s) {
        StringBuilder b = new StringBuilder("./smpvisor explore");
        names.forEach(n -> b.append(" --scenario ").append(n));
        b.append(" --strategy ").append(strategy);
        if (schedules != null) {
            b.append(" --schedules ").append(schedules);
        } else {
            b.append(" --seconds ")
                    .append(seconds == Math.rint(seconds) ? Long.toString((long) seconds) : Double.toString(seconds));
        }
        return b.append(" --threads ")
                .append(workers)
                .append(" --seed ")
                .append(s)
                .append(quirks.text())
                .append(bugs.text())
                .toString();
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    /** One line that is rewritten on a terminal, a line every few seconds in a pipe. */
    private static final class Progress implements ExploreRun.Listener {
        private static final double PIPE_PERIOD_SECONDS = 5;
        private static final double TERMINAL_PERIOD_SECONDS = 0.25;

        private final PrintWriter err;
        private final boolean terminal = Boolean.getBoolean("smpvisor.terminal");
        private long nextAt = System.nanoTime();
        private long lastAt = System.nanoTime();
        private long lastSchedules;
        private String lastScenario = "";
        private int width;

        Progress(PrintWriter err) {
            this.err = err;
        }

        @Override
        public void progress(String scenario, long schedules, int failures, Supplier<String> coverage) {
            if (System.nanoTime() >= nextAt) {
                show(scenario, schedules, failures, coverage.get());
            }
        }

        private synchronized void show(String scenario, long schedules, int failures, String coverage) {
            long now = System.nanoTime();
            if (now < nextAt) {
                return;
            }
            long since = scenario.equals(lastScenario) ? lastSchedules : 0;
            double rate = (schedules - since) / Math.max(1e-9, (now - lastAt) / 1e9);
            nextAt = now + (long) ((terminal ? TERMINAL_PERIOD_SECONDS : PIPE_PERIOD_SECONDS) * 1e9);
            lastAt = now;
            lastSchedules = schedules;
            lastScenario = scenario;
            print(String.format(
                    Locale.ROOT,
                    "%-16s %,10d schedules  %,8.0f/s  %s  kinds of failure %d",
                    scenario,
                    schedules,
                    rate,
                    coverage,
                    failures));
        }

        @Override
        public synchronized void found(Explorer.Group g) {
            String by = g.explainedBy() == null ? "not explained" : "known, " + g.explainedBy();
            String line = g.first().scenario() + ": " + g.first().violation().kind() + " (" + by + ") in schedule "
                    + g.schedule() + ": " + g.first().violation().text();
            print(line.length() > 200 ? line.substring(0, 197) + "..." : line);
            if (terminal) {
                err.println();
                width = 0;
            }
        }

        private void print(String line) {
            if (terminal) {
                err.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
                width = line.length();
            } else {
                err.println(line);
            }
            err.flush();
        }

        synchronized void end() {
            if (terminal && width > 0) {
                err.print("\r" + " ".repeat(width) + "\r");
                err.flush();
            }
        }
    }
}

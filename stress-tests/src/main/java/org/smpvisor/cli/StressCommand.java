package org.smpvisor.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.smpvisor.cpu.Counter;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.report.RunReport;
import org.smpvisor.scenario.Finding;
import org.smpvisor.scenario.RunOptions;
import org.smpvisor.scenario.RunRecord;
import org.smpvisor.scenario.Scenario;
import org.smpvisor.scenario.Scenarios;
import org.smpvisor.scenario.StormRun;
import org.smpvisor.scenario.Verdict;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Fault;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a workload on real threads and says whether an interrupt was lost. */
@Command(
        name = "stress",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Boots a machine, runs guests on it, storms it with interrupts while SPIs and vCPUs move, and judges: was an"
                    + " interrupt lost, doubled, or delivered to the wrong vCPU, was a lock rule broken, did it hang?",
            "",
            "The storm comes in rounds; between two rounds the machine comes to rest and every account is compared: the"
                    + " hardware's generation numbers, the guests' acknowledges, Xen's lists and status bits.",
            "",
            "By default the model has the weak spots that Xen has today ('quirks'); a violation that one of them explains"
                    + " is 'known'. With '--quirks fixed' each is replaced by a corrected rule and nothing may go wrong.",
            ""
        },
        footer = {
            "",
            "Exit status 0: clean, known. 1: violation, deadlock, stalled, notExercised",
            "(something that the scenario promises did not happen often enough),",
            "interrupted, modelBug. 2: wrong use.",
            "",
            "Examples:",
            "  smpvisor stress --seconds 60 --quirks fixed",
            "  smpvisor stress --scenario spi-migration --quirk H27=fixed --json > run.json"
        })
public final class StressCommand implements Callable<Integer> {
    private static final int MAX_DOMAINS = 16;
    private static final int MAX_VCPUS = 128;
    private static final double MAX_SECONDS = 7 * 24 * 3600.0;
    private static final long SHUTDOWN_PATIENCE_SECONDS = 40;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--scenario",
            paramLabel = "NAME",
            defaultValue = "all",
            completionCandidates = ScenarioNames.class,
            description = "The workload (default: ${DEFAULT-VALUE}); one of ${COMPLETION-CANDIDATES}.")
    private String scenarioName;

    @Option(
            names = "--pcpus",
            paramLabel = "N",
            description = "Physical CPUs, 1 to 128, each a thread; with a GICv2 to 8 (default: the scenario's).")
    private Integer pcpus;

    @Option(names = "--domains", paramLabel = "N", description = "Domains, 1 to 16 (default: the scenario's).")
    private Integer domains;

    @Option(
            names = "--vcpus",
            paramLabel = "N",
            description = "vCPUs of each domain, 1 to 128 (default: the scenario's).")
    private Integer vcpus;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "20",
            description = "How long to storm (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of all choices of guests and devices (default: a fresh one, which is printed).")
    private Long seed;

    @Mixin
    private QuirkOptions quirks;

    @Mixin
    private BugOptions bugs;

    @Option(names = "--list-quirks", description = "Lists the weak spots with their corrected rules, and ends.")
    private boolean listQuirks;

    @Option(names = "--list-scenarios", description = "Lists the workloads, and ends.")
    private boolean listScenarios;

    @Option(
            names = "--fault",
            paramLabel = "NAME",
            description =
                    "Plants one fault, to see the oracle notice it: DROP_KICK, DROP_LR, DUPLICATE_LR, WRONG_ROUTE,"
                            + " FORGET_RERAISE.")
    private String fault;

    @Option(
            names = "--dtb",
            paramLabel = "FILE",
            description = "Device tree of the machine (default: QEMU's virt machine with a GICv3).")
    private Path dtb;

    @Option(
            names = "--gic",
            paramLabel = "VERSION",
            description = "Without --dtb: QEMU's virt machine with a GICv2 or a GICv3, 2 or 3 (default: 3).")
    private Integer gic;

    @Option(
            names = "--sched",
            paramLabel = "NAME",
            defaultValue = "credit2",
            description =
                    "Who runs when: credit2, null (every vCPU has a pCPU for itself), rr (a queue for each pCPU), hostile"
                            + " (moves a vCPU at every chance) (default: ${DEFAULT-VALUE}).")
    private String scheduler;

    @Option(names = "--strict", description = "Verdict 'known' counts as a failure (exit 1).")
    private boolean strict;

    @Option(
            names = "--json",
            description = "Prints one JSON object on standard output; progress goes to standard error.")
    private boolean json;

    /** Names for help and completion. */
    static final class ScenarioNames implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Scenarios.all().stream().map(Scenario::name).iterator();
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (listQuirks) {
            for (Quirk q : Quirk.values()) {
                out.println(q + ": " + q.weakness());
                out.println("     fixed: " + q.corrected());
            }
            out.flush();
            return Main.OK;
        }
        if (listScenarios) {
            for (Scenario s : Scenarios.all()) {
                out.printf(
                        "%-15s %s (%d pCPUs, %d domains of %d vCPUs)%n",
                        s.name(), s.summary(), s.pcpus(), s.domains(), s.vcpus());
            }
            out.flush();
            return Main.OK;
        }
        RunOptions options = options();
        Progress progress = new Progress(json ? err : out, err);
        progress.begin(options);
        StormRun run;
        try {
            run = new StormRun(options, progress);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
        CountDownLatch shown = new CountDownLatch(1);
        Thread hook = new Thread(() -> endEarly(run, shown, err), "interrupt");
        Runtime.getRuntime().addShutdownHook(hook);
        RunRecord record;
        try {
            record = run.run();
            progress.end();
            if (json) {
                out.println(new RunReport(record).json());
                out.flush();
            } else {
                new RunReport(record).print(out);
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

    /** Ctrl-C: the run comes to rest, is judged, and its summary is shown before the JVM goes. */
    private static void endEarly(StormRun run, CountDownLatch shown, PrintWriter err) {
        run.interrupt();
        try {
            if (!shown.await(SHUTDOWN_PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                err.println("smpvisor stress: the machine does not come to rest; ended without a summary");
                err.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(Verdict.INTERRUPTED.exitCode()); // else the JVM would answer the signal's number
    }

    // ---- options ----------------------------------------------------------------------------------------------------

    private RunOptions options() {
        Scenario scenario = Scenarios.named(scenarioName)
                .orElseThrow(() -> wrong("--scenario: there is no scenario '" + scenarioName + "'; there are "
                        + Scenarios.all().stream().map(Scenario::name).collect(Collectors.joining(", "))));
        int n = range("--pcpus", pcpus == null ? scenario.pcpus() : pcpus, MachineDescription.MAX_CPUS);
        int d = range("--domains", domains == null ? scenario.domains() : domains, MAX_DOMAINS);
        int v = range("--vcpus", vcpus == null ? scenario.vcpus() : vcpus, MAX_VCPUS);
        if (!(seconds > 0) || seconds > MAX_SECONDS) {
            throw wrong("--seconds: " + seconds + " is not between 0 and a week");
        }
        MachineDescription tree = MachineOptions.board(spec.commandLine(), dtb, gic);
        int cpus = pcpus == null && dtb != null ? tree.cpus().size() : n;
        long s = seed == null ? System.nanoTime() & 0xffffffffL : seed;
        Variant variant = variant();
        MachineDescription machine;
        try {
            machine = tree.withCpus(cpus);
        } catch (IllegalArgumentException e) {
            throw wrong("--pcpus: " + e.getMessage());
        }
        return new RunOptions(
                        scenario, cpus, d, v, seconds, s, variant, machine, true, command(scenario, cpus, d, v, s))
                .withScheduler(scheduler(scenario, cpus, d * v));
    }

    private SchedulerKind scheduler(Scenario scenario, int cpus, int vcpusInAll) {
        SchedulerKind kind = SchedulerKind.named(scheduler)
                .orElseThrow(() -> wrong("--sched: there is no scheduler '" + scheduler + "'; there are "
                        + Arrays.stream(SchedulerKind.values())
                                .map(SchedulerKind::word)
                                .collect(Collectors.joining(", "))));
        if (kind == SchedulerKind.NULL && vcpusInAll > cpus) {
            throw wrong("--sched: under the null scheduler every vCPU needs a pCPU for itself, and " + vcpusInAll
                    + " vCPUs have " + cpus + " pCPUs; take fewer --domains or --vcpus, or more --pcpus");
        }
        return kind;
    }

    private int range(String option, int value, int max) {
        if (value < 1 || value > max) {
            throw wrong(option + ": " + value + " is not between 1 and " + max);
        }
        return value;
    }

    private Variant variant() {
        Variant variant = bugs.into(quirks.variant());
        if (fault != null && !bugs.isEmpty()) {
            throw wrong("--fault: what comes of it could be blamed on --bug; take one of them");
        }
        return fault == null ? variant : planted(variant);
    }

    /** A fault is only planted where nothing else can be blamed for what comes of it. */
    private Variant planted(Variant variant) {
        Fault f = faultNamed(fault);
        List<Quirk> excuses = StormRun.excuses(variant);
        if (!excuses.isEmpty()) {
            throw wrong("--fault: what comes of it could be blamed on "
                    + excuses.stream().map(Enum::name).collect(Collectors.joining(", "))
                    + ", which this run has as Xen has them; plant it with --quirks fixed");
        }
        return variant.with(f);
    }

    private Fault faultNamed(String name) {
        return EnumSet.allOf(Fault.class).stream()
                .filter(f -> f.name().equalsIgnoreCase(name.replace('-', '_')))
                .findFirst()
                .orElseThrow(() -> wrong("--fault: there is no fault '" + name + "'; there are "
                        + Arrays.stream(Fault.values()).map(Enum::name).collect(Collectors.joining(", "))));
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    /** The command that runs the same again; real threads make it the same inputs, not the same schedule. */
    private String command(Scenario scenario, int n, int d, int v, long s) {
        StringBuilder b = new StringBuilder("./smpvisor stress --scenario ").append(scenario.name());
        if (dtb != null) {
            b.append(" --dtb ").append(dtb);
        }
        if (gic != null) {
            b.append(" --gic ").append(gic);
        }
        b.append(" --sched ").append(scheduler);
        b.append(" --pcpus ")
                .append(n)
                .append(" --domains ")
                .append(d)
                .append(" --vcpus ")
                .append(v);
        b.append(" --seconds ")
                .append(seconds == Math.rint(seconds) ? Long.toString((long) seconds) : Double.toString(seconds));
        b.append(" --seed ").append(s).append(quirks.text()).append(bugs.text());
        return b.append(fault == null ? "" : " --fault " + fault).toString();
    }

    // ---- progress ---------------------------------------------------------------------------------------------------

    /** One line that is rewritten on a terminal, a line every few seconds in a pipe. */
    private static final class Progress implements StormRun.Listener {
        private static final double PIPE_PERIOD_SECONDS = 5;
        private static final double TERMINAL_PERIOD_SECONDS = 0.25;

        private final PrintWriter headings;
        private final PrintWriter err;
        private final boolean terminal = Boolean.getBoolean("smpvisor.terminal");
        private double next;
        private double lastAt;
        private long lastAcks;
        private int width;

        Progress(PrintWriter headings, PrintWriter err) {
            this.headings = headings;
            this.err = err;
        }

        void begin(RunOptions o) {
            headings.printf(
                    Locale.ROOT,
                    "scenario %s: %s%n%d pCPUs, %d domains of %d vCPUs, %.0f s, seed %d, weak spots %s%s%n",
                    o.scenario().name(),
                    o.scenario().summary(),
                    o.pcpus(),
                    o.domains(),
                    o.vcpus(),
                    o.seconds(),
                    o.seed(),
                    o.variant().fixed().isEmpty()
                            ? "as Xen has them"
                            : o.variant().fixed().size() == Quirk.values().length
                                    ? "corrected"
                                    : "corrected: "
                                            + o.variant().fixed().stream()
                                                    .sorted()
                                                    .toList(),
                    o.variant().bugs().stream()
                            .sorted()
                            .map(x -> ", with " + x.id())
                            .collect(Collectors.joining()));
            headings.flush();
            next = terminal ? TERMINAL_PERIOD_SECONDS : 1;
        }

        @Override
        public void progress(StormRun run) {
            double t = run.elapsed();
            if (t < next) {
                return;
            }
            long acks = run.total(Counter.GUEST_ACKS);
            String line = String.format(
                    Locale.ROOT,
                    "%5.1f s  %,9.0f delivered/s  SPIs in flight %,3d  SPI moves %,9d  vCPU moves %,8d  violations: %d known, %d new",
                    t,
                    (acks - lastAcks) / Math.max(1e-9, t - lastAt),
                    run.inFlight(),
                    run.total(Counter.MIGRATIONS),
                    run.total(Counter.VCPU_MOVES),
                    run.known(),
                    run.unexplained());
            lastAcks = acks;
            lastAt = t;
            next = t + (terminal ? TERMINAL_PERIOD_SECONDS : PIPE_PERIOD_SECONDS);
            show(line);
        }

        private void show(String line) {
            if (terminal) {
                err.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
                width = line.length();
            } else {
                err.println(line);
            }
            err.flush();
        }

        @Override
        public void found(Finding f) {
            String by = f.explainedBy() == null ? "not explained" : "known, " + f.explainedBy();
            String line = String.format(
                    Locale.ROOT,
                    "%5.1f s  %s (%s): %s",
                    f.secondsIn(),
                    f.violation().kind(),
                    by,
                    f.violation().text());
            show(line.length() > 200 ? line.substring(0, 197) + "..." : line);
            if (terminal) {
                err.println();
                width = 0;
            }
        }

        void end() {
            if (terminal && width > 0) {
                err.print("\r" + " ".repeat(width) + "\r");
                err.flush();
            }
        }
    }
}

package org.smpvisor.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.oracle.Violation;
import org.smpvisor.report.LockDot;
import org.smpvisor.report.LockJson;
import org.smpvisor.report.LockPicture;
import org.smpvisor.report.LockStudy;
import org.smpvisor.report.LockText;
import org.smpvisor.scenario.Finding;
import org.smpvisor.scenario.RunOptions;
import org.smpvisor.scenario.RunRecord;
import org.smpvisor.scenario.Scenario;
import org.smpvisor.scenario.Scenarios;
import org.smpvisor.scenario.StormRun;
import org.smpvisor.scenario.Verdict;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs workloads with times taken at every lock and sets the order of locks against the declared one and against Xen's. */
@Command(
        name = "locks",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs the workloads of 'stress' one after the other with times taken at every lock, and shows which locks were"
                    + " nested in which, how interrupts stood, how long locks were waited for and held, and which of the"
                    + " nestings that Xen makes were seen.",
            "",
            "The lock validator needs each path once, never the collision: what it finds can happen, whether or not it did.",
            ""
        },
        footer = {
            "",
            "Exit status 0: every rule was kept, or what broke one is a known weak spot, and every nesting seen is one that"
                    + " Xen makes. 1: otherwise, or a workload failed for another reason. 2: wrong use.",
            "",
            "Examples:",
            "  smpvisor locks --seconds 10 --svg locks.svg",
            "  smpvisor locks --scenario spi-migration --scenario overcommit --quirks fixed"
        })
public final class LocksCommand implements Callable<Integer> {
    private static final double MAX_SECONDS = 24 * 3600.0;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--scenario",
            paramLabel = "NAME",
            split = ",",
            completionCandidates = StressCommand.ScenarioNames.class,
            description = "A workload; may be repeated (default: every one of ${COMPLETION-CANDIDATES}).")
    private List<String> names = new ArrayList<>();

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "4",
            description = "How long to run each workload (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--pcpus",
            paramLabel = "N",
            description =
                    "Physical CPUs, 1 to " + MachineDescription.MAX_CPUS + ", each a thread (default: the workload's).")
    private Integer pcpus;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of all choices of guests and devices (default: a fresh one, which is printed).")
    private Long seed;

    @Option(
            names = "--quirks",
            paramLabel = "xen|fixed",
            defaultValue = "xen",
            description = "All weak spots as Xen has them, or all corrected (default: ${DEFAULT-VALUE}).")
    private String quirks;

    @Option(names = "--dot", paramLabel = "FILE", description = "Writes the graph of nestings for graphviz.")
    private Path dot;

    @Option(names = "--svg", paramLabel = "FILE", description = "Writes a picture of the graph.")
    private Path svg;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes all that is known as one JSON object.")
    private Path json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<Scenario> scenarios = scenarios();
        Variant variant = variant();
        if (!(seconds > 0) || seconds > MAX_SECONDS) {
            throw wrong("--seconds: " + seconds + " is not between 0 and a day");
        }
        if (pcpus != null && (pcpus < 1 || pcpus > MachineDescription.MAX_CPUS)) {
            throw wrong("--pcpus: " + pcpus + " is not between 1 and " + MachineDescription.MAX_CPUS);
        }
        checkFiles();
        long s = seed == null ? System.nanoTime() & 0xffffffffL : seed;
        out.printf(
                Locale.ROOT,
                "%d scenario(s), %s s each, seed %d, weak spots %s%n",
                scenarios.size(),
                number(seconds),
                s,
                variant.fixed().isEmpty() ? "as Xen has them" : "corrected");
        out.flush();
        LockStudy study = null;
        for (Scenario scenario : scenarios) {
            LockStudy one = run(scenario, s, variant);
            LockStudy.Run r = one.runs().get(0);
            err.printf(
                    Locale.ROOT,
                    "  %-15s %2d pCPUs  %s%n",
                    r.scenario(),
                    r.pcpus(),
                    r.failed() ? r.verdict() + ": " + r.text() : r.verdict());
            err.flush();
            study = study == null ? one : study.plus(one);
        }
        new LockText(study).print(out);
        write("--dot", dot, new LockDot(study).text());
        write("--svg", svg, new LockPicture(study).text());
        write("--json", json, new LockJson(study).text());
        return study.failed() ? Main.FAILED : Main.OK;
    }

    private LockStudy run(Scenario scenario, long s, Variant variant) {
        int n = pcpus == null ? scenario.pcpus() : pcpus;
        String command = String.format(
                Locale.ROOT,
                "./smpvisor locks --scenario %s --pcpus %d --seconds %s --seed %d --quirks %s",
                scenario.name(),
                n,
                number(seconds),
                s,
                quirks);
        MachineDescription machine = MachineDescription.qemuVirt().withCpus(n);
        RunOptions options = new RunOptions(
                scenario,
                n,
                scenario.domains(),
                scenario.vcpus(),
                seconds,
                s,
                variant,
                machine,
                true,
                command,
                true,
                SchedulerKind.RR);
        StormRun run = new StormRun(options, new Silent());
        RunRecord record = run.run();
        boolean failed = record.verdict() != Verdict.NOT_EXERCISED
                && record.verdict().exitCode() != Main.OK
                && !isLockingAlone(record);
        String text = record.hang() == null ? record.explanation() : record.explanation() + ", " + record.hang();
        LockStudy.Run r = new LockStudy.Run(
                scenario.name(), n, s, record.seconds(), record.verdict().text(), failed, text);
        LockRecord locks = run.locks();
        Map<Object, String> sources = new LinkedHashMap<>();
        locks.cycles().forEach(c -> sources.put(c, r.source()));
        Map<LockViolation, Quirk> explained = new LinkedHashMap<>();
        for (LockViolation v : locks.violations()) {
            sources.put(v, r.source());
            explanation(record, v, explained);
        }
        return new LockStudy(List.of(r), locks, sources, explained);
    }

    /** Whether rules of locking are all that went wrong; those are shown by themselves. */
    private static boolean isLockingAlone(RunRecord record) {
        return record.verdict() == Verdict.VIOLATION
                && record.findings().stream()
                        .filter(f -> f.explainedBy() == null)
                        .allMatch(f -> f.violation().kind() == Violation.Kind.LOCKING);
    }

    private static void explanation(RunRecord record, LockViolation v, Map<LockViolation, Quirk> out) {
        for (Finding f : record.findings()) {
            if (f.explainedBy() != null && f.violation().text().equals(v.rule() + ": " + v.text())) {
                out.put(v, f.explainedBy());
            }
        }
    }

    // ---- options ----------------------------------------------------------------------------------------------------

    private List<Scenario> scenarios() {
        if (names.isEmpty()) {
            return Scenarios.all();
        }
        List<Scenario> out = new ArrayList<>();
        for (String name : new LinkedHashSet<>(names)) {
            out.add(Scenarios.named(name)
                    .orElseThrow(() -> wrong("--scenario: there is no scenario '" + name + "'; there are "
                            + Scenarios.all().stream().map(Scenario::name).collect(Collectors.joining(", ")))));
        }
        return out;
    }

    private Variant variant() {
        return switch (quirks.toLowerCase(Locale.ROOT)) {
            case "xen" -> Variant.xen();
            case "fixed" -> Variant.allFixed();
            default -> throw wrong("--quirks: '" + quirks + "' is neither 'xen' nor 'fixed'");
        };
    }

    /** A file that cannot be written is said so before anything runs. */
    private void checkFiles() {
        Set<Path> seen = new HashSet<>();
        Map<String, Path> files = new LinkedHashMap<>();
        files.put("--dot", dot);
        files.put("--svg", svg);
        files.put("--json", json);
        files.forEach((option, file) -> {
            if (file == null) {
                return;
            }
            if (!seen.add(file.toAbsolutePath().normalize())) {
                throw wrong(option + ": " + file + " is named twice");
            }
            if (Files.isDirectory(file)) {
                throw wrong(option + ": " + file + " is a directory");
            }
            try {
                Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                        .close();
            } catch (IOException e) {
                throw wrong(option + ": " + file + " cannot be written: " + e.getMessage());
            }
        });
    }

    private void write(String option, Path file, String text) {
        if (file == null) {
            return;
        }
        try {
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw wrong(option + ": " + file + " cannot be written: " + e.getMessage());
        }
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    private static String number(double d) {
        return d == Math.rint(d) ? Long.toString((long) d) : Double.toString(d);
    }

    private static final class Silent implements StormRun.Listener {
        @Override
        public void progress(StormRun run) {}

        @Override
        public void found(Finding finding) {}
    }
}

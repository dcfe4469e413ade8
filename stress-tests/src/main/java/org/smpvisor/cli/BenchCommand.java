package org.smpvisor.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.smpvisor.bench.BenchFailure;
import org.smpvisor.bench.Fork;
import org.smpvisor.bench.Host;
import org.smpvisor.bench.Job;
import org.smpvisor.bench.JobResult;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures how fast the model is. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures how fast the model is, with everything on that a stress run has on: lock validator, oracle, event"
                    + " rings. Each job is held against a figure, and against plain reference code that runs in turn"
                    + " with it (reference, job, reference, job, ...), since absolute figures drift on shared machines. Each job"
                    + " has a JVM of its own.",
            "",
            "A job holds when either its figure or its ratio is reached. Of all runs the median counts. A run whose"
                    + " reference was more than 1.5 times faster or slower than the median of the references was"
                    + " disturbed by something else on the machine: it is thrown away, repeated, and counted.",
            ""
        },
        footer = {
            "",
            "Exit status: 0, also when a target is missed; 1 when the model failed; 2 for wrong use.",
            "",
            "Examples:",
            "  smpvisor bench",
            "  smpvisor bench --only self-spi ipi --runs 15 --json > bench.json"
        })
public final class BenchCommand implements Callable<Integer> {
    private static final int MAX_RUNS = 999;
    private static final double MAX_SECONDS = 600;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "9",
            description = "Runs of each job that count, 1 to 999 (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "0.5",
            description = "Length of each run, at most 600 (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            arity = "1..*",
            split = ",",
            completionCandidates = JobNames.class,
            description = {"Only these jobs; of", "${COMPLETION-CANDIDATES}."})
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--json",
            description = "Prints one JSON object on standard output; progress goes to standard error.")
    private boolean json;

    /** Names for help and completion. */
    static final class JobNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Job.labels().iterator();
        }
    }

    @Override
    public Integer call() throws JsonProcessingException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<Job> jobs = jobs();
        if (runs < 1 || runs > MAX_RUNS) {
            throw wrong("--runs: " + runs + " is not between 1 and " + MAX_RUNS);
        }
        if (!(seconds > 0) || seconds > MAX_SECONDS) {
            throw wrong("--seconds: " + seconds + " is not between 0 and " + (int) MAX_SECONDS);
        }
        Host host = Host.here();
        if (!json) {
            print(out, host);
        }
        List<JobResult> results;
        try {
            results = new ArrayList<>();
            for (Job job : jobs) {
                JobResult r = Fork.measure(job, runs, seconds);
                err.println(r.oneLine());
                err.flush();
                results.add(r);
            }
        } catch (BenchFailure e) {
            err.println(spec.qualifiedName() + ": " + e.getMessage());
            err.flush();
            return Main.FAILED;
        }
        warn(err, results);
        if (json) {
            out.println(new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(document(host, results)));
        } else {
            print(out, results);
        }
        out.flush();
        return Main.OK;
    }

    private void warn(PrintWriter err, List<JobResult> results) {
        for (JobResult r : results) {
            if (r.runs() < runs) {
                err.printf(
                        "%s: %s: only %d of %d runs were undisturbed, its figures prove nothing; is the host busy?%n",
                        spec.qualifiedName(), r.job().label(), r.runs(), runs);
            }
        }
        err.flush();
    }

    private List<Job> jobs() {
        if (only.isEmpty()) {
            return List.of(Job.values());
        }
        Set<Job> chosen = EnumSet.noneOf(Job.class);
        for (String name : only) {
            chosen.add(Job.named(name)
                    .orElseThrow(() -> wrong(
                            "--only: there is no job '" + name + "'; there are " + String.join(", ", Job.labels()))));
        }
        return List.copyOf(chosen);
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    // ---- for people -------------------------------------------------------------------------------------------------

    private void print(PrintWriter out, Host host) {
        out.println(host.cores() + " cores, " + host.cpu());
        out.println(host.os());
        out.println("JDK " + host.jdk());
        out.printf(
                Locale.ROOT,
                "medians of %d runs of %s s%s%n%n",
                runs,
                seconds,
                runs < 9 ? " (fewer than 9 runs prove little)" : "");
        out.flush();
    }

    private static void print(PrintWriter out, List<JobResult> results) {
        String row = "%-14s %13s %13s %13s %12s  %-3s %9s %14s  %-3s  %-5s%8s%5s%n";
        out.printf(row, "job", "median/s", "min", "max", "target", "", "ratio", "target", "", "holds", "x Xen", "void");
        for (JobResult r : results) {
            Job job = r.job();
            out.printf(
                    row,
                    job.label(),
                    rate(r.median()),
                    rate(r.min()),
                    rate(r.max()),
                    rate(job.target()),
                    job.hasTarget() ? yes(r.holdsAbsolutely()) : "",
                    Double.isNaN(r.ratio()) ? "-" : String.format(Locale.ROOT, "%.2f", r.ratio()),
                    job.ratio().hasLimit()
                            ? String.format(
                                    Locale.ROOT,
                                    "%s %s",
                                    job.ratio().atMost() ? "at most" : "at least",
                                    trimmed(job.ratio().limit()))
                            : "-",
                    job.ratio().hasLimit() ? yes(r.holdsAsRatio()) : "",
                    yes(r.holds()),
                    Double.isNaN(job.xen()) ? "-" : String.format(Locale.ROOT, "%.1f", r.median() / job.xen()),
                    r.discarded());
        }
        out.println();
        for (JobResult r : results) {
            Job job = r.job();
            out.printf(
                    Locale.ROOT,
                    "%-14s %s; %s (reference %s %s)%s%n",
                    job.label(),
                    job.what(),
                    job.ratio().name(),
                    rate(r.reference()),
                    job.ratio().unit(),
                    r.note().isEmpty() ? "" : "; " + r.note());
        }
        out.println();
        out.println(
                "x Xen: times the speed of Xen 4.17 under QEMU on a machine of this kind; void: disturbed runs thrown"
                        + " away.");
    }

    private static String yes(boolean b) {
        return b ? "yes" : "no";
    }

    private static String rate(double v) {
        return Double.isNaN(v) ? "-" : String.format(Locale.ROOT, v < 10 ? "%.2f" : "%,.0f", v);
    }

    private static String trimmed(double v) {
        return v == Math.rint(v) ? Long.toString((long) v) : Double.toString(v);
    }

    // ---- for programs -----------------------------------------------------------------------------------------------

    private Map<String, Object> document(Host host, List<JobResult> results) {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("cores", host.cores());
        machine.put("cpu", host.cpu());
        machine.put("os", host.os());
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("format", "smpvisor-bench-1");
        d.put("machine", machine);
        d.put("jdk", host.jdk());
        d.put("runs", runs);
        d.put("secondsPerRun", seconds);
        d.put("jobs", results.stream().map(JobResult::document).toList());
        return d;
    }
}

package org.smpvisor.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.smpvisor.cpu.Counter;
import org.smpvisor.oracle.Violation;
import org.smpvisor.scenario.Finding;
import org.smpvisor.scenario.MemoryUse;
import org.smpvisor.scenario.RunOptions;
import org.smpvisor.scenario.RunRecord;
import org.smpvisor.scenario.Verdict;
import org.smpvisor.variant.Quirk;

/** Shows a finished run, to people and to programs, from its record alone. */
public final class RunReport {
    private static final int STORY_LINES = 16;
    private static final int STORIES = 3;
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};

    private final RunRecord run;

    private static final double MIB = 1 << 20;

    public RunReport(RunRecord run) {
        this.run = run;
    }

    // ---- for people -------------------------------------------------------------------------------------------------

    /** Prints the summary. */
    public void print(PrintWriter out) {
        out.println();
        findings(out);
        out.printf(Locale.ROOT, "after %.1f s, %d rounds", run.seconds(), run.rounds());
        out.println(run.machines() > 1 ? ", " + run.machines() + " machines (a wrecked one is replaced)" : "");
        row(out, "raised", run.raised(), "coalesced", run.coalesced());
        row(out, "delivered", run.counter(Counter.GUEST_ACKS), "ended", run.counter(Counter.GUEST_ENDS));
        row(out, "  of SPIs", run.counter(Counter.GUEST_SPI_ACKS), "  of SGIs", run.counter(Counter.GUEST_SGI_ACKS));
        if (run.counter(Counter.GUEST_PPI_ACKS) > 0) {
            row(
                    out,
                    "  of timers and events",
                    run.counter(Counter.GUEST_PPI_ACKS),
                    "timer moves",
                    run.counter(Counter.TIMER_MOVES));
        }
        row(out, "lost", run.lost(), "doubled", run.duplicated());
        out.printf(Locale.ROOT, "  %-22s %,15.0f%n", "delivered per second", deliveredPerSecond());
        latency(out);
        row(out, "SPI moves", run.counter(Counter.MIGRATIONS), "  deferred", run.counter(Counter.MIGRATIONS_DEFERRED));
        row(out, "  refused", run.counter(Counter.MIGRATIONS_REFUSED), "vCPU moves", run.counter(Counter.VCPU_MOVES));
        row(
                out,
                "  with all LRs in use",
                run.counter(Counter.VCPU_MOVES_FULL),
                "evictions",
                run.counter(Counter.EVICTIONS));
        row(
                out,
                "underflow armed",
                run.counter(Counter.UIE),
                "IRQs under a lock",
                run.counter(Counter.IRQS_UNDER_LOCK));
        row(
                out,
                "context switches",
                run.counter(Counter.CONTEXT_SWITCHES),
                "preemptions",
                run.counter(Counter.PREEMPTIONS));
        locks(out);
        memory(out);
        if (!run.quirkHits().isEmpty()) {
            out.println(
                    "  windows of weak spots reached (an open window does harm only if something else comes at once):");
            run.quirkHits()
                    .forEach((q, n) -> out.printf(
                            Locale.ROOT,
                            "    %-4s %,12d times  %s%n",
                            q,
                            n,
                            Quirk.valueOf(q).weakness()));
        }
        if (run.hang() != null) {
            out.println();
            out.println(run.hang().stripTrailing());
        }
        if (!run.unmet().isEmpty()) {
            out.println("  did not happen often enough:");
            run.unmet()
                    .forEach((c, n) -> out.printf(
                            Locale.ROOT,
                            "    %-60s %,d of %,d%n",
                            Counter.valueOf(c).what(),
                            run.counters().get(c),
                            n));
        }
        out.println();
        out.println("verdict: " + run.verdict().text() + " (" + run.explanation() + ")");
        if (run.verdict() != Verdict.CLEAN) {
            out.println("run it again: " + run.options().commandLine());
        }
        out.flush();
    }

    private void memory(PrintWriter out) {
        MemoryUse m = run.memory();
        if (m.early() < 0) {
            return;
        }
        out.printf(
                Locale.ROOT,
                "  heap in use, warm   %,10.1f MiB   at the end          %,10.1f MiB%n",
                m.early() / MIB,
                m.late() / MIB);
        if (!Double.isNaN(m.bytesPerInterrupt())) {
            out.printf(
                    Locale.ROOT,
                    "  allocated by pCPUs in between    %,d bytes, %.3f per interrupt%n",
                    m.allocated(),
                    m.bytesPerInterrupt());
        }
    }

    private void findings(PrintWriter out) {
        Map<String, List<Finding>> groups = new LinkedHashMap<>();
        List<Finding> ordered = new ArrayList<>(run.findings());
        ordered.sort(Comparator.comparing(f -> f.violation().kind())); // stable: the oldest of a kind stays first
        for (Finding f : ordered) {
            groups.computeIfAbsent(f.violation().kind() + "/" + f.explainedBy(), k -> new ArrayList<>())
                    .add(f);
        }
        int stories = 0;
        for (List<Finding> group : groups.values()) {
            Finding f = group.get(0);
            Violation v = f.violation();
            String cause = f.explainedBy() == null
                    ? "NOT EXPLAINED by any known weak spot"
                    : "explained by " + f.explainedBy();
            out.printf(
                    Locale.ROOT,
                    "%s, %s%s%n",
                    v.kind(),
                    cause,
                    group.size() > 1 ? " (first of " + group.size() + " kept)" : "");
            if (f.explainedBy() != null) {
                out.println("  " + f.explainedBy() + ": " + f.explainedBy().weakness());
            }
            out.printf(Locale.ROOT, "  after %.2f s and %,d SPI moves: %s%n", f.secondsIn(), f.moves(), v.text());
            boolean story = stories++ < STORIES || f.explainedBy() == null;
            int from = v.kind() == Violation.Kind.LOCKING || v.intid() < 0
                    ? 0
                    : Math.max(0, v.history().size() - STORY_LINES);
            int to = v.kind() == Violation.Kind.LOCKING
                    ? v.history().size() // both halves, or it tells nothing
                    : Math.min(v.history().size(), from + 2 * STORY_LINES);
            for (String line : story ? v.history().subList(from, to) : List.<String>of()) {
                out.println("    " + line);
            }
            out.println();
        }
    }

    private void latency(PrintWriter out) {
        Histogram h = run.latency();
        if (h.getTotalCount() == 0) {
            return;
        }
        out.printf("  %-22s", "raise to acknowledge");
        for (double p : PERCENTILES) {
            out.printf(
                    Locale.ROOT,
                    "  %s %.1f us",
                    p == 100 ? "max" : "p" + (p == Math.rint(p) ? Integer.toString((int) p) : Double.toString(p)),
                    h.getValueAtPercentile(p) / 1e3);
        }
        out.printf(Locale.ROOT, "  (%,d sampled)%n", h.getTotalCount());
    }

    private void locks(PrintWriter out) {
        long taken = run.lockAcquisitions().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        long contended = run.lockContentions().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        row(out, "locks taken", taken, "  contended", contended);
    }

    private static void row(PrintWriter out, String a, long x, String b, long y) {
        out.printf(Locale.ROOT, "  %-22s %,15d   %-22s %,15d%n", a, x, b, y);
    }

    private double deliveredPerSecond() {
        return run.counter(Counter.GUEST_ACKS) / run.seconds();
    }

    // ---- for programs -----------------------------------------------------------------------------------------------

    /** The run as one JSON object. */
    public String json() {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(document());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, Object> document() {
        RunOptions o = run.options();
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("format", "smpvisor-stress-1");
        d.put("verdict", run.verdict().text());
        d.put("explanation", run.explanation());
        d.put("scenario", o.scenario().name());
        d.put("pcpus", o.pcpus());
        d.put("domains", o.domains());
        d.put("vcpus", o.vcpus());
        d.put("seed", o.seed());
        d.put("seconds", run.seconds());
        d.put("rounds", run.rounds());
        d.put("machines", run.machines());
        d.put(
                "fixedQuirks",
                o.variant().fixed().stream().map(Enum::name).sorted().toList());
        d.put("bugs", o.variant().bugs().stream().map(Enum::name).sorted().toList());
        d.put("fault", o.variant().fault() == null ? null : o.variant().fault().name());
        d.put("raised", run.raised());
        d.put("coalesced", run.coalesced());
        d.put("delivered", run.counter(Counter.GUEST_ACKS));
        d.put("ended", run.counter(Counter.GUEST_ENDS));
        d.put("lost", run.lost());
        d.put("duplicated", run.duplicated());
        d.put("revived", run.revived());
        d.put("deliveredPerSecond", deliveredPerSecond());
        Map<String, Object> latency = new LinkedHashMap<>();
        for (double p : PERCENTILES) {
            latency.put("p" + p, run.latency().getValueAtPercentile(p));
        }
        latency.put("samples", run.latency().getTotalCount());
        d.put("latencyNanos", latency);
        d.put("counters", run.counters());
        d.put("promisesUnmet", run.unmet());
        d.put("violationCounts", run.violationsByKind());
        d.put("quirkWindows", run.quirkHits());
        d.put("locksTaken", run.lockAcquisitions());
        d.put("locksContended", run.lockContentions());
        d.put("lockEdges", run.lockEdges());
        d.put("heapWarmBytes", run.memory().early() < 0 ? null : run.memory().early());
        d.put("heapEndBytes", run.memory().early() < 0 ? null : run.memory().late());
        d.put(
                "allocatedByPcpusBytes",
                run.memory().allocated() < 0 ? null : run.memory().allocated());
        d.put("violations", run.findings().stream().map(this::violation).toList());
        d.put("hang", run.hang());
        d.put("command", o.commandLine());
        return d;
    }

    private Map<String, Object> violation(Finding f) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("kind", f.violation().kind().name());
        m.put("domain", f.violation().domain());
        m.put("interrupt", f.violation().intid());
        m.put("vcpu", f.violation().vcpu());
        m.put("text", f.violation().text());
        m.put("explainedBy", f.explainedBy() == null ? null : f.explainedBy().name());
        m.put("secondsIn", f.secondsIn());
        m.put("afterMoves", f.moves());
        m.put("history", f.violation().history());
        m.put("command", run.options().commandLine());
        return m;
    }
}

package org.smpvisor.scenario;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.entry.GuestDied;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * A native stress run: as many machines as it takes to storm for the time wanted. A machine that a known weak spot has wrecked
 * is replaced by a fresh one; any other wreck ends the run.
 */
public final class StormRun {
    private static final long ROUND_NANOS = 400_000_000L;
    private static final int MAX_KEPT_PER_CAUSE = 20;

    /** Part of a run after which it counts as warmed up. */
    private static final double WARM = 0.2;

    /** Told how the run goes, a few times a second, by the running thread. */
    public interface Listener {
        void progress(StormRun run);

        /** A new finding. */
        void found(Finding finding);
    }

    private final RunOptions options;
    private final Listener listener;
    private final SplittableRandom rng;
    private final RunTotals totals = new RunTotals();
    private final List<Finding> findings = new ArrayList<>();
    private final Map<String, Integer> keptPerCause = new HashMap<>();
    private final Set<String> lockingSeen = new HashSet<>();
    private StormSession session;
    private int rounds;
    private int known;
    private int unexplained;
    private String hangReport;
    private Verdict fatal;
    private boolean faultMissed;
    private long startedAt;
    private long earlyHeap = -1;
    private long earlyAllocated;
    private long earlyAcknowledged;
    private volatile boolean interrupted;

    public StormRun(RunOptions options, Listener listener) {
        this.options = options;
        this.listener = listener;
        this.rng = new SplittableRandom(options.seed());
        this.session = new StormSession(options, rng);
    }

    /** Runs to the end and returns the record. Called once. */
    public RunRecord run() {
        startedAt = System.nanoTime();
        long end = startedAt + (long) (options.seconds() * 1e9);
        session.start();
        while (fatal == null && !interrupted && System.nanoTime() < end) {
            session.storm(
                    Math.min(end - System.nanoTime(), ROUND_NANOS), () -> interrupted, () -> listener.progress(this));
            if (session.isSound()) {
                session.comeToRest();
            }
            rounds++;
            measure();
            boolean explained = judge();
            if (session.faultFired()) {
                break; // judged; what comes later would only paper over it
            }
            if (session.isSound()) {
                session.revive();
            } else if (explained && System.nanoTime() < end && !interrupted) {
                replaceMachine();
            }
        }
        double seconds = elapsed();
        MemoryUse memory = memoryUse();
        totals.add(session);
        session.close();
        faultMissed = options.variant().fault() != null && unexplained == 0;
        return record(seconds, memory);
    }

    /** At rest: once a fifth of the time has passed, looks at the heap; a machine that is replaced begins anew. */
    private void measure() {
        if (earlyHeap < 0 && session.isSound() && elapsed() > WARM * options.seconds()) {
            earlyHeap = MemoryUse.inUse();
            earlyAllocated = MemoryUse.allocatedBy(session.machine());
            earlyAcknowledged = session.machine().total(Counter.GUEST_ACKS);
        }
    }

    private MemoryUse memoryUse() {
        if (earlyHeap < 0 || !session.isSound()) {
            return MemoryUse.NONE;
        }
        long allocated = MemoryUse.allocatedBy(session.machine());
        return new MemoryUse(
                earlyHeap,
                MemoryUse.inUse(),
                allocated < 0 || earlyAllocated < 0 ? -1 : allocated - earlyAllocated,
                session.machine().total(Counter.GUEST_ACKS) - earlyAcknowledged);
    }

    /** Judges a round; returns whether all that was found, and the wreck if there is one, is explained. */
    private boolean judge() {
        int before = unexplained;
        for (StormSession.Judged j : session.judge()) {
            Violation v = j.violation();
            if (v.kind() != Violation.Kind.LOCKING || lockingSeen.add(v.text())) {
                add(v, j.by());
            }
        }
        Throwable failure = session.machine().failure();
        if (failure instanceof GuestDied) {
            fatal = Verdict.GUEST_DIED;
            hangReport = failure.getMessage();
        } else if (failure != null && !(failure instanceof StateCorrupted)) {
            fatal = Verdict.MODEL_BUG;
            hangReport = failureText(session.machine().failedOn(), failure);
        } else if (session.hang() != null && (!session.hang().isDeadlock() || unexplained > before)) {
            fatal = session.hang().isDeadlock() ? Verdict.DEADLOCK : Verdict.STALLED;
            hangReport = session.hang().report();
        } else if (!session.isSound() && unexplained > before) {
            fatal = Verdict.VIOLATION;
        }
        return unexplained == before;
    }

    private void add(Violation v, Quirk by) {
        Finding f = new Finding(v, by, elapsed(), total(Counter.MIGRATIONS));
        if (by == null) {
            unexplained++;
        } else {
            known++;
        }
        if (v.kind() == Violation.Kind.DEADLOCK
                || v.kind() == Violation.Kind.CORRUPTED
                || v.kind() == Violation.Kind.LOCKING) {
            totals.violations.merge(v.kind().name(), 1, Integer::sum);
        }
        if (keptPerCause.merge(v.kind() + " " + by, 1, Integer::sum) <= MAX_KEPT_PER_CAUSE) {
            findings.add(f);
            listener.found(f);
        }
    }

    private void replaceMachine() {
        earlyHeap = -1;
        totals.add(session);
        session.close();
        session = new StormSession(options, rng);
        session.start();
    }

    static String failureText(Pcpu on, Throwable f) {
        StringBuilder b = new StringBuilder();
        b.append(on == null ? "" : "on " + on + ": ");
        b.append(f instanceof ModelBug ? f.getMessage() : f.toString()).append('\n');
        int shown = 0;
        for (StackTraceElement e : f.getStackTrace()) {
            if (shown++ < 24) {
                b.append("      at ").append(e).append('\n');
            }
        }
        return b.toString();
    }

    /** The weak spots that {@code variant} leaves as Xen has them and that could be blamed for the effects of a planted fault. */
    public static List<Quirk> excuses(Variant variant) {
        return Explainer.blamed().stream().filter(q -> !variant.isFixed(q)).toList();
    }

    /** Ends the run early, from another thread; it comes to rest and is judged first. */
    public void interrupt() {
        interrupted = true;
    }

    // ---- figures ----------------------------------------------------------------------------------------------------

    /** Seconds since the run began. */
    public double elapsed() {
        return (System.nanoTime() - startedAt) / 1e9;
    }

    /** A counter, over all machines so far. */
    public long total(Counter c) {
        return totals.counters.getOrDefault(c.name(), 0L) + session.machine().total(c);
    }

    /** Assertions of device lines that no guest has acknowledged yet. */
    public long inFlight() {
        return session.inFlight();
    }

    public RunOptions options() {
        return options;
    }

    /** Violations so far that a known weak spot explains. */
    public int known() {
        return known;
    }

    /** Violations so far that nothing explains. */
    public int unexplained() {
        return unexplained;
    }

    /** What the lock validator knows, over all machines; once the run is over. */
    public LockRecord locks() {
        return totals.locks;
    }

    private RunRecord record(double seconds, MemoryUse memory) {
        Map<String, Long> unmet = new TreeMap<>();
        for (Counter c : options.scenario().promises().keySet()) {
            if (options.scheduler().never(c)) {
                continue;
            }
            long required = options.scenario().required(c, options.seconds());
            if (totals.counters.get(c.name()) < required) {
                unmet.put(c.name(), required);
            }
        }
        Verdict verdict = verdict(unmet);
        return new RunRecord(
                options,
                verdict,
                explain(verdict, unmet),
                seconds,
                rounds,
                totals.machines,
                totals.raised,
                totals.coalesced,
                totals.counters,
                totals.lost,
                totals.violations.getOrDefault(Violation.Kind.DUPLICATED.name(), 0),
                totals.revived,
                findings,
                totals.violations,
                unmet,
                totals.quirkHits,
                totals.acquisitions,
                totals.contentions,
                List.copyOf(totals.lockEdges),
                totals.latency,
                hangReport,
                memory);
    }

    private Verdict verdict(Map<String, Long> unmet) {
        if (fatal != null) {
            return fatal;
        }
        if (unexplained > 0) {
            return Verdict.VIOLATION;
        }
        if (interrupted) {
            return Verdict.INTERRUPTED;
        }
        if (!unmet.isEmpty() || faultMissed) {
            return Verdict.NOT_EXERCISED;
        }
        return known == 0 ? Verdict.CLEAN : Verdict.KNOWN;
    }

    private String explain(Verdict v, Map<String, Long> unmet) {
        return switch (v) {
            case CLEAN -> "nothing lost, nothing doubled, and every hard event happened often enough";
            case KNOWN -> "every violation is explained by a known weak spot of Xen whose window was reached there";
            case VIOLATION -> unexplained + " violation(s) that no known weak spot explains";
            case DEADLOCK -> "pCPUs wait for each other in a circle";
            case STALLED -> "the machine no longer gets anywhere";
            case NOT_EXERCISED ->
                faultMissed
                        ? session.faultFired()
                                ? "the planted fault happened and nothing came of it: something else mended it at once"
                                : "the planted fault found no opportunity"
                        : "nothing went wrong that is not known, but too few of: " + String.join(", ", unmet.keySet());
            case INTERRUPTED -> "ended by the user";
            case GUEST_DIED ->
                "a guest took an exception that it has no handler for; neither Xen nor the model is to blame";
            case MODEL_BUG -> "an invariant of the model is broken; the run proves nothing";
        };
    }
}

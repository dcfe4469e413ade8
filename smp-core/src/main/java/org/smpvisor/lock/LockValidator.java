package org.smpvisor.lock;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.HdrHistogram.Histogram;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockViolation.Rule;

/**
 * The part of lock checking that all pCPUs of a machine share: how each class is used, what was nested in what, the circles in
 * that, and the violations found. It is consulted only for combinations that a pCPU has not met before, so that its cost is
 * that of one hash look-up per acquisition. It needs each path once, never the collision.
 */
public final class LockValidator {
    private record Passage(List<LockGraph.Edge> edges, LockContext context) {}

    private final boolean enabled;
    private final LockGraph graph = new LockGraph();
    private final List<LockViolation> violations = new ArrayList<>();
    private final Map<String, LockCycle> cycles = new LinkedHashMap<>();
    private final Set<String> reported = new HashSet<>();
    private final Map<Long, Passage> passages = new HashMap<>();
    private final Map<Long, Long> counted = new HashMap<>();

    /** Classes of which every acquisition is looked at, since a gate lock has to be there each time. */
    private volatile long watched;

    /** @param enabled whether acquisitions are checked at all; off only to measure what the checking costs */
    public LockValidator(boolean enabled) {
        this.enabled = enabled;
    }

    public boolean isEnabled() {
        return enabled;
    }

    long watched() {
        return watched;
    }

    // ---- results ----------------------------------------------------------------------------------------------------

    /** What was found so far, in order of discovery. */
    public synchronized List<LockViolation> violations() {
        return List.copyOf(violations);
    }

    /** How many violations were found so far, cheap enough to poll. */
    public synchronized int count() {
        return violations.size();
    }

    /** The circles found so far, those that are held to be harmless included. */
    public synchronized List<LockCycle> cycles() {
        return List.copyOf(cycles.values());
    }

    /** The nestings seen, as {@code OUTER->INNER}. */
    public synchronized Set<String> edges() {
        Set<String> out = new TreeSet<>();
        for (LockGraph.Edge e : graph.edges()) {
            if (e.key.kind() == LockEdge.Kind.NESTED && e.inner() != null) {
                out.add(e.outer() + "->" + e.inner());
            }
        }
        return out;
    }

    /** All that is known, with the counters of these pCPUs. At rest. */
    public synchronized LockRecord record(Pcpu... pcpus) {
        Map<Long, Long> all = new HashMap<>(counted);
        for (Pcpu p : pcpus) {
            p.held().chains((chain, n) -> all.merge(chain, n, Long::sum));
        }
        Map<LockGraph.Edge, Map<LockContext, Long>> counts = new IdentityHashMap<>();
        all.forEach((chain, n) -> {
            Passage p = passages.get(chain);
            if (p != null) {
                p.edges.forEach(
                        e -> counts.computeIfAbsent(e, k -> new HashMap<>()).merge(p.context, n, Long::sum));
            }
        });
        List<LockEdge> edges = new ArrayList<>();
        for (LockGraph.Edge e : graph.edges()) {
            counts.getOrDefault(e, Map.of()).forEach(e.counts::put);
            edges.add(e.copy());
        }
        List<LockRecord.Use> uses = new ArrayList<>();
        for (LockClass c : LockClass.values()) {
            uses.add(use(c, pcpus));
        }
        return new LockRecord(edges, List.copyOf(cycles.values()), violations, uses);
    }

    private static LockRecord.Use use(LockClass c, Pcpu... pcpus) {
        Map<LockContext, Long> taken = new HashMap<>();
        long contended = 0;
        Histogram waits = LockTimes.empty();
        Histogram holds = LockTimes.empty();
        for (Pcpu p : pcpus) {
            for (LockContext in : LockContext.values()) {
                long n = p.held().acquisitions(c, in);
                if (n > 0) {
                    taken.merge(in, n, Long::sum);
                }
            }
            contended += p.held().contentions(c);
            p.held().addWaits(c, waits);
            p.held().addHolds(c, holds);
        }
        return new LockRecord.Use(c, taken, contended, waits, holds);
    }

    // ---- first sights -----------------------------------------------------------------------------------------------

    /** First meeting of this pCPU with a lock of {@code inner}, wanted so, under the locks it holds: checks use and order. */
    synchronized void check(Pcpu cpu, HeldLocks held, LockClass inner, Object lock, int use, long key) {
        LockStack stack = LockStack.here();
        boolean read = (use & HeldLocks.READ) != 0;
        List<LockGraph.Edge> through = new ArrayList<>();
        for (int i = held.base(); i < held.depth(); i++) {
            LockClass outer = held.classAt(i);
            LockGraph.Noted n = graph.note(
                    LockEdge.Kind.NESTED,
                    outer.ordinal(),
                    inner.ordinal(),
                    (held.useAt(i) & HeldLocks.READ) != 0,
                    read,
                    held.lockAt(i).toString(),
                    lock.toString(),
                    "",
                    stack);
            meet(cpu, held, i, n.edge(), use, stack);
            through.add(n.edge());
            if (outer == inner) {
                checkSameClass(cpu, held, i, inner, lock, read, stack);
            } else {
                if (!outer.mayContain(inner)) {
                    checkOrder(cpu, held, i, inner, lock, stack);
                }
                if (n.isNew()) {
                    close(n.edge(), stack);
                }
            }
        }
        passages.putIfAbsent(key, new Passage(through, LockContext.of(use & (HeldLocks.MASKED | HeldLocks.HARD))));
        noteUse(cpu, inner, lock, use, stack);
        if (!graph.suspended().isEmpty()) {
            reconsider(stack);
        }
    }

    private void meet(Pcpu cpu, HeldLocks held, int outer, LockGraph.Edge e, int use, LockStack stack) {
        e.counts.merge(LockContext.of(use & (HeldLocks.MASKED | HeldLocks.HARD)), 1L, Long::sum);
        e.pcpus.set(cpu.id());
        if (outer == held.depth() - 1) {
            e.direct = true;
            e.functions.addAll(stack.functions());
        }
        Set<Object> around = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = held.base(); i < held.depth(); i++) {
            if (i != outer && (held.useAt(i) & HeldLocks.READ) == 0) {
                around.add(held.lockAt(i));
            }
        }
        if (e.gates == null) {
            e.gates = around;
        } else {
            e.gates.retainAll(around);
        }
    }

    private void noteUse(Pcpu cpu, LockClass c, Object lock, int use, LockStack stack) {
        boolean read = (use & HeldLocks.READ) != 0;
        LockGraph.Use u = new LockGraph.Use(read, lock.toString(), stack);
        List<LockGraph.Edge> follow = new ArrayList<>();
        if ((use & HeldLocks.MASKED) == 0) {
            follow.addAll(graph.heldOpen(c.ordinal(), u));
        } else if ((use & HeldLocks.TRY) == 0) {
            follow.addAll(graph.wantedMasked(c.ordinal(), u));
        }
        if ((use & (HeldLocks.HARD | HeldLocks.TRY)) == HeldLocks.HARD) {
            follow.addAll(graph.wantedInInterrupt(c.ordinal(), u));
        }
        boolean firstWriter = !read && graph.wantedForWriting(c.ordinal());
        follow.forEach(e -> learn(cpu, e, stack));
        if (firstWriter) {
            reconsider(stack);
        }
    }

    private void learn(Pcpu cpu, LockGraph.Edge e, LockStack stack) {
        e.pcpus.set(cpu.id());
        close(e, stack);
    }

    /** A lock was taken without waiting for it. */
    synchronized void tried(Pcpu cpu, LockClass c, Object lock, int use) {
        noteUse(cpu, c, lock, use, LockStack.here());
    }

    /** Interrupts are opened under the locks that are held. */
    synchronized void opens(Pcpu cpu, HeldLocks held, boolean outOfOrder) {
        LockStack stack = LockStack.here();
        for (int i = held.base(); i < held.depth(); i++) {
            Object lock = held.lockAt(i);
            if ((held.useAt(i) & HeldLocks.MASKED) != 0) {
                add(
                        outOfOrder ? Rule.UNLOCK_ORDER : Rule.IRQ_MODE,
                        held.classAt(i),
                        null,
                        cpu + " opens interrupts "
                                + (outOfOrder ? "by releasing a lock that it took before " : "under ") + lock
                                + ", which it took with interrupts masked and still holds",
                        stack,
                        "",
                        null);
            }
            noteUse(cpu, held.classAt(i), lock, held.useAt(i) & HeldLocks.READ | HeldLocks.TRY, stack);
        }
    }

    /** A pCPU waits for an acknowledgement of {@code other} with the locks that it holds. */
    synchronized void awaits(Pcpu cpu, HeldLocks held, Pcpu other, int use) {
        LockStack stack = LockStack.here();
        String wanted = "interrupts of " + other;
        for (int i = held.base(); i < held.depth(); i++) {
            LockGraph.Edge e = graph.note(
                            LockEdge.Kind.AWAITED,
                            held.classAt(i).ordinal(),
                            LockGraph.IRQS_OPEN,
                            (held.useAt(i) & HeldLocks.READ) != 0,
                            false,
                            held.lockAt(i).toString(),
                            wanted,
                            "",
                            stack)
                    .edge();
            e.counts.merge(LockContext.of(use & (HeldLocks.MASKED | HeldLocks.HARD)), 1L, Long::sum);
            learn(cpu, e, stack);
        }
        LockGraph.Use u = new LockGraph.Use(false, wanted, stack);
        List<LockGraph.Edge> follow = new ArrayList<>();
        if ((use & HeldLocks.HARD) != 0) {
            follow.addAll(graph.wantedInInterrupt(LockGraph.IRQS_OPEN, u));
        }
        if ((use & HeldLocks.MASKED) != 0) {
            follow.addAll(graph.wantedMasked(LockGraph.IRQS_OPEN, u));
        }
        follow.forEach(e -> learn(cpu, e, stack));
    }

    /** A pCPU goes through chain {@code key} once more: notes by which of Xen's functions. */
    synchronized void sample(long key) {
        Passage p = passages.get(key);
        if (p != null && !p.edges.isEmpty()) {
            p.edges.get(p.edges.size() - 1).functions.addAll(LockStack.here().functions());
        }
    }

    /** Chain {@code key} makes room in a pCPU's table; it was gone through so often. */
    synchronized void count(long key, long times) {
        counted.merge(key, times, Long::sum);
    }

    // ---- judging ----------------------------------------------------------------------------------------------------

    private void checkSameClass(
            Pcpu cpu, HeldLocks held, int i, LockClass c, Object lock, boolean read, LockStack stack) {
        Object outer = held.lockAt(i);
        boolean outerRead = (held.useAt(i) & HeldLocks.READ) != 0;
        if (outer == lock) {
            if (read && !outerRead) {
                return; // the owner of the write side is let through
            }
            add(
                    Rule.RECURSION,
                    c,
                    c,
                    cpu + " acquires " + lock + ", which it holds already"
                            + (read
                                    ? ", for reading again: a writer may have queued in between, who waits for it"
                                    : ""),
                    stack,
                    "",
                    null);
        } else if (c.nesting() == LockClass.Nesting.NEVER || HeldLocks.orderOf(outer) >= HeldLocks.orderOf(lock)) {
            add(
                    Rule.NESTING,
                    c,
                    c,
                    cpu + " acquires " + lock + " while it holds " + outer + ": nesting inside " + c + " is "
                            + (c.nesting() == LockClass.Nesting.NEVER
                                    ? "never allowed"
                                    : "allowed in ascending order of " + c.nesting() + " only"),
                    stack,
                    "",
                    null);
        }
    }

    private void checkOrder(Pcpu cpu, HeldLocks held, int i, LockClass inner, Object lock, LockStack stack) {
        LockClass outer = held.classAt(i);
        List<LockEdge> back = graph.back(inner.ordinal(), outer.ordinal());
        add(
                Rule.ORDER,
                inner,
                outer,
                cpu + " acquires " + lock + " (" + inner + ") while it holds " + held.lockAt(i) + " (" + outer
                        + "): the declared order has no path " + outer + " -> " + inner
                        + (back.isEmpty() ? "; the other way round has not been seen yet" : ""),
                stack,
                LockReport.halves(back),
                null);
    }

    private void close(LockGraph.Edge e, LockStack stack) {
        boolean gated = false;
        for (LockCycle c : graph.close(e)) {
            cycles.put(identity(c), c);
            if (c.standing() == LockCycle.Standing.DEADLOCK) {
                report(c, stack);
            }
            gated |= c.standing() == LockCycle.Standing.GATED;
        }
        if (gated) {
            watched = graph.gated();
        }
    }

    private static String identity(LockCycle c) {
        Set<String> arrows = new TreeSet<>();
        c.edges().forEach(e -> arrows.add(e.arrow()));
        return arrows.toString();
    }

    private void reconsider(LockStack stack) {
        graph.suspended().forEach(e -> close(e, stack));
    }

    private void report(LockCycle c, LockStack stack) {
        String there = LockReport.otherHalves(c, stack);
        for (LockEdge e : c.edges()) {
            if (e.kind() == LockEdge.Kind.INTERRUPTED) {
                LockClass wanted = e.inner() == e.outer() ? null : e.inner();
                Rule rule = c.has(LockEdge.Kind.AWAITED) ? Rule.RENDEZVOUS : Rule.IRQ_SAFETY;
                add(rule, e.outer(), wanted, LockReport.throughInterrupt(c, e), stack, there, c);
                return;
            }
        }
        LockEdge first = c.edges().get(0);
        if (c.has(LockEdge.Kind.AWAITED)) {
            LockEdge wait = c.edges().stream()
                    .filter(e -> e.inner() == null)
                    .findFirst()
                    .orElse(first);
            add(Rule.RENDEZVOUS, wait.outer(), null, LockReport.throughRendezvous(c, wait), stack, there, c);
        } else {
            add(Rule.CYCLE, first.inner(), first.outer(), LockReport.throughNesting(c), stack, there, c);
        }
    }

    /** Records a violation of the running pCPU, once for each rule and pair. */
    void add(Rule rule, LockClass lock, LockClass other, String text) {
        add(rule, lock, other, text, LockStack.here(), "", null);
    }

    private synchronized void add(
            Rule rule, LockClass lock, LockClass other, String text, LockStack stack, String there, LockCycle cycle) {
        if (reported.add(rule + " " + lock + " " + other)) {
            violations.add(new LockViolation(rule, lock, other, text, stack.text(), there, cycle));
        }
    }
}

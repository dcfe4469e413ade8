package org.smpvisor.lock;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One thing waited for while another is held, as it was seen: an edge of the order graph. A copy, which does not change any
 * more.
 *
 * @param kind how the wait comes about
 * @param outer class of what is held; {@code null} for interrupts masked, which holds up everybody who waits for that pCPU
 * @param inner class of what is waited for; {@code null} for another pCPU with interrupts open
 * @param outerLock name of the instance that is held, as first seen
 * @param innerLock name of the instance that is waited for, as first seen
 * @param outerRead whether the outer one is held for reading
 * @param innerRead whether the inner one is wanted for reading
 * @param counts how often, by context of the inner acquisition: every time if times were measured, else how often it was new
 *     to a pCPU
 * @param pcpus pCPUs that have done it
 * @param gates further locks that were held, for themselves alone, every time
 * @param direct whether the outer one was the last lock taken before, at least once; else the edge is a composition
 * @param functions Xen's functions below which it was seen so directly
 * @param outerStack where the outer one was held, if that was another moment; else empty
 * @param stack where the inner one was waited for
 */
public record LockEdge(
        Kind kind,
        LockClass outer,
        LockClass inner,
        String outerLock,
        String innerLock,
        boolean outerRead,
        boolean innerRead,
        Map<LockContext, Long> counts,
        List<Integer> pcpus,
        List<String> gates,
        boolean direct,
        Set<String> functions,
        String outerStack,
        String stack) {
    /** How a holder comes to wait. */
    public enum Kind {
        /** It acquires the inner lock itself. */
        NESTED,
        /** It is interrupted, and the interrupt takes the inner lock. */
        INTERRUPTED,
        /** It waits for another pCPU's acknowledgement, or keeps another from getting one. */
        AWAITED
    }

    public LockEdge {
        counts = Map.copyOf(counts);
        pcpus = List.copyOf(pcpus);
        gates = List.copyOf(gates);
        functions = Set.copyOf(functions);
    }

    /** Occurrences in all contexts. */
    public long count() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The contexts in which it was seen. */
    public Collection<LockContext> contexts() {
        return counts.keySet();
    }

    /** Name of the outer class in reports. */
    public String outerName() {
        return name(outer);
    }

    /** Name of the inner class in reports. */
    public String innerName() {
        return name(inner);
    }

    static String name(LockClass c) {
        return c == null ? "IRQS_OPEN" : c.name();
    }

    /** Both ends and what lies between, on one line. */
    public String arrow() {
        return outerName()
                + (outerRead ? "(r)" : "")
                + switch (kind) {
                    case NESTED -> " -> ";
                    case INTERRUPTED -> " ~irq~> ";
                    case AWAITED -> " ~ipi~> ";
                }
                + innerName()
                + (innerRead ? "(r)" : "");
    }
}

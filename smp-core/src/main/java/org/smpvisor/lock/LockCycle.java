package org.smpvisor.lock;

import java.util.ArrayList;
import java.util.List;

/**
 * A circle of waits that the nestings seen make possible: each edge's inner class is the next one's outer class, and the last
 * leads back to the first. Nobody need have met in it; an exploring scheduler can be given it to see whether anybody can.
 *
 * @param standing whether it is a deadlock, or why it is held not to be one
 * @param edges the edges in order, beginning with the one that closed it
 * @param reason why it is not a deadlock, empty if it is one
 */
public record LockCycle(Standing standing, List<LockEdge> edges, String reason) {
    /** What is made of a circle. All are shown; only the first is a violation. */
    public enum Standing {
        /** Nothing stands in the way. */
        DEADLOCK,
        /** It leads through an inversion that is accepted for a reason. */
        ACCEPTED,
        /** A common outer lock has let only one pCPU in at a time so far. */
        GATED,
        /** One and the same pCPU has made all of its edges so far. */
        SAME_CPU,
        /** Two readers meet in it, and nobody has written so far who could stand between them. */
        READERS
    }

    public LockCycle {
        edges = List.copyOf(edges);
    }

    /** The classes, in order; {@code null} stands for interrupts open. */
    public List<LockClass> classes() {
        List<LockClass> out = new ArrayList<>();
        for (LockEdge e : edges) {
            out.add(e.outer());
        }
        return out;
    }

    /** The instances that were held, by name, in order, as first seen. */
    public List<String> instances() {
        return edges.stream().map(LockEdge::outerLock).toList();
    }

    /** Whether the instances first seen make a circle themselves, and not their classes alone. */
    public boolean closesOnInstances() {
        for (int i = 0; i < edges.size(); i++) {
            LockEdge next = edges.get((i + 1) % edges.size());
            if (!edges.get(i).innerLock().equals(next.outerLock())) {
                return false;
            }
        }
        return true;
    }

    /** Whether an edge of that kind is in it. */
    public boolean has(LockEdge.Kind kind) {
        return edges.stream().anyMatch(e -> e.kind() == kind);
    }

    /** All of it on one line, the same for the same circle whichever edge closed it. */
    public String path() {
        List<String> arrows = edges.stream().map(LockEdge::arrow).toList();
        int first = 0;
        for (int i = 1; i < arrows.size(); i++) {
            boolean through = edges.get(i).kind() != LockEdge.Kind.NESTED;
            boolean through0 = edges.get(first).kind() != LockEdge.Kind.NESTED;
            if (through != through0 ? through : arrows.get(i).compareTo(arrows.get(first)) < 0) {
                first = i;
            }
        }
        List<String> turned = new ArrayList<>(arrows.subList(first, arrows.size()));
        turned.addAll(arrows.subList(0, first));
        return String.join(", ", turned);
    }
}

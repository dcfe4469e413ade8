package org.smpvisor.lock;

import java.util.List;
import java.util.stream.Collectors;

/** Words for what the validator finds: what could happen, and every half of it with its stack. */
public final class LockReport {
    private LockReport() {}

    /**
     * A violation in full.
     *
     * @param source what ran, for example scenario and seed
     */
    public static String of(LockViolation v, String source) {
        StringBuilder b = new StringBuilder();
        b.append(v.rule()).append(": ").append(v.text()).append('\n');
        b.append("  seen in ").append(source).append('\n');
        if (v.cycle() != null) {
            b.append("  ").append(instances(v.cycle())).append('\n');
            b.append(halves(v.cycle().edges(), true).indent(2));
        } else {
            b.append("  noticed here:\n").append(v.here().indent(2));
            if (!v.there().isEmpty()) {
                b.append("  the other half:\n").append(v.there().indent(2));
            }
        }
        return b.toString();
    }

    /** A circle that is held to be harmless, in full. */
    public static String of(LockCycle c, String source) {
        return c.standing() + ": " + c.path() + "\n  " + c.reason() + "\n  seen in " + source + "\n"
                + halves(c.edges(), false).indent(2);
    }

    private static String instances(LockCycle c) {
        return "instances: "
                + c.edges().stream().map(LockEdge::outerLock).distinct().collect(Collectors.joining(", "))
                + (c.closesOnInstances()
                        ? ", which make the circle themselves"
                        : "; the circle is one of their classes");
    }

    static String halves(List<LockEdge> edges) {
        return halves(edges, false);
    }

    private static String halves(List<LockEdge> edges, boolean firstCloses) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < edges.size(); i++) {
            LockEdge e = edges.get(i);
            b.append(e.arrow())
                    .append(firstCloses && i == 0 ? ", which closed the circle" : "")
                    .append(": ")
                    .append(e.outerLock())
                    .append(" is held")
                    .append(e.outerStack().isEmpty() ? ", " : " here:\n" + e.outerStack())
                    .append(e.innerLock())
                    .append(e.kind() == LockEdge.Kind.INTERRUPTED ? " is wanted in an interrupt" : " is wanted")
                    .append(" here, on ")
                    .append(e.pcpus().stream().map(p -> "cpu" + p).collect(Collectors.joining(", ")))
                    .append(":\n")
                    .append(e.stack());
        }
        return b.toString();
    }

    /** The stacks of a circle but for the one that the pCPU which closed it has now. */
    static String otherHalves(LockCycle c, LockStack now) {
        StringBuilder b = new StringBuilder();
        for (LockEdge e : c.edges()) {
            if (!e.outerStack().isEmpty() && !e.outerStack().equals(now.text())) {
                b.append(e.arrow()).append(", held here:\n").append(e.outerStack());
            }
            if (!e.stack().equals(now.text())) {
                b.append(e.arrow()).append(", wanted here:\n").append(e.stack());
            }
        }
        return b.toString();
    }

    static String throughInterrupt(LockCycle c, LockEdge e) {
        if (c.has(LockEdge.Kind.AWAITED)) {
            return title(e)
                    + " is held with interrupts open, and an interrupt waits for an acknowledgement of pCPUs that may"
                    + " wait for " + e.outerName() + " with interrupts masked: " + c.path();
        }
        if (e.outer() == e.inner()) {
            return title(e) + " is taken in a hard interrupt and also held with interrupts open: an interrupt"
                    + " that comes while the latter holds it waits for itself, or for somebody who waits for it";
        }
        return title(e) + " is held with interrupts open, while somebody may wait for it with " + e.innerName()
                + " held, which hard interrupts take: an interrupt that comes to the holder of the former may wait for the"
                + " latter, whose holder waits for the former: " + c.path();
    }

    static String throughRendezvous(LockCycle c, LockEdge wait) {
        if (wait.outer() == null) {
            return "a pCPU waits with interrupts masked for an acknowledgement of another, which may do the same";
        }
        return title(wait)
                + " is held while an acknowledgement of another pCPU is awaited, and that pCPU may wait for it"
                + " with interrupts masked: " + c.path();
    }

    static String throughNesting(LockCycle c) {
        return "the nestings seen make a circle of " + c.edges().size() + ": " + c.path();
    }

    private static String title(LockEdge e) {
        return e.outer() + " (" + e.outer().xenName() + ")";
    }
}

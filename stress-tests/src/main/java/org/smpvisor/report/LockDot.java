package org.smpvisor.report;

import java.util.Locale;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockCycle;
import org.smpvisor.lock.LockEdge;

/** The order of locks that was seen, for graphviz. */
public final class LockDot {
    private final LockStudy study;

    public LockDot(LockStudy study) {
        this.study = study;
    }

    /** The graph as text. */
    public String text() {
        StringBuilder b =
                new StringBuilder("digraph locks {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for (LockClass c : LockClass.values()) {
            long taken = study.locks().uses().get(c.ordinal()).acquisitions();
            b.append(String.format(
                    Locale.ROOT,
                    "  %s [label=\"%s\\n%s\\n%,d taken\"%s];%n",
                    c,
                    c,
                    c.xenName(),
                    taken,
                    taken == 0 ? ", style=dashed" : ""));
        }
        for (LockStudy.Pair p : study.pairs()) {
            String style = switch (p.standing()) {
                case IN_TABLE, ORDERED -> "";
                case COMPOSED -> ", style=dotted";
                case NOT_IN_TABLE, FORBIDDEN -> ", color=red";
            };
            b.append(String.format(
                    Locale.ROOT, "  %s -> %s [label=\"%,d\"%s];%n", p.outer(), p.inner(), p.count(), style));
        }
        for (LockClass inner : LockClass.values()) {
            for (LockClass outer : inner.inside()) {
                if (study.pairs().stream().noneMatch(p -> p.outer() == outer && p.inner() == inner)) {
                    b.append("  ").append(outer).append(" -> ").append(inner).append(" [style=dashed, color=gray];\n");
                }
            }
        }
        for (LockCycle c : study.locks().cycles()) {
            for (LockEdge e : c.edges()) {
                if (e.kind() == LockEdge.Kind.INTERRUPTED && e.inner() != null) {
                    b.append("  ").append(e.outer()).append(" -> ").append(e.inner());
                    b.append(" [label=\"interrupt\", color=red, constraint=false];\n");
                }
            }
        }
        return b.append("}\n").toString();
    }
}

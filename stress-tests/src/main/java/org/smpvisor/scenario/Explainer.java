package org.smpvisor.scenario;

import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;

/**
 * Tells a known weak spot from a new one: a violation is explained by a quirk if the quirk can have such an effect, is in
 * force, and its window was reached since the machine was last at rest: on that very interrupt, or, for the two that touch
 * lists under the wrong lock, on an interrupt that shares a list with it.
 */
final class Explainer {
    private static final Quirk[] LOSES = {
        Quirk.H27, Quirk.H3, Quirk.H11, Quirk.H5, Quirk.H10, Quirk.H1, Quirk.H2, Quirk.SV1
    };
    private static final Quirk[] DOUBLES = {Quirk.H3, Quirk.H1, Quirk.H2, Quirk.H5};
    private static final Quirk[] MISROUTES = {Quirk.H27, Quirk.H1, Quirk.H2, Quirk.H3, Quirk.H5, Quirk.H10};
    private static final Quirk[] CORRUPTS = {Quirk.H3, Quirk.H5, Quirk.H2, Quirk.H1};
    private static final Quirk[] TAINTS = {Quirk.H1, Quirk.H3};
    private static final Quirk[] LEAVES = {Quirk.SV1, Quirk.H5, Quirk.H1, Quirk.H2, Quirk.H3, Quirk.H10};

    private static final int INTIDS = 1024;

    private final Marks marks;

    Explainer(Marks marks) {
        this.marks = marks;
    }

    /** The quirk that explains {@code v}, or {@code null}. */
    Quirk explain(Violation v) {
        return switch (v.kind()) {
            case LOST -> first(LOSES, v);
            case DUPLICATED -> first(DOUBLES, v);
            case WRONG_TARGET -> first(MISROUTES, v);
            case LEFT_BEHIND -> first(LEAVES, v);
            case INCONSISTENT -> v.intid() >= 0 ? first(LOSES, v) : anywhere(CORRUPTS, v.domain());
            case CORRUPTED -> anywhere(CORRUPTS, v.domain());
            case DEADLOCK ->
                v.text().contains("gicv3.lock") && v.text().contains("in an interrupt") && marks.hits(Quirk.C1) > 0
                        ? Quirk.C1
                        : null;
            case LIVELOCK, MODEL_BUG -> null;
            case LOCKING -> v.text().startsWith("IRQ_SAFETY: HOST_GIC ") && marks.hits(Quirk.C1) > 0 ? Quirk.C1 : null;
        };
    }

    /** Lists are corrupted by an entry that was touched under the wrong lock; which one it was the list no longer tells. */
    private Quirk anywhere(Quirk[] candidates, int domain) {
        for (Quirk q : candidates) {
            for (int intid = 0; intid < INTIDS; intid++) {
                if (marks.isReached(q, domain, intid)) {
                    return q;
                }
            }
        }
        return null;
    }

    private Quirk first(Quirk[] candidates, Violation v) {
        for (Quirk q : candidates) {
            if (marks.isReached(q, v.domain(), v.intid())) {
                return q;
            }
        }
        for (Quirk q : TAINTS) {
            if (marks.isTainted(q, v.domain(), v.vcpu())) {
                return q; // its neighbour on a list was touched under the wrong lock
            }
        }
        return null;
    }
}

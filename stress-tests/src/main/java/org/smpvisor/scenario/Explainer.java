package org.smpvisor.scenario;

import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;

/**
 * Tells a known weak spot from a new one: a violation is explained by a quirk if the quirk can have such an effect, is in
 * force, and its window was reached on that very interrupt since the machine was last at rest.
 */
final class Explainer {
    private static final Quirk[] LOSES = {
        Quirk.H27, Quirk.H3, Quirk.H11, Quirk.H5, Quirk.H10, Quirk.H1, Quirk.H2, Quirk.SV1
    };
    private static final Quirk[] DOUBLES = {Quirk.H3, Quirk.H1, Quirk.H2, Quirk.H5};
    private static final Quirk[] MISROUTES = {Quirk.H27, Quirk.H1, Quirk.H2, Quirk.H3, Quirk.H5, Quirk.H10};
    private static final Quirk[] LEAVES = {Quirk.SV1, Quirk.H5, Quirk.H1, Quirk.H2, Quirk.H3, Quirk.H10};

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
            case INCONSISTENT -> null;
            case LOCKING -> v.text().contains("HOST_GIC") && marks.hits(Quirk.C1) > 0 ? Quirk.C1 : null;
        };
    }

    private Quirk first(Quirk[] candidates, Violation v) {
        for (Quirk q : candidates) {
            if (marks.isReached(q, v.domain(), v.intid())) {
                return q;
            }
        }
        return null;
    }
}

package org.smpvisor.scenario;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;

/**
 * Tells a known weak spot from a new one: a violation is explained by a quirk if the quirk can have such an effect, is in
 * force, and since the machine was last at rest its window was reached on that very interrupt, or on one to which it was
 * linked when a list was changed under the wrong lock. A deadlock is explained if one of its pCPUs was interrupted in the
 * window.
 */
public final class Explainer {
    private static final Quirk[] LOSES = {
        Quirk.H27, Quirk.H3, Quirk.H11, Quirk.H5, Quirk.H10, Quirk.H1, Quirk.H2, Quirk.SV1, Quirk.SV2, Quirk.SV4,
        Quirk.SV5, Quirk.H7, Quirk.H9
    };
    private static final Quirk[] DOUBLES = {Quirk.H3, Quirk.H1, Quirk.H2, Quirk.H5, Quirk.H10, Quirk.SV5, Quirk.H7};
    private static final Quirk[] MISROUTES = {Quirk.H27, Quirk.H1, Quirk.H2, Quirk.H3, Quirk.H5, Quirk.H10, Quirk.H7};
    private static final Quirk[] CONTRADICTS = {
        Quirk.H27, Quirk.H3, Quirk.H5, Quirk.H10, Quirk.H1, Quirk.H2, Quirk.H7, Quirk.H9
    };
    private static final Quirk[] CORRUPTS = {Quirk.H3, Quirk.H5, Quirk.H2, Quirk.H1, Quirk.H10, Quirk.H7, Quirk.H6};
    private static final Quirk[] LEAVES = {
        Quirk.SV1, Quirk.SV2, Quirk.H27, Quirk.H11, Quirk.H5, Quirk.H1, Quirk.H2, Quirk.H3, Quirk.H10, Quirk.SV4,
        Quirk.H7
    };

    /** After which INPROGRESS does not say that the interrupt is active, or nothing does. */
    private static final Quirk[] KEEPS_ACTIVE = {
        Quirk.H25, Quirk.H27, Quirk.H3, Quirk.H11, Quirk.H9, Quirk.H7, Quirk.H10, Quirk.H5, Quirk.H2
    };

    /** Where Xen takes the host GIC lock with interrupts open. */
    private static final String MOVE_IRQS = "RankVgic.moveIrqs";

    private final Marks marks;

    public Explainer(Marks marks) {
        this.marks = marks;
    }

    /** The quirks that can explain a lost, doubled, misdirected or forgotten interrupt, or corrupt state. */
    static List<Quirk> blamed() {
        return Stream.of(LOSES, DOUBLES, MISROUTES, CORRUPTS, LEAVES, KEEPS_ACTIVE)
                .flatMap(Arrays::stream)
                .distinct()
                .sorted()
                .toList();
    }

    /** The quirk that explains {@code v}, which is neither a deadlock nor a broken rule of locking, or {@code null}. */
    public Quirk explain(Violation v) {
        return switch (v.kind()) {
            case LOST -> first(LOSES, v);
            case DUPLICATED -> first(DOUBLES, v);
            case WRONG_TARGET -> first(MISROUTES, v);
            case LEFT_BEHIND -> first(LEAVES, v);
            case LEFT_ACTIVE -> first(KEEPS_ACTIVE, v);
            case INCONSISTENT -> first(CONTRADICTS, v);
            case CORRUPTED -> first(CORRUPTS, v);
            case DEADLOCK, LOCKING, LIVELOCK, GUEST_DIED, MODEL_BUG, RACE -> null;
        };
    }

    /** C1 if a pCPU of the circle was interrupted while it held, or queued for, the host GIC lock in C1's window. */
    Quirk explain(Watchdog.Hang hang) {
        for (Watchdog.Blocker b : hang.blockers()) {
            if (b.lock() == LockClass.HOST_GIC && b.isInHardIrq() && marks.isInside(Quirk.C1, b.pcpu())) {
                return Quirk.C1;
            }
        }
        return null;
    }

    /** SV3 if a pCPU that gets nowhere is in SV3's window. */
    public Quirk explainLivelock(Pcpu[] pcpus) {
        for (Pcpu p : pcpus) {
            if (marks.isInside(Quirk.SV3, p.id())) { // elsewhere the window is left within a few steps
                return Quirk.SV3;
            }
        }
        return null;
    }

    /** C1 if one of the pCPUs that wait for each other was interrupted in C1's window. */
    public Quirk explainDeadlock(Pcpu[] pcpus) {
        for (Pcpu p : pcpus) {
            if (p.waitingFor() != null && p.isInHardIrq() && marks.isInside(Quirk.C1, p.id())) {
                return Quirk.C1;
            }
        }
        return null;
    }

    /** C1 if the half with interrupts open is the host GIC lock as taken in C1's window. */
    public Quirk explain(LockViolation l) {
        boolean open = l.rule() == LockViolation.Rule.IRQ_SAFETY && l.lock() == LockClass.HOST_GIC;
        boolean there = l.here().contains(MOVE_IRQS) || l.there().contains(MOVE_IRQS); // either half may come last
        return open && there ? Quirk.C1 : null;
    }

    /**
     * What has changed a list of {@code domain} under a wrong lock since the last rest, or {@code null}: for a list that is found
     * broken at an interrupt without a mark. A list may run into another one far from where it was broken, when whatever stood
     * there has long left.
     */
    Quirk explainBrokenList(int domain) {
        for (Quirk q : CORRUPTS) {
            if (marks.isReachedBySpi(q, domain)) {
                return q;
            }
        }
        return null;
    }

    private Quirk first(Quirk[] candidates, Violation v) {
        if (v.intid() < 0 || v.intid() < GicAbi.NR_LOCAL_IRQS && v.vcpu() < 0) {
            return null; // it names no interrupt
        }
        for (Quirk q : candidates) {
            if (marks.isReached(q, v.domain(), v.vcpu(), v.intid())) {
                return q;
            }
        }
        return null;
    }
}

package org.smpvisor.vgic.rank;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * A guest retargets a device's SPI while the old target's pCPU cleans up the list register in which it has ended: the line is
 * routed to the new target by one of the two. Fails when the move looks at the interrupt before it has the lock.
 */
@JCStressTest
@Shows({Bug.XB_030})
@Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "Off the list, at rest, and routed to the new target.")
@Outcome(expect = FORBIDDEN, desc = "It migrates for ever, or the line goes to the old target.")
@State
public class RetargetVsEoi {
    private final TwoCpus m = TwoCpus.fixedWithLine(1);

    /** Delivered; the guest has ended it, and Xen does not know. */
    public RetargetVsEoi() {
        m.fire();
        m.takeInterrupts(m.cpu0);
        m.acknowledgeAndEnd(m.cpu0);
    }

    @Actor
    public void exit() {
        m.exit(m.cpu0);
    }

    @Actor
    public void guest() {
        m.route(m.cpu1, TwoCpus.LINE, 1);
    }

    @Arbiter
    public void settled(III_Result r) {
        m.exitAndEnter(m.cpu0);
        r.r1 = m.inflightOn(0, TwoCpus.LINE) + m.inflightOn(1, TwoCpus.LINE);
        r.r2 = m.has(TwoCpus.LINE, PendingIrq.MIGRATING) ? 1 : 0;
        r.r3 = m.lineRoute();
        m.giveBack();
    }

    /** The same with the look outside the lock (XB-030). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "Off the list, at rest, and routed to the new target.")
    @Outcome(
            id = {"0, 1, 0", "1, 0, 1"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "It migrates for ever, or is raised though its device was silent.")
    @State
    public static class LookOutside {
        private final TwoCpus m = TwoCpus.lineWith(Bug.XB_030, 1);

        /** Delivered; the guest has ended it, and Xen does not know. */
        public LookOutside() {
            m.fire();
            m.takeInterrupts(m.cpu0);
            m.acknowledgeAndEnd(m.cpu0);
        }

        @Actor
        public void exit() {
            m.exit(m.cpu0);
        }

        @Actor
        public void guest() {
            m.route(m.cpu1, TwoCpus.LINE, 1);
        }

        @Arbiter
        public void settled(III_Result r) {
            m.exitAndEnter(m.cpu0);
            r.r1 = m.inflightOn(0, TwoCpus.LINE) + m.inflightOn(1, TwoCpus.LINE);
            r.r2 = m.has(TwoCpus.LINE, PendingIrq.MIGRATING) ? 1 : 0;
            r.r3 = m.lineRoute();
            m.giveBack();
        }
    }
}

package org.smpvisor.vgic.rank;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * A device's line is routed to one pCPU and its vCPU is on the other, where the guest ends it while it fires again: it comes once
 * more. Fails when the end must be on the pCPU that acknowledged it.
 */
@JCStressTest
@Shows({Bug.XB_062})
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It fires again.")
@Outcome(expect = FORBIDDEN, desc = "The line is dead.")
@State
public class EoiVsRefire {
    private final TwoCpus m = TwoCpus.fixedWithLine(0);

    /** Acknowledged by Xen on pCPU 0 for vCPU 1, whose guest is handling it. */
    public EoiVsRefire() {
        m.route(m.cpu0, TwoCpus.LINE, 1);
        m.routeLine(m.cpu0);
        m.fire();
        m.takeInterrupts(m.cpu0);
        m.exitAndEnter(m.cpu1);
        m.acknowledge(m.cpu1);
    }

    @Actor
    public void guest() {
        m.end(m.cpu1, TwoCpus.LINE);
    }

    @Actor
    public void device() {
        m.fire();
        m.takeInterrupts(m.cpu0);
    }

    @Arbiter
    public void again(I_Result r) {
        m.comeToRest(m.cpu0);
        m.comeToRest(m.cpu1);
        m.exitAndEnter(m.cpu1);
        m.fire();
        m.takeInterrupts(m.cpu0);
        m.takeInterrupts(m.cpu1);
        m.exitAndEnter(m.cpu1);
        r.r1 = m.pendingOn(m.cpu1, TwoCpus.LINE);
        m.giveBack();
    }

    /** The same with such a GIC (XB-062). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "It fires again.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "The line is dead.")
    @State
    public static class OnItsOwnPcpu {
        private final TwoCpus m = TwoCpus.lineWith(Bug.XB_062, 0);

        /** Acknowledged by Xen on pCPU 0 for vCPU 1, whose guest is handling it. */
        public OnItsOwnPcpu() {
            m.route(m.cpu0, TwoCpus.LINE, 1);
            m.routeLine(m.cpu0);
            m.fire();
            m.takeInterrupts(m.cpu0);
            m.exitAndEnter(m.cpu1);
            m.acknowledge(m.cpu1);
        }

        @Actor
        public void guest() {
            m.end(m.cpu1, TwoCpus.LINE);
        }

        @Actor
        public void device() {
            m.fire();
            m.takeInterrupts(m.cpu0);
        }

        @Arbiter
        public void again(I_Result r) {
            m.comeToRest(m.cpu0);
            m.comeToRest(m.cpu1);
            m.exitAndEnter(m.cpu1);
            m.fire();
            m.takeInterrupts(m.cpu0);
            m.takeInterrupts(m.cpu1);
            m.exitAndEnter(m.cpu1);
            r.r1 = m.pendingOn(m.cpu1, TwoCpus.LINE);
            m.giveBack();
        }
    }
}

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
 * An SPI is raised on another pCPU while its vCPU is being woken and enters its guest: it is found at the entry, or the pCPU is
 * told. Fails when whether the vCPU runs is looked at before the interrupt is queued.
 */
@JCStressTest
@Shows({Bug.XB_071B})
@Outcome(id = "1", expect = ACCEPTABLE, desc = "The guest finds it, now or at the exit that it was told to make.")
@Outcome(expect = FORBIDDEN, desc = "It waits in a queue, and the guest runs.")
@State
public class InjectVsSwitchIn {
    private final TwoCpus m = TwoCpus.xen(1);

    /** Asleep. */
    public InjectVsSwitchIn() {
        m.waitForInterrupt(m.cpu0);
    }

    @Actor
    public void sleeper() {
        m.wakeAndEnter(m.cpu0);
    }

    @Actor
    public void device() {
        m.linger();
        m.inject(m.cpu1);
    }

    @Arbiter
    public void delivered(I_Result r) {
        if (m.isInterrupted(m.cpu0) || !m.isCurrent(0, m.cpu0)) {
            m.comeToRest(m.cpu0);
            m.exitAndEnter(m.cpu0);
        }
        r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
        m.giveBack();
    }

    /** The same with the early look (XB-071b). */
    @JCStressTest
    @WeakTwin(Pattern.NARROW_WINDOW)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "The guest finds it, now or at the exit that it was told to make.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "It waits in a queue, and the guest runs.")
    @State
    public static class SampledEarly {
        private final TwoCpus m = TwoCpus.with(Bug.XB_071B, 1);

        /** Asleep. */
        public SampledEarly() {
            m.waitForInterrupt(m.cpu0);
        }

        @Actor
        public void sleeper() {
            m.wakeAndEnter(m.cpu0);
        }

        @Actor
        public void device() {
            m.linger();
            m.inject(m.cpu1);
        }

        @Arbiter
        public void delivered(I_Result r) {
            if (m.isInterrupted(m.cpu0) || !m.isCurrent(0, m.cpu0)) {
                m.comeToRest(m.cpu0);
                m.exitAndEnter(m.cpu0);
            }
            r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
            m.giveBack();
        }
    }
}

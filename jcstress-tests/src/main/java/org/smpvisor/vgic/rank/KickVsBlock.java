package org.smpvisor.vgic.rank;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * A vCPU goes to sleep in WFI while another pCPU raises an interrupt for it: it is awake in the end. r1 is whether it runs
 * once its pCPU has done what it was told to, r2 whether it was descheduled in between. The barest form of the race is
 * {@code BlockedFlag}.
 */
@JCStressTest
@Shows({Bug.XB_073})
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "It never left its pCPU.")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "It slept and was woken.")
@Outcome(expect = FORBIDDEN, desc = "It sleeps with a deliverable interrupt.")
@State
public class KickVsBlock {
    private final TwoCpus m = TwoCpus.xen(0);

    @Actor
    public void sleeper() {
        m.waitForInterrupt(m.cpu0);
    }

    @Actor
    public void device() {
        m.inject(m.cpu1);
    }

    @Arbiter
    public void awake(II_Result r) {
        m.comeToRest(m.cpu0);
        r.r1 = m.isCurrent(0, m.cpu0) ? 1 : 0;
        r.r2 = m.wasDescheduled() ? 1 : 0;
        m.giveBack();
    }

    /** The same with the look for events before the flag (XB-073). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "It never left its pCPU.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "It slept and was woken.")
    @Outcome(id = "0, 1", expect = ACCEPTABLE_INTERESTING, desc = "It sleeps with a deliverable interrupt.")
    @State
    public static class LookFirst {
        private final TwoCpus m = TwoCpus.with(Bug.XB_073, 0);

        @Actor
        public void sleeper() {
            m.waitForInterrupt(m.cpu0);
        }

        @Actor
        public void device() {
            m.inject(m.cpu1);
        }

        @Arbiter
        public void awake(II_Result r) {
            m.comeToRest(m.cpu0);
            r.r1 = m.isCurrent(0, m.cpu0) ? 1 : 0;
            r.r2 = m.wasDescheduled() ? 1 : 0;
            m.giveBack();
        }
    }
}

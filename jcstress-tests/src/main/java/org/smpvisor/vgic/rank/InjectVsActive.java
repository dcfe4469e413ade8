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
 * An SPI that the guest is handling is raised again while Xen looks at its list register: it is delivered once more when the guest
 * has ended the first. Fails when an active interrupt is taken for a pending one.
 */
@JCStressTest
@Shows({Bug.XB_048A})
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Delivered once more.")
@Outcome(expect = FORBIDDEN, desc = "The second instance is lost.")
@State
public class InjectVsActive {
    private final TwoCpus m = TwoCpus.xen(0);

    /** Acknowledged. */
    public InjectVsActive() {
        m.inject(m.cpu0);
        m.acknowledge(m.cpu0);
    }

    @Actor
    public void exit() {
        m.exitAndEnter(m.cpu0);
    }

    @Actor
    public void device() {
        m.inject(m.cpu1);
    }

    @Arbiter
    public void again(II_Result r) {
        m.exitAndEnter(m.cpu0);
        m.end(m.cpu0, TwoCpus.SPI);
        m.exitAndEnter(m.cpu0);
        r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
        r.r2 = m.inflightOn(0, TwoCpus.SPI);
        m.giveBack();
    }

    /** The same without the difference (XB-048a). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Delivered once more.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "The second instance is lost.")
    @State
    public static class LikePending {
        private final TwoCpus m = TwoCpus.with(Bug.XB_048A, 0);

        /** Acknowledged. */
        public LikePending() {
            m.inject(m.cpu0);
            m.acknowledge(m.cpu0);
        }

        @Actor
        public void exit() {
            m.exitAndEnter(m.cpu0);
        }

        @Actor
        public void device() {
            m.inject(m.cpu1);
        }

        @Arbiter
        public void again(II_Result r) {
            m.exitAndEnter(m.cpu0);
            m.end(m.cpu0, TwoCpus.SPI);
            m.exitAndEnter(m.cpu0);
            r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
            r.r2 = m.inflightOn(0, TwoCpus.SPI);
            m.giveBack();
        }
    }
}

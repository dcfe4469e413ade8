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
 * Two devices raise an SPI that has ended in a list register, one on the pCPU that has that register loaded: the guest finds it
 * there at the entry, without another exit. Fails when that pCPU does not look at the register.
 */
@JCStressTest
@Shows({Bug.XB_048B})
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Back in a list register before the guest is entered.")
@Outcome(expect = FORBIDDEN, desc = "The guest is entered without it, or it is there twice.")
@State
public class TwoInjectors {
    private final TwoCpus m = TwoCpus.xen(0);

    /** In a list register, acknowledged and ended, and Xen does not know. */
    public TwoInjectors() {
        m.inject(m.cpu0);
        m.acknowledgeAndEnd(m.cpu0);
    }

    @Actor
    public void here() {
        m.inject(m.cpu0);
    }

    @Actor
    public void there() {
        m.inject(m.cpu1);
    }

    @Arbiter
    public void pending(II_Result r) {
        m.enter(m.cpu0);
        r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
        r.r2 = m.inflightOn(0, TwoCpus.SPI);
        m.giveBack();
    }

    /** The same without the look (XB-048b). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Back in a list register before the guest is entered.")
    @Outcome(id = "0, 1", expect = ACCEPTABLE_INTERESTING, desc = "The guest is entered without it.")
    @State
    public static class WithoutLook {
        private final TwoCpus m = TwoCpus.with(Bug.XB_048B, 0);

        /** In a list register, acknowledged and ended, and Xen does not know. */
        public WithoutLook() {
            m.inject(m.cpu0);
            m.acknowledgeAndEnd(m.cpu0);
        }

        @Actor
        public void here() {
            m.inject(m.cpu0);
        }

        @Actor
        public void there() {
            m.inject(m.cpu1);
        }

        @Arbiter
        public void pending(II_Result r) {
            m.enter(m.cpu0);
            r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
            r.r2 = m.inflightOn(0, TwoCpus.SPI);
            m.giveBack();
        }
    }
}

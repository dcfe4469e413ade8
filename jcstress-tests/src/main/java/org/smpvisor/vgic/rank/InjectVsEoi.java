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
 * The guest acknowledges and ends an SPI without an exit while it is raised again on another pCPU: the pCPU that runs the
 * guest is told, and finds it on the way back. Fails when an interrupt that is in flight already sends no kick, or a kick no SGI.
 */
@JCStressTest
@Shows({Bug.XB_049, Bug.XB_071A})
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The pCPU was told, and the guest finds it.")
@Outcome(expect = FORBIDDEN, desc = "The guest runs on with nothing in its list registers.")
@State
public class InjectVsEoi {
    private final TwoCpus m = TwoCpus.xen(1);

    /** In a list register; the guest has not seen it. */
    public InjectVsEoi() {
        m.inject(m.cpu0);
    }

    @Actor
    public void guest() {
        m.acknowledgeAndEnd(m.cpu0);
    }

    @Actor
    public void device() {
        m.inject(m.cpu1);
    }

    @Arbiter
    public void delivered(II_Result r) {
        r.r1 = m.isInterrupted(m.cpu0) ? 1 : 0;
        if (r.r1 == 1) {
            m.exitAndEnter(m.cpu0);
        }
        r.r2 = m.pendingOn(m.cpu0, TwoCpus.SPI);
        m.giveBack();
    }

    /** The same with a kick only of what was not in flight (XB-049). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The pCPU was told, by luck.")
    @Outcome(
            id = "0, 0",
            expect = ACCEPTABLE_INTERESTING,
            desc = "The guest runs on with nothing in its list registers.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class KickOfNewOnly {
        private final TwoCpus m = TwoCpus.with(Bug.XB_049, 1);

        /** In a list register; the guest has not seen it. */
        public KickOfNewOnly() {
            m.inject(m.cpu0);
        }

        @Actor
        public void guest() {
            m.acknowledgeAndEnd(m.cpu0);
        }

        @Actor
        public void device() {
            m.inject(m.cpu1);
        }

        @Arbiter
        public void delivered(II_Result r) {
            r.r1 = m.isInterrupted(m.cpu0) ? 1 : 0;
            if (r.r1 == 1) {
                m.exitAndEnter(m.cpu0);
            }
            r.r2 = m.pendingOn(m.cpu0, TwoCpus.SPI);
            m.giveBack();
        }
    }
}

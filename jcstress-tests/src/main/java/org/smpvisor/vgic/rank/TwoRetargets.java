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
 * An SPI in a list register of vCPU 0 is retargeted to vCPU 1 while another guest writes vCPU 0: that is no change, or it is
 * refused, since a migration is in progress. Fails when a refused move writes the target.
 */
@JCStressTest
@Shows({Bug.XB_027})
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "One migration, to vCPU 1.")
@Outcome(expect = FORBIDDEN, desc = "The refused move has changed the route.")
@State
public class TwoRetargets {
    private final TwoCpus m = TwoCpus.fixedWithLine(0);

    /** In a list register. */
    public TwoRetargets() {
        m.fire();
        m.takeInterrupts(m.cpu0);
    }

    @Actor
    public void away() {
        m.route(m.cpu0, TwoCpus.LINE, 1);
    }

    @Actor
    public void back() {
        m.route(m.cpu1, TwoCpus.LINE, 0);
    }

    @Arbiter
    public void route(II_Result r) {
        r.r1 = m.has(TwoCpus.LINE, PendingIrq.MIGRATING) ? 1 : 0;
        r.r2 = m.routeOf(TwoCpus.LINE);
        m.giveBack();
    }

    /** The same with the target written (XB-027). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "One migration, to vCPU 1.")
    @Outcome(id = "1, 0", expect = ACCEPTABLE_INTERESTING, desc = "The refused move has changed the route.")
    @State
    public static class NotRefused {
        private final TwoCpus m = TwoCpus.lineWith(Bug.XB_027, 0);

        /** In a list register. */
        public NotRefused() {
            m.fire();
            m.takeInterrupts(m.cpu0);
        }

        @Actor
        public void away() {
            m.route(m.cpu0, TwoCpus.LINE, 1);
        }

        @Actor
        public void back() {
            m.route(m.cpu1, TwoCpus.LINE, 0);
        }

        @Arbiter
        public void route(II_Result r) {
            r.r1 = m.has(TwoCpus.LINE, PendingIrq.MIGRATING) ? 1 : 0;
            r.r2 = m.routeOf(TwoCpus.LINE);
            m.giveBack();
        }
    }
}

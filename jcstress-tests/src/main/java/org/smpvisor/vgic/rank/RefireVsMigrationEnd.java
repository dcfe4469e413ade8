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
 * A migrating SPI leaves the old vCPU's list while its device fires again, on the new pCPU as soon as the line is routed there: it
 * is off the list by then. Fails when the route is set first.
 */
@JCStressTest
@Shows({Bug.XB_026})
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "Raised anew, for the new target.")
@Outcome(expect = FORBIDDEN, desc = "Lost, doubled, or on two lists.")
@State
public class RefireVsMigrationEnd {
    private static final int LOOKS = 3_000;

    private final TwoCpus m = TwoCpus.fixedWithLine(0);

    /** Ended by the guest, and retargeted meanwhile. */
    public RefireVsMigrationEnd() {
        m.fire();
        m.takeInterrupts(m.cpu0);
        m.route(m.cpu0, TwoCpus.LINE, 1);
        m.acknowledgeAndEnd(m.cpu0);
    }

    @Actor
    public void exit() {
        m.exit(m.cpu0);
    }

    @Actor
    public void device() {
        m.fire();
        for (int i = 0; i < LOOKS && m.lineRoute() == 0; i++) {
            Thread.onSpinWait();
        }
        m.takeInterrupts(m.cpu1);
    }

    @Arbiter
    public void queues(II_Result r) {
        m.comeToRest(m.cpu0);
        m.comeToRest(m.cpu1);
        r.r1 = m.inflightOn(0, TwoCpus.LINE);
        r.r2 = m.inflightOn(1, TwoCpus.LINE);
        m.giveBack();
    }

    /** The same with the route first (XB-026). */
    @JCStressTest
    @WeakTwin(Pattern.NARROW_WINDOW)
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "Raised anew, for the new target.")
    @Outcome(
            id = {"0, 0", "1, 1", "1, 0", "-1, 0", "0, -1", "-1, -1", "-1, 1", "1, -1"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "Lost, doubled, or on two lists.")
    @State
    public static class RouteFirst {
        private final TwoCpus m = TwoCpus.lineWith(Bug.XB_026, 0);

        /** Ended by the guest, and retargeted meanwhile. */
        public RouteFirst() {
            m.fire();
            m.takeInterrupts(m.cpu0);
            m.route(m.cpu0, TwoCpus.LINE, 1);
            m.acknowledgeAndEnd(m.cpu0);
        }

        @Actor
        public void exit() {
            m.exit(m.cpu0);
        }

        @Actor
        public void device() {
            m.fire();
            for (int i = 0; i < LOOKS && m.lineRoute() == 0; i++) {
                Thread.onSpinWait();
            }
            m.takeInterrupts(m.cpu1);
        }

        @Arbiter
        public void queues(II_Result r) {
            m.comeToRest(m.cpu0);
            m.comeToRest(m.cpu1);
            r.r1 = m.inflightOn(0, TwoCpus.LINE);
            r.r2 = m.inflightOn(1, TwoCpus.LINE);
            m.giveBack();
        }
    }
}

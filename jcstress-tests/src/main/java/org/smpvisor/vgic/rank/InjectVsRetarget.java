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
import org.smpvisor.variant.Quirk;

/**
 * A device raises an SPI on one pCPU while a guest retargets it on the other, every weak spot corrected. r1 and r2 count the
 * SPI on the inflight lists of vCPU 0 and 1, r3 is whether the window of H2 was met. Fails when the corrected rule of H2 does
 * not read the target again; {@link OnXen} is that program.
 */
@JCStressTest
@Outcome(id = "1, 0, 0", expect = ACCEPTABLE, desc = "Raised before the change: queued on vCPU 0.")
@Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "Raised after the change, or moved by it: queued on vCPU 1.")
@Outcome(expect = FORBIDDEN, desc = "Lost, doubled, or queued by a route that had changed.")
@State
public class InjectVsRetarget {
    private final TwoCpus m = TwoCpus.fixed(0);

    @Actor
    public void device() {
        m.inject(m.cpu0);
    }

    @Actor
    public void guest() {
        m.route(m.cpu1, TwoCpus.SPI, 1);
    }

    @Arbiter
    public void queues(III_Result r) {
        r.r1 = m.inflightOn(0, TwoCpus.SPI);
        r.r2 = m.inflightOn(1, TwoCpus.SPI);
        r.r3 = m.isReached(Quirk.H2) ? 1 : 0;
        m.giveBack();
    }

    /** The same on Xen as it is, with H2 and all else, which makes the window wide enough to be met: the SPI may be queued on a vCPU that it is no longer routed to. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"1, 0, 0", "0, 1, 0"},
            expect = ACCEPTABLE,
            desc = "Before or after.")
    @Outcome(
            id = "1, 0, 1",
            expect = ACCEPTABLE_INTERESTING,
            desc = "H2: queued on vCPU 0 after the route had changed.")
    @Outcome(expect = FORBIDDEN, desc = "Lost or doubled: more than H2 allows.")
    @State
    public static class OnXen {
        private final TwoCpus m = TwoCpus.xen(0);

        @Actor
        public void device() {
            m.inject(m.cpu0);
        }

        @Actor
        public void guest() {
            m.route(m.cpu1, TwoCpus.SPI, 1);
        }

        @Arbiter
        public void queues(III_Result r) {
            r.r1 = m.inflightOn(0, TwoCpus.SPI);
            r.r2 = m.inflightOn(1, TwoCpus.SPI);
            r.r3 = m.isReached(Quirk.H2) ? 1 : 0;
            m.giveBack();
        }
    }
}

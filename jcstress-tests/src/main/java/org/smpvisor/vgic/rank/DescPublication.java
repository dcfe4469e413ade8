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
import org.smpvisor.gic.host.Irq;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.variant.Quirk;

/**
 * The toolstack gives a domain a device's line while a guest retargets the SPI: whoever sees the descriptor finds its controller
 * there. Fails when the descriptor is published first.
 */
@JCStressTest
@Outcome(id = "0", expect = ACCEPTABLE, desc = "A descriptor that is seen has its controller.")
@Outcome(expect = FORBIDDEN, desc = "A descriptor without a controller was used.")
@State
public class DescPublication {
    private final TwoCpus m = TwoCpus.fixedWithLine(0);

    /** Without its line. */
    public DescPublication() {
        m.disconnectLine(m.cpu0);
    }

    @Actor
    public void toolstack() {
        m.connect(m.cpu0, TwoCpus.LINE, Irq::controllerFirst);
    }

    @Actor
    public void guest(I_Result r) {
        r.r1 = m.isRefused(m.cpu1, TwoCpus.LINE, 1) ? 1 : 0;
    }

    @Arbiter
    public void usable(I_Result r) {
        if (r.r1 == 0) {
            m.giveBack();
        }
    }

    /** The same in Xen's order (H6). */
    @JCStressTest
    @WeakTwin(Pattern.NARROW_WINDOW)
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "The descriptor was not seen, or its controller came in time.")
    @Outcome(id = "1", expect = ACCEPTABLE_INTERESTING, desc = "A descriptor without a controller was used.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithH6 {
        private final TwoCpus m = TwoCpus.lineFixedBut(Quirk.H6, 0);

        /** Without its line. */
        public WithH6() {
            m.disconnectLine(m.cpu0);
        }

        @Actor
        public void toolstack() {
            m.connect(m.cpu0, TwoCpus.LINE, Irq::connectFirst);
        }

        @Actor
        public void guest(I_Result r) {
            r.r1 = m.isRefused(m.cpu1, TwoCpus.LINE, 1) ? 1 : 0;
        }

        @Arbiter
        public void usable(I_Result r) {
            if (r.r1 == 0) {
                m.giveBack();
            }
        }
    }
}

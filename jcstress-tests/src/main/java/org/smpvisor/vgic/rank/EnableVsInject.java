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
 * A vCPU enables an SPI of another vCPU while it is raised: whichever comes second delivers it. Fails when the enable works
 * under the lock of the vCPU that writes.
 */
@JCStressTest
@Shows({Bug.XB_029A})
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Enabled and raised, in either order.")
@Outcome(expect = FORBIDDEN, desc = "Held for ever, or in the wrong place.")
@State
public class EnableVsInject {
    private final TwoCpus m = TwoCpus.xen(1);

    /** Disabled. */
    public EnableVsInject() {
        m.disable(m.cpu0, TwoCpus.bit(TwoCpus.SPI));
    }

    @Actor
    public void guest() {
        m.enable(m.cpu1, TwoCpus.bit(TwoCpus.SPI));
    }

    @Actor
    public void device() {
        m.inject(m.cpu0);
    }

    @Arbiter
    public void delivered(II_Result r) {
        m.exitAndEnter(m.cpu0);
        r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
        r.r2 = m.inflightOn(0, TwoCpus.SPI);
        m.giveBack();
    }

    /** The same under the lock of the writer (XB-029a). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Enabled before it was raised.")
    @Outcome(
            id = {"0, 1", "2, 1", "0, 0", "1, 0", "-1, 0", "0, -1", "1, -1"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "Held for ever, or in the wrong place.")
    @State
    public static class UnderWritersLock {
        private final TwoCpus m = TwoCpus.with(Bug.XB_029A, 1);

        /** Disabled. */
        public UnderWritersLock() {
            m.disable(m.cpu0, TwoCpus.bit(TwoCpus.SPI));
        }

        @Actor
        public void guest() {
            m.enable(m.cpu1, TwoCpus.bit(TwoCpus.SPI));
        }

        @Actor
        public void device() {
            m.inject(m.cpu0);
        }

        @Arbiter
        public void delivered(II_Result r) {
            m.exitAndEnter(m.cpu0);
            r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
            r.r2 = m.inflightOn(0, TwoCpus.SPI);
            m.giveBack();
        }
    }
}

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
 * One vCPU enables an SPI while another disables it: in the end the register and the interrupt say the same. Fails when the rank
 * lock is dropped between the register and what follows from it.
 */
@JCStressTest
@Shows({Bug.XB_029B})
@Outcome(
        id = {"0, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Register and interrupt agree.")
@Outcome(expect = FORBIDDEN, desc = "The register says one thing and the interrupt does another.")
@State
public class EnableVsDisable {
    private final TwoCpus m = TwoCpus.xen(0);

    /** Disabled. */
    public EnableVsDisable() {
        m.disable(m.cpu0, TwoCpus.bit(TwoCpus.SPI));
    }

    @Actor
    public void enabler() {
        m.enable(m.cpu0, TwoCpus.bit(TwoCpus.SPI));
    }

    @Actor
    public void disabler() {
        m.disable(m.cpu1, TwoCpus.bit(TwoCpus.SPI));
    }

    @Arbiter
    public void agree(II_Result r) {
        r.r1 = m.isEnabled(TwoCpus.SPI) ? 1 : 0;
        r.r2 = m.has(TwoCpus.SPI, PendingIrq.ENABLED) ? 1 : 0;
        m.giveBack();
    }

    /** The same with the lock dropped in between (XB-029b). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"0, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "Register and interrupt agree.")
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "The register says one thing and the interrupt does another.")
    @State
    public static class AppliedLater {
        private final TwoCpus m = TwoCpus.with(Bug.XB_029B, 0);

        /** Disabled. */
        public AppliedLater() {
            m.disable(m.cpu0, TwoCpus.bit(TwoCpus.SPI));
        }

        @Actor
        public void enabler() {
            m.enable(m.cpu0, TwoCpus.bit(TwoCpus.SPI));
        }

        @Actor
        public void disabler() {
            m.disable(m.cpu1, TwoCpus.bit(TwoCpus.SPI));
        }

        @Arbiter
        public void agree(II_Result r) {
            r.r1 = m.isEnabled(TwoCpus.SPI) ? 1 : 0;
            r.r2 = m.has(TwoCpus.SPI, PendingIrq.ENABLED) ? 1 : 0;
            m.giveBack();
        }
    }
}

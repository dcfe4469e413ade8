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
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * Xen switches a device's line off, which sets a bit of the descriptor's status under its lock, while another pCPU cleans up the
 * list register and clears one without that lock: neither is lost. Fails when the clean-up loads and stores.
 */
@JCStressTest
@Shows({Bug.XB_059})
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Disabled, and in progress no more.")
@Outcome(expect = FORBIDDEN, desc = "A change is lost.")
@State
public class DescStatusVsCleanUp {
    private final TwoCpus m = TwoCpus.fixedWithLine(0);

    /** Delivered; the guest has ended it, and Xen does not know. */
    public DescStatusVsCleanUp() {
        m.fire();
        m.takeInterrupts(m.cpu0);
        m.acknowledgeAndEnd(m.cpu0);
    }

    @Actor
    public void exit() {
        m.exit(m.cpu0);
    }

    @Actor
    public void host() {
        m.linger();
        m.switchLine(m.cpu1, false);
    }

    @Arbiter
    public void status(II_Result r) {
        int status = m.lineStatus();
        r.r1 = status >> IrqDesc.IRQ_DISABLED & 1;
        r.r2 = status >> IrqDesc.IRQ_INPROGRESS & 1;
        m.switchLine(m.cpu1, true);
        m.giveBack();
    }

    /** The same by a load and a store (XB-059). */
    @JCStressTest
    @WeakTwin(Pattern.NARROW_WINDOW)
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Disabled, and in progress no more.")
    @Outcome(
            id = {"0, 0", "1, 1"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A change is lost.")
    @State
    public static class ByLoadAndStore {
        private final TwoCpus m = TwoCpus.lineWith(Bug.XB_059, 0);

        /** Delivered; the guest has ended it, and Xen does not know. */
        public ByLoadAndStore() {
            m.fire();
            m.takeInterrupts(m.cpu0);
            m.acknowledgeAndEnd(m.cpu0);
        }

        @Actor
        public void exit() {
            m.exit(m.cpu0);
        }

        @Actor
        public void host() {
            m.linger();
            m.switchLine(m.cpu1, false);
        }

        @Arbiter
        public void status(II_Result r) {
            int status = m.lineStatus();
            r.r1 = status >> IrqDesc.IRQ_DISABLED & 1;
            r.r2 = status >> IrqDesc.IRQ_INPROGRESS & 1;
            m.switchLine(m.cpu1, true);
            m.giveBack();
        }
    }
}

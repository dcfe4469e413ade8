package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/**
 * A line rises while the pCPU opens and masks its interrupts: it is taken then or at the next opening, once. Fails when the flag that
 * something has arrived is lost between the mask and the look.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken once.")
@Outcome(expect = FORBIDDEN, desc = "The line is up and the pCPU does not know, or took it twice.")
@State
public class LineVsMask {
    private final OnePcpu m = OnePcpu.take();

    @Actor
    public void device() {
        m.raise();
    }

    @Actor
    public void pcpu() {
        m.openAndMask();
    }

    @Arbiter
    public void taken(I_Result r) {
        m.openAndMask();
        r.r1 = m.giveBack();
    }

    /** The same by a device that rings before its line is up. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken once.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "The line is up and the pCPU does not know.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class RingFirst {
        private final OnePcpu m = OnePcpu.take();

        @Actor
        public void device() {
            m.ringAndRaise();
        }

        @Actor
        public void pcpu() {
            m.openAndMask();
        }

        @Arbiter
        public void taken(I_Result r) {
            m.openAndMask();
            r.r1 = m.giveBack();
        }
    }
}

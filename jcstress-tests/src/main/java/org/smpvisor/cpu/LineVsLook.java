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
import org.smpvisor.cell.IntCell;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * A line rises and rings the pCPU while that takes in an earlier ring: flag down first, then the look at the line, so that a ring that
 * comes in between is not lost. The protocol of {@code Pcpu.signal} and {@code Pcpu.takeIn} in its barest form. r1 is whether
 * the line was seen, or will be.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken, now or at the next look.")
@Outcome(expect = FORBIDDEN, desc = "The line is up and nobody will look.")
@State
public class LineVsLook {
    private final TwoPcpus m = TwoPcpus.slow();
    private final IntCell line = new IntCell("line");
    private final IntCell attention = new IntCell("attention", null, 1);
    private boolean signalled;

    @Actor
    public void device() {
        line.setOpaque(m.a, 1);
        m.a.smpMb();
        attention.setOpaque(m.a, 1);
    }

    @Actor
    public void pcpu() {
        attention.setOpaque(m.b, 0);
        m.b.smpMb();
        signalled = line.getOpaque(m.b) != 0;
    }

    @Arbiter
    public void seen(I_Result r) {
        r.r1 = signalled || attention.peek() != 0 ? 1 : 0;
    }

    /** The same with the flag taken down after the look. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken, now or at the next look.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "The line is up and nobody will look.")
    @State
    public static class LookFirst {
        private final TwoPcpus m = TwoPcpus.slow();
        private final IntCell line = new IntCell("line");
        private final IntCell attention = new IntCell("attention", null, 1);
        private boolean signalled;

        @Actor
        public void device() {
            line.setOpaque(m.a, 1);
            m.a.smpMb();
            attention.setOpaque(m.a, 1);
        }

        @Actor
        public void pcpu() {
            signalled = line.getOpaque(m.b) != 0;
            m.b.smpMb();
            attention.setOpaque(m.b, 0);
        }

        @Arbiter
        public void seen(I_Result r) {
            r.r1 = signalled || attention.peek() != 0 ? 1 : 0;
        }
    }
}

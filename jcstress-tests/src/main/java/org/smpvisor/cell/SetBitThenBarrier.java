package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * A set_bit and a full barrier, then the other's word: how a vCPU says that it blocks. Breaks where the barrier is missing,
 * on hosts whose atomic updates are none.
 */
@JCStressTest
@Outcome(
        id = {"0, 1", "1, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "At least one saw the other.")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "Neither saw the other.")
@State
public class SetBitThenBarrier {
    private final TwoPcpus m = TwoPcpus.shared();
    private final IntCell x = new IntCell("x");
    private final IntCell y = new IntCell("y");

    @Actor
    public void first(II_Result r) {
        x.setBit(m.a, 0);
        m.a.smpMb();
        r.r1 = y.getOpaque(m.a);
    }

    @Actor
    public void second(II_Result r) {
        y.setBit(m.b, 0);
        m.b.smpMb();
        r.r2 = x.getOpaque(m.b);
    }

    /** The same without the barrier. */
    @JCStressTest
    @WeakTwin(Pattern.UPDATE_BUFFERING)
    @Outcome(
            id = {"0, 1", "1, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "At least one saw the other.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "Neither saw the other, for want of a barrier.")
    @State
    public static class WithoutBarrier {
        private final TwoPcpus m = TwoPcpus.shared();
        private final IntCell x = new IntCell("x");
        private final IntCell y = new IntCell("y");

        @Actor
        public void first(II_Result r) {
            x.setBit(m.a, 0);
            r.r1 = y.getOpaque(m.a);
        }

        @Actor
        public void second(II_Result r) {
            y.setBit(m.b, 0);
            r.r2 = x.getOpaque(m.b);
        }
    }
}

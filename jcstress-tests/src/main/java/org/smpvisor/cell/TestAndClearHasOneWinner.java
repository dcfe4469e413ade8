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

/** Two pCPUs test and clear one bit: just one finds it set. So a blocked vCPU is woken once. */
@JCStressTest
@Outcome(
        id = {"1, 0", "0, 1"},
        expect = ACCEPTABLE,
        desc = "One of the two.")
@Outcome(expect = FORBIDDEN, desc = "Both, or neither.")
@State
public class TestAndClearHasOneWinner {
    private final TwoPcpus m = TwoPcpus.slow();
    private final IntCell x = new IntCell("x", null, 1);

    @Actor
    public void first(II_Result r) {
        r.r1 = x.testAndClearBit(m.a, 0) ? 1 : 0;
    }

    @Actor
    public void second(II_Result r) {
        r.r2 = x.testAndClearBit(m.b, 0) ? 1 : 0;
    }

    /** The same in two steps. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = ACCEPTABLE,
            desc = "One of the two.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE_INTERESTING, desc = "Both think that they were first.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class TestThenClear {
        private final TwoPcpus m = TwoPcpus.slow();
        private final IntCell x = new IntCell("x", null, 1);

        @Actor
        public void first(II_Result r) {
            if (x.testBit(m.a, 0)) {
                x.clearBit(m.a, 0);
                r.r1 = 1;
            }
        }

        @Actor
        public void second(II_Result r) {
            if (x.testBit(m.b, 0)) {
                x.clearBit(m.b, 0);
                r.r2 = 1;
            }
        }
    }
}

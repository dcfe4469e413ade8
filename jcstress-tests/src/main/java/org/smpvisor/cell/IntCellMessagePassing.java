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
 * A release store publishes what was stored before it to whoever reads it with acquire. Breaks where two stores or two loads
 * change places: on Arm, or in a compiler.
 */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Not yet, or with what it tells of.")
@Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The message overtook its payload.")
@State
public class IntCellMessagePassing {
    private final TwoPcpus m = TwoPcpus.shared();
    private final IntCell x = new IntCell("x");
    private final IntCell y = new IntCell("y");

    @Actor
    public void sender() {
        x.setOpaque(m.a, 1);
        y.setRelease(m.a, 1);
    }

    @Actor
    public void receiver(II_Result r) {
        r.r1 = y.getAcquire(m.b);
        r.r2 = x.getOpaque(m.b);
    }

    /** The same without release and acquire. */
    @JCStressTest
    @WeakTwin(Pattern.MESSAGE_PASSING)
    @Outcome(
            id = {"0, 0", "0, 1", "1, 1"},
            expect = ACCEPTABLE,
            desc = "As with the order.")
    @Outcome(id = "1, 0", expect = ACCEPTABLE_INTERESTING, desc = "The message overtook its payload.")
    @State
    public static class ByOpaque {
        private final TwoPcpus m = TwoPcpus.shared();
        private final IntCell x = new IntCell("x");
        private final IntCell y = new IntCell("y");

        @Actor
        public void sender() {
            x.setOpaque(m.a, 1);
            y.setOpaque(m.a, 1);
        }

        @Actor
        public void receiver(II_Result r) {
            r.r1 = y.getOpaque(m.b);
            r.r2 = x.getOpaque(m.b);
        }
    }
}

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
 * Each pCPU reads the other's cell with acquire and then stores its own with release: they cannot both see a store that
 * comes after their load. Breaks where a store overtakes a load.
 */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 0"},
        expect = ACCEPTABLE,
        desc = "At least one load came before the other's store.")
@Outcome(id = "1, 1", expect = FORBIDDEN, desc = "Each saw what the other stored later.")
@State
public class IntCellLoadBuffering {
    private final TwoPcpus m = TwoPcpus.shared();
    private final IntCell x = new IntCell("x");
    private final IntCell y = new IntCell("y");

    @Actor
    public void first(II_Result r) {
        r.r1 = y.getAcquire(m.a);
        x.setRelease(m.a, 1);
    }

    @Actor
    public void second(II_Result r) {
        r.r2 = x.getAcquire(m.b);
        y.setRelease(m.b, 1);
    }

    /** The same without acquire and release. */
    @JCStressTest
    @WeakTwin(Pattern.LOAD_BUFFERING)
    @Outcome(
            id = {"0, 0", "0, 1", "1, 0"},
            expect = ACCEPTABLE,
            desc = "At least one load came before the other's store.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE_INTERESTING, desc = "Each saw what the other stored later.")
    @State
    public static class ByOpaque {
        private final TwoPcpus m = TwoPcpus.shared();
        private final IntCell x = new IntCell("x");
        private final IntCell y = new IntCell("y");

        @Actor
        public void first(II_Result r) {
            r.r1 = y.getOpaque(m.a);
            x.setOpaque(m.a, 1);
        }

        @Actor
        public void second(II_Result r) {
            r.r2 = x.getOpaque(m.b);
            y.setOpaque(m.b, 1);
        }
    }
}

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
 * Each pCPU stores its own cell, passes a full barrier and reads the other's: they cannot both have been first. Breaks where
 * a load overtakes a store, which every host does.
 */
@JCStressTest
@Outcome(
        id = {"0, 1", "1, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "At least one saw the other.")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "Neither saw the other.")
@State
public class IntCellStoreBuffering {
    private final TwoPcpus m = TwoPcpus.shared();
    private final IntCell x = new IntCell("x");
    private final IntCell y = new IntCell("y");

    @Actor
    public void first(II_Result r) {
        x.setOpaque(m.a, 1);
        m.a.smpMb();
        r.r1 = y.getOpaque(m.a);
    }

    @Actor
    public void second(II_Result r) {
        y.setOpaque(m.b, 1);
        m.b.smpMb();
        r.r2 = x.getOpaque(m.b);
    }

    /** The same without the barrier. */
    @JCStressTest
    @WeakTwin(Pattern.STORE_BUFFERING)
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
            x.setOpaque(m.a, 1);
            r.r1 = y.getOpaque(m.a);
        }

        @Actor
        public void second(II_Result r) {
            y.setOpaque(m.b, 1);
            r.r2 = x.getOpaque(m.b);
        }
    }

    /** The same with release and acquire, which are no barrier between a store and a later load. */
    @JCStressTest
    @WeakTwin(Pattern.STORE_BUFFERING)
    @Outcome(
            id = {"0, 1", "1, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "At least one saw the other.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "Neither saw the other, for want of a barrier.")
    @State
    public static class ByReleaseAndAcquire {
        private final TwoPcpus m = TwoPcpus.shared();
        private final IntCell x = new IntCell("x");
        private final IntCell y = new IntCell("y");

        @Actor
        public void first(II_Result r) {
            x.setRelease(m.a, 1);
            r.r1 = y.getAcquire(m.a);
        }

        @Actor
        public void second(II_Result r) {
            y.setRelease(m.b, 1);
            r.r2 = x.getAcquire(m.b);
        }
    }
}

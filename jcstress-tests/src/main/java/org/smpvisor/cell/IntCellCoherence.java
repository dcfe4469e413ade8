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

/** Two opaque loads of one cell never go back in time, whatever else is reordered. */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 1", "0, 2", "1, 2", "2, 2"},
        expect = ACCEPTABLE,
        desc = "Forward in time.")
@Outcome(expect = FORBIDDEN, desc = "Back in time.")
@State
public class IntCellCoherence {
    private final TwoPcpus m = TwoPcpus.shared();
    private final IntCell x = new IntCell("x");

    @Actor
    public void writer() {
        x.setOpaque(m.a, 1);
        x.setOpaque(m.a, 2);
    }

    @Actor
    public void reader(II_Result r) {
        r.r1 = x.getOpaque(m.b);
        r.r2 = x.getOpaque(m.b);
    }

    /** The same with the guarded load, which is plain, without a lock: a compiler may swap or merge the two. */
    @JCStressTest
    @WeakTwin(Pattern.COHERENCE)
    @Outcome(
            id = {"0, 0", "0, 1", "1, 1", "0, 2", "1, 2", "2, 2"},
            expect = ACCEPTABLE,
            desc = "Forward in time.")
    @Outcome(expect = ACCEPTABLE_INTERESTING, desc = "Back in time.")
    @State
    public static class ByPlain {
        private final TwoPcpus m = TwoPcpus.shared();
        private final IntCell x = new IntCell("x");

        @Actor
        public void writer() {
            x.setOpaque(m.a, 1);
            x.setOpaque(m.a, 2);
        }

        @Actor
        public void reader(II_Result r) {
            r.r1 = x.getGuarded(m.b);
            r.r2 = x.getGuarded(m.b);
        }
    }
}

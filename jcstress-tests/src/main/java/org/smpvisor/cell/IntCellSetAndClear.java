package org.smpvisor.cell;

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
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * One pCPU sets a bit while another clears a neighbour: neither change is lost. So it is with {@code desc->status} and
 * {@code pause_flags}.
 */
@JCStressTest
@Outcome(id = "2", expect = ACCEPTABLE, desc = "Set and cleared.")
@Outcome(expect = FORBIDDEN, desc = "A change is lost.")
@State
public class IntCellSetAndClear {
    private final TwoPcpus m = TwoPcpus.slow();
    private final IntCell x = new IntCell("x", null, 1);

    @Actor
    public void first() {
        x.clearBit(m.a, 0);
    }

    @Actor
    public void second() {
        x.setBit(m.b, 1);
    }

    @Arbiter
    public void bits(I_Result r) {
        r.r1 = x.peek();
    }

    /** The same with one side by a load and a store, as in XB-059. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "Set and cleared.")
    @Outcome(
            id = {"1", "3", "0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A change is lost.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class ClearedByLoadAndStore {
        private final TwoPcpus m = TwoPcpus.slow();
        private final IntCell x = new IntCell("x", null, 1);

        @Actor
        public void first() {
            x.setOpaque(m.a, x.getOpaque(m.a) & ~1);
        }

        @Actor
        public void second() {
            x.setBit(m.b, 1);
        }

        @Arbiter
        public void bits(I_Result r) {
            r.r1 = x.peek();
        }
    }
}

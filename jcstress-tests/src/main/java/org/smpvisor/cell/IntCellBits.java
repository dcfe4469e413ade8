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
 * Two pCPUs set different bits of one word: none is lost, though set_bit orders nothing. So it is with
 * {@code pending_irq.status}, which injection, enable and clean-up change under different locks or none.
 */
@JCStressTest
@Outcome(id = "3", expect = ACCEPTABLE, desc = "Both bits.")
@Outcome(expect = FORBIDDEN, desc = "A bit is lost.")
@State
public class IntCellBits {
    private final TwoPcpus m = TwoPcpus.slow();
    private final IntCell x = new IntCell("x");

    @Actor
    public void first() {
        x.setBit(m.a, 0);
    }

    @Actor
    public void second() {
        x.setBit(m.b, 1);
    }

    @Arbiter
    public void bits(I_Result r) {
        r.r1 = x.peek();
    }

    /** The same by a load and a store. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "Both bits.")
    @Outcome(
            id = {"1", "2"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A bit is lost.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class ByLoadAndStore {
        private final TwoPcpus m = TwoPcpus.slow();
        private final IntCell x = new IntCell("x");

        @Actor
        public void first() {
            x.setOpaque(m.a, x.getOpaque(m.a) | 1);
        }

        @Actor
        public void second() {
            x.setOpaque(m.b, x.getOpaque(m.b) | 2);
        }

        @Arbiter
        public void bits(I_Result r) {
            r.r1 = x.peek();
        }
    }
}

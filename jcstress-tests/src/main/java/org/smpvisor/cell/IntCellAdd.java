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

/** Two pCPUs add to one cell: both counts are there. So it is with {@code pause_count}. */
@JCStressTest
@Outcome(id = "2", expect = ACCEPTABLE, desc = "Both counted.")
@Outcome(expect = FORBIDDEN, desc = "A count is lost.")
@State
public class IntCellAdd {
    private final TwoPcpus m = TwoPcpus.slow();
    private final IntCell x = new IntCell("x");

    @Actor
    public void first() {
        x.getAndAdd(m.a, 1);
    }

    @Actor
    public void second() {
        x.getAndAdd(m.b, 1);
    }

    @Arbiter
    public void sum(I_Result r) {
        r.r1 = x.peek();
    }

    /** The same by a load and a store. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "Both counted.")
    @Outcome(id = "1", expect = ACCEPTABLE_INTERESTING, desc = "A count is lost.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class ByLoadAndStore {
        private final TwoPcpus m = TwoPcpus.slow();
        private final IntCell x = new IntCell("x");

        @Actor
        public void first() {
            x.setOpaque(m.a, x.getOpaque(m.a) + 1);
        }

        @Actor
        public void second() {
            x.setOpaque(m.b, x.getOpaque(m.b) + 1);
        }

        @Arbiter
        public void sum(I_Result r) {
            r.r1 = x.peek();
        }
    }
}

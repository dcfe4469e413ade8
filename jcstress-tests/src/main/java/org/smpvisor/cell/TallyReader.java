package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/** A count is read while its owner adds to it: in whole steps, and never backwards. */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 3", "0, 8", "3, 3", "3, 8", "8, 8"},
        expect = ACCEPTABLE,
        desc = "As counted.")
@Outcome(expect = FORBIDDEN, desc = "In halves, or back.")
@State
public class TallyReader {
    private final Tally tally = new Tally(1);

    @Actor
    public void owner() {
        tally.add(0, 3);
        tally.add(0, 5);
    }

    @Actor
    public void observer(II_Result r) {
        r.r1 = (int) tally.get(0);
        r.r2 = (int) tally.get(0);
    }

    /** The same with two owners, which it is not made for. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "8, 8", expect = ACCEPTABLE, desc = "By luck.")
    @Outcome(
            id = {"3, 3", "5, 5"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A count is lost.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class TwoOwners {
        private final Tally tally = new Tally(1);

        @Actor
        public void first() {
            tally.add(0, 3);
        }

        @Actor
        public void second() {
            tally.add(0, 5);
        }

        @Arbiter
        public void sum(II_Result r) {
            r.r1 = (int) tally.get(0);
            r.r2 = r.r1;
        }
    }
}

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
import org.smpvisor.jcstress.WeakTwin;

/** Two compare-and-sets from the same value: just one succeeds. */
@JCStressTest
@Outcome(
        id = {"1, 0", "0, 1"},
        expect = ACCEPTABLE,
        desc = "One of the two.")
@Outcome(expect = FORBIDDEN, desc = "Both, or neither.")
@State
public class HwWordsCompareAndSet {
    private final HwWords words = new HwWords(1);

    @Actor
    public void first(II_Result r) {
        r.r1 = words.compareAndSet(0, 0, 1) ? 1 : 0;
    }

    @Actor
    public void second(II_Result r) {
        r.r2 = words.compareAndSet(0, 0, 2) ? 1 : 0;
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
    public static class CompareThenSet {
        private final HwWords words = new HwWords(1);

        @Actor
        public void first(II_Result r) {
            if (words.getOpaque(0) == 0) {
                words.setOpaque(0, 1);
                r.r1 = 1;
            }
        }

        @Actor
        public void second(II_Result r) {
            if (words.getOpaque(0) == 0) {
                words.setOpaque(0, 2);
                r.r2 = 1;
            }
        }
    }
}

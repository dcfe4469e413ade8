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
import org.smpvisor.jcstress.WeakTwin;

/** A line rises while another falls, in one word of the hardware's: neither change is lost. */
@JCStressTest
@Outcome(id = "2", expect = ACCEPTABLE, desc = "Set and cleared.")
@Outcome(expect = FORBIDDEN, desc = "A change is lost.")
@State
public class HwWordsUpdates {
    private final HwWords words = new HwWords(1);

    /** One line is high. */
    public HwWordsUpdates() {
        words.setOpaque(0, 1);
    }

    @Actor
    public void first() {
        words.getAndAnd(0, ~1L);
    }

    @Actor
    public void second() {
        words.getAndOr(0, 2);
    }

    @Arbiter
    public void bits(I_Result r) {
        r.r1 = (int) words.getOpaque(0);
    }

    /** The same by a load and a store. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "Set and cleared.")
    @Outcome(
            id = {"1", "3", "0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A change is lost.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class ByLoadAndStore {
        private final HwWords words = new HwWords(1);

        /** One line is high. */
        public ByLoadAndStore() {
            words.setOpaque(0, 1);
        }

        @Actor
        public void first() {
            words.setOpaque(0, words.getOpaque(0) & ~1L);
        }

        @Actor
        public void second() {
            words.setOpaque(0, words.getOpaque(0) | 2);
        }

        @Arbiter
        public void bits(I_Result r) {
            r.r1 = (int) words.getOpaque(0);
        }
    }
}

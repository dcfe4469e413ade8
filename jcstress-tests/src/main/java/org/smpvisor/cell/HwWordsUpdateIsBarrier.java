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

/**
 * An atomic OR into one of the hardware's words is a full barrier: a device that raises a line and a pCPU that announces its
 * look cannot miss each other.
 */
@JCStressTest
@Outcome(
        id = {"0, 1", "1, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "At least one saw the other.")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "Neither saw the other.")
@State
public class HwWordsUpdateIsBarrier {
    private final HwWords words = HwWords.padded(2);

    @Actor
    public void first(II_Result r) {
        words.getAndOr(0, 1);
        r.r1 = (int) words.getOpaque(1);
    }

    @Actor
    public void second(II_Result r) {
        words.getAndOr(1, 1);
        r.r2 = (int) words.getOpaque(0);
    }

    /** The same with stores. */
    @JCStressTest
    @WeakTwin(Pattern.STORE_BUFFERING)
    @Outcome(
            id = {"0, 1", "1, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "At least one saw the other.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "Neither saw the other, for want of a barrier.")
    @State
    public static class ByStore {
        private final HwWords words = HwWords.padded(2);

        @Actor
        public void first(II_Result r) {
            words.setOpaque(0, 1);
            r.r1 = (int) words.getOpaque(1);
        }

        @Actor
        public void second(II_Result r) {
            words.setOpaque(1, 1);
            r.r2 = (int) words.getOpaque(0);
        }
    }
}

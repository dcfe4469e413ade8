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

/** The same for the hardware's words. */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 0"},
        expect = ACCEPTABLE,
        desc = "At least one load came before the other's store.")
@Outcome(id = "1, 1", expect = FORBIDDEN, desc = "Each saw what the other stored later.")
@State
public class HwWordsLoadBuffering {
    private final HwWords words = HwWords.padded(2);

    @Actor
    public void first(II_Result r) {
        r.r1 = (int) words.getAcquire(1);
        words.setRelease(0, 1);
    }

    @Actor
    public void second(II_Result r) {
        r.r2 = (int) words.getAcquire(0);
        words.setRelease(1, 1);
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
        private final HwWords words = HwWords.padded(2);

        @Actor
        public void first(II_Result r) {
            r.r1 = (int) words.getOpaque(1);
            words.setOpaque(0, 1);
        }

        @Actor
        public void second(II_Result r) {
            r.r2 = (int) words.getOpaque(0);
            words.setOpaque(1, 1);
        }
    }
}

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

/** The same for a word of the hardware's: release publishes, acquire sees. */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Not yet, or with what it tells of.")
@Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The message overtook its payload.")
@State
public class HwWordsMessagePassing {
    private final HwWords words = HwWords.padded(2);

    @Actor
    public void sender() {
        words.setOpaque(0, 1);
        words.setRelease(1, 1);
    }

    @Actor
    public void receiver(II_Result r) {
        r.r1 = (int) words.getAcquire(1);
        r.r2 = (int) words.getOpaque(0);
    }

    /** The same without release and acquire. */
    @JCStressTest
    @WeakTwin(Pattern.MESSAGE_PASSING)
    @Outcome(
            id = {"0, 0", "0, 1", "1, 1"},
            expect = ACCEPTABLE,
            desc = "As with the order.")
    @Outcome(id = "1, 0", expect = ACCEPTABLE_INTERESTING, desc = "The message overtook its payload.")
    @State
    public static class ByOpaque {
        private final HwWords words = HwWords.padded(2);

        @Actor
        public void sender() {
            words.setOpaque(0, 1);
            words.setOpaque(1, 1);
        }

        @Actor
        public void receiver(II_Result r) {
            r.r1 = (int) words.getOpaque(1);
            r.r2 = (int) words.getOpaque(0);
        }
    }
}

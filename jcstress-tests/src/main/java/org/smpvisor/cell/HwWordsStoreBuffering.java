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

/** Volatile stores and loads of the hardware's words have one order. Breaks where a load overtakes a store. */
@JCStressTest
@Outcome(
        id = {"0, 1", "1, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "At least one saw the other.")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "Neither saw the other.")
@State
public class HwWordsStoreBuffering {
    private final HwWords words = HwWords.padded(2);

    @Actor
    public void first(II_Result r) {
        words.setVolatile(0, 1);
        r.r1 = (int) words.getVolatile(1);
    }

    @Actor
    public void second(II_Result r) {
        words.setVolatile(1, 1);
        r.r2 = (int) words.getVolatile(0);
    }

    /** The same with release and acquire. */
    @JCStressTest
    @WeakTwin(Pattern.STORE_BUFFERING)
    @Outcome(
            id = {"0, 1", "1, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "At least one saw the other.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "Neither saw the other, for want of a barrier.")
    @State
    public static class ByReleaseAndAcquire {
        private final HwWords words = HwWords.padded(2);

        @Actor
        public void first(II_Result r) {
            words.setRelease(0, 1);
            r.r1 = (int) words.getAcquire(1);
        }

        @Actor
        public void second(II_Result r) {
            words.setRelease(1, 1);
            r.r2 = (int) words.getAcquire(0);
        }
    }
}

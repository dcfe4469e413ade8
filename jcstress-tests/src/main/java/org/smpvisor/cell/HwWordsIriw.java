package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/**
 * Two stores by two writers, read by two readers in opposite order: with volatile accesses nobody can disagree which was
 * first. Four actors, and so four cores.
 */
@JCStressTest
@Outcome(id = "1, 0, 1, 0", expect = FORBIDDEN, desc = "The readers disagree which store was first.")
@Outcome(expect = ACCEPTABLE, desc = "One order for all.")
@State
public class HwWordsIriw {
    private final HwWords words = HwWords.padded(2);

    @Actor
    public void writerOfFirst() {
        words.setVolatile(0, 1);
    }

    @Actor
    public void writerOfSecond() {
        words.setVolatile(1, 1);
    }

    @Actor
    public void readerOfFirst(IIII_Result r) {
        r.r1 = (int) words.getVolatile(0);
        r.r2 = (int) words.getVolatile(1);
    }

    @Actor
    public void readerOfSecond(IIII_Result r) {
        r.r3 = (int) words.getVolatile(1);
        r.r4 = (int) words.getVolatile(0);
    }

    /** The same without any order. */
    @JCStressTest
    @WeakTwin(Pattern.IRIW)
    @Outcome(id = "1, 0, 1, 0", expect = ACCEPTABLE_INTERESTING, desc = "The readers disagree which store was first.")
    @Outcome(expect = ACCEPTABLE, desc = "One order for all.")
    @State
    public static class ByOpaque {
        private final HwWords words = HwWords.padded(2);

        @Actor
        public void writerOfFirst() {
            words.setOpaque(0, 1);
        }

        @Actor
        public void writerOfSecond() {
            words.setOpaque(1, 1);
        }

        @Actor
        public void readerOfFirst(IIII_Result r) {
            r.r1 = (int) words.getOpaque(0);
            r.r2 = (int) words.getOpaque(1);
        }

        @Actor
        public void readerOfSecond(IIII_Result r) {
            r.r3 = (int) words.getOpaque(1);
            r.r4 = (int) words.getOpaque(0);
        }
    }
}

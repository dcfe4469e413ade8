package org.smpvisor.sched;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.cell.HwWords;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/**
 * The protocol of block and kick in its barest form: each side stores its word, fences, and reads the other's. r1 is whether
 * the sleeper saw the interrupt, r2 whether the injector saw the sleeper.
 */
@JCStressTest
@Outcome(
        id = {"0, 1", "1, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "At least one saw the other.")
@Outcome(expect = FORBIDDEN, desc = "Asleep with an interrupt that nobody delivers.")
@State
public class BlockedFlag {
    private final HwWords words = new HwWords(2);

    @Actor
    public void sleeper(II_Result r) {
        words.setOpaque(0, 1);
        VarHandle.fullFence();
        r.r1 = (int) words.getOpaque(1);
    }

    @Actor
    public void injector(II_Result r) {
        words.setOpaque(1, 1);
        VarHandle.fullFence();
        r.r2 = (int) words.getOpaque(0);
    }

    /** The same without fences: shows that the test above can fail, on x86 through its store buffer. */
    @JCStressTest
    @WeakTwin(Pattern.STORE_BUFFERING)
    @Outcome(
            id = {"0, 1", "1, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "At least one saw the other.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "A lost wake-up, for want of a fence.")
    @State
    public static class WithoutFences {
        private final HwWords words = new HwWords(2);

        @Actor
        public void sleeper(II_Result r) {
            words.setOpaque(0, 1);
            r.r1 = (int) words.getOpaque(1);
        }

        @Actor
        public void injector(II_Result r) {
            words.setOpaque(1, 1);
            r.r2 = (int) words.getOpaque(0);
        }
    }
}

package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.NoTwin;

/** Two opaque loads of one of the hardware's words never go back in time. */
@JCStressTest
@NoTwin("the words of the hardware have no mode that is weaker")
@Outcome(
        id = {"0, 0", "0, 1", "1, 1", "0, 2", "1, 2", "2, 2"},
        expect = ACCEPTABLE,
        desc = "Forward in time.")
@Outcome(expect = FORBIDDEN, desc = "Back in time.")
@State
public class HwWordsCoherence {
    private final HwWords words = new HwWords(1);

    @Actor
    public void writer() {
        words.setOpaque(0, 1);
        words.setOpaque(0, 2);
    }

    @Actor
    public void reader(II_Result r) {
        r.r1 = (int) words.getOpaque(0);
        r.r2 = (int) words.getOpaque(0);
    }
}

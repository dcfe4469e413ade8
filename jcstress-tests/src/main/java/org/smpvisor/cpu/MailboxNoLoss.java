package org.smpvisor.cpu;

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

/** Two senders post the same SGI at once: each message arrives exactly once. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "One message of each sender.")
@Outcome(expect = FORBIDDEN, desc = "Lost or doubled.")
@State
public class MailboxNoLoss {
    private final SgiMailbox box = new SgiMailbox(3);

    @Actor
    public void first() {
        box.post(1, 2);
    }

    @Actor
    public void second() {
        box.post(2, 2);
    }

    @Arbiter
    public void drain(II_Result r) {
        for (int m = box.poll(); m >= 0; m = box.poll()) {
            r.r1 += m >> 4 == 1 ? 1 : 0;
            r.r2 += m >> 4 == 2 ? 1 : 0;
        }
    }

    /** The same with a box that puts a message and moves its end in two steps. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "One message of each sender.")
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "One is written over by the other.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class InTwoSteps {
        private final TwoStepBox box = new TwoStepBox();

        @Actor
        public void first() {
            box.post(1, 2);
        }

        @Actor
        public void second() {
            box.post(2, 2);
        }

        @Arbiter
        public void drain(II_Result r) {
            for (int m = box.poll(); m >= 0; m = box.poll()) {
                r.r1 += m >> 4 == 1 ? 1 : 0;
                r.r2 += m >> 4 == 2 ? 1 : 0;
            }
        }
    }
}

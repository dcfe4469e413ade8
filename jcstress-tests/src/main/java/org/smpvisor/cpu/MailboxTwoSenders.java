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

/** Two senders post while the receiver drains: each message arrives once. Three actors, and so three cores. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "One message of each sender.")
@Outcome(expect = FORBIDDEN, desc = "Lost or doubled.")
@State
public class MailboxTwoSenders {
    private final SgiMailbox box = new SgiMailbox(3);
    private int fromFirst;
    private int fromSecond;

    @Actor
    public void first() {
        box.post(1, 2);
    }

    @Actor
    public void second() {
        box.post(2, 2);
    }

    @Actor
    public void receiver() {
        for (int message = box.poll(); message >= 0; message = box.poll()) {
            count(message);
        }
    }

    @Arbiter
    public void drain(II_Result r) {
        for (int message = box.poll(); message >= 0; message = box.poll()) {
            count(message);
        }
        r.r1 = fromFirst;
        r.r2 = fromSecond;
    }

    private void count(int message) {
        fromFirst += message >> 4 == 1 ? 1 : 0;
        fromSecond += message >> 4 == 2 ? 1 : 0;
    }

    /** The same with a box that puts a message and moves its end in two steps. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "One message of each sender.")
    @Outcome(expect = ACCEPTABLE_INTERESTING, desc = "One is written over by the other, or found twice.")
    @State
    public static class InTwoSteps {
        private final TwoStepBox box = new TwoStepBox();
        private int fromFirst;
        private int fromSecond;

        @Actor
        public void first() {
            box.post(1, 2);
        }

        @Actor
        public void second() {
            box.post(2, 2);
        }

        @Actor
        public void receiver() {
            for (int message = box.poll(); message >= 0; message = box.poll()) {
                count(message);
            }
        }

        @Arbiter
        public void drain(II_Result r) {
            for (int message = box.poll(); message >= 0; message = box.poll()) {
                count(message);
            }
            r.r1 = fromFirst;
            r.r2 = fromSecond;
        }

        private void count(int message) {
            fromFirst += message >> 4 == 1 ? 1 : 0;
            fromSecond += message >> 4 == 2 ? 1 : 0;
        }
    }
}

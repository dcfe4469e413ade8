package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/**
 * A sender posts twice while the receiver drains: what was accepted arrives, once each. r1 is the number of posts that were
 * accepted, r2 the number of messages that arrived, r3 whether the empty box takes a post again. Fails when the flag of a message
 * is raised after it was queued, or not taken back.
 */
@JCStressTest
@Outcome(
        id = {"1, 1, 1", "2, 2, 1"},
        expect = ACCEPTABLE,
        desc = "As many as were accepted.")
@Outcome(expect = FORBIDDEN, desc = "Lost, doubled, or deaf from now on.")
@State
public class MailboxNoLossWhileDraining {
    private final SgiMailbox box = new SgiMailbox(2);
    private int arrived;

    @Actor
    public void sender(III_Result r) {
        r.r1 = (box.post(1, 2) ? 1 : 0) + (box.post(1, 2) ? 1 : 0);
    }

    @Actor
    public void receiver() {
        arrived += box.poll() >= 0 ? 1 : 0;
        arrived += box.poll() >= 0 ? 1 : 0;
    }

    @Arbiter
    public void drain(III_Result r) {
        while (box.poll() >= 0) {
            arrived++;
        }
        r.r2 = arrived;
        r.r3 = box.post(1, 2) ? 1 : 0;
    }

    /** The same with a box that raises the flag of a message once it is in the queue. */
    @JCStressTest
    @WeakTwin(Pattern.NARROW_WINDOW)
    @Outcome(
            id = {"1, 1, 1", "2, 2, 1"},
            expect = ACCEPTABLE,
            desc = "As many as were accepted.")
    @Outcome(
            id = {"1, 1, 0", "2, 2, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "The flag is raised after the message was taken: deaf from now on.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class FlagAfterMessage {
        private final TwoStepBox box = new TwoStepBox();
        private int arrived;

        @Actor
        public void sender(III_Result r) {
            r.r1 = (box.postOnce(1, 2) ? 1 : 0) + (box.postOnce(1, 2) ? 1 : 0);
        }

        @Actor
        public void receiver() {
            arrived += box.poll() >= 0 ? 1 : 0;
            arrived += box.poll() >= 0 ? 1 : 0;
        }

        @Arbiter
        public void drain(III_Result r) {
            while (box.poll() >= 0) {
                arrived++;
            }
            r.r2 = arrived;
            r.r3 = box.postOnce(1, 2) ? 1 : 0;
        }
    }
}

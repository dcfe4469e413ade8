package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

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
}

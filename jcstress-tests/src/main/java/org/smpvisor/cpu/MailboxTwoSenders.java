package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

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
}

package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

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
}

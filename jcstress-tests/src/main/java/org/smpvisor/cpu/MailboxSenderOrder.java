package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Two SGIs of one sender arrive in the order in which they were sent, also while the box is being drained: r1 and r2 are what came
 * first and second, the rest being drained afterwards.
 */
@JCStressTest
@Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "In order.")
@Outcome(expect = FORBIDDEN, desc = "Out of order, or lost.")
@State
public class MailboxSenderOrder {
    private final SgiMailbox box = new SgiMailbox(2);
    private int first;
    private int second;

    @Actor
    public void sender() {
        box.post(1, 1);
        box.post(1, 2);
    }

    @Actor
    public void receiver() {
        take();
        take();
    }

    @Arbiter
    public void order(II_Result r) {
        take();
        take();
        r.r1 = first;
        r.r2 = second;
    }

    private void take() {
        int message = box.poll();
        if (message >= 0 && first == 0) {
            first = message & 0xf;
        } else if (message >= 0) {
            second = message & 0xf;
        }
    }
}

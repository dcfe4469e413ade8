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
import org.smpvisor.cell.HwWords;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

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

    /** The same with bits instead of a queue, the highest first. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "In order, by luck.")
    @Outcome(id = "2, 1", expect = ACCEPTABLE_INTERESTING, desc = "Out of order, for want of a queue.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class AsBits {
        private final HwWords bits = new HwWords(1);
        private int first;
        private int second;

        @Actor
        public void sender() {
            bits.getAndOr(0, 1L << 1);
            bits.getAndOr(0, 1L << 2);
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
            long pending = bits.getAcquire(0);
            if (pending == 0) {
                return;
            }
            int message = Long.SIZE - 1 - Long.numberOfLeadingZeros(pending);
            bits.getAndAnd(0, ~(1L << message));
            if (first == 0) {
                first = message;
            } else {
                second = message;
            }
        }
    }
}

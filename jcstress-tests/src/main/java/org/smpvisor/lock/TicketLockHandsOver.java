package org.smpvisor.lock;

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
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * Two pCPUs hand a ticket lock to and fro: each holder sees what the one before it did, and the last leaves it free. Fails when the
 * next ticket is served before the store that it is to see.
 */
@JCStressTest
@Outcome(id = "4, 0", expect = ACCEPTABLE, desc = "All counted, and nobody waits.")
@Outcome(expect = FORBIDDEN, desc = "A count is lost, or a ticket.")
@State
public class TicketLockHandsOver {
    private final TwoPcpus m = TwoPcpus.slow();
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
    private int counter;

    @Actor
    public void first() {
        lock.lock(m.a);
        counter++;
        lock.unlock(m.a);
        lock.lock(m.a);
        counter++;
        lock.unlock(m.a);
    }

    @Actor
    public void second() {
        lock.lock(m.b);
        counter++;
        lock.unlock(m.b);
        lock.lock(m.b);
        counter++;
        lock.unlock(m.b);
    }

    @Arbiter
    public void sum(II_Result r) {
        r.r1 = counter;
        r.r2 = lock.queued();
    }

    /** The same without the lock. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "4, 0", expect = ACCEPTABLE, desc = "All counted, by luck.")
    @Outcome(
            id = {"2, 0", "3, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A count is lost, for want of a lock.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithoutLock {
        private int counter;

        @Actor
        public void first() {
            counter++;
            counter++;
        }

        @Actor
        public void second() {
            counter++;
            counter++;
        }

        @Arbiter
        public void sum(II_Result r) {
            r.r1 = counter;
        }
    }
}

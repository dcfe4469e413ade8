package org.smpvisor.lock;

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
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/** Two pCPUs count under a ticket lock: neither count is lost, and each sees a value of its own. */
@JCStressTest
@Outcome(
        id = {"1, 2, 2", "2, 1, 2"},
        expect = ACCEPTABLE,
        desc = "One after the other.")
@Outcome(expect = FORBIDDEN, desc = "Both were inside.")
@State
public class TicketLockExcludes {
    private final TwoPcpus m = TwoPcpus.shared();
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
    private int counter;

    @Actor
    public void first(III_Result r) {
        int flags = lock.lockIrqSave(m.a);
        r.r1 = ++counter;
        lock.unlockIrqRestore(m.a, flags);
    }

    @Actor
    public void second(III_Result r) {
        int flags = lock.lockIrqSave(m.b);
        r.r2 = ++counter;
        lock.unlockIrqRestore(m.b, flags);
    }

    @Arbiter
    public void sum(III_Result r) {
        r.r3 = counter;
    }

    /** The same without the lock: shows that the test above can fail. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"1, 2, 2", "2, 1, 2"},
            expect = ACCEPTABLE,
            desc = "One after the other, by luck.")
    @Outcome(id = "1, 1, 1", expect = ACCEPTABLE_INTERESTING, desc = "A count is lost, for want of a lock.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithoutLock {
        private int counter;

        @Actor
        public void first(III_Result r) {
            r.r1 = ++counter;
        }

        @Actor
        public void second(III_Result r) {
            r.r2 = ++counter;
        }

        @Arbiter
        public void sum(III_Result r) {
            r.r3 = counter;
        }
    }
}

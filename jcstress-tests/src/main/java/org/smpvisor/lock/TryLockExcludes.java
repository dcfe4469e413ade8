package org.smpvisor.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.cell.IntCell;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/** One pCPU locks, another tries: it gets in before, after or not at all, and sees the section whole. */
@JCStressTest
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "The attempt came first.")
@Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "The attempt came last and sees what the lock guarded.")
@Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "The attempt failed.")
@Outcome(expect = FORBIDDEN, desc = "The attempt succeeded inside the critical section.")
@State
public class TryLockExcludes {
    private final TwoPcpus m = TwoPcpus.slow();
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
    private int counter;

    @Actor
    public void locker() {
        lock.lock(m.a);
        counter++;
        counter++;
        lock.unlock(m.a);
    }

    @Actor
    public void attempt(II_Result r) {
        r.r2 = -1;
        if (lock.tryLock(m.b)) {
            r.r1 = 1;
            r.r2 = counter;
            lock.unlock(m.b);
        }
    }

    /** The same with a look whether it is locked instead of the attempt. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "The look came first.")
    @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "The look came last.")
    @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "It was locked.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE_INTERESTING, desc = "It went in beside the other.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class LookThenEnter {
        private final TwoPcpus m = TwoPcpus.slow();
        private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
        private final IntCell counter = new IntCell("counter");

        @Actor
        public void locker() {
            lock.lock(m.a);
            counter.setOpaque(m.a, 1);
            counter.setOpaque(m.a, 2);
            lock.unlock(m.a);
        }

        @Actor
        public void attempt(II_Result r) {
            r.r2 = -1;
            if (!lock.isLocked()) {
                r.r1 = 1;
                r.r2 = counter.getOpaque(m.b);
            }
        }
    }
}

package org.smpvisor.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/** Two writers of a read-write lock come one after the other, and leave it free. */
@JCStressTest
@Outcome(id = "2", expect = ACCEPTABLE, desc = "Both counted.")
@Outcome(expect = FORBIDDEN, desc = "A count was lost, or the lock was left taken.")
@State
public class WritersExclude {
    private final TwoPcpus m = TwoPcpus.slow();
    private final RwLock lock = new RwLock(LockClass.IO, "io");
    private int counter;

    @Actor
    public void first() {
        lock.writeLock(m.a);
        counter++;
        lock.writeUnlock(m.a);
    }

    @Actor
    public void second() {
        lock.writeLock(m.b);
        counter++;
        lock.writeUnlock(m.b);
    }

    @Arbiter
    public void sum(I_Result r) {
        r.r1 = lock.writer() < 0 && lock.readers() == 0 ? counter : -1; // an arbiter has no pCPU of its own
    }

    /** The same with a look instead of the lock. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "Both counted, by luck.")
    @Outcome(id = "1", expect = ACCEPTABLE_INTERESTING, desc = "A count was lost.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class LookThenWrite {
        private final TwoPcpus m = TwoPcpus.slow();
        private final RwLock lock = new RwLock(LockClass.IO, "io");
        private int counter;

        @Actor
        public void first() {
            if (lock.writer() < 0) {
                counter++;
            }
        }

        @Actor
        public void second() {
            if (lock.writer() < 0) {
                counter++;
            }
        }

        @Arbiter
        public void sum(I_Result r) {
            r.r1 = counter;
        }
    }
}

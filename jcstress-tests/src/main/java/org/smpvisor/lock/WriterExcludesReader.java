package org.smpvisor.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A reader never sees half of what a writer does. Fails when a reader takes the fast path under a writer. */
@JCStressTest
@Outcome(
        id = {"0, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Before or after.")
@Outcome(expect = FORBIDDEN, desc = "In between.")
@State
public class WriterExcludesReader {
    private final TwoPcpus m = TwoPcpus.shared();
    private final RwLock lock = new RwLock(LockClass.IO, "io");
    private int x;
    private int y;

    @Actor
    public void writer() {
        lock.writeLock(m.a);
        x = 1;
        y = 1;
        lock.writeUnlock(m.a);
    }

    @Actor
    public void reader(II_Result r) {
        lock.readLock(m.b);
        r.r1 = y;
        r.r2 = x;
        lock.readUnlock(m.b);
    }
}

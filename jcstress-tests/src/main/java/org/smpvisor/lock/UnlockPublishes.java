package org.smpvisor.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Plain stores inside a critical section are seen together by the next one. Fails when lock does not wait for its turn. */
@JCStressTest
@Outcome(
        id = {"0, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Both or none.")
@Outcome(expect = FORBIDDEN, desc = "A critical section was seen in half.")
@State
public class UnlockPublishes {
    private final TwoPcpus m = TwoPcpus.shared();
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
    private int x;
    private int y;

    @Actor
    public void writer() {
        lock.lock(m.a);
        x = 1;
        y = 1;
        lock.unlock(m.a);
    }

    @Actor
    public void reader(II_Result r) {
        lock.lock(m.b);
        r.r1 = y;
        r.r2 = x;
        lock.unlock(m.b);
    }
}

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

    /** An unlock that orders nothing, and a lock that looks for it in the same way: the next holder may miss what was stored. */
    @JCStressTest
    @WeakTwin(Pattern.MESSAGE_PASSING)
    @Outcome(id = "-1, 0", expect = ACCEPTABLE, desc = "Not unlocked yet.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Both.")
    @Outcome(
            id = {"0, 0", "0, 1", "1, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "Unlocked, and what it guarded is not there.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class ByOpaqueStore {
        private final TwoPcpus m = TwoPcpus.shared();
        private final IntCell head = new IntCell("head");
        private int x;
        private int y;

        @Actor
        public void writer() {
            x = 1;
            y = 1;
            head.setOpaque(m.a, 1);
        }

        @Actor
        public void reader(II_Result r) {
            r.r1 = -1;
            if (head.getOpaque(m.b) == 1) {
                r.r1 = y;
                r.r2 = x;
            }
        }
    }
}

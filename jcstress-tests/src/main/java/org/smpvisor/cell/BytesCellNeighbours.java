package org.smpvisor.cell;

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
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

/**
 * Two bytes of one word are written by two holders of the lock: neither undoes the other. Breaks without the lock, since a
 * byte is written with its word.
 */
@JCStressTest
@Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "Both written.")
@Outcome(expect = FORBIDDEN, desc = "A neighbour was undone.")
@State
public class BytesCellNeighbours {
    private final TwoPcpus m = TwoPcpus.slow();
    private final SpinLock lock = new SpinLock(LockClass.RANK, "r", 1);
    private final BytesCell bytes = new BytesCell("bytes", lock);

    @Actor
    public void first() {
        int flags = lock.lockIrqSave(m.a);
        bytes.setGuarded(m.a, 4, 1);
        lock.unlockIrqRestore(m.a, flags);
    }

    @Actor
    public void second() {
        int flags = lock.lockIrqSave(m.b);
        bytes.setGuarded(m.b, 5, 2);
        lock.unlockIrqRestore(m.b, flags);
    }

    @Arbiter
    public void both(II_Result r) {
        r.r1 = bytes.peek(4);
        r.r2 = bytes.peek(5);
    }

    /** The same without the lock. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "Both written.")
    @Outcome(
            id = {"0, 2", "1, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A neighbour was undone.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithoutLock {
        private final TwoPcpus m = TwoPcpus.slow();
        private final BytesCell bytes = new BytesCell("bytes", null);

        @Actor
        public void first() {
            bytes.setGuarded(m.a, 4, 1);
        }

        @Actor
        public void second() {
            bytes.setGuarded(m.b, 5, 2);
        }

        @Arbiter
        public void both(II_Result r) {
            r.r1 = bytes.peek(4);
            r.r2 = bytes.peek(5);
        }
    }
}

package org.smpvisor.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.smpvisor.cell.IntCell;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * A pCPU tries to read while another writes: it gets in before, after or not at all, and sees no half. Fails when the attempt looks
 * for a writer before it counts itself.
 */
@JCStressTest
@Outcome(id = "1, 0, 0", expect = ACCEPTABLE, desc = "Before.")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "After.")
@Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "Not at all.")
@Outcome(expect = FORBIDDEN, desc = "In between.")
@State
public class TryReadUnderWriter {
    private final TwoPcpus m = TwoPcpus.slow();
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
    public void reader(III_Result r) {
        if (lock.tryReadLock(m.b)) {
            r.r1 = 1;
            r.r2 = x;
            r.r3 = y;
            lock.readUnlock(m.b);
        }
    }

    /** The same with a look whether somebody writes instead of the attempt. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"1, 0, 0"},
            expect = ACCEPTABLE,
            desc = "Before.")
    @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "After.")
    @Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "Not at all.")
    @Outcome(
            id = {"1, 0, 1", "1, 1, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "In between.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class LookThenRead {
        private final TwoPcpus m = TwoPcpus.slow();
        private final RwLock lock = new RwLock(LockClass.IO, "io");
        private final IntCell x = new IntCell("x");
        private final IntCell y = new IntCell("y");

        @Actor
        public void writer() {
            lock.writeLock(m.a);
            x.setOpaque(m.a, 1);
            y.setOpaque(m.a, 1);
            lock.writeUnlock(m.a);
        }

        @Actor
        public void reader(III_Result r) {
            if (lock.writer() < 0) {
                r.r1 = 1;
                r.r2 = x.getOpaque(m.b);
                r.r3 = y.getOpaque(m.b);
            }
        }
    }
}

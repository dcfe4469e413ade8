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

/**
 * A pCPU tries to write while another reads twice under its lock: the reader sees no change in between. Fails when the attempt gets
 * in beside a reader.
 */
@JCStressTest
@Outcome(
        id = {"0, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Before or after.")
@Outcome(expect = FORBIDDEN, desc = "It changed under the reader.")
@State
public class TryWriteExcludes {
    private final TwoPcpus m = TwoPcpus.slow();
    private final RwLock lock = new RwLock(LockClass.IO, "io");
    private final IntCell x = new IntCell("x");

    @Actor
    public void writer() {
        if (lock.tryWriteLock(m.a)) {
            x.setOpaque(m.a, 1);
            lock.writeUnlock(m.a);
        }
    }

    @Actor
    public void reader(II_Result r) {
        lock.readLock(m.b);
        r.r1 = x.getOpaque(m.b);
        r.r2 = x.getOpaque(m.b);
        lock.readUnlock(m.b);
    }

    /** The same with a look whether somebody reads instead of the attempt. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"0, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "Before or after.")
    @Outcome(id = "0, 1", expect = ACCEPTABLE_INTERESTING, desc = "It changed under the reader.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class LookThenWrite {
        private final TwoPcpus m = TwoPcpus.slow();
        private final RwLock lock = new RwLock(LockClass.IO, "io");
        private final IntCell x = new IntCell("x");

        @Actor
        public void writer() {
            if (lock.readers() == 0) {
                x.setOpaque(m.a, 1);
            }
        }

        @Actor
        public void reader(II_Result r) {
            lock.readLock(m.b);
            r.r1 = x.getOpaque(m.b);
            r.r2 = x.getOpaque(m.b);
            lock.readUnlock(m.b);
        }
    }
}

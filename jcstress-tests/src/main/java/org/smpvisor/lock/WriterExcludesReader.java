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

/** A reader never sees half of what a writer does. Fails when a reader takes the fast path under a writer. */
@JCStressTest
@Outcome(
        id = {"0, 0", "1, 1"},
        expect = ACCEPTABLE,
        desc = "Before or after.")
@Outcome(expect = FORBIDDEN, desc = "In between.")
@State
public class WriterExcludesReader {
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
    public void reader(II_Result r) {
        lock.readLock(m.b);
        r.r1 = y;
        r.r2 = x;
        lock.readUnlock(m.b);
    }

    /** The same without the reader's lock, and cells instead of fields, so that no compiler joins the two. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"0, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "Both or none, by luck.")
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "A critical section was seen in half.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithoutLock {
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
        public void reader(II_Result r) {
            r.r1 = y.getOpaque(m.b);
            r.r2 = x.getOpaque(m.b);
        }
    }
}

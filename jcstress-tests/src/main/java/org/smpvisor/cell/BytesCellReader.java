package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

/**
 * A byte is read without the lock while it and its neighbour are written: old or new, never a mixture. So the route of an
 * SPI is read while a guest changes it.
 */
@JCStressTest
@Outcome(
        id = {"7", "8"},
        expect = ACCEPTABLE,
        desc = "Before or after.")
@Outcome(expect = FORBIDDEN, desc = "Neither.")
@State
public class BytesCellReader {
    private final TwoPcpus m = TwoPcpus.slow();
    private final SpinLock lock = new SpinLock(LockClass.RANK, "r", 1);
    private final BytesCell bytes = new BytesCell("bytes", lock);

    /** Routed to 7. */
    public BytesCellReader() {
        bytes.reset(7);
    }

    @Actor
    public void writer() {
        int flags = lock.lockIrqSave(m.a);
        bytes.setGuarded(m.a, 4, 0xff);
        bytes.setGuarded(m.a, 5, 8);
        bytes.setGuarded(m.a, 6, 0xff);
        lock.unlockIrqRestore(m.a, flags);
    }

    @Actor
    public void reader(I_Result r) {
        r.r1 = bytes.getOpaque(m.b, 5);
    }

    /** The same by a writer that clears the byte before it sets it. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"7", "8"},
            expect = ACCEPTABLE,
            desc = "Before or after.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "Neither.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class InTwoSteps {
        private final TwoPcpus m = TwoPcpus.slow();
        private final BytesCell bytes = new BytesCell("bytes", null);

        /** Routed to 7. */
        public InTwoSteps() {
            bytes.reset(7);
        }

        @Actor
        public void writer() {
            bytes.setGuarded(m.a, 5, 0);
            bytes.setGuarded(m.a, 5, 8);
        }

        @Actor
        public void reader(I_Result r) {
            r.r1 = bytes.getOpaque(m.b, 5);
        }
    }
}

package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/** Two loads of one byte never go back in time while its writer changes it: {@code rank.vcpu} read without the lock. */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 1", "0, 2", "1, 2", "2, 2"},
        expect = ACCEPTABLE,
        desc = "Forward in time.")
@Outcome(expect = FORBIDDEN, desc = "Back in time.")
@State
public class BytesCellCoherence {
    private final TwoPcpus m = TwoPcpus.shared();
    private final BytesCell bytes = new BytesCell("bytes", null);

    @Actor
    public void writer() {
        bytes.setGuarded(m.a, 5, 1);
        bytes.setGuarded(m.a, 5, 2);
    }

    @Actor
    public void reader(II_Result r) {
        r.r1 = bytes.getOpaque(m.b, 5);
        r.r2 = bytes.getOpaque(m.b, 5);
    }

    /** The same with plain loads, as before XB-001 was mended. */
    @JCStressTest
    @WeakTwin(Pattern.COHERENCE)
    @Outcome(
            id = {"0, 0", "0, 1", "1, 1", "0, 2", "1, 2", "2, 2"},
            expect = ACCEPTABLE,
            desc = "Forward in time.")
    @Outcome(expect = ACCEPTABLE_INTERESTING, desc = "Back in time.")
    @State
    public static class ByPlain {
        private final TwoPcpus m = TwoPcpus.shared();
        private final BytesCell bytes = new BytesCell("bytes", null);

        @Actor
        public void writer() {
            bytes.setGuarded(m.a, 5, 1);
            bytes.setGuarded(m.a, 5, 2);
        }

        @Actor
        public void reader(II_Result r) {
            r.r1 = bytes.getPlain(m.b, 5);
            r.r2 = bytes.getPlain(m.b, 5);
        }
    }
}

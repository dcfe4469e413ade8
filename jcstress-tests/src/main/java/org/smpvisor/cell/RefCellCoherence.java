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

/** Two loads of one reference never go back in time. */
@JCStressTest
@Outcome(
        id = {"0, 0", "0, 1", "1, 1", "0, 2", "1, 2", "2, 2"},
        expect = ACCEPTABLE,
        desc = "Forward in time.")
@Outcome(expect = FORBIDDEN, desc = "Back in time.")
@State
public class RefCellCoherence {
    private final TwoPcpus m = TwoPcpus.shared();
    private final RefCell<Integer> ref = new RefCell<>("ref", null);

    @Actor
    public void writer() {
        ref.setRelease(m.a, 1);
        ref.setRelease(m.a, 2);
    }

    @Actor
    public void reader(II_Result r) {
        Integer first = ref.getOpaque(m.b);
        Integer second = ref.getOpaque(m.b);
        r.r1 = first == null ? 0 : first;
        r.r2 = second == null ? 0 : second;
    }

    /** The same with plain loads. */
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
        private final RefCell<Integer> ref = new RefCell<>("ref", null);

        @Actor
        public void writer() {
            ref.setRelease(m.a, 1);
            ref.setRelease(m.a, 2);
        }

        @Actor
        public void reader(II_Result r) {
            Integer first = ref.getPlain(m.b);
            Integer second = ref.getPlain(m.b);
            r.r1 = first == null ? 0 : first;
            r.r2 = second == null ? 0 : second;
        }
    }
}

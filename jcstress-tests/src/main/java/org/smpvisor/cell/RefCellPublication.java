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

/**
 * A reference that is stored with release leads to an object that is wholly there. Breaks where the reference overtakes the
 * object's fields.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Not there yet.")
@Outcome(id = "1, 7", expect = ACCEPTABLE, desc = "There, and whole.")
@Outcome(expect = FORBIDDEN, desc = "A reference to what is not written yet.")
@State
public class RefCellPublication {
    private final TwoPcpus m = TwoPcpus.shared();
    private final RefCell<int[]> ref = new RefCell<>("ref", null);

    @Actor
    public void writer() {
        int[] box = new int[1];
        box[0] = 7;
        ref.setRelease(m.a, box);
    }

    @Actor
    public void reader(II_Result r) {
        int[] box = ref.getAcquire(m.b);
        if (box != null) {
            r.r1 = 1;
            r.r2 = box[0];
        }
    }

    /** The same with the guarded store, which leaves publication to the lock that nobody takes here. */
    @JCStressTest
    @WeakTwin(Pattern.MESSAGE_PASSING)
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Not there yet.")
    @Outcome(id = "1, 7", expect = ACCEPTABLE, desc = "There, and whole.")
    @Outcome(id = "1, 0", expect = ACCEPTABLE_INTERESTING, desc = "A reference to what is not written yet.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class ByOpaque {
        private final TwoPcpus m = TwoPcpus.shared();
        private final RefCell<int[]> ref = new RefCell<>("ref", null);

        @Actor
        public void writer() {
            int[] box = new int[1];
            box[0] = 7;
            ref.setGuarded(m.a, box);
        }

        @Actor
        public void reader(II_Result r) {
            int[] box = ref.getOpaque(m.b);
            if (box != null) {
                r.r1 = 1;
                r.r2 = box[0];
            }
        }
    }
}

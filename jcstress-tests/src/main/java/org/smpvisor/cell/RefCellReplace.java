package org.smpvisor.cell;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * An owner is replaced only by whoever still finds it there: a newer one is not wiped out. So it is with
 * {@code pending_irq.owner}, which tells whose list an entry is on.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "The newer owner stays.")
@Outcome(expect = FORBIDDEN, desc = "An owner that came in between was wiped out.")
@State
public class RefCellReplace {
    private final TwoPcpus m = TwoPcpus.slow();
    private final RefCell<String> ref = new RefCell<>("ref", null);

    /** Owned. */
    public RefCellReplace() {
        ref.reset("old");
    }

    @Actor
    public void leaver() {
        ref.replace(m.a, "old", null);
    }

    @Actor
    public void newcomer() {
        ref.setRelease(m.b, "new");
    }

    @Arbiter
    public void owner(I_Result r) {
        r.r1 = "new".equals(ref.peek()) ? 1 : 0;
    }

    /** The same in two steps. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "The newer owner stays.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "An owner that came in between was wiped out.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class LookThenStore {
        private final TwoPcpus m = TwoPcpus.slow();
        private final RefCell<String> ref = new RefCell<>("ref", null);

        /** Owned. */
        public LookThenStore() {
            ref.reset("old");
        }

        @Actor
        public void leaver() {
            if ("old".equals(ref.getOpaque(m.a))) {
                ref.setRelease(m.a, null);
            }
        }

        @Actor
        public void newcomer() {
            ref.setRelease(m.b, "new");
        }

        @Arbiter
        public void owner(I_Result r) {
            r.r1 = "new".equals(ref.peek()) ? 1 : 0;
        }
    }
}

package org.smpvisor.gic.host;

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
import org.smpvisor.jcstress.WeakTwin;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * One pCPU calls a function on another, which takes the SGI as soon as it comes: it runs the function of this call and not of the one
 * before. Fails when the SGI is sent before the payload is written.
 */
@JCStressTest
@Shows({Bug.XB_079})
@Outcome(id = "2", expect = ACCEPTABLE, desc = "The function of this call.")
@Outcome(expect = FORBIDDEN, desc = "That of the call before, or none.")
@State
public class CallPayload {
    private final OneCall m = OneCall.xen();

    @Actor
    public void caller() {
        m.call();
    }

    @Actor
    public void called() {
        m.answer();
    }

    @Arbiter
    public void ran(I_Result r) {
        r.r1 = m.giveBack();
    }

    /** The same with the SGI first (XB-079). */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "The function of this call.")
    @Outcome(id = "1", expect = ACCEPTABLE_INTERESTING, desc = "That of the call before.")
    @State
    public static class SgiFirst {
        private final OneCall m = OneCall.with(Bug.XB_079);

        @Actor
        public void caller() {
            m.call();
        }

        @Actor
        public void called() {
            m.answer();
        }

        @Arbiter
        public void ran(I_Result r) {
            r.r1 = m.giveBack();
        }
    }
}

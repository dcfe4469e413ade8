package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/**
 * What was stored before an SGI was sent is visible to its handler. Fails on a machine that reorders stores (or for a
 * compiler that does) when the fence in front of the post, ICC_SGI1R's DSB, is taken out.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "The box was still empty.")
@Outcome(id = "1, 42", expect = ACCEPTABLE, desc = "The message came with its payload.")
@Outcome(expect = FORBIDDEN, desc = "The message overtook its payload.")
@State
public class MailboxMessagePassing {
    private final SgiMailbox box = new SgiMailbox(2);
    private int payload;

    @Actor
    public void sender() {
        payload = 42;
        VarHandle.fullFence();
        box.post(1, 2);
    }

    @Actor
    public void receiver(II_Result r) {
        if (box.poll() >= 0) {
            r.r1 = 1;
            VarHandle.fullFence();
            r.r2 = payload;
        }
    }

    /** The same without the fences; the queue itself stores its messages in order. */
    @JCStressTest
    @WeakTwin(Pattern.MESSAGE_PASSING)
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "The box was still empty.")
    @Outcome(id = "1, 42", expect = ACCEPTABLE, desc = "The message came with its payload.")
    @Outcome(id = "1, 0", expect = ACCEPTABLE_INTERESTING, desc = "The message overtook its payload.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithoutFences {
        private final SgiMailbox box = new SgiMailbox(2);
        private int payload;

        @Actor
        public void sender() {
            payload = 42;
            box.post(1, 2);
        }

        @Actor
        public void receiver(II_Result r) {
            if (box.poll() >= 0) {
                r.r1 = 1;
                r.r2 = payload;
            }
        }
    }
}

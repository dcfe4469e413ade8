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
 * A post that finds its predecessor still in the box is served by the delivery of that predecessor, which therefore must see
 * what the poster stored: Dekker's pattern of payload and box, with the real box and the fences that its users issue ({@code CallPayload}
 * drives those). r1 is whether the post coalesced, r2 what the delivery saw.
 */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Posted anew: the next delivery sees the payload.")
@Outcome(id = "0, 42", expect = ACCEPTABLE, desc = "Posted anew, and seen early.")
@Outcome(id = "1, 42", expect = ACCEPTABLE, desc = "Coalesced, and served by this delivery.")
@Outcome(expect = FORBIDDEN, desc = "Coalesced with a delivery that did not see it: lost.")
@State
public class MailboxCoalesce {
    private final SgiMailbox box = new SgiMailbox(2);
    private int payload;

    /** The box holds an earlier SGI of the same sender. */
    public MailboxCoalesce() {
        box.post(1, 2);
    }

    @Actor
    public void sender(II_Result r) {
        payload = 42;
        VarHandle.fullFence(); // ICC_SGI1R's DSB
        r.r1 = box.post(1, 2) ? 0 : 1;
    }

    @Actor
    public void receiver(II_Result r) {
        box.poll();
        VarHandle.fullFence(); // as in CpuInterface.sample
        r.r2 = payload;
    }

    /** The same without the receiver's fence: shows that the test above can fail, on x86 through its store buffer. */
    @JCStressTest
    @WeakTwin(Pattern.STORE_BUFFERING)
    @Outcome(
            id = {"0, 0", "0, 42", "1, 42"},
            expect = ACCEPTABLE,
            desc = "As with the fence.")
    @Outcome(id = "1, 0", expect = ACCEPTABLE_INTERESTING, desc = "Lost, for want of a fence.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class WithoutReceiversFence {
        private final SgiMailbox box = new SgiMailbox(2);
        private int payload;

        /** The box holds an earlier SGI of the same sender. */
        public WithoutReceiversFence() {
            box.post(1, 2);
        }

        @Actor
        public void sender(II_Result r) {
            payload = 42;
            VarHandle.fullFence();
            r.r1 = box.post(1, 2) ? 0 : 1;
        }

        @Actor
        public void receiver(II_Result r) {
            box.poll();
            r.r2 = payload;
        }
    }
}

package org.smpvisor.vgic.rank;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.smpvisor.jcstress.NoTwin;

/**
 * An SPI whose list register the guest has just emptied is raised again on another pCPU while Xen cleans up: it is delivered
 * once more, at the latest at the next entry. Fails when the clean-up forgets an assertion that was recorded.
 */
@JCStressTest
@NoTwin("what the clean-up does is inside ListRegisters; InjectVsEoi has the same race with twins")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Pending in one list register, on one list.")
@Outcome(expect = FORBIDDEN, desc = "Lost or doubled.")
@State
public class InjectVsSync {
    private final TwoCpus m = TwoCpus.xen(0);

    /** In a list register, acknowledged and ended, and Xen does not know. */
    public InjectVsSync() {
        m.inject(m.cpu0);
        m.acknowledgeAndEnd(m.cpu0);
    }

    @Actor
    public void exit() {
        m.exitAndEnter(m.cpu0);
    }

    @Actor
    public void device() {
        m.inject(m.cpu1);
    }

    @Arbiter
    public void pending(II_Result r) {
        m.exitAndEnter(m.cpu0);
        r.r1 = m.pendingOn(m.cpu0, TwoCpus.SPI);
        r.r2 = m.inflightOn(0, TwoCpus.SPI);
        m.giveBack();
    }
}

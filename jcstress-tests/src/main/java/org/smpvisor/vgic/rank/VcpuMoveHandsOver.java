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
 * The toolstack moves a vCPU with a loaded list register to another pCPU while its pCPU takes that in and an SPI comes: the register
 * and the mask that says it is in use arrive together. Fails when the vCPU is let go before its context is saved.
 */
@JCStressTest
@NoTwin("that a context is saved first is inside the scheduler, and no bug of the past has changed it")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "In one list register of the new pCPU, which knows it.")
@Outcome(expect = FORBIDDEN, desc = "Left behind, doubled, or in a register that counts as free.")
@State
public class VcpuMoveHandsOver {
    private final TwoCpus m = TwoCpus.xen(0);

    /** In a list register. */
    public VcpuMoveHandsOver() {
        m.inject(m.cpu0);
    }

    @Actor
    public void toolstack() {
        m.inject(m.cpu1);
        m.scheduler.migrate(m.cpu1, m.domain.vcpu(0), 1);
    }

    @Actor
    public void old() {
        m.comeToRest(m.cpu0);
    }

    @Arbiter
    public void handedOver(II_Result r) {
        m.comeToRest(m.cpu0);
        m.waitForInterrupt(m.cpu1);
        m.comeToRest(m.cpu1);
        m.exitAndEnter(m.cpu1);
        r.r1 = m.isCurrent(0, m.cpu1) ? m.pendingOn(m.cpu1, TwoCpus.SPI) : -1;
        r.r2 = Long.bitCount(m.cpu1.lrMask());
        m.giveBack();
    }
}

package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.abi.TimerAbi.*;

import org.junit.jupiter.api.Test;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.VirtualTimer;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.evtchn.EventUpcalls;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.vgic.timer.VcpuTimers;

/** The timers of guests, and the interrupt by which they learn of events. */
class GuestTimersTest {
    private static final long HOUR = 3_600_000_000_000L;
    /** The callback of a timer is about to begin, at this point without a lock of those that run timers. */
    private static final int IN_THE_CALLBACK = 3;

    private static final int PPIS = 1 << VIRT_PPI | 1 << PHYS_PPI | 1 << EVTCHN_PPI;

    private final Bench b = withPpis(Bench.xen());

    private static Bench withPpis(Bench bench) {
        for (int v = 0; v < 2; v++) {
            bench.store(v, GUEST_GICR_BASE + (long) v * GICR_SIZE + GICR_SGI_FRAME + GICD_ISENABLER, 4, PPIS);
        }
        return bench;
    }

    private VirtualTimer hardware(int p) {
        return b.cpus[p].virtualTimer();
    }

    private CpuTimers.Timer virtual(int vcpu) {
        return ((VcpuTimers) b.vcpu(vcpu).timers()).virtual().timer();
    }

    private CpuTimers.Timer physical(int vcpu) {
        return ((VcpuTimers) b.vcpu(vcpu).timers()).physical().timer();
    }

    private long ago() {
        return b.engine.now() - 1;
    }

    /** The guest on pCPU {@code p} sets its virtual timer. */
    private void setVirtual(int p, long deadline) {
        hardware(p).writeCompare(b.cpus[p], deadline);
        hardware(p).writeControl(b.cpus[p], CTL_ENABLE);
    }

    private void write(int p, SysReg reg, long value) {
        b.vtimer.writeTimer(b.cpus[p], b.vcpu(p), reg, value);
    }

    private long read(int p, SysReg reg) {
        return b.vtimer.readTimer(b.cpus[p], b.vcpu(p), reg);
    }

    /** What the guest on pCPU {@code p} is interrupted by, which it ends. */
    private int next(int p) {
        b.irqExit(p);
        int intid = b.ack(p);
        if (intid != SPURIOUS) {
            b.eoi(p, intid);
        }
        return intid;
    }

    private void sleep(int p) {
        b.vcpu(p).guest().complete(0);
        b.scheduler.blockUnlessEventPending(b.cpus[p]);
        b.settle(p);
    }

    // ---- the virtual timer ------------------------------------------------------------------------------------------

    @Test
    void anExpiryIsInjectedOnceAndMaskedUntilTheGuestUnmasksIt() {
        setVirtual(0, ago());
        b.timers.tick(b.engine.now());

        assertThat(next(0)).isEqualTo(VIRT_PPI);
        assertThat(hardware(0).readControl(b.cpus[0])).isEqualTo(CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
        b.timers.tick(b.engine.now());
        assertThat(next(0)).isEqualTo(SPURIOUS);
        assertThat(b.total(Counter.VTIMER_IRQS)).isEqualTo(1);

        hardware(0).writeControl(b.cpus[0], CTL_ENABLE);
        assertThat(next(0)).as("it is still due").isEqualTo(VIRT_PPI);
    }

    @Test
    void aTimerThatIsNotDueDoesNotInterrupt() {
        setVirtual(0, b.engine.now() + HOUR);
        b.timers.tick(b.engine.now());

        assertThat(next(0)).isEqualTo(SPURIOUS);
        assertThat(hardware(0).readControl(b.cpus[0])).isEqualTo(CTL_ENABLE);
    }

    @Test
    void aTimerOfXensStandsInForThatOfASleeperAndWakesIt() {
        setVirtual(0, ago());
        sleep(0);
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        assertThat(hardware(0).readControl(b.cpus[0]))
                .as("switched off in hardware")
                .isZero();
        assertThat(virtual(0).isSet()).isTrue();

        b.cpus[0].timers().run(b.cpus[0]);
        b.settle(0);

        assertThat(b.cpus[0].current()).isSameAs(b.vcpu(0));
        assertThat(b.total(Counter.VTIMER_EXPIRIES)).isEqualTo(1);
        assertThat(hardware(0).readControl(b.cpus[0]) & CTL_IMASK)
                .as("masked as if it had expired in hardware")
                .isNotZero();
        assertThat(next(0)).isEqualTo(VIRT_PPI);
        assertThat(next(0)).isEqualTo(SPURIOUS);
    }

    @Test
    void aMaskedTimerIsNotHandedToXen() {
        setVirtual(0, ago());
        hardware(0).writeControl(b.cpus[0], CTL_ENABLE | CTL_IMASK);
        sleep(0);

        assertThat(virtual(0).isSet()).isFalse();
    }

    @Test
    void theTimersOfAVcpuFollowItToItsNewPcpu() {
        setVirtual(0, b.engine.now() + HOUR);
        write(0, SysReg.CNTP_CVAL_EL0, b.engine.now() + HOUR);
        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE);
        sleep(0);
        sleep(1);
        b.move(0, 0, 1);
        b.scheduler.unblock(b.cpus[1], b.vcpu(0));
        b.settle(1);

        assertThat(b.cpus[1].current()).isSameAs(b.vcpu(0));
        assertThat(b.total(Counter.TIMER_MOVES)).isEqualTo(2);
        assertThat(virtual(0).isSet()).as("it is in hardware").isFalse();
        assertThat(physical(0).isSet()).isTrue();
        assertThat(hardware(1).readControl(b.cpus[1])).isEqualTo(CTL_ENABLE);
        assertThat(hardware(0).readControl(b.cpus[0])).isZero();
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void anInterruptOfAVirtualTimerThatHitsTheIdleVcpuIsIgnored() {
        sleep(0);
        b.vtimer.interrupt(b.cpus[0], VIRT_PPI);

        assertThat(b.total(Counter.VTIMER_IRQS)).isZero();
    }

    /** Xen's handlers run with interrupts open, and SGIs are more urgent than timers. */
    @Test
    void anSgiAnywhereInTheHandlerOfTheVirtualTimerLeavesNothingUnended() {
        int nested = 0;
        for (int at = 0; at < 40; at++) {
            Bench one = withPpis(Bench.xen());
            VirtualTimer timer = one.cpus[0].virtualTimer();
            timer.writeCompare(one.cpus[0], one.engine.now() - 1);
            timer.writeControl(one.cpus[0], CTL_ENABLE);
            one.timers.tick(one.engine.now());
            boolean[] inHandler = new boolean[1];
            one.interpose(0, at, () -> {
                inHandler[0] = one.cpus[0].isInHardIrq() && !one.cpus[0].isIrqMasked();
                one.driver.sendSgi(one.cpus[1], one.cpus[0], IpiSender.EVENT_CHECK);
            });
            one.irqExit(0);
            one.withdraw(0);
            nested += inHandler[0] ? 1 : 0;

            assertThat(one.total(Counter.IRQS_IN_XEN) > 0 || !inHandler[0]).isTrue();
            assertThat(one.hardware.cpu(0).isPriorityIdle())
                    .as("at point %d", at)
                    .isTrue();
            assertThat(one.ack(0)).as("at point %d", at).isEqualTo(VIRT_PPI);
            assertThat(one.validator.violations()).isEmpty();
        }
        assertThat(nested).isPositive();
    }

    // ---- the physical timer -----------------------------------------------------------------------------------------

    @Test
    void anExpiryOfThePhysicalTimerIsOnRecordAndInterrupts() {
        write(0, SysReg.CNTP_CVAL_EL0, ago());
        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE);
        assertThat(next(0)).isEqualTo(SPURIOUS);
        b.cpus[0].timers().run(b.cpus[0]);

        assertThat(read(0, SysReg.CNTP_CTL_EL0)).isEqualTo(CTL_ENABLE | CTL_ISTATUS);
        assertThat(next(0)).isEqualTo(PHYS_PPI);
        b.cpus[0].timers().run(b.cpus[0]);
        assertThat(next(0)).as("once").isEqualTo(SPURIOUS);
    }

    @Test
    void aMaskedPhysicalTimerInterruptsWhenItIsUnmasked() {
        write(0, SysReg.CNTP_CVAL_EL0, ago());
        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE | CTL_IMASK);
        b.cpus[0].timers().run(b.cpus[0]);
        assertThat(next(0)).isEqualTo(SPURIOUS);
        assertThat(read(0, SysReg.CNTP_CTL_EL0)).isEqualTo(CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);

        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE);
        b.cpus[0].timers().run(b.cpus[0]);
        assertThat(next(0)).isEqualTo(PHYS_PPI);
    }

    @Test
    void aNewTimeTakesTheExpiryOffTheRecordAndSwitchingOffDoesToo() {
        write(0, SysReg.CNTP_CVAL_EL0, ago());
        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE | CTL_IMASK);
        b.cpus[0].timers().run(b.cpus[0]);
        write(0, SysReg.CNTP_TVAL_EL0, 1_000_000_000);
        assertThat(read(0, SysReg.CNTP_CTL_EL0)).isEqualTo(CTL_ENABLE | CTL_IMASK);
        assertThat(read(0, SysReg.CNTP_TVAL_EL0)).isBetween(1L, 1_000_000_000L);
        assertThat(physical(0).isSet()).isTrue();

        write(0, SysReg.CNTP_CTL_EL0, CTL_ISTATUS);
        assertThat(read(0, SysReg.CNTP_CTL_EL0)).isZero();
        assertThat(physical(0).isSet()).isFalse();
    }

    @Test
    void theTimersOfADestroyedVcpuNeverExpire() {
        write(0, SysReg.CNTP_CVAL_EL0, ago());
        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE);
        b.cpus[1].localIrqEnable();
        b.vtimer.destroyVcpu(b.cpus[1], b.vcpu(0));
        b.cpus[0].timers().run(b.cpus[0]);

        assertThat(b.total(Counter.PTIMER_EXPIRIES)).isZero();
        write(0, SysReg.CNTP_CTL_EL0, CTL_ENABLE);
        assertThat(physical(0).isSet()).isFalse();
    }

    /** vCPU 0 wakes on pCPU 1, takes the expiry there, sets its timer anew and goes to sleep. */
    private void runsOnPcpu1AndSetsItsTimerAnew() {
        b.scheduler.unblock(b.cpus[1], b.vcpu(0));
        b.settle(1);
        b.timers.tick(b.engine.now());
        assertThat(next(1)).as("expired in hardware").isEqualTo(VIRT_PPI);
        setVirtual(1, b.engine.now() + HOUR);
        b.sync(1); // it traps
        b.scheduler.blockUnlessEventPending(b.cpus[1]);
        b.settle(1);
        assertThat(virtual(0).isSet()).isTrue();
    }

    /** The callback masks what it finds, though the vCPU has been running elsewhere since its timer expired. */
    @Test
    void aCallbackThatIsLateMasksATimerThatWasSetSince() {
        setVirtual(0, ago());
        sleep(0);
        sleep(1);
        b.move(0, 0, 1);
        b.interpose(0, IN_THE_CALLBACK, this::runsOnPcpu1AndSetsItsTimerAnew);
        b.cpus[0].localIrqEnable();
        b.cpus[0].timers().run(b.cpus[0]);
        b.cpus[0].localIrqDisable();
        assertThat(b.withdraw(0)).isFalse();
        b.settle(1);

        assertThat(b.cpus[1].current()).isSameAs(b.vcpu(0));
        assertThat(next(1)).as("a second time").isEqualTo(VIRT_PPI);
        assertThat(hardware(1).readControl(b.cpus[1])).isEqualTo(CTL_ENABLE | CTL_IMASK);
        assertThat(virtual(0).isSet()).as("nothing will make it expire").isFalse();
        assertThat(b.marks.isReached(Quirk.SV5, Bench.DOMAIN, 0, VIRT_PPI)).isTrue();
    }

    // ---- events -----------------------------------------------------------------------------------------------------

    private boolean isNeeded(int p) {
        Vcpu v = b.vcpu(p);
        return EventUpcalls.needDelivery(b.cpus[p], b.vgic, v);
    }

    @Test
    void eventsInterruptAVcpuUntilItClearsTheirWordAndOnlyOnce() {
        b.upcalls.markPending(b.cpus[0], b.vcpu(1));
        b.upcalls.markPending(b.cpus[0], b.vcpu(1));
        assertThat(b.isKicked(1)).isTrue();
        assertThat(next(1)).isEqualTo(EVTCHN_PPI);
        assertThat(next(1)).isEqualTo(SPURIOUS);
        assertThat(b.total(Counter.EVENT_UPCALLS)).isEqualTo(1);

        b.vcpu(1).upcallPending().testAndClearBit(b.cpus[1], 0);
        b.upcalls.markPending(b.cpus[0], b.vcpu(1));
        assertThat(next(1)).isEqualTo(EVTCHN_PPI);
    }

    @Test
    void anEventBetweenTheClearedWordAndTheEndOfTheInterruptInterruptsAgain() {
        b.upcalls.markPending(b.cpus[0], b.vcpu(1));
        b.irqExit(1);
        assertThat(b.ack(1)).isEqualTo(EVTCHN_PPI);
        b.vcpu(1).upcallPending().testAndClearBit(b.cpus[1], 0);
        b.upcalls.markPending(b.cpus[0], b.vcpu(1));
        b.irqExit(1);
        b.eoi(1, EVTCHN_PPI);

        assertThat(b.ack(1)).isEqualTo(EVTCHN_PPI);
    }

    /** It says that the interrupt is pending when it is not on its way. */
    @Test
    void aVcpuWithEventsDoesNotSleepUnlessTheirInterruptIsOnItsWay() {
        assertThat(isNeeded(0)).isFalse();
        b.vcpu(0).upcallPending().testAndSetBit(b.cpus[0], 0);
        assertThat(isNeeded(0)).as("nothing in flight").isTrue();
        b.vcpu(0).upcallPending().testAndClearBit(b.cpus[0], 0);

        b.upcalls.markPending(b.cpus[0], b.vcpu(0));
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(EVTCHN_PPI);
        b.sync(0);
        assertThat(isNeeded(0)).as("in flight, and being handled").isFalse();
    }

    @Test
    void aDescheduledVcpuIsWokenByEvents() {
        Bench fixed = withPpis(Bench.of(Variant.allFixed()));
        fixed.vcpu(0).guest().complete(0);
        fixed.scheduler.blockUnlessEventPending(fixed.cpus[0]);
        fixed.settle(0);
        assertThat(fixed.cpus[0].current().isIdle()).isTrue();

        fixed.upcalls.markPending(fixed.cpus[1], fixed.vcpu(0));
        fixed.settle(0);
        assertThat(fixed.cpus[0].current()).isSameAs(fixed.vcpu(0));
    }
}

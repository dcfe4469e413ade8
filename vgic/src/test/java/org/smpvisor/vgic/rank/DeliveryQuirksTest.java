package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.Bench.HW;
import static org.smpvisor.vgic.rank.Bench.VIRTUAL;

import org.junit.jupiter.api.Test;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** What is delivered, when, and as what: each weak spot is there, marks its window, and is gone under its corrected rule. */
class DeliveryQuirksTest {
    private static final long SGI_FRAME = GUEST_GICR_BASE + GICR_SGI_FRAME;
    private static final Variant XEN = Variant.xen();
    private static final Variant FIXED = Variant.allFixed();

    // ---- H8 ---------------------------------------------------------------------------------------------------------

    private static Bench disabledInLrByItsOwnVcpu(Variant variant, int spi) {
        Bench b = Bench.of(variant);
        b.enable(0, spi);
        b.inject(0, spi);
        b.disable(0, spi);
        b.flush(0);
        return b;
    }

    @Test
    void h8XenDeliversAnInterruptThatTheGuestHasDisabled() {
        Bench b = disabledInLrByItsOwnVcpu(XEN, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.marked(Quirk.H8, VIRTUAL)).isTrue();
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void h8FixedTakesItBackUntilItIsEnabledAgain() {
        for (int spi : new int[] {VIRTUAL, HW}) {
            Bench b = disabledInLrByItsOwnVcpu(FIXED, spi);
            assertThat(b.state(spi)).isEqualTo("HELD");
            assertThat(b.ack(0)).isEqualTo(SPURIOUS);
            b.enable(0, spi);
            assertThat(b.ack(0)).isEqualTo(spi);
        }
    }

    @Test
    void h8FixedKicksTheVcpuFromWhoseListRegisterAnotherOneWithdraws() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.disable(1, VIRTUAL);
        assertThat(b.state(VIRTUAL)).as("only its own pCPU can").isEqualTo("INLR");
        assertThat(b.isKicked(0)).isTrue();
        b.irqExit(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        assertThat(b.copies(VIRTUAL)).isZero();
    }

    @Test
    void h8FixedAlsoWithdrawsIfTheKickIsTakenBeforeTheGuestIsEntered() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.disable(1, VIRTUAL);
        b.settle(0);
        b.flush(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
    }

    @Test
    void h8FixedLeavesWhatIsAcknowledgedToTheGuest() {
        Bench b = Bench.fixed();
        b.enable(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        b.ack(0);
        b.disable(1, HW);
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("INLR");
        b.eoi(0, HW);
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("IDLE");
        assertThat(b.hardware.distributor().isActive(HW)).isFalse();
    }

    @Test
    void h8FixedHandsWhatIsWithdrawnDuringAMoveToTheNewTarget() {
        Bench b = Bench.fixed();
        b.enable(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        b.disable(1, HW);
        b.route(1, HW, 1);
        assertThat(b.state(HW)).isEqualTo("INLR,MIGRATING");
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("HELD");
        assertThat(b.inflightOn(1, HW)).isTrue();
        b.enable(1, HW);
        assertThat(b.ack(1)).isEqualTo(HW);
        b.eoi(1, HW);
        assertThat(b.hardware.distributor().isActive(HW)).isFalse();
    }

    // ---- H9 ---------------------------------------------------------------------------------------------------------

    private static Bench firedWhileDown(Variant variant) {
        Bench b = Bench.down(variant, 2);
        b.powerOn(1);
        b.enable(1, HW);
        b.pulse(HW);
        b.settle(0);
        assertThat(b.hardware.distributor().isActive(HW)).isTrue();
        b.powerOn(0);
        b.flush(0);
        return b;
    }

    @Test
    void h9XenLosesAnSpiForAVcpuThatIsDownAndLeavesItActive() {
        Bench b = firedWhileDown(XEN);
        assertThat(b.marked(Quirk.H9, HW)).isTrue();
        assertThat(b.state(HW)).isEqualTo("IDLE");
        assertThat(b.inProgress(HW)).isTrue();
        b.pulse(HW);
        b.irqExit(0);
        assertThat(b.ack(0)).as("it never fires again").isEqualTo(SPURIOUS);
    }

    @Test
    void h9FixedKeepsItForTheVcpu() {
        Bench b = firedWhileDown(FIXED);
        assertThat(b.ack(0)).isEqualTo(HW);
        b.eoi(0, HW);
        assertThat(b.hardware.distributor().isActive(HW)).isFalse();
    }

    // ---- H14 --------------------------------------------------------------------------------------------------------

    /** vCPUs 1 and 2 send SGI 3 to vCPU 0 before it looks. */
    private static BenchV2 twoSenders(Variant variant) {
        BenchV2 b = new BenchV2(variant, 3, 3, 4);
        b.store(0, GICD_ISENABLER, 4, 0xffff);
        b.store(1, GICD_SGIR, 4, 1 << 16 | 3);
        b.store(2, GICD_SGIR, 4, 1 << 16 | 3);
        b.store(2, GICD_SGIR, 4, 1 << 16 | 3);
        b.irqExit(0);
        return b;
    }

    @Test
    void h14XenShowsOneSgiOfCpu0WhoeverSentIt() {
        BenchV2 b = twoSenders(XEN);
        assertThat(b.ack(0)).isEqualTo(3);
        assertThat(b.marks.isReached(Quirk.H14, 1, 0, 3)).isTrue();
        b.eoi(0, 3);
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(SPURIOUS);
    }

    @Test
    void h14FixedShowsEachSenderOnce() {
        BenchV2 b = twoSenders(FIXED);
        for (int sender = 1; sender <= 2; sender++) {
            int value = b.ack(0);
            assertThat(value).isEqualTo(sender << GICC_SOURCE_SHIFT | 3);
            b.eoi(0, value);
        }
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(SPURIOUS);
        b.store(1, GICD_SGIR, 4, 1 << 16 | 3);
        b.irqExit(0);
        assertThat(b.ack(0)).as("again after both ended").isEqualTo(1 << GICC_SOURCE_SHIFT | 3);
    }

    @Test
    void h14FixedDisablesTheSgiOfEverySender() {
        BenchV2 b = twoSenders(FIXED);
        b.store(0, GICD_ICENABLER, 4, 1 << 3);
        b.flush(0);
        assertThat(b.ack(0)).isEqualTo(SPURIOUS);
        b.store(0, GICD_ISENABLER, 4, 1 << 3);
        b.flush(0);
        assertThat(b.ack(0) & GICC_INTID_MASK).isEqualTo(3);
    }

    // ---- H15 --------------------------------------------------------------------------------------------------------

    /** The guest masks priorities from 0x80 on; 0xa0 is masked, and 0xa0 >> 3 is less than 0x80. */
    private static boolean countsAsDeliverable(Bench b) {
        b.enableWith(VIRTUAL, 0xa0);
        b.hardware.cpu(0).virtual().writePriorityMask(0x80);
        b.inject(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(SPURIOUS);
        return b.vgic.pendingIrq(b.cpus[0], b.vcpu(0));
    }

    @Test
    void h15XenTakesAMaskedInterruptForDeliverableAndTheCorrectedCompareDoesNot() {
        Bench b = Bench.xen();
        assertThat(countsAsDeliverable(b)).isTrue();
        assertThat(b.marked(Quirk.H15, VIRTUAL)).isTrue();
        assertThat(countsAsDeliverable(Bench.fixed())).isFalse();
    }

    @Test
    void h15FixedStillTakesForDeliverableWhatTheMaskLetsThrough() {
        Bench b = Bench.fixed();
        b.enableWith(VIRTUAL, 0x78);
        b.hardware.cpu(0).virtual().writePriorityMask(0x80);
        b.inject(0, VIRTUAL);
        assertThat(b.vgic.pendingIrq(b.cpus[0], b.vcpu(0))).isTrue();
        b.ack(0);
        assertThat(b.vgic.pendingIrq(b.cpus[0], b.vcpu(0)))
                .as("less urgent than what runs, itself included")
                .isFalse();
    }

    // ---- H16 --------------------------------------------------------------------------------------------------------

    private static void control(Bench b, int p, int value) {
        assertThat(b.store(p, GUEST_GICD_BASE + GICD_CTLR, 4, value)).isTrue();
    }

    private static Bench injectedWhileOff(Variant variant) {
        Bench b = Bench.of(variant);
        control(b, 0, 0);
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.flush(0);
        return b;
    }

    @Test
    void h16XenDeliversWhileTheDistributorIsOff() {
        Bench b = injectedWhileOff(XEN);
        assertThat(b.marked(Quirk.H16, VIRTUAL)).isTrue();
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void h16FixedHoldsItUntilTheDistributorIsSwitchedOn() {
        Bench b = injectedWhileOff(FIXED);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        assertThat(b.vgic.pendingIrq(b.cpus[0], b.vcpu(0))).isFalse();
        control(b, 1, GICD_CTLR_ENABLE_G1A);
        assertThat(b.state(VIRTUAL)).isEqualTo("WAIT");
        assertThat(b.isKicked(0)).isTrue();
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void h16FixedWithdrawsWhatIsInListRegistersOrWaitsForOne() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.enable(0, VIRTUAL + 1);
        b.inject(0, VIRTUAL);
        b.inject(1, VIRTUAL + 1);
        control(b, 1, 0);
        b.irqExit(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        assertThat(b.state(VIRTUAL + 1)).isEqualTo("HELD");
        assertThat(b.ack(0)).isEqualTo(SPURIOUS);
        control(b, 0, GICD_CTLR_ENABLE_G1A);
        b.flush(0);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void h16FixedHoldsASecondAssertionBackWhenItsListRegisterIsCleaned() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.inject(1, VIRTUAL);
        control(b, 1, 0);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
    }

    // ---- H17 --------------------------------------------------------------------------------------------------------

    @Test
    void h17XenReachesPrivateInterruptsThroughTheDistributorFrame() {
        Bench b = Bench.xen();
        b.store(0, GUEST_GICD_BASE + GICD_ISENABLER, 4, 1 << 5);
        b.load(0, SGI_FRAME + GICD_ISENABLER, 4);
        assertThat(b.answer()).isEqualTo(1 << 5);
        assertThat(b.marks.isReached(Quirk.H17, Bench.DOMAIN, 0, 0)).isTrue();
    }

    @Test
    void h17FixedReservesThoseWords() {
        Bench b = Bench.fixed();
        b.store(0, SGI_FRAME + GICD_ISENABLER, 4, 1 << 5);
        b.store(0, SGI_FRAME + GICD_IPRIORITYR + 31, 1, 0x50);
        for (int o : new int[] {GICD_ISENABLER, GICD_ICENABLER, GICD_IPRIORITYR + 28, GICD_ICFGR, GICD_ICFGR + 4}) {
            assertThat(b.load(0, GUEST_GICD_BASE + o, 4)).isTrue();
            assertThat(b.answer()).as("0x%x", o).isZero();
        }
        b.store(0, GUEST_GICD_BASE + GICD_ICENABLER, 4, 1 << 5);
        b.load(0, SGI_FRAME + GICD_ISENABLER, 4);
        assertThat(b.answer()).as("not cleared").isEqualTo(1 << 5);
        b.enable(0, VIRTUAL);
        b.load(0, GUEST_GICD_BASE + GICD_ISENABLER + 4, 4);
        assertThat(b.answer()).as("the words behind them are as ever").isEqualTo(1L << VIRTUAL - 32);
    }

    // ---- H20 --------------------------------------------------------------------------------------------------------

    /** vCPU 0 sleeps while an interrupt comes that it has disabled. */
    private static Bench sleeperAndADisabledInterrupt(Variant variant) {
        Bench b = Bench.of(variant);
        b.vcpu(0).guest().unmask();
        b.vcpu(0).guest().complete(0);
        b.scheduler.blockUnlessEventPending(b.cpus[0]);
        b.settle(0);
        b.inject(1, VIRTUAL);
        b.settle(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        return b;
    }

    @Test
    void h20XenWakesASleeperForADisabledInterruptAndTheCorrectedRuleDoesNot() {
        Bench b = sleeperAndADisabledInterrupt(XEN);
        assertThat(b.cpus[0].current()).isEqualTo(b.vcpu(0));
        assertThat(b.marked(Quirk.H20, VIRTUAL)).isTrue();
        Bench f = sleeperAndADisabledInterrupt(FIXED);
        assertThat(f.cpus[0].current().isIdle()).isTrue();
        f.enable(1, VIRTUAL);
        f.settle(0);
        assertThat(f.cpus[0].current()).as("woken when it is enabled").isEqualTo(f.vcpu(0));
    }

    /** The physical route of the SPI, as somebody has left it. */
    private static void physicalRoute(Bench b, int pcpu) {
        b.hardware.write(b.cpus[0], 0x8000000L + GICD_IROUTER + 8 * HW, 8, pcpu);
    }

    // ---- H25 --------------------------------------------------------------------------------------------------------

    /** The guest has ended the SPI, it fires again and is recorded, and then its list register is cleaned. */
    private static Bench firedAgainBeforeTheCleanUp(Variant variant) {
        Bench b = Bench.of(variant);
        b.enable(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        b.ack(0);
        b.eoi(0, HW);
        physicalRoute(b, 1);
        b.pulse(HW);
        b.settle(1); // on a pCPU where its vCPU does not run
        assertThat(b.state(HW)).isEqualTo("INLR+");
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("INLR");
        assertThat(b.hardware.distributor().isActive(HW)).isTrue();
        return b;
    }

    @Test
    void h25XenForgetsThatAnSpiIsHandledThatHasFiredAgain() {
        Bench b = firedAgainBeforeTheCleanUp(XEN);
        assertThat(b.inProgress(HW)).isFalse();
        assertThat(b.marked(Quirk.H25, HW)).isTrue();
    }

    @Test
    void h25FixedRemembersUntilTheLastAssertionIsEnded() {
        Bench b = firedAgainBeforeTheCleanUp(FIXED);
        assertThat(b.inProgress(HW)).isTrue();
        b.ack(0);
        b.eoi(0, HW);
        b.irqExit(0);
        assertThat(b.inProgress(HW)).isFalse();
    }

    @Test
    void h25LeavesAReleasedSpiActiveThatTheGuestNeverEnds() {
        for (Variant variant : new Variant[] {XEN, FIXED}) {
            Bench b = firedAgainBeforeTheCleanUp(variant);
            b.domain.setDying(b.cpus[1]);
            b.cpus[1].localIrqEnable();
            assertThat(b.irq.releaseGuestIrq(b.cpus[1], b.domain, HW, HW)).isZero();
            b.cpus[1].localIrqDisable();
            assertThat(b.hardware.distributor().isActive(HW)).isEqualTo(variant == XEN);
        }
    }

    // ---- U3 ---------------------------------------------------------------------------------------------------------

    @Test
    void u3XenDeliversALevelThatHasFallenAndAssertsAHighOneOnce() {
        Bench b = Bench.xen();
        b.enable(0, VIRTUAL);
        b.line(1, VIRTUAL, true);
        b.line(1, VIRTUAL, false);
        assertThat(b.marked(Quirk.U3, VIRTUAL)).isTrue();
        b.irqExit(0);
        assertThat(b.ack(0)).as("spurious").isEqualTo(VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        b.line(1, VIRTUAL, true);
        b.irqExit(0);
        b.ack(0);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.ack(0)).as("still high").isEqualTo(SPURIOUS);
    }

    @Test
    void u3FixedTakesBackAFallenLevelAndAssertsAHighOneAgain() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.line(1, VIRTUAL, true);
        b.line(1, VIRTUAL, false);
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE");
        b.line(1, VIRTUAL, true);
        b.irqExit(0);
        b.line(1, VIRTUAL, false);
        b.irqExit(0);
        assertThat(b.ack(0)).as("out of a list register").isEqualTo(SPURIOUS);
        b.line(1, VIRTUAL, true);
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.ack(0)).as("still high").isEqualTo(VIRTUAL);
        b.line(1, VIRTUAL, false);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE");
    }

    @Test
    void u3FixedLeavesAnEdgeAlone() {
        Bench b = Bench.fixed();
        b.store(0, GUEST_GICD_BASE + GICD_ICFGR + VIRTUAL / 16 * 4, 4, 2L << 2 * (VIRTUAL % 16));
        b.enable(0, VIRTUAL);
        b.line(1, VIRTUAL, true);
        b.line(1, VIRTUAL, false);
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE");
    }

    // ---- U5, U6 -----------------------------------------------------------------------------------------------------

    private static long router(Bench b, int spi) {
        b.load(0, GUEST_GICD_BASE + GICD_IROUTER + 8L * spi, 8);
        return b.answer();
    }

    @Test
    void u5XenIgnoresARouteThatNamesNoVcpu() {
        Bench b = Bench.xen();
        b.enable(0, VIRTUAL);
        b.route(0, VIRTUAL, 9);
        assertThat(router(b, VIRTUAL)).isZero();
        assertThat(b.marked(Quirk.U5, VIRTUAL)).isTrue();
        b.inject(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void u5FixedHoldsAnSpiUntilItsRouteNamesAVcpu() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        long nowhere = 3L << 32 | 0x90001;
        b.store(0, GUEST_GICD_BASE + GICD_IROUTER + 8L * VIRTUAL, 8, nowhere | 9);
        assertThat(router(b, VIRTUAL)).isEqualTo(nowhere | 9);
        assertThat(b.state(VIRTUAL)).as("out of its list register").isEqualTo("HELD");
        b.route(1, VIRTUAL, 0);
        assertThat(b.isKicked(0)).isTrue();
        assertThat(router(b, VIRTUAL)).isZero();
        b.irqExit(0);
        assertThat(b.ack(0)).as("the target that it had before").isEqualTo(VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.sync(0);
        b.route(0, VIRTUAL, 9);
        b.inject(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        b.route(0, VIRTUAL, 1);
        b.irqExit(1);
        assertThat(b.ack(1)).isEqualTo(VIRTUAL);
    }

    @Test
    void u5OnAGicv2IsATargetByteWithoutAVcpu() {
        BenchV2 xen = new BenchV2(XEN, 2, 2, 4);
        xen.store(0, GICD_ITARGETSR + VIRTUAL, 1, 0);
        xen.load(0, GICD_ITARGETSR + VIRTUAL, 1);
        assertThat(xen.answer()).isEqualTo(1);
        BenchV2 fixed = new BenchV2(FIXED, 2, 2, 4);
        fixed.store(0, GICD_ITARGETSR + VIRTUAL, 1, 0x80);
        fixed.load(0, GICD_ITARGETSR + VIRTUAL, 4);
        assertThat(fixed.answer()).isEqualTo(0x01010180);
        fixed.enable(VIRTUAL);
        fixed.store(0, GICD_ISPENDR + 4, 4, 1L << VIRTUAL - 32);
        fixed.flush(0);
        assertThat(fixed.ack(0)).isEqualTo(SPURIOUS);
        fixed.store(0, GICD_ITARGETSR + VIRTUAL, 1, 1);
        fixed.flush(0);
        assertThat(fixed.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void u6XenTakesVcpu0OrTheLowestAndTheCorrectedRuleOneThatIsUp() {
        for (Variant variant : new Variant[] {XEN, FIXED}) {
            Bench b = Bench.down(variant, 2);
            b.powerOn(1);
            b.store(1, GUEST_GICD_BASE + GICD_IROUTER + 8L * VIRTUAL, 8, 1L << 31);
            assertThat(b.dist().peekTarget(VIRTUAL)).isEqualTo(variant == XEN ? 0 : 1);
            assertThat(b.marked(Quirk.U6, VIRTUAL)).isEqualTo(variant == XEN);
        }
    }

    @Test
    void u6OfSeveralTargetBitsTheLowestIsTaken() {
        BenchV2 b = new BenchV2(XEN, 2, 2, 4);
        b.store(0, GICD_ITARGETSR + VIRTUAL, 1, 3);
        b.load(0, GICD_ITARGETSR + VIRTUAL, 1);
        assertThat(b.answer()).isEqualTo(1);
        assertThat(b.marks.isReached(Quirk.U6, 1, VIRTUAL)).isTrue();
    }

    // ---- U7 ---------------------------------------------------------------------------------------------------------

    @Test
    void u7XenSetsThePhysicalLinePendingWhichComesBackAsAnInterrupt() {
        Bench b = Bench.xen();
        b.enable(0, HW);
        b.store(1, GUEST_GICD_BASE + GICD_ISPENDR + 4, 4, 1L << HW - 32);
        assertThat(b.state(HW)).isEqualTo("IDLE");
        assertThat(b.hardware.distributor().isPending(HW)).isTrue();
        assertThat(b.marked(Quirk.U7, HW)).isTrue();
        b.irqExit(0);
        assertThat(b.ack(0)).isEqualTo(HW);
    }

    // ---- U8 to U11 --------------------------------------------------------------------------------------------------

    private static long status(Bench b, int bank) {
        assertThat(b.load(0, GUEST_GICD_BASE + bank + 4, 4)).isTrue();
        return b.answer();
    }

    @Test
    void u8XenAlwaysReadsZeroAndTheCorrectedRuleTellsWhatIsKnown() {
        long bit = 1L << VIRTUAL - 32;
        for (Variant variant : new Variant[] {XEN, FIXED}) {
            boolean fixed = variant == FIXED;
            Bench b = Bench.of(variant);
            b.inject(0, VIRTUAL);
            assertThat(status(b, GICD_ISPENDR)).isEqualTo(fixed ? bit : 0);
            b.enable(0, VIRTUAL);
            assertThat(status(b, GICD_ICPENDR)).as("in a list register").isEqualTo(fixed ? bit : 0);
            b.ack(0);
            b.sync(0);
            assertThat(status(b, GICD_ISPENDR)).isZero();
            assertThat(status(b, GICD_ISACTIVER)).isEqualTo(fixed ? bit : 0);
            assertThat(status(b, GICD_ICACTIVER)).isEqualTo(fixed ? bit : 0);
            b.eoi(0, VIRTUAL);
            b.sync(0);
            assertThat(status(b, GICD_ISACTIVER)).isZero();
            assertThat(b.marks.hits(Quirk.U8) > 0).isEqualTo(!fixed);
        }
    }

    @Test
    void u9XenAbortsAWriteToIsactiverAndTheCorrectedRuleIgnoresIt() {
        Bench xen = Bench.xen();
        assertThat(xen.store(0, GUEST_GICD_BASE + GICD_ISACTIVER + 4, 4, 0)).isFalse();
        assertThat(xen.marks.hits(Quirk.U9)).isPositive();
        Bench fixed = Bench.fixed();
        assertThat(fixed.store(0, GUEST_GICD_BASE + GICD_ISACTIVER + 4, 4, 1)).isTrue();
        assertThat(fixed.state(32)).isEqualTo("IDLE");
        BenchV2 v2 = BenchV2.xen();
        assertThat(v2.store(0, GICD_ISACTIVER + 4, 4, 0)).isTrue();
        assertThat(v2.store(0, GICD_ISACTIVER + 4, 4, 1)).isFalse();
        assertThat(new BenchV2(FIXED, 2, 2, 4).store(0, GICD_ISACTIVER + 4, 4, 1))
                .isTrue();
    }

    private static void clearPending(Bench b, int p, int spi) {
        assertThat(b.store(p, GUEST_GICD_BASE + GICD_ICPENDR + 4, 4, 1L << spi - 32))
                .isTrue();
    }

    @Test
    void u10XenDeliversWhatTheGuestHasCleared() {
        Bench b = Bench.xen();
        b.inject(0, VIRTUAL);
        clearPending(b, 0, VIRTUAL);
        assertThat(b.marked(Quirk.U10, VIRTUAL)).isTrue();
        b.enable(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void u10FixedClearsItWhereverItIs() {
        Bench held = Bench.fixed();
        held.inject(0, VIRTUAL);
        clearPending(held, 1, VIRTUAL);
        assertThat(held.state(VIRTUAL)).isEqualTo("IDLE");

        Bench waiting = Bench.fixed();
        waiting.enable(0, HW);
        waiting.pulse(HW);
        waiting.settle(1);
        physicalRoute(waiting, 1);
        waiting.settle(1);
        assertThat(waiting.state(HW)).isEqualTo("WAIT");
        clearPending(waiting, 1, HW);
        assertThat(waiting.state(HW)).isEqualTo("IDLE");
        assertThat(waiting.hardware.distributor().isActive(HW)).isFalse();
        assertThat(waiting.inProgress(HW)).isFalse();

        Bench inLr = Bench.fixed();
        inLr.enable(0, HW);
        inLr.pulse(HW);
        inLr.irqExit(0);
        clearPending(inLr, 1, HW);
        inLr.irqExit(0);
        assertThat(inLr.state(HW)).isEqualTo("IDLE");
        assertThat(inLr.copies(HW)).isZero();
        assertThat(inLr.hardware.distributor().isActive(HW)).isFalse();
        inLr.pulse(HW);
        inLr.irqExit(0);
        assertThat(inLr.ack(0)).as("the next one comes").isEqualTo(HW);
    }

    @Test
    void u10FixedLeavesTheActiveHalfOfAListRegister() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.inject(0, VIRTUAL);
        assertThat(b.lrs(0)).containsExactly("40PA", "-", "-", "-");
        clearPending(b, 0, VIRTUAL);
        assertThat(b.lrs(0)).containsExactly("40A", "-", "-", "-");
    }

    @Test
    void u11XenLeavesAListRegisterActiveThatTheGuestDeactivatesAndTheCorrectedRuleDoesNot() {
        for (Variant variant : new Variant[] {XEN, FIXED}) {
            Bench b = Bench.of(variant);
            b.enable(0, HW);
            b.pulse(HW);
            b.irqExit(0);
            b.ack(0);
            b.sync(0);
            assertThat(b.store(1, GUEST_GICD_BASE + GICD_ICACTIVER + 4, 4, 1L << HW - 32))
                    .isTrue();
            b.irqExit(0);
            assertThat(b.state(HW)).isEqualTo(variant == XEN ? "INLR" : "IDLE");
            assertThat(b.hardware.distributor().isActive(HW)).isEqualTo(variant == XEN);
            assertThat(b.marks.hits(Quirk.U11) > 0).isEqualTo(variant == XEN);
            assertThat((b.hardware.cpu(0).virtual().readLr(0) & VirtualCpuInterface.LR_ACTIVE) != 0)
                    .isEqualTo(variant == XEN);
        }
    }

    @Test
    void underAllCorrectedRulesTheLockOrderHolds() {
        Bench b = firedAgainBeforeTheCleanUp(FIXED);
        control(b, 0, 0);
        control(b, 1, GICD_CTLR_ENABLE_G1A);
        clearPending(b, 1, HW);
        b.disable(1, HW);
        status(b, GICD_ISPENDR);
        assertThat(b.validator.violations()).isEmpty();
        assertThat(b.desc(HW).status().peek() & 1 << IrqDesc.IRQ_GUEST).isNotZero();
    }
}

package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.Bench.HW;
import static org.smpvisor.vgic.rank.Bench.HW_2;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** The life of an SPI with a device behind it: physical state, list register and migration. */
class HardwareSpiTest {
    private final Bench b = Bench.xen();

    /** Enabled and raised by its device, taken by pCPU 0: in a list register of vCPU 0. */
    private static void raiseOn0(Bench b) {
        b.enable(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("INLR");
    }

    @Test
    void enableRoutesTheLineToTheTargetsPcpuAndOpensIt() {
        b.route(0, HW, 1);
        b.enable(0, HW);
        assertThat(b.physicalTarget(HW)).isEqualTo(1);
        assertThat(b.hardware.distributor().isEnabled(HW)).isTrue();
        assertThat(b.desc(HW).status().peek() & 1 << IrqDesc.IRQ_DISABLED).isZero();
    }

    @Test
    void disableClosesTheLine() {
        b.enable(0, HW);
        b.disable(0, HW);
        assertThat(b.hardware.distributor().isEnabled(HW)).isFalse();
        b.pulse(HW);
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("IDLE");
        assertThat(b.hardware.distributor().isPending(HW)).isTrue();
    }

    @Test
    void theLineStaysActiveUntilTheGuestEndsIt() {
        raiseOn0(b);
        assertThat(b.hardware.distributor().isActive(HW)).isTrue();
        assertThat(b.inProgress(HW)).isTrue();
        assertThat(b.ack(0)).isEqualTo(HW);
        assertThat(b.hardware.distributor().isActive(HW)).isTrue();
        b.eoi(0, HW);
        assertThat(b.hardware.distributor().isActive(HW)).isFalse();
        assertThat(b.inProgress(HW)).as("Xen does not know yet").isTrue();
        b.sync(0);
        assertThat(b.inProgress(HW)).isFalse();
        assertThat(b.state(HW)).isEqualTo("IDLE");
    }

    @Test
    void theListRegisterCarriesTheGenerationOfTheAssertion() {
        b.enable(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        b.ack(0);
        assertThat(b.hardware.cpu(0).virtual().acknowledgedPhysical()).isEqualTo(HW);
        assertThat(b.hardware.cpu(0).virtual().acknowledgedGeneration()).isEqualTo(1);
    }

    @Test
    void anEdgeWhileActiveIsLatchedInTheGicAndTakenAfterTheEnd() {
        raiseOn0(b);
        b.ack(0);
        b.pulse(HW);
        b.irqExit(0);
        assertThat(b.has(HW, PendingIrq.QUEUED)).isFalse();
        b.eoi(0, HW);
        b.irqExit(0);
        assertThat(b.state(HW)).isEqualTo("INLR");
        assertThat(b.ack(0)).isEqualTo(HW);
        assertThat(b.hardware.cpu(0).virtual().acknowledgedGeneration()).isEqualTo(2);
    }

    @Test
    void aSecondAssertionOfAnActiveHardwareInterruptIsLost() {
        raiseOn0(b);
        b.ack(0);
        b.inject(1, HW);
        b.sync(0);
        assertThat(b.state(HW)).isEqualTo("INLR");
        assertThat(b.lrs(0)).containsExactly("33A", "-", "-", "-");
    }

    @Test
    void ispendrSetsThePhysicalBitInsteadOfInjecting() {
        b.enable(0, HW);
        b.store(0, GUEST_GICD_BASE + GICD_ISPENDR + 4, 4, 1L << HW - 32);
        assertThat(b.total(Counter.INJECTIONS))
                .as("taken on the same pCPU at the next open point")
                .isEqualTo(1);
        assertThat(b.state(HW)).isEqualTo("INLR");
    }

    @Test
    void ispendrOfALineRoutedElsewhereLeavesItToThatPcpu() {
        b.route(0, HW, 1);
        b.enable(0, HW);
        b.store(0, GUEST_GICD_BASE + GICD_ISPENDR + 4, 4, 1L << HW - 32);
        assertThat(b.total(Counter.INJECTIONS)).isZero();
        assertThat(b.hardware.distributor().isPending(HW)).isTrue();
        b.irqExit(1);
        assertThat(b.inflightOn(1, HW)).isTrue();
    }

    // ---- retargeting ------------------------------------------------------------------------------------------------

    @Test
    void retargetWhileIdleMovesTheLineAtOnce() {
        b.enable(0, HW);
        assertThat(b.physicalTarget(HW)).isZero();
        b.route(0, HW, 1);
        assertThat(b.physicalTarget(HW)).isEqualTo(1);
        assertThat(b.dist().peekTarget(HW)).isEqualTo(1);
        assertThat(b.state(HW)).isEqualTo("IDLE");
    }

    @Test
    void retargetWhileWaitingInjectsAgainIntoTheNewTarget() {
        b.enable(0, HW);
        b.inject(1, HW);
        assertThat(b.state(HW)).isEqualTo("WAIT");
        b.route(1, HW, 1);
        assertThat(b.inflightOn(0, HW)).isFalse();
        assertThat(b.inflightOn(1, HW)).isTrue();
        assertThat(b.state(HW)).as("vCPU 1 is current where the store was made").isEqualTo("INLR");
        assertThat(b.physicalTarget(HW)).isEqualTo(1);
    }

    @Test
    void retargetWhileInAListRegisterWaitsForItsEnd() {
        raiseOn0(b);
        b.route(1, HW, 1);
        assertThat(b.state(HW)).isEqualTo("INLR,MIGRATING");
        assertThat(b.dist().peekTarget(HW)).isEqualTo(1);
        assertThat(b.physicalTarget(HW)).as("the line follows at the clean-up").isZero();
        assertThat(b.ack(0)).isEqualTo(HW);
        b.eoi(0, HW);
        b.sync(0);
        assertThat(b.state(HW)).isEqualTo("IDLE");
        assertThat(b.physicalTarget(HW)).isEqualTo(1);
        assertThat(b.total(Counter.MIGRATIONS_DEFERRED)).isEqualTo(1);
    }

    @Test
    void secondRetargetInOneInflightPeriodIsRefused() {
        Bench three = Bench.of(Variant.xen(), 3, 4);
        raiseOn0(three);
        three.route(1, HW, 1);
        three.route(1, HW, 2);
        assertThat(three.dist().peekTarget(HW)).isEqualTo(1);
        assertThat(three.total(Counter.MIGRATIONS_REFUSED)).isEqualTo(1);
        three.load(1, GUEST_GICD_BASE + GICD_IROUTER + 8L * HW, 8);
        assertThat(three.answer()).as("the register keeps the first target").isEqualTo(1);
    }

    @Test
    void retargetToTheSameVcpuDoesNothing() {
        raiseOn0(b);
        b.route(1, HW, 0);
        assertThat(b.state(HW)).isEqualTo("INLR");
        assertThat(b.total(Counter.MIGRATIONS)).isZero();
    }

    @Test
    void aLineThatRisesDuringAMigrationReachesTheNewTargetAfterTheSync() {
        raiseOn0(b);
        b.route(1, HW, 1);
        b.ack(0);
        b.eoi(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        assertThat(b.physicalTarget(HW))
                .as("the sync moved the line, and what waits on it, to pCPU 1")
                .isEqualTo(1);
        b.irqExit(1);
        assertThat(b.inflightOn(1, HW)).isTrue();
        assertThat(b.ack(1)).isEqualTo(HW);
        b.eoi(1, HW);
        b.sync(1);
        assertThat(b.state(HW)).isEqualTo("IDLE");
    }

    @Test
    void aMoveOfTheVcpuTakesListRegistersAndLinesAlong() {
        Bench m = Bench.of(Variant.xen(), 2, 4);
        raiseOn0(m);
        m.enable(0, HW_2);
        m.move(0, 0, 1);
        m.settle(0);
        assertThat(m.cpus[0].current().isIdle()).isTrue();
        assertThat(m.vcpu(0).processor().peek()).isEqualTo(1);
        assertThat(m.physicalTarget(HW)).isEqualTo(1);
        assertThat(m.physicalTarget(HW_2)).isEqualTo(1);
        m.scheduler.blockUnlessEventPending(m.cpus[1]);
        m.settle(1);
        assertThat(m.cpus[1].current()).isEqualTo(m.vcpu(0));
        assertThat(m.lrs(1)).containsExactly("33P", "-", "-", "-");
        assertThat(m.cpus[1].lrMask()).isEqualTo(1);
        assertThat(m.ack(1)).isEqualTo(HW);
        m.eoi(1, HW);
        assertThat(m.hardware.distributor().isActive(HW)).isFalse();
    }

    // ---- connecting -------------------------------------------------------------------------------------------------

    @Test
    void aVirtualInterruptThatIsInUseCannotBeConnected() {
        b.enable(0, 45);
        assertThat(b.irq.routeIrqToGuest(b.cpus[0], b.domain, 45, 45, IrqDesc.Type.EDGE))
                .isEqualTo(Irq.EBUSY);
        assertThat(b.desc(45).status().peek() & 1 << IrqDesc.IRQ_GUEST).isZero();
    }

    @Test
    void anInterruptBelongsToOneGuestOnly() {
        assertThat(b.irq.routeIrqToGuest(b.cpus[0], b.domain, 46, HW, IrqDesc.Type.EDGE))
                .isEqualTo(Irq.EBUSY);
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        assertThat(b.irq.routeIrqToGuest(b.cpus[0], b.domain, 40, 27, IrqDesc.Type.EDGE))
                .isEqualTo(Irq.EINVAL);
        assertThat(b.irq.routeIrqToGuest(b.cpus[0], b.domain, 27, 40, IrqDesc.Type.EDGE))
                .isEqualTo(Irq.EINVAL);
        assertThat(b.irq.routeIrqToGuest(b.cpus[0], b.domain, 40, 1000, IrqDesc.Type.EDGE))
                .isEqualTo(Irq.EINVAL);
        assertThat(b.irq.routeIrqToGuest(b.cpus[0], b.domain, 100, 100, IrqDesc.Type.EDGE))
                .as("beyond the domain's SPIs")
                .isEqualTo(Irq.EINVAL);
    }

    @Test
    void aLivingDomainKeepsItsInterruptAndADyingOneGivesItBack() {
        raiseOn0(b);
        assertThat(b.irq.releaseGuestIrq(b.cpus[0], b.domain, HW, HW)).isEqualTo(Irq.EBUSY);
        assertThat(b.irq.releaseGuestIrq(b.cpus[0], b.domain, HW + 1, HW)).isEqualTo(Irq.EINVAL);
        b.domain.setDying(b.cpus[0]);
        assertThat(b.irq.releaseGuestIrq(b.cpus[0], b.domain, HW, HW)).isZero();
        assertThat(b.hardware.distributor().isActive(HW))
                .as("deactivated by Xen")
                .isFalse();
        assertThat(b.hardware.distributor().isEnabled(HW)).isFalse();
        assertThat(b.pending(HW).desc().peek()).isNull();
        assertThat(b.irq.releaseGuestIrq(b.cpus[0], b.domain, HW, HW)).isEqualTo(Irq.EINVAL);
    }

    @Test
    void connectingInvertsTheOrderOfRankAndDescriptorAndThatIsAccepted() {
        assertThat(b.validator.edges()).contains("DESC->RANK", "DESC->HOST_GIC");
        raiseOn0(b);
        assertThat(b.validator.edges()).contains("RANK->VGIC_CPU", "RANK->DESC", "RANK->HOST_GIC", "DESC->VGIC_CPU");
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void markersAreSilentOnAnOrdinaryLife() {
        raiseOn0(b);
        b.ack(0);
        b.eoi(0, HW);
        b.sync(0);
        for (Quirk q : Quirk.values()) {
            assertThat(b.marked(q, HW)).as("%s", q).isFalse();
        }
    }
}

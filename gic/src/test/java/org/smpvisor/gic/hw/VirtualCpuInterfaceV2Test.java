package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.GicV2Bench;
import org.smpvisor.gic.host.IrqDesc;

class VirtualCpuInterfaceV2Test {
    private static final int VIRQ = 40;
    private static final int LOW = 0x14;
    private static final int URGENT = 0x10;

    private final GicV2Bench b = GicV2Bench.booted(2);
    private final Pcpu cpu = b.cpus[0];
    private final VirtualCpuInterfaceV2 v = b.virtual(0);

    VirtualCpuInterfaceV2Test() {
        b.writeGich(0, Gich.HCR, Gich.HCR_EN);
        v.writeFrame(GICC_CTLR, 1);
        v.writeFrame(GICC_PMR, 0xf8);
    }

    private static int pending(int virq, int priority) {
        return Gich.LR_PENDING | priority << Gich.LR_PRIORITY_SHIFT | virq;
    }

    private void load(int n, int lr) {
        b.writeGich(0, Gich.LR + 4 * n, lr);
    }

    private int lr(int n) {
        return b.readGich(0, Gich.LR + 4 * n);
    }

    @Test
    void vtrTellsTheNumberOfListRegisters() {
        assertThat(b.readGich(0, Gich.VTR)).isEqualTo(0x90000003);
        assertThat(new GicV2Bench(64, 64, 1).readGich(0, Gich.VTR)).isEqualTo(0x9000003f);
    }

    @Test
    void aPendingListRegisterIsSignalledAcknowledgedAndEnded() {
        load(1, pending(VIRQ, LOW));
        assertThat(v.isIrqAsserted()).isTrue();
        assertThat(v.acknowledge(cpu)).isEqualTo(VIRQ);
        assertThat(lr(1) & Gich.LR_STATE).isEqualTo(Gich.LR_ACTIVE);
        assertThat(b.readGich(0, Gich.APR)).isEqualTo(1 << LOW);
        assertThat(v.readFrame(GICC_RPR)).isEqualTo(0xa0);
        assertThat(v.acknowledge(cpu)).isEqualTo(SPURIOUS);
        v.end(cpu, VIRQ);
        assertThat(lr(1) & Gich.LR_STATE).isZero();
        assertThat(b.readGich(0, Gich.APR)).isZero();
    }

    @Test
    void theMostUrgentIsFirst() {
        load(0, pending(VIRQ, LOW));
        load(1, pending(VIRQ + 1, URGENT));
        assertThat(v.readFrame(GICC_HPPIR)).isEqualTo(VIRQ + 1);
        assertThat(v.acknowledge(cpu)).isEqualTo(VIRQ + 1);
        assertThat(v.isIrqAsserted()).isFalse();
    }

    @Test
    void masksAndEnablesHide() {
        load(0, pending(VIRQ, LOW));
        v.writeFrame(GICC_PMR, 0xa0);
        assertThat(v.isIrqAsserted()).isFalse();
        v.writeFrame(GICC_PMR, 0xf8);
        v.writeFrame(GICC_CTLR, 0);
        assertThat(v.isIrqAsserted()).isFalse();
        v.writeFrame(GICC_CTLR, 1);
        b.writeGich(0, Gich.HCR, 0);
        assertThat(v.isIrqAsserted()).isFalse();
    }

    /** All that Xen and Linux as dom0 wrote; every later GICH_VMCR that Xen then read was this one. */
    @Test
    void afterTheWritesOfARealDom0VmcrReadsAsItDidThere() {
        assertThat(GicV2Bench.booted(1).readGich(0, Gich.VMCR))
                .as("before any write")
                .isEqualTo(0x004c0000);
        b.writeGich(0, Gich.VMCR, 0);
        assertThat(b.readGich(0, Gich.VMCR)).isEqualTo(0x004c0000);
        v.writeFrame(GICC_CTLR, 1);
        v.writeFrame(GICC_PMR, 0xf0);
        assertThat(b.readGich(0, Gich.VMCR)).isEqualTo(0xf04c0001);
        b.writeGich(0, Gich.VMCR, 0xf04c0001);
        assertThat(b.readGich(0, Gich.VMCR)).isEqualTo(0xf04c0001);
    }

    @ParameterizedTest
    @CsvSource({"0, 2, 3", "1, 2, 3", "2, 2, 3", "3, 3, 3", "4, 4, 4", "7, 7, 7"})
    void aBinaryPointIsAtLeastTheSmallestThatThePrioritiesAllow(int written, int bpr, int abpr) {
        v.writeFrame(GICC_BPR, written);
        v.writeFrame(GICC_ABPR, written);
        assertThat(v.readFrame(GICC_BPR)).isEqualTo(bpr);
        assertThat(v.readFrame(GICC_ABPR)).isEqualTo(abpr);
    }

    @Test
    void theGuestsRegistersAreFieldsOfVmcr() {
        v.writeFrame(GICC_CTLR, 0x201);
        v.writeFrame(GICC_PMR, 0xf0);
        v.writeFrame(GICC_BPR, 5);
        v.writeFrame(GICC_ABPR, 6);
        assertThat(b.readGich(0, Gich.VMCR)).isEqualTo(0xf0b80201);
        b.writeGich(0, Gich.VMCR, 0xa8700001);
        assertThat(v.readFrame(GICC_CTLR)).isEqualTo(1);
        assertThat(v.readFrame(GICC_PMR)).isEqualTo(0xa8);
        assertThat(v.readFrame(GICC_BPR)).isEqualTo(3);
        assertThat(v.readFrame(GICC_ABPR)).isEqualTo(4);
    }

    @Test
    void anSgiShowsTheSourceThatItsListRegisterNames() {
        v.writeFrame(GICC_CTLR, 0x201);
        load(0, pending(3, LOW) | 5 << Gich.LR_SOURCE_SHIFT);
        assertThat(v.acknowledge(cpu)).isEqualTo(5 << GICC_SOURCE_SHIFT | 3);
        v.end(cpu, 5 << GICC_SOURCE_SHIFT | 3);
        v.deactivate(cpu, 3);
        assertThat(lr(0) & Gich.LR_STATE).as("another source's").isEqualTo(Gich.LR_ACTIVE);
        v.deactivate(cpu, 5 << GICC_SOURCE_SHIFT | 3);
        assertThat(lr(0) & Gich.LR_STATE).isZero();
    }

    @Test
    void theEndOfAHardwareInterruptDeactivatesThePhysicalOne() {
        b.open(VIRQ, IrqDesc.Type.LEVEL, 0);
        b.hw.distributor().raise(VIRQ);
        b.readGicc(0, GICC_IAR);
        b.writeGicc(0, GICC_EOIR, VIRQ);
        load(0, pending(VIRQ, LOW) | Gich.LR_HW | VIRQ << Gich.LR_PHYSICAL_SHIFT);
        assertThat(v.acknowledge(cpu)).isEqualTo(VIRQ);
        assertThat(v.acknowledgedPhysical()).isEqualTo(VIRQ);
        assertThat(v.acknowledgedGeneration()).isEqualTo(1);
        assertThat(b.hw.distributor().isActive(VIRQ)).isTrue();
        v.end(cpu, VIRQ);
        assertThat(b.hw.distributor().isActive(VIRQ)).isFalse();
    }

    @Test
    void anEndWithoutAnActivePriorityHasNoEffect() {
        load(0, pending(VIRQ, LOW) ^ Gich.LR_STATE);
        v.end(cpu, VIRQ);
        v.end(cpu, 77);
        assertThat(lr(0) & Gich.LR_STATE).isEqualTo(Gich.LR_ACTIVE);
        assertThat(b.readGich(0, Gich.HCR)).as("nothing counted").isEqualTo(Gich.HCR_EN);
    }

    @Test
    void anEndOfWhatIsInNoListRegisterDropsThePriorityAndIsCounted() {
        load(0, pending(VIRQ, LOW));
        v.acknowledge(cpu);
        v.end(cpu, 77);
        assertThat(b.readGich(0, Gich.APR)).isZero();
        assertThat(lr(0) & Gich.LR_STATE).isEqualTo(Gich.LR_ACTIVE);
        assertThat(b.readGich(0, Gich.HCR) >>> 27).isEqualTo(1);
    }

    @Test
    void withoutEoiModeADeactivationIsIgnored() {
        load(0, pending(VIRQ, LOW));
        v.acknowledge(cpu);
        v.deactivate(cpu, VIRQ);
        v.deactivate(cpu, 77);
        assertThat(lr(0) & Gich.LR_STATE).isEqualTo(Gich.LR_ACTIVE);
        assertThat(b.readGich(0, Gich.HCR)).as("nothing counted").isEqualTo(Gich.HCR_EN);
    }

    @Test
    void whatIsReservedInTheValueOfAnEndIsNotLookedAt() {
        load(0, pending(VIRQ, LOW));
        v.acknowledge(cpu);
        v.end(cpu, 0xffffe000 | VIRQ);
        assertThat(lr(0) & Gich.LR_STATE).isZero();
    }

    @Test
    void withEoiModeTheEndOnlyDropsThePriority() {
        v.writeFrame(GICC_CTLR, 0x201);
        load(0, pending(VIRQ, LOW));
        v.acknowledge(cpu);
        v.end(cpu, VIRQ);
        assertThat(lr(0) & Gich.LR_STATE).isEqualTo(Gich.LR_ACTIVE);
        assertThat(b.readGich(0, Gich.APR)).isZero();
        v.deactivate(cpu, VIRQ);
        assertThat(lr(0) & Gich.LR_STATE).isZero();
    }

    @Test
    void groupOneIsAcknowledgedByItsOwnRegister() {
        load(0, pending(VIRQ, LOW) | Gich.LR_GROUP1);
        assertThat(v.isIrqAsserted()).isFalse();
        v.writeFrame(GICC_CTLR, 3);
        assertThat(v.isIrqAsserted()).isTrue();
        assertThat(v.acknowledge(cpu)).isEqualTo(1022);
        assertThat(v.readFrame(GICC_AIAR)).isEqualTo(VIRQ);
        v.writeFrame(GICC_AEOIR, VIRQ);
        assertThat(lr(0) & Gich.LR_STATE).isZero();
    }

    @Test
    void groupZeroIsNoIrqWhenTheGuestWantsFiqs() {
        v.writeFrame(GICC_CTLR, 1 | 1 << 3);
        load(0, pending(VIRQ, LOW));
        assertThat(v.isIrqAsserted()).isFalse();
    }

    @Test
    void emptyRegistersAreTold() {
        load(1, pending(VIRQ, LOW));
        load(3, pending(VIRQ + 1, LOW));
        assertThat(b.readGich(0, Gich.ELRSR)).isEqualTo(0b0101);
        assertThat(b.readGich(0, Gich.ELRSR + 4)).isZero();
    }

    @Test
    void anEndThatIsAskedForRaisesTheMaintenanceInterrupt() {
        b.writeGicd(0, GICD_ISENABLER, 4, 1 << GicV2Bench.MAINTENANCE);
        load(2, pending(VIRQ, LOW) | Gich.LR_EOI);
        v.acknowledge(cpu);
        assertThat(b.readGich(0, Gich.MISR)).isZero();
        v.end(cpu, VIRQ);
        assertThat(b.readGich(0, Gich.EISR)).isEqualTo(1 << 2);
        assertThat(b.readGich(0, Gich.ELRSR)).isEqualTo(0b1011);
        assertThat(b.readGich(0, Gich.MISR)).isEqualTo(1);
        assertThat(b.readGicc(0, GICC_IAR)).isEqualTo(GicV2Bench.MAINTENANCE);
        load(2, 0);
        assertThat(b.readGich(0, Gich.MISR)).isZero();
        assertThat(b.cpu(0).isLocalLineHigh(GicV2Bench.MAINTENANCE)).isFalse();
    }

    @Test
    void anUnderflowRaisesTheMaintenanceInterruptWhileItIsArmed() {
        load(0, pending(VIRQ, LOW));
        load(1, pending(VIRQ + 1, LOW));
        b.writeGich(0, Gich.HCR, Gich.HCR_EN | Gich.HCR_UIE);
        assertThat(b.cpu(0).isLocalLineHigh(GicV2Bench.MAINTENANCE)).isFalse();
        v.acknowledge(cpu);
        v.end(cpu, VIRQ);
        assertThat(b.readGich(0, Gich.MISR)).isEqualTo(1 << 1);
        assertThat(b.cpu(0).isLocalLineHigh(GicV2Bench.MAINTENANCE)).isTrue();
        b.writeGich(0, Gich.HCR, Gich.HCR_EN);
        assertThat(b.cpu(0).isLocalLineHigh(GicV2Bench.MAINTENANCE)).isFalse();
    }

    @Test
    void theOtherReasonsForMaintenance() {
        int groups = 0xf << 4;
        b.writeGich(0, Gich.HCR, Gich.HCR_EN | Gich.HCR_NPIE | Gich.HCR_LRENPIE | groups);
        assertThat(b.readGich(0, Gich.MISR))
                .as("no pending; group 0 on, group 1 off")
                .isEqualTo(1 << 3 | 1 << 4 | 1 << 7);
        load(0, pending(VIRQ, LOW));
        v.writeFrame(GICC_CTLR, 0x200);
        v.deactivate(cpu, 77);
        v.writeFrame(GICC_CTLR, 2);
        assertThat(b.readGich(0, Gich.MISR)).as("an end without a register").isEqualTo(1 << 2 | 1 << 5 | 1 << 6);
        assertThat(b.readGich(0, Gich.HCR) >>> 27).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x1a00001b, 0x2a000010, 0x9a01402d, 0xba0c3030, 0x50080022, 0x0a000010})
    void aListRegisterSurvivesTheFormOfTheGicv3(int lr) {
        assertThat(Gich.fromIch(Gich.toIch(lr))).isEqualTo(lr);
    }
}

package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.gic.hw.VirtualCpuInterface.*;

import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.GicBench;
import org.smpvisor.gic.host.IrqDesc;

class VirtualCpuInterfaceTest {
    private final GicBench b = GicBench.booted(1);
    private final Pcpu cpu = b.cpus[0];
    private final VirtualCpuInterface v = b.cpu(0).virtual();

    VirtualCpuInterfaceTest() {
        v.writeVmcr(VMCR_VENG1 | 0xffL << VMCR_VPMR_SHIFT);
    }

    private static long lr(int virq, int priority) {
        return LR_PENDING | LR_GROUP1 | (long) priority << LR_PRIORITY_SHIFT | virq;
    }

    @Test
    void acknowledgeMakesAPendingListRegisterActiveAndTheEndEmptiesIt() {
        v.writeLr(0, lr(40, 0xa0));
        assertThat(v.isIrqAsserted()).isTrue();
        assertThat(v.acknowledge(cpu)).isEqualTo(40);
        assertThat(v.readLr(0) & LR_STATE).isEqualTo(LR_ACTIVE);
        assertThat(v.isIrqAsserted()).isFalse();
        v.end(cpu, 40);
        assertThat(v.readLr(0) & LR_STATE).isZero();
        assertThat(v.readLr(0) & LR_VIRTUAL_MASK).as("the number stays").isEqualTo(40);
    }

    @Test
    void theMostUrgentListRegisterIsAcknowledgedAndPreempts() {
        v.writeLr(0, lr(40, 0xa0));
        v.writeLr(1, lr(41, 0x80));
        assertThat(v.acknowledge(cpu)).isEqualTo(41);
        assertThat(v.acknowledge(cpu)).as("0xa0 waits for the end of 0x80").isEqualTo(GicAbi.SPURIOUS);
        v.end(cpu, 41);
        assertThat(v.acknowledge(cpu)).isEqualTo(40);
        v.writeLr(1, lr(42, 0x40));
        assertThat(v.acknowledge(cpu)).isEqualTo(42);
        assertThat(v.readActivePriorities()).isEqualTo(1 << (0xa0 >> 3) | 1 << (0x40 >> 3));
    }

    @Test
    void withVeoimTheEndDropsPriorityOnly() {
        v.writeControl(2);
        v.writeLr(0, lr(40, 0xa0));
        v.acknowledge(cpu);
        v.end(cpu, 40);
        assertThat(v.readLr(0) & LR_STATE).isEqualTo(LR_ACTIVE);
        assertThat(v.readActivePriorities()).isZero();
        v.deactivate(cpu, 40);
        assertThat(v.readLr(0) & LR_STATE).isZero();
    }

    @Test
    void theVirtualPriorityMaskHidesWhatIsNotMoreUrgent() {
        v.writeLr(0, lr(40, 0xa0));
        v.writePriorityMask(0xa0);
        assertThat(v.isIrqAsserted()).isFalse();
        v.writePriorityMask(0xff);
        assertThat(v.isIrqAsserted()).isTrue();
        assertThat(v.readVmcr() >>> VMCR_VPMR_SHIFT & 0xff)
                .as("implemented bits")
                .isEqualTo(0xf8);
    }

    @Test
    void aDisabledGroupOrInterfaceAssertsNothing() {
        v.writeLr(0, lr(40, 0xa0));
        v.writeGroupEnable(0);
        assertThat(v.isIrqAsserted()).isFalse();
        v.writeGroupEnable(1);
        v.writeHcr(0);
        assertThat(v.isIrqAsserted()).isFalse();
        v.writeHcr(HCR_EN);
        assertThat(v.isIrqAsserted()).isTrue();
    }

    @Test
    void theGuestsRegistersAreFieldsOfVmcr() {
        v.writeVmcr(0);
        v.writeGroupEnable(1);
        v.writeControl(2);
        v.writeBinaryPoint(3);
        v.writePriorityMask(0x80);
        assertThat(v.readVmcr()).isEqualTo(VMCR_VENG1 | VMCR_VEOIM | 3L << VMCR_VBPR1_SHIFT | 0x80L << VMCR_VPMR_SHIFT);
    }

    @Test
    void theHardwareBitDeactivatesThePhysicalInterrupt() {
        b.open(50, IrqDesc.Type.EDGE, 0);
        b.hw.distributor().raise(50);
        assertThat(b.cpu(0).acknowledge()).isEqualTo(50);
        v.writeLr(0, lr(40, 0xa0) | LR_HW | 50L << LR_PHYSICAL_SHIFT);
        assertThat(v.acknowledge(cpu)).isEqualTo(40);
        assertThat(v.acknowledgedPhysical()).isEqualTo(50);
        assertThat(v.acknowledgedGeneration()).isEqualTo(1);
        assertThat(b.hw.distributor().isActive(50)).isTrue();
        v.end(cpu, 40);
        assertThat(b.hw.distributor().isActive(50)).isFalse();
    }

    @Test
    void aPurelyVirtualAcknowledgeHasNoPhysicalInterrupt() {
        v.writeLr(0, lr(40, 0xa0));
        v.acknowledge(cpu);
        assertThat(v.acknowledgedPhysical()).isEqualTo(-1);
    }

    @Test
    void anActiveListRegisterThatIsPendingTooIsDeliveredAfterTheEnd() {
        v.writeLr(0, lr(40, 0xa0));
        v.acknowledge(cpu);
        v.writeLr(0, v.readLr(0) | LR_PENDING);
        assertThat(v.isIrqAsserted()).isFalse();
        v.end(cpu, 40);
        assertThat(v.readLr(0) & LR_STATE).isEqualTo(LR_PENDING);
        assertThat(v.acknowledge(cpu)).isEqualTo(40);
    }

    @Test
    void theEndOfAnUnknownInterruptDropsPriorityOnly() {
        v.writeLr(0, lr(40, 0xa0));
        v.acknowledge(cpu);
        v.end(cpu, 99);
        assertThat(v.readLr(0) & LR_STATE).isEqualTo(LR_ACTIVE);
        assertThat(v.readActivePriorities()).isZero();
    }

    // ---- maintenance ------------------------------------------------------------------------------------------------

    private boolean maintenance() {
        return (b.readGicr(0, GicAbi.GICR_SGI_FRAME + GicAbi.GICD_ISPENDR, 4) & 1 << GicBench.MAINTENANCE) != 0;
    }

    @Test
    void underflowAssertsTheMaintenanceInterruptWithOneValidListRegisterLeft() {
        for (int i = 0; i < 3; i++) {
            v.writeLr(i, lr(40 + i, 0xa0));
        }
        v.writeHcr(HCR_EN | HCR_UIE);
        assertThat(maintenance()).isFalse();
        v.end(cpu, v.acknowledge(cpu));
        assertThat(maintenance()).as("two are left").isFalse();
        v.end(cpu, v.acknowledge(cpu));
        assertThat(maintenance()).as("one is left").isTrue();
        assertThat(cpu.counter(Counter.MAINTENANCE)).isEqualTo(1);
    }

    @Test
    void theMaintenanceLineFallsWithItsReasonOrItsEnable() {
        v.writeHcr(HCR_EN | HCR_UIE);
        assertThat(maintenance()).isTrue();
        v.writeLr(0, lr(40, 0xa0));
        assertThat(maintenance()).isTrue();
        v.writeLr(1, lr(41, 0xa0));
        assertThat(maintenance()).isFalse();
        v.writeLr(1, 0);
        assertThat(maintenance()).isTrue();
        v.writeHcr(HCR_EN);
        assertThat(maintenance()).isFalse();
    }

    @Test
    void withoutUieThereIsNoMaintenance() {
        v.writeHcr(HCR_EN);
        assertThat(maintenance()).isFalse();
        assertThat(cpu.counter(Counter.MAINTENANCE)).isZero();
    }

    @Test
    void vtrTellsListRegistersAndPriorityBits() {
        assertThat((v.readVtr() & 0x1f) + 1).isEqualTo(4);
        assertThat((v.readVtr() >>> 29 & 7) + 1).isEqualTo(5);
        assertThat((v.readVtr() >>> 26 & 7) + 1).isEqualTo(5);
    }
}

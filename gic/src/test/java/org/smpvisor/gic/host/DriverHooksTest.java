package org.smpvisor.gic.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.*;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.gic.GicBench;
import org.smpvisor.gic.GicV2Bench;
import org.smpvisor.lock.LockClass;

/** What a driver can do that the virtual GIC does not ask for, and how interrupts are given to Xen's own handlers. */
class DriverHooksTest {
    private static final int SPI = 40;
    private static final int PPI = 20;
    private final GicBench v3 = new GicBench(64, 4, 0L, 1L);
    private final GicV2Bench v2 = GicV2Bench.booted(2);
    private final Pcpu cpu = v3.cpus[0];

    DriverHooksTest() {
        v3.boot();
    }

    private IrqDesc locked(int irq) {
        IrqDesc d = v3.irq.desc(cpu, irq);
        d.lock().lock(cpu);
        return d;
    }

    private static boolean isInProgress(IrqDesc d) {
        return (d.status().peek() & 1 << IrqDesc.IRQ_INPROGRESS) != 0;
    }

    // ---- state ------------------------------------------------------------------------------------------------------

    @Test
    void anSpiIsMadeActiveAndInactiveWithItsDescriptor() {
        IrqDesc d = locked(SPI);
        v3.driver.setActiveState(cpu, d, true);
        assertThat(v3.hw.distributor().isActive(SPI)).isTrue();
        assertThat(isInProgress(d)).isTrue();
        v3.driver.setActiveState(cpu, d, false);
        assertThat(v3.hw.distributor().isActive(SPI)).isFalse();
        assertThat(isInProgress(d)).isFalse();
    }

    @Test
    void soItIsOnAGicv2() {
        Pcpu on = v2.cpus[0];
        IrqDesc d = v2.irq.desc(on, SPI);
        d.lock().lock(on);
        v2.driver.setActiveState(on, d, true);
        assertThat(v2.hw.distributor().isActive(SPI)).isTrue();
        assertThat(isInProgress(d)).isTrue();
        v2.driver.setActiveState(on, d, false);
        assertThat(v2.hw.distributor().isActive(SPI)).isFalse();
        assertThat(isInProgress(d)).isFalse();
    }

    @Test
    void theActiveStateTakesTheDescriptorsLockAndNoOther() {
        IrqDesc d = v3.irq.desc(cpu, SPI);
        assertThatThrownBy(() -> v3.driver.setActiveState(cpu, d, true)).isInstanceOf(ModelBug.class);
        d.lock().lock(cpu);
        long before = cpu.held().acquisitions(LockClass.HOST_GIC);
        v3.driver.setActiveState(cpu, d, true);
        assertThat(cpu.held().acquisitions(LockClass.HOST_GIC)).isEqualTo(before);
    }

    @Test
    void thePendingStateIsReadOfTheHardware() {
        IrqDesc spi = locked(SPI);
        assertThat(v3.driver.readPendingState(cpu, spi)).isFalse();
        v3.driver.setPendingState(cpu, spi, true);
        assertThat(v3.driver.readPendingState(cpu, spi)).isTrue();
        assertThat(v3.driver.readPendingState(cpu, v3.irq.desc(cpu, SPI + 1))).isFalse();
    }

    @Test
    void thePendingStateOfAPpiIsThatOfThisPcpu() {
        IrqDesc ppi = locked(PPI);
        v3.driver.setPendingState(cpu, ppi, true);
        assertThat(v3.driver.readPendingState(cpu, ppi)).isTrue();
        assertThat(v3.driver.readPendingState(v3.cpus[1], v3.irq.desc(v3.cpus[1], PPI)))
                .isFalse();
    }

    @Test
    void onAGicv2ThePendingStateIsReadToo() {
        Pcpu on = v2.cpus[0];
        IrqDesc d = v2.irq.desc(on, SPI);
        d.lock().lock(on);
        v2.driver.setPendingState(on, d, true);
        assertThat(v2.driver.readPendingState(on, d)).isTrue();
        v2.driver.setPendingState(on, d, false);
        assertThat(v2.driver.readPendingState(on, d)).isFalse();
    }

    // ---- SGIs -------------------------------------------------------------------------------------------------------

    @Test
    void anSgiToOneselfNamesItsSender() {
        v3.accesses.clear();
        v3.driver.sendSgiToSelf(v3.cpus[1], 2);
        assertThat(v3.accesses).containsExactly("W ICC_SGI1R_EL1=0x2000002");
        assertThat(v3.cpus[1].mailbox().isEmpty()).isFalse();
        assertThat(v3.cpus[0].mailbox().isEmpty()).isTrue();
    }

    @Test
    void onAGicv2AnSgiToOneselfNeedsNoList() {
        v2.accesses.clear();
        v2.driver.sendSgiToSelf(v2.cpus[1], 2);
        assertThat(v2.accesses).containsExactly("W GICD+0xf00=0x2000002");
        assertThat(v2.cpus[1].mailbox().isEmpty()).isFalse();
        assertThat(v2.cpus[0].mailbox().isEmpty()).isTrue();
    }

    // ---- interrupts of Xen's own ------------------------------------------------------------------------------------

    @Test
    void aRequestedInterruptIsEnabledAndCannotBeRequestedTwice() {
        assertThat(v3.irq.setType(cpu, SPI, IrqDesc.Type.EDGE)).isZero();
        assertThat(v3.irq.requestIrq(cpu, SPI, "first", (c, i) -> {})).isZero();
        assertThat(v3.irq.requestIrq(cpu, SPI, "second", (c, i) -> {})).isEqualTo(Irq.EBUSY);
        assertThat(v3.irq.desc(cpu, SPI).status().peek() & 1 << IrqDesc.IRQ_DISABLED)
                .isZero();
    }

    @Test
    void aTriggerOnceToldStaysAsItIs() {
        assertThat(v3.irq.setSpiType(cpu, SPI, IrqDesc.Type.EDGE)).isZero();
        assertThat(v3.irq.setSpiType(cpu, SPI, IrqDesc.Type.EDGE)).isZero();
        assertThat(v3.irq.setSpiType(cpu, SPI, IrqDesc.Type.LEVEL)).isEqualTo(Irq.EBUSY);
        assertThat(v3.irq.setType(cpu, PPI, IrqDesc.Type.LEVEL)).isZero();
        assertThat(v3.irq.setType(cpu, PPI, IrqDesc.Type.EDGE)).isEqualTo(Irq.EBUSY);
    }

    @Test
    void onlySpisCanBeGivenToAGuest() {
        assertThat(Irq.isAssignable(NR_LOCAL_IRQS - 1)).isFalse();
        assertThat(Irq.isAssignable(NR_LOCAL_IRQS)).isTrue();
    }
}

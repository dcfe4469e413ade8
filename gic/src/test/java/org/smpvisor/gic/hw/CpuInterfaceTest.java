package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import org.junit.jupiter.api.Test;
import org.smpvisor.gic.GicBench;
import org.smpvisor.gic.host.IrqDesc;

class CpuInterfaceTest {
    private static final int SPI = 40;
    private final GicBench b = GicBench.booted(3);
    private final CpuInterface cpu = b.cpu(0);

    private void raise(int spi, int priority) {
        b.open(spi, IrqDesc.Type.EDGE, 0);
        b.writeGicd(GICD_IPRIORITYR + spi, 1, priority);
        b.hw.distributor().raise(spi);
    }

    private void end(int intid) {
        cpu.endOfInterrupt(intid);
        cpu.deactivate(intid);
    }

    @Test
    void nothingPendingReadsAsSpurious() {
        assertThat(cpu.acknowledge()).isEqualTo(SPURIOUS);
    }

    @Test
    void theMostUrgentIsAcknowledgedFirst() {
        raise(40, 0xa0);
        raise(50, 0x80);
        raise(100, 0x90);
        int[] order = new int[4];
        for (int i = 0; i < 4; i++) {
            order[i] = cpu.acknowledge();
            if (order[i] != SPURIOUS) {
                end(order[i]);
            }
        }
        assertThat(order).containsExactly(50, 100, 40, SPURIOUS);
    }

    @Test
    void amongEqualsTheLowestNumberIsFirst() {
        raise(50, 0xa0);
        raise(40, 0xa0);
        assertThat(cpu.acknowledge()).isEqualTo(40);
    }

    @Test
    void sgisAreMoreUrgentThanSpisAsXenProgramsThem() {
        raise(40, 0xa0);
        b.cpu(1).sendSgi(1L | 3L << 24);
        assertThat(cpu.acknowledge()).isEqualTo(3);
        assertThat(cpu.acknowledge()).as("0xa0 does not preempt 0x90").isEqualTo(SPURIOUS);
        cpu.endOfInterrupt(3);
        assertThat(cpu.acknowledge()).isEqualTo(40);
    }

    @Test
    void aMoreUrgentOnePreemptsBeforeThePriorityDrop() {
        raise(40, 0xa0);
        assertThat(cpu.acknowledge()).isEqualTo(40);
        raise(41, 0xa0);
        assertThat(cpu.acknowledge()).isEqualTo(SPURIOUS);
        raise(42, 0x80);
        assertThat(cpu.acknowledge()).isEqualTo(42);
    }

    @Test
    void thePriorityMaskHidesWhatIsNotMoreUrgent() {
        raise(40, 0xa0);
        cpu.write(SystemRegister.ICC_PMR_EL1, 0xa0);
        assertThat(cpu.acknowledge()).isEqualTo(SPURIOUS);
        cpu.write(SystemRegister.ICC_PMR_EL1, 0xa8);
        assertThat(cpu.acknowledge()).isEqualTo(40);
    }

    @Test
    void aDisabledGroupSignalsNothing() {
        raise(40, 0xa0);
        cpu.write(SystemRegister.ICC_IGRPEN1_EL1, 0);
        assertThat(cpu.sample(b.cpus[0])).isFalse();
        cpu.write(SystemRegister.ICC_IGRPEN1_EL1, 1);
        assertThat(cpu.sample(b.cpus[0])).isTrue();
    }

    @Test
    void withEoiModeDropTheEndDoesNotDeactivate() {
        raise(SPI, 0xa0);
        cpu.acknowledge();
        cpu.endOfInterrupt(SPI);
        assertThat(b.hw.distributor().isActive(SPI)).isTrue();
        cpu.deactivate(SPI);
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    @Test
    void withEoiModeZeroTheEndDeactivates() {
        cpu.write(SystemRegister.ICC_CTLR_EL1, 0);
        raise(SPI, 0xa0);
        cpu.acknowledge();
        cpu.endOfInterrupt(SPI);
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    // ---- SGIs -------------------------------------------------------------------------------------------------------

    @Test
    void anSgiGoesToTheListedTargetsOnly() {
        cpu.sendSgi(0b110L | 5L << 24);
        assertThat(b.cpu(0).acknowledge()).isEqualTo(SPURIOUS);
        assertThat(b.cpu(1).acknowledge()).isEqualTo(5);
        assertThat(b.cpu(2).acknowledge()).isEqualTo(5);
    }

    @Test
    void anSgiToAllOthersSkipsItsSender() {
        cpu.sendSgi(1L << 40 | 5L << 24);
        assertThat(b.cpu(0).acknowledge()).isEqualTo(SPURIOUS);
        assertThat(b.cpu(1).acknowledge()).isEqualTo(5);
        assertThat(b.cpu(2).acknowledge()).isEqualTo(5);
    }

    @Test
    void anSgiNamesItsClusterByAllUpperAffinities() {
        GicBench clusters = new GicBench(64, 4, 0x0L, 0x1_0000_0101L, 0x2_0003_0201L, 0x101L);
        clusters.boot();
        clusters.cpu(0).sendSgi(1L << 48 | 1L << 16 | 6L << 24 | 0b10);
        assertThat(clusters.cpu(1).acknowledge()).isEqualTo(6);
        assertThat(clusters.cpu(2).acknowledge()).isEqualTo(SPURIOUS);
        assertThat(clusters.cpu(3).acknowledge()).isEqualTo(SPURIOUS);
        clusters.cpu(0).sendSgi(2L << 48 | 3L << 32 | 2L << 16 | 7L << 24 | 0b10);
        assertThat(clusters.cpu(2).acknowledge()).isEqualTo(7);
    }

    @Test
    void theDriverAddressesTheClusterOfItsTarget() {
        GicBench clusters = new GicBench(64, 4, 0x0L, 0x1_0000_0101L, 0x2_0003_0201L);
        clusters.boot();
        for (int p = 1; p < 3; p++) {
            clusters.driver.sendSgi(clusters.cpus[0], clusters.cpus[p], 9);
            assertThat(clusters.cpu(p).acknowledge()).isEqualTo(9);
            assertThat(clusters.cpu(3 - p).acknowledge()).isEqualTo(SPURIOUS);
        }
    }

    @Test
    void theSameSgiOfTwoSendersIsOnePendingBit() {
        b.cpu(1).sendSgi(1L | 5L << 24);
        b.cpu(2).sendSgi(1L | 5L << 24);
        assertThat(cpu.acknowledge()).isEqualTo(5);
        end(5);
        assertThat(cpu.acknowledge()).isEqualTo(SPURIOUS);
    }

    @Test
    void anSgiThatIsActiveCanBePendingAgain() {
        b.cpu(1).sendSgi(1L | 5L << 24);
        assertThat(cpu.acknowledge()).isEqualTo(5);
        b.cpu(1).sendSgi(1L | 5L << 24);
        cpu.endOfInterrupt(5);
        assertThat(cpu.acknowledge()).as("still active").isEqualTo(SPURIOUS);
        cpu.deactivate(5);
        assertThat(cpu.acknowledge()).isEqualTo(5);
    }

    // ---- PPIs -------------------------------------------------------------------------------------------------------

    @Test
    void aLocalLineIsALevel() {
        b.writeGicr(0, GICR_SGI_FRAME + GICD_ISENABLER, 4, 1 << 27);
        cpu.setLocalLine(27, true);
        assertThat(cpu.acknowledge()).isEqualTo(27);
        end(27);
        assertThat(cpu.acknowledge()).as("still high").isEqualTo(27);
        cpu.setLocalLine(27, false);
        end(27);
        assertThat(cpu.acknowledge()).isEqualTo(SPURIOUS);
    }

    @Test
    void aLocalLineBelongsToOnePcpu() {
        b.writeGicr(0, GICR_SGI_FRAME + GICD_ISENABLER, 4, 1 << 27);
        b.writeGicr(1, GICR_SGI_FRAME + GICD_ISENABLER, 4, 1 << 27);
        b.cpu(1).setLocalLine(27, true);
        assertThat(b.cpu(0).acknowledge()).isEqualTo(SPURIOUS);
        assertThat(b.cpu(1).acknowledge()).isEqualTo(27);
    }

    @Test
    void ppisAreClosedAndSgisOpenAfterBoot() {
        assertThat(b.readGicr(0, GICR_SGI_FRAME + GICD_ISENABLER, 4)).isEqualTo(0xffff);
        assertThat(b.readGicr(0, GICR_SGI_FRAME + GICD_IPRIORITYR, 4)).isEqualTo(0x90909090L);
        assertThat(b.readGicr(0, GICR_SGI_FRAME + GICD_IPRIORITYR + 16, 4)).isEqualTo(0xa0a0a0a0L);
        assertThat(b.readGicr(0, GICR_WAKER, 4)).isZero();
    }

    @Test
    void redistributorsTellAffinityIndexAndTheLastOne() {
        long first = b.readGicr(0, GICR_TYPER, 8);
        long last = b.readGicr(2, GICR_TYPER, 8);
        assertThat(first & 1 << 4).isZero();
        assertThat(last & 1 << 4).isNotZero();
        assertThat(last >>> 32).isEqualTo(2);
        assertThat(last >>> 8 & 0xffff).isEqualTo(2);
    }

    @Test
    void theSignalIsTakenBackWhenTheLineFalls() {
        b.open(SPI, IrqDesc.Type.LEVEL, 0);
        b.hw.distributor().raise(SPI);
        assertThat(cpu.sample(b.cpus[0])).isTrue();
        b.hw.distributor().lower(SPI);
        assertThat(cpu.sample(b.cpus[0])).isFalse();
        assertThat(cpu.hasWork()).isFalse();
    }
}

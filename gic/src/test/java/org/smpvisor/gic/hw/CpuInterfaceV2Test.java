package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import org.junit.jupiter.api.Test;
import org.smpvisor.gic.GicV2Bench;
import org.smpvisor.gic.host.IrqDesc;

class CpuInterfaceV2Test {
    private static final int SPI = 40;
    private final GicV2Bench b = GicV2Bench.booted(3);

    private int acknowledge() {
        return b.readGicc(0, GICC_IAR);
    }

    private void end(int value) {
        b.writeGicc(0, GICC_EOIR, value);
        b.writeGicc(0, GICC_DIR, value);
    }

    /** GICD_SGIR, written by one pCPU. */
    private void send(int by, int filter, int targets, int sgi) {
        b.writeGicd(by, GICD_SGIR, 4, (long) filter << 24 | (long) targets << 16 | sgi);
    }

    private void raise(int spi, int priority) {
        b.open(spi, IrqDesc.Type.EDGE, 0);
        b.writeGicd(0, GICD_IPRIORITYR + spi, 1, priority);
        b.hw.distributor().raise(spi);
    }

    @Test
    void anSgiTellsItsSender() {
        send(2, 0, 0b001, 3);
        assertThat(acknowledge()).isEqualTo(2 << 10 | 3);
    }

    @Test
    void theSameSgiIsPendingOnceForEachSender() {
        send(2, 0, 0b001, 3);
        send(1, 0, 0b001, 3);
        send(1, 0, 0b001, 3);
        assertThat(acknowledge()).isEqualTo(1 << 10 | 3);
        assertThat(acknowledge()).as("active, and not more urgent than itself").isEqualTo(SPURIOUS);
        end(1 << 10 | 3);
        assertThat(acknowledge()).isEqualTo(2 << 10 | 3);
        end(3); // without the sender, as Xen does it (H19)
        assertThat(acknowledge()).isEqualTo(SPURIOUS);
    }

    @Test
    void theFilterOfSgirChoosesTheTargets() {
        send(1, 1, 0, 5);
        send(0, 2, 0, 6);
        assertThat(b.readGicc(1, GICC_IAR)).isEqualTo(SPURIOUS);
        assertThat(b.readGicc(2, GICC_IAR)).isEqualTo(1 << 10 | 5);
        assertThat(acknowledge()).isEqualTo(1 << 10 | 5);
        end(5);
        assertThat(acknowledge()).isEqualTo(6);
        send(0, 3, 0xff, 7);
        send(0, 0, 0, 7);
        assertThat(b.readGicc(1, GICC_IAR)).as("reserved filter, empty list").isEqualTo(SPURIOUS);
    }

    @Test
    void pendingSgisAreSetAndClearedPerSource() {
        b.writeGicd(0, GICD_SPENDSGIR + 4, 4, 0x00000600);
        assertThat(b.readGicd(0, GICD_CPENDSGIR + 4)).isEqualTo(0x00000600);
        assertThat(b.readGicd(1, GICD_CPENDSGIR + 4)).as("banked").isZero();
        assertThat(b.readGicd(0, GICD_ISPENDR)).isEqualTo(1 << 5);
        b.writeGicd(0, GICD_CPENDSGIR + 5, 1, 0b010);
        assertThat(acknowledge()).isEqualTo(2 << 10 | 5);
        assertThat(b.readGicd(0, GICD_ISPENDR)).isZero();
    }

    @Test
    void thePendingBitsOfSgisAreReadOnlyInIspendr() {
        b.writeGicd(0, GICD_ISPENDR, 4, 1 << 3);
        assertThat(acknowledge()).isEqualTo(SPURIOUS);
    }

    @Test
    void sgisAreEdgesAndPpisAreLevels() {
        b.writeGicd(0, GICD_ICFGR, 4, 0);
        b.writeGicd(0, GICD_ICFGR + 4, 4, -1);
        assertThat(b.readGicd(0, GICD_ICFGR)).isEqualTo(0xaaaaaaaa);
        assertThat(b.readGicd(0, GICD_ICFGR + 4)).isZero();
    }

    @Test
    void aPpiIsBanked() {
        for (int p = 0; p < 2; p++) {
            b.writeGicd(p, GICD_ISENABLER, 4, 1 << 27);
        }
        b.cpu(1).setLocalLine(27, true);
        assertThat(acknowledge()).isEqualTo(SPURIOUS);
        assertThat(b.readGicc(1, GICC_IAR)).isEqualTo(27);
        assertThat(b.readGicd(1, GICD_ISACTIVER)).isEqualTo(1 << 27);
        assertThat(b.readGicd(0, GICD_ISACTIVER)).isZero();
    }

    @Test
    void theMostUrgentIsAcknowledgedFirstAndOnlyAMoreUrgentOnePreempts() {
        raise(40, 0xa0);
        raise(50, 0x80);
        assertThat(b.readGicc(0, GICC_HPPIR)).isEqualTo(50);
        assertThat(acknowledge()).isEqualTo(50);
        assertThat(b.readGicc(0, GICC_RPR)).isEqualTo(0x80);
        assertThat(acknowledge()).isEqualTo(SPURIOUS);
        raise(60, 0x70);
        assertThat(acknowledge()).isEqualTo(60);
        end(60);
        end(50);
        assertThat(b.readGicc(0, GICC_RPR)).isEqualTo(0xff);
        assertThat(acknowledge()).isEqualTo(40);
    }

    @Test
    void thePriorityMaskHidesWhatIsNotMoreUrgent() {
        raise(40, 0xa0);
        b.writeGicc(0, GICC_PMR, 0xa0);
        assertThat(acknowledge()).isEqualTo(SPURIOUS);
        b.writeGicc(0, GICC_PMR, 0xa8);
        assertThat(acknowledge()).isEqualTo(40);
    }

    @Test
    void theEndDropsThePriorityAndDirDeactivates() {
        raise(SPI, 0xa0);
        acknowledge();
        b.writeGicc(0, GICC_EOIR, SPI);
        assertThat(b.hw.distributor().isActive(SPI)).isTrue();
        b.writeGicc(0, GICC_DIR, SPI);
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    @Test
    void withEoiModeZeroTheEndDeactivates() {
        b.writeGicc(0, GICC_CTLR, 1);
        assertThat(b.readGicc(0, GICC_CTLR)).isEqualTo(1);
        raise(SPI, 0xa0);
        acknowledge();
        b.writeGicc(0, GICC_EOIR, SPI);
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    @Test
    void aDisabledInterfaceSignalsNothing() {
        raise(SPI, 0xa0);
        b.writeGicc(0, GICC_CTLR, 0x200);
        assertThat(b.cpu(0).sample(b.cpus[0])).isFalse();
        b.writeGicc(0, GICC_CTLR, 0x201);
        assertThat(b.cpu(0).sample(b.cpus[0])).isTrue();
    }
}

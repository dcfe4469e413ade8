package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.*;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.smpvisor.gic.GicV2Bench;
import org.smpvisor.gic.host.IrqDesc;

class DistributorV2Test {
    private static final int SPI = 40;
    private final GicV2Bench b = GicV2Bench.booted(3);
    private final DistributorV2 gicd = b.hw.distributor();

    private int acknowledge(int cpu) {
        return b.readGicc(cpu, GICC_IAR);
    }

    @Test
    void itTellsItsLinesAndItsCpus() {
        assertThat(b.readGicd(0, GICD_TYPER)).isEqualTo(128 / 32 - 1 | 2 << 5);
        assertThat(new GicV2Bench(1024, 4, 8).readGicd(0, GICD_TYPER)).isEqualTo(31 | 7 << 5);
    }

    @Test
    void moreThanEightCpusAreRefused() {
        assertThatThrownBy(() -> new GicV2Bench(64, 4, 9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a GICv2 has at most 8 CPU interfaces, but there are 9 CPUs");
    }

    @Test
    void eachCpuReadsItsOwnBitInTheTargetsOfLocalInterrupts() {
        assertThat(IntStream.range(0, 3).mapToObj(i -> Integer.toHexString(b.readGicd(i, GICD_ITARGETSR))))
                .containsExactly("1010101", "2020202", "4040404");
        b.writeGicd(1, GICD_ITARGETSR + 25, 1, 1);
        assertThat(b.readGicd(1, GICD_ITARGETSR + 24)).isEqualTo(0x02020202);
    }

    @Test
    void anSpiGoesToTheCpuThatItsByteNames() {
        b.open(SPI, IrqDesc.Type.EDGE, 1);
        gicd.raise(SPI);
        assertThat(acknowledge(0)).isEqualTo(SPURIOUS);
        assertThat(acknowledge(1)).isEqualTo(SPI);
    }

    @Test
    void ofSeveralTargetsTheFirstToAcknowledgeHasIt() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(0, GICD_ITARGETSR + SPI, 1, 0b110);
        gicd.raise(SPI);
        assertThat(b.cpu(0).hasWork()).isFalse();
        assertThat(b.cpu(1).hasWork()).isTrue();
        assertThat(acknowledge(2)).isEqualTo(SPI);
        assertThat(acknowledge(1)).isEqualTo(SPURIOUS);
        assertThat(b.cpu(1).hasWork()).isFalse();
    }

    @Test
    void aTargetWrittenWhileItIsPendingTakesItAlong() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        gicd.raise(SPI);
        b.writeGicd(0, GICD_ITARGETSR + SPI, 1, 0b10);
        assertThat(acknowledge(0)).isEqualTo(SPURIOUS);
        assertThat(acknowledge(1)).isEqualTo(SPI);
    }

    @Test
    void anSpiWithoutATargetStaysPending() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(0, GICD_ITARGETSR + SPI, 1, 0xf8); // bits of CPUs that there are not
        gicd.raise(SPI);
        assertThat(b.readGicd(0, GICD_ITARGETSR + SPI) & 0xff).isZero();
        assertThat(gicd.isPending(SPI)).isTrue();
        b.writeGicd(0, GICD_ITARGETSR + SPI, 1, 1);
        assertThat(acknowledge(0)).isEqualTo(SPI);
    }

    @Test
    void anActiveSpiCanBeDeactivatedByAnyCpu() {
        b.open(SPI, IrqDesc.Type.LEVEL, 1);
        gicd.raise(SPI);
        acknowledge(1);
        b.writeGicc(1, GICC_EOIR, SPI);
        assertThat(gicd.isActive(SPI)).isTrue();
        b.writeGicc(2, GICC_DIR, SPI);
        assertThat(gicd.isActive(SPI)).isFalse();
        assertThat(acknowledge(1)).as("the line is still high").isEqualTo(SPI);
    }

    @Test
    void aDisabledDistributorSignalsNoSpi() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(0, GICD_CTLR, 4, 0);
        gicd.raise(SPI);
        assertThat(acknowledge(0)).isEqualTo(SPURIOUS);
        b.writeGicd(0, GICD_CTLR, 4, 1);
        assertThat(acknowledge(0)).isEqualTo(SPI);
    }

    @Test
    void thereIsNoGrouping() {
        b.writeGicd(0, GICD_IGROUPR + 4, 4, -1);
        b.writeGicd(0, GICD_IGROUPR, 4, -1);
        assertThat(b.readGicd(0, GICD_IGROUPR + 4)).isZero();
        assertThat(b.readGicd(0, GICD_IGROUPR)).isZero();
    }

    @Test
    void theBanksOfOneBitRegistersAreRead() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        assertThat(b.readGicd(1, GICD_ISENABLER + 4)).isEqualTo(1 << SPI % 32);
        gicd.raise(SPI);
        assertThat(b.readGicd(1, GICD_ISPENDR + 4)).isEqualTo(1 << SPI % 32);
        acknowledge(0);
        assertThat(b.readGicd(1, GICD_ISACTIVER + 4)).isEqualTo(1 << SPI % 32);
        assertThat(b.readGicd(1, GICD_ICPENDR + 4)).isZero();
        b.writeGicd(2, GICD_ICENABLER + 4, 4, -1);
        assertThat(b.readGicd(0, GICD_ICENABLER + 4)).isZero();
        assertThat(b.readGicd(0, GICD_ICFGR + 8)).isEqualTo(2 << 2 * (SPI % 16));
        assertThat(b.readGicd(0, GICD_IPRIORITYR + SPI)).isEqualTo(0xa0a0a0a0);
    }
}

package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import org.junit.jupiter.api.Test;
import org.smpvisor.gic.GicBench;
import org.smpvisor.gic.host.IrqDesc;

class DistributorTest {
    private static final int SPI = 40;
    private final GicBench b = GicBench.booted(2);
    private final Distributor d = b.hw.distributor();

    private int ack(int p) {
        return b.cpu(p).acknowledge();
    }

    // ---- edges ------------------------------------------------------------------------------------------------------

    @Test
    void anEdgeIsLatchedUntilItIsAcknowledged() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        assertThat(d.raise(SPI)).isTrue();
        d.lower(SPI);
        assertThat(d.isPending(SPI)).isTrue();
        assertThat(ack(0)).isEqualTo(SPI);
        assertThat(d.isPending(SPI)).isFalse();
        assertThat(d.isActive(SPI)).isTrue();
    }

    @Test
    void edgesCoalesceWhileOneWaits() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        assertThat(d.raise(SPI)).isTrue();
        assertThat(d.raise(SPI)).isFalse();
        assertThat(d.generation(SPI)).isEqualTo(1);
    }

    @Test
    void anEdgeWhileActiveIsANewAssertionThatWaitsForTheDeactivation() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        d.raise(SPI);
        ack(0);
        assertThat(d.raise(SPI)).isTrue();
        assertThat(d.generation(SPI)).isEqualTo(2);
        assertThat(d.acknowledgedGeneration(SPI)).isEqualTo(1);
        b.cpu(0).endOfInterrupt(SPI);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
        b.cpu(0).deactivate(SPI);
        assertThat(ack(0)).isEqualTo(SPI);
        assertThat(d.acknowledgedGeneration(SPI)).isEqualTo(2);
    }

    @Test
    void pendingCanBeSetAndClearedByRegister() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(GICD_ISPENDR + 4, 4, 1L << SPI - 32);
        assertThat(d.generation(SPI)).isEqualTo(1);
        assertThat(b.readGicd(GICD_ISPENDR + 4, 4)).isEqualTo(1L << SPI - 32);
        b.writeGicd(GICD_ICPENDR + 4, 4, 1L << SPI - 32);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
    }

    // ---- levels -----------------------------------------------------------------------------------------------------

    @Test
    void aLevelIsPendingAsLongAsItIsHigh() {
        b.open(SPI, IrqDesc.Type.LEVEL, 0);
        d.raise(SPI);
        assertThat(d.isPending(SPI)).isTrue();
        d.lower(SPI);
        assertThat(d.isPending(SPI)).isFalse();
        assertThat(ack(0)).isEqualTo(SPURIOUS);
    }

    @Test
    void aLevelThatStaysHighIsAssertedAgainByTheDeactivation() {
        b.open(SPI, IrqDesc.Type.LEVEL, 0);
        d.raise(SPI);
        assertThat(ack(0)).isEqualTo(SPI);
        b.cpu(0).endOfInterrupt(SPI);
        b.cpu(0).deactivate(SPI);
        assertThat(d.generation(SPI)).isEqualTo(2);
        assertThat(ack(0)).isEqualTo(SPI);
        d.lower(SPI);
        b.cpu(0).endOfInterrupt(SPI);
        b.cpu(0).deactivate(SPI);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
    }

    @Test
    void aLevelThatRisesAgainWhileActiveIsCountedAtTheDeactivation() {
        b.open(SPI, IrqDesc.Type.LEVEL, 0);
        d.raise(SPI);
        ack(0);
        d.lower(SPI);
        assertThat(d.raise(SPI)).as("active: nothing is asserted yet").isFalse();
        b.cpu(0).deactivate(SPI);
        assertThat(d.generation(SPI)).isEqualTo(2);
    }

    // ---- enable, group ----------------------------------------------------------------------------------------------

    @Test
    void aDisabledLineKeepsItsLatch() {
        d.raise(SPI);
        b.writeGicd(GICD_ICFGR + 4 * (SPI / 16), 4, 2L << 2 * (SPI % 16));
        d.raise(SPI);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
        b.writeGicd(GICD_ISENABLER + 4, 4, 1L << SPI - 32);
        assertThat(ack(0)).isEqualTo(SPI);
    }

    @Test
    void enablesReadBackInBothBanks() {
        b.writeGicd(GICD_ISENABLER + 4, 4, 0x101);
        b.writeGicd(GICD_ICENABLER + 4, 4, 0x100);
        assertThat(b.readGicd(GICD_ISENABLER + 4, 4)).isEqualTo(1);
        assertThat(b.readGicd(GICD_ICENABLER + 4, 4)).isEqualTo(1);
        assertThat(d.isEnabled(32)).isTrue();
        assertThat(d.isEnabled(40)).isFalse();
    }

    @Test
    void aLineOfGroup0IsNotSignalledAsGroup1() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(GICD_IGROUPR + 4, 4, ~(1L << SPI - 32));
        d.raise(SPI);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
        b.writeGicd(GICD_IGROUPR + 4, 4, 0xffffffffL);
        assertThat(ack(0)).isEqualTo(SPI);
    }

    @Test
    void aDistributorThatIsOffSignalsNothing() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(GICD_CTLR, 4, 0);
        d.raise(SPI);
        assertThat(d.isDeliverable(SPI)).isFalse();
        assertThat(ack(0)).isEqualTo(SPURIOUS);
        b.writeGicd(GICD_CTLR, 4, GICD_CTLR_ENABLE_G1A);
        assertThat(ack(0)).isEqualTo(SPI);
    }

    @Test
    void prioritiesKeepTheImplementedBits() {
        b.writeGicd(GICD_IPRIORITYR + SPI, 1, 0xa7);
        assertThat(b.readGicd(GICD_IPRIORITYR + SPI, 1)).isEqualTo(0xa0);
        b.writeGicd(GICD_IPRIORITYR + SPI, 4, 0xffffff08L);
        assertThat(b.readGicd(GICD_IPRIORITYR + SPI, 4)).isEqualTo(0xf8f8f808L);
    }

    // ---- routing ----------------------------------------------------------------------------------------------------

    @Test
    void aRouteNamesAnAffinityAndReadsBackInHalves() {
        b.writeGicd(GICD_IROUTER + 8 * SPI, 8, 1);
        assertThat(d.target(SPI)).isEqualTo(1);
        assertThat(b.readGicd(GICD_IROUTER + 8 * SPI, 8)).isEqualTo(1);
        b.writeGicd(GICD_IROUTER + 8 * SPI, 4, 0);
        assertThat(d.target(SPI)).isZero();
        b.writeGicd(GICD_IROUTER + 8 * SPI + 4, 4, 0x7);
        assertThat(b.readGicd(GICD_IROUTER + 8 * SPI, 8)).isEqualTo(7L << 32);
        assertThat(d.target(SPI)).as("nobody has that affinity").isEqualTo(SpiState.NO_TARGET);
    }

    @Test
    void aPendingInterruptFollowsItsRoute() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        d.raise(SPI);
        b.writeGicd(GICD_IROUTER + 8 * SPI, 8, 1);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
        assertThat(ack(1)).isEqualTo(SPI);
    }

    @Test
    void anActiveInterruptStaysActiveWhereverItIsRouted() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        d.raise(SPI);
        ack(0);
        b.writeGicd(GICD_IROUTER + 8 * SPI, 8, 1);
        d.raise(SPI);
        assertThat(ack(1)).isEqualTo(SPURIOUS);
        b.cpu(1).deactivate(SPI);
        assertThat(ack(1)).as("deactivated by any pCPU").isEqualTo(SPI);
    }

    @Test
    void anInterruptRoutedToNobodyWaitsForARoute() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.writeGicd(GICD_IROUTER + 8 * SPI, 8, 77);
        d.raise(SPI);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
        assertThat(ack(1)).isEqualTo(SPURIOUS);
        b.writeGicd(GICD_IROUTER + 8 * SPI, 8, 0);
        assertThat(ack(0)).isEqualTo(SPI);
    }

    @Test
    void aRaiseRingsOnlyThePcpuThatItIsRoutedTo() {
        b.open(SPI, IrqDesc.Type.EDGE, 1);
        for (int p = 0; p < 2; p++) {
            b.cpus[p].attend();
        }
        d.raise(SPI);
        assertThat(b.cpus[0].needsAttention()).isFalse();
        assertThat(b.cpus[1].needsAttention()).isTrue();
        assertThat(b.cpu(1).hasWork()).isTrue();
        assertThat(b.cpu(0).hasWork()).isFalse();
    }

    // ---- other registers --------------------------------------------------------------------------------------------

    @Test
    void activeCanBeSetAndCleared() {
        b.writeGicd(GICD_ISACTIVER + 4, 4, 1L << SPI - 32);
        assertThat(d.isActive(SPI)).isTrue();
        assertThat(b.readGicd(GICD_ICACTIVER + 4, 4)).isEqualTo(1L << SPI - 32);
        b.writeGicd(GICD_ICACTIVER + 4, 4, 1L << SPI - 32);
        assertThat(d.isActive(SPI)).isFalse();
    }

    @Test
    void theFirstWordsOfTheBanksLiveInTheRedistributors() {
        b.writeGicd(GICD_ISENABLER, 4, 0xffffffffL);
        b.writeGicd(GICD_ISPENDR, 4, 0xffffffffL);
        assertThat(ack(0)).isEqualTo(SPURIOUS);
    }

    @Test
    void configurationKeepsTheEdgeBitsOnly() {
        b.writeGicd(GICD_ICFGR + 8, 4, 0xffffffffL);
        assertThat(b.readGicd(GICD_ICFGR + 8, 4)).isEqualTo(0xaaaaaaaaL);
        assertThat(d.isEdge(32)).isTrue();
        b.writeGicd(GICD_ICFGR + 8, 4, 0);
        assertThat(d.isEdge(32)).isFalse();
    }

    @Test
    void identification() {
        assertThat(b.readGicd(GICD_TYPER, 4) & 0x1f).isEqualTo(128 / 32 - 1);
        assertThat(b.readGicd(GICD_PIDR2, 4) >> 4).isEqualTo(3);
        assertThat(b.readGicd(GICD_CTLR, 4) & GICD_CTLR_ARE_NS).isNotZero();
    }

    @Test
    void aDistributorOf1024LinesHas1020() {
        GicBench big = new GicBench(1024, 4, 0L);
        big.boot();
        assertThat(big.hw.distributor().lines()).isEqualTo(1020);
        big.open(1019, IrqDesc.Type.EDGE, 0);
        big.hw.distributor().raise(1019);
        assertThat(big.cpu(0).acknowledge()).isEqualTo(1019);
    }
}

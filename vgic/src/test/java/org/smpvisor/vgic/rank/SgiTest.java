package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.Counter;
import org.smpvisor.variant.Variant;

/** Guests' software-generated interrupts. */
class SgiTest {
    private static final long OTHERS = 1L << 40;

    private static PendingIrq sgi(Bench b, int vcpu, int n) {
        return b.vgicOf(vcpu).pendingIrq(n);
    }

    private static void enableSgis(Bench b, int vcpu) {
        b.store(
                0,
                GicAbi.GUEST_GICR_BASE + (long) vcpu * GicAbi.GICR_SIZE + GicAbi.GICR_SGI_FRAME + GicAbi.GICD_ISENABLER,
                4,
                0xffff);
    }

    @Test
    void theSameSgiTwiceBeforeTheAcknowledgeIsDeliveredOnce() {
        Bench b = Bench.xen();
        enableSgis(b, 1);
        b.sgi(0, 1, 5);
        b.sgi(0, 1, 5);
        b.irqExit(1);
        assertThat(b.ack(1)).isEqualTo(5);
        b.eoi(1, 5);
        assertThat(b.ack(1)).isEqualTo(GicAbi.SPURIOUS);
        assertThat(b.total(Counter.GUEST_SGIS)).isEqualTo(2);
        assertThat(b.total(Counter.GUEST_SGIS_COALESCED)).isEqualTo(1);
    }

    @Test
    void theSameSgiWhileActiveIsDeliveredOnceMore() {
        Bench b = Bench.xen();
        enableSgis(b, 1);
        b.sgi(0, 1, 5);
        b.irqExit(1);
        b.ack(1);
        b.sgi(0, 1, 5);
        b.irqExit(1);
        b.eoi(1, 5);
        assertThat(b.ack(1)).isEqualTo(5);
    }

    @Test
    void aSenderMayBeItsOwnTarget() {
        Bench b = Bench.xen();
        enableSgis(b, 0);
        b.sgi(0, 0, 3);
        assertThat(Bench.state(sgi(b, 0, 3))).isEqualTo("INLR");
    }

    @Test
    void broadcastSkipsTheSenderAndVcpusThatAreDown() {
        Bench b = Bench.down(Variant.xen(), 3);
        b.powerOn(0);
        b.powerOn(1);
        b.vgic.sysregWrite(b.cpus[0], b.vcpu(0), SysReg.ICC_SGI1R_EL1, OTHERS | 7L << 24);
        assertThat(Bench.state(sgi(b, 0, 7))).isEqualTo("IDLE");
        assertThat(Bench.state(sgi(b, 1, 7))).isEqualTo("HELD");
        assertThat(Bench.state(sgi(b, 2, 7))).isEqualTo("IDLE");
    }

    @Test
    void targetsThatDoNotExistAreSkipped() {
        Bench b = Bench.xen();
        assertThat(b.vgic.sysregWrite(b.cpus[0], b.vcpu(0), SysReg.ICC_SGI1R_EL1, 7L << 24 | 1L << 16 | 0xffff))
                .isTrue();
        assertThat(b.total(Counter.GUEST_SGIS)).isZero();
    }

    @Test
    void otherSystemRegistersAreUndefined() {
        Bench b = Bench.xen();
        assertThat(b.vgic.sysregWrite(b.cpus[0], b.vcpu(0), SysReg.ICC_PMR_EL1, 0))
                .isFalse();
    }
}

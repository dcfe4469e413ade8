package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.Bench.HW;
import static org.smpvisor.vgic.rank.Bench.HW_2;
import static org.smpvisor.vgic.rank.Bench.VIRTUAL;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.lock.LockClass;

/** What others than the guest ask of a virtual GIC: numbers for interrupts, debug keys, the end of a domain, the first domain. */
class ToolstackTest {
    private static final int EVTCHN_PPI = 31;
    private final Bench b = Bench.xen();
    private final Pcpu cpu = b.cpus[0];
    private final VgicDomain d = b.dist();

    // ---- numbers ----------------------------------------------------------------------------------------------------

    @Test
    void anInterruptHasOneUser() {
        assertThat(b.vgic.reserveVirq(cpu, b.domain, VIRTUAL)).isTrue();
        assertThat(b.vgic.reserveVirq(cpu, b.domain, VIRTUAL)).isFalse();
        d.free(cpu, VIRTUAL);
        assertThat(b.vgic.reserveVirq(cpu, b.domain, VIRTUAL)).isTrue();
    }

    @Test
    void sgisAreTakenFromTheStartAndWhatDoesNotExistIsNotThere() {
        assertThat(b.vgic.reserveVirq(cpu, b.domain, 15)).isFalse();
        assertThat(b.vgic.reserveVirq(cpu, b.domain, 16)).isTrue();
        assertThat(b.vgic.reserveVirq(cpu, b.domain, 63)).isTrue();
        assertThat(b.vgic.reserveVirq(cpu, b.domain, 64)).isFalse();
    }

    @Test
    void theFirstFreePpiOrSpiIsAllocatedUntilThereIsNone() {
        assertThat(d.allocate(cpu, false)).isEqualTo(16);
        assertThat(d.allocate(cpu, false)).isEqualTo(17);
        assertThat(b.vgic.reserveVirq(cpu, b.domain, 32)).isTrue();
        assertThat(d.allocate(cpu, true)).isEqualTo(33);
        for (int i = 34; i < 64; i++) {
            assertThat(d.allocate(cpu, true)).isEqualTo(i);
        }
        assertThat(d.allocate(cpu, true)).isEqualTo(-1);
        for (int i = 18; i < 32; i++) {
            assertThat(d.allocate(cpu, false)).isEqualTo(i);
        }
        assertThat(d.allocate(cpu, false)).isEqualTo(-1);
    }

    @Test
    void whoeverIsSlowerIsGivenTheNextOne() {
        for (int n = 0; n < 100; n++) {
            int[] other = {-1};
            b.interpose(0, n, () -> other[0] = d.allocate(b.cpus[1], true));
            int mine = d.allocate(cpu, true);
            if (b.withdraw(0)) {
                assertThat(n).isPositive();
                return;
            }
            assertThat(other[0]).isNotEqualTo(mine);
            d.free(cpu, mine);
            d.free(cpu, other[0]);
        }
    }

    // ---- debug keys -------------------------------------------------------------------------------------------------

    @Test
    void aDumpShowsBothListsAndTakesNoLock() {
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.inject(0, HW);
        long before = cpu.held().acquisitions(LockClass.VGIC_CPU);
        assertThat(b.vgic.dump(cpu, b.vcpu(0)).lines())
                .containsExactly(
                        "Inflight irq=" + VIRTUAL + " lr=0",
                        "Inflight irq=" + HW + " lr=0",
                        "Pending irq=" + VIRTUAL + " lr=0");
        assertThat(cpu.held().acquisitions(LockClass.VGIC_CPU)).isEqualTo(before);
    }

    @Test
    void theEventChannelIsIdleUnlessItsPpiIsInFlight() {
        assertThat(b.vgic.isEventChannelIdle(cpu, b.vcpu(0))).isTrue();
        b.vgic.injectIrq(cpu, b.domain, b.vcpu(0), EVTCHN_PPI, true);
        assertThat(b.vgic.isEventChannelIdle(cpu, b.vcpu(0))).isFalse();
        assertThat(b.vgic.isEventChannelIdle(cpu, b.vcpu(1))).isTrue();
    }

    @Test
    void theInterruptBehindAVirtualOneIsToldWithoutALock() {
        assertThat(b.vgic.hwIrqDesc(cpu, b.domain, HW)).isSameAs(b.desc(HW));
        assertThat(b.vgic.hwIrqDesc(cpu, b.domain, VIRTUAL)).isNull();
    }

    // ---- the end of a domain ----------------------------------------------------------------------------------------

    @Test
    void aDomainThatDiesGivesBackAllOfItsHardwareInterrupts() {
        b.domain.setDying(cpu);
        assertThat(b.vgic.freeDomain(cpu, b.domain)).isZero();
        for (int spi : new int[] {HW, HW_2}) {
            assertThat(b.vgic.hwIrqDesc(cpu, b.domain, spi)).isNull();
            assertThat(b.desc(spi).status().peek() & 1 << IrqDesc.IRQ_GUEST).isZero();
        }
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void aDomainThatLivesKeepsThem() {
        assertThat(b.vgic.freeDomain(cpu, b.domain)).isEqualTo(Irq.EBUSY);
        assertThat(b.vgic.hwIrqDesc(cpu, b.domain, HW)).isSameAs(b.desc(HW));
    }

    // ---- the hardware domain ----------------------------------------------------------------------------------------

    private static final int DEVICE = 60;

    @Test
    void theHardwareDomainSaysOfWhichTypeItsInterruptsAre() {
        Domain dom0 = hardwareDomain();
        assertThat(b.irq.routeIrqToGuest(cpu, dom0, DEVICE, DEVICE, IrqDesc.Type.LEVEL))
                .isZero();
        VgicDomain vd = RankVgic.of(dom0);
        VgicIrqRank rank = vd.rankOfSpi(DEVICE);
        assertThat(isEdge()).as("not touched by the routing").isFalse();
        int flags = rank.lock().lockIrqSave(cpu);
        rank.icfg(1).setGuarded(cpu, 2 << 2 * (DEVICE % 16));
        assertThat(rank.type(cpu, DEVICE)).isEqualTo(IrqDesc.Type.EDGE);
        assertThat(rank.type(cpu, DEVICE - 1)).isEqualTo(IrqDesc.Type.LEVEL);
        b.vgic.changeEnable(cpu, dom0.vcpu(0), 1 << DEVICE % 32, rank, true);
        rank.lock().unlockIrqRestore(cpu, flags);
        assertThat(isEdge()).isTrue();
        assertThat(b.validator.violations()).isEmpty();
    }

    private boolean isEdge() {
        long word = b.hardware.read(cpu, 0x8000000L + GICD_ICFGR + DEVICE / 16 * 4, 4);
        return (word >>> 2 * (DEVICE % 16) & 2) != 0;
    }

    private Domain hardwareDomain() {
        Domain dom0 = new Domain(2, 1, true);
        cpu.localIrqEnable();
        b.vgic.createDomain(cpu, dom0, 32);
        cpu.localIrqDisable();
        Vcpu v = new Vcpu(dom0, 0, null, b.driver.newVcpuState());
        dom0.add(v);
        b.vgic.createVcpu(v);
        b.scheduler.place(v, 0);
        return dom0;
    }

    @Test
    void msiFramesOfAGicv2AreGivenToTheHardwareDomainAsEdges() {
        BenchV2 v2 = BenchV2.xen();
        Pcpu on = v2.cpus[0];
        Domain dom0 = new Domain(2, 1, true);
        v2.vgic.createDomain(on, dom0, 64);
        assertThat(v2.driver.mapMsiFrame(on, dom0, v2.irq, v2.vgic, 80, 3)).isZero();
        for (int spi = 80; spi < 83; spi++) {
            assertThat(v2.vgic.hwIrqDesc(on, dom0, spi)).isSameAs(v2.irq.desc(on, spi));
            assertThat(v2.vgic.reserveVirq(on, dom0, spi)).isFalse();
        }
        assertThat(v2.vgic.hwIrqDesc(on, dom0, 83)).isNull();
        assertThat(v2.driver.mapMsiFrame(on, dom0, v2.irq, v2.vgic, 80, 1)).isEqualTo(Irq.EBUSY);
    }
}

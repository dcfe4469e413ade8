package org.smpvisor.explore;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.GicV2;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.guest.Script;
import org.smpvisor.machine.Machine;
import org.smpvisor.vgic.rank.VgicDomain;

/**
 * Scenes that lead to what the small scenarios leave out: registers that are only read, debug keys, requests of a toolstack, the
 * end of a domain. They are made to be watched, not to find bugs.
 */
public final class Tour {
    private static final int A = 48;
    private static final int B = 49;
    private static final int PRIORITY = 0xa0;
    private static final int FREE = 62;
    private static final int NO_SPI = 20;
    private static final int MSI = 58;
    private static final int MSIS = 2;
    private static final int DOM0 = 9;
    private static final int DOM0_SPI = 60;
    private static final int EVENT_CHECK = 0;

    private static final List<SmallScenario> ALL = List.of(
            new SmallScenario("tour-registers", "vCPUs read and write whatever their frames have", 2)
                    .line(A, PRIORITY, 2)
                    .vcpu(distributor(new Script()).turnRound())
                    .vcpu(redistributor(new Script())),
            new SmallScenario("tour-errands", "debug keys and a toolstack's requests, while interrupts arrive", 2)
                    .line(A, PRIORITY, 2)
                    .vcpu(new Script().trap().sgi(1, 1).turnRound())
                    .vcpu(new Script().trap().sgiToOthers(2))
                    .errand("debug-keys", 0, Tour::pressDebugKeys)
                    .errand("requests", 1, Tour::request)
                    .errand("hardware-domain", 1, Tour::createHardwareDomain),
            new SmallScenario("tour-end", "a domain is destroyed, with all of its interrupts", 2)
                    .line(A, PRIORITY, 2)
                    .line(B, PRIORITY, 1)
                    .vcpu(new Script().trap())
                    .vcpu(new Script().sgi(1, 0))
                    .errand("end", 1, Tour::endDomain));

    private Tour() {}

    /** All of them, on a GICv3 and on a GICv2. */
    public static List<SmallScenario> all() {
        return List.of(
                ALL.get(0), ALL.get(1), ALL.get(2), onGicV2(ALL.get(0)), onGicV2(ALL.get(1)), onGicV2(ALL.get(2)));
    }

    private static SmallScenario onGicV2(SmallScenario s) {
        return s.onGicV2(s.name() + "-gicv2");
    }

    // ---- guests -----------------------------------------------------------------------------------------------------

    private static Script distributor(Script s) {
        for (int o : new int[] {
            GICD_CTLR,
            GICD_TYPER,
            GICD_IGROUPR,
            GICD_ISENABLER + 4,
            GICD_ISPENDR + 4,
            GICD_IPRIORITYR + A,
            GICD_ICFGR + 8,
            GICD_ITARGETSR + A,
            GICD_IROUTER + 8 * A
        }) {
            s.read(GUEST_GICD_BASE + o);
        }
        return s.store(GUEST_GICD_BASE + GICD_ICFGR + 12, 0xaaaaaaaaL)
                .store(GUEST_GICD_BASE + GICD_ICACTIVER + 4, 1)
                .pend(A)
                .clear(A);
    }

    /** On a GICv2 there is no handler for these addresses. */
    private static Script redistributor(Script s) {
        long rd = GUEST_GICR_BASE + GICR_SIZE;
        for (long o : new long[] {
            GICR_CTLR, GICR_TYPER, GICR_SGI_FRAME + GICD_ISENABLER, GICR_SGI_FRAME + GICD_IPRIORITYR,
        }) {
            s.read(rd + o);
        }
        return s.store(rd + GICR_CTLR, 0)
                .store(rd + GICR_SGI_FRAME + GICD_ISPENDR, 1 << 3)
                .store(rd + GICR_SGI_FRAME + GICD_IPRIORITYR, 0x50505050)
                .sgi(3, 1);
    }

    // ---- Xen --------------------------------------------------------------------------------------------------------

    private static void pressDebugKeys(Machine m, Pcpu cpu) {
        Domain d = m.domains().get(0);
        for (int i = 0; i < d.maxVcpus(); i++) {
            Vcpu v = d.vcpu(i);
            m.vgic().dump(cpu, v);
            m.vgic().isEventChannelIdle(cpu, v);
        }
        m.vgic().hwIrqDesc(cpu, d, A);
        m.gic().sendStateDump(cpu, m.pcpu(1));
        m.driver().sendSgiToOthers(cpu, EVENT_CHECK);
        m.driver().sendSgiToSelf(cpu, EVENT_CHECK);
    }

    private static void request(Machine m, Pcpu cpu) {
        m.irq().setType(cpu, FREE, IrqDesc.Type.EDGE);
        m.irq().requestIrq(cpu, FREE, "errand", (c, i) -> {});
        m.irq().requestIrq(cpu, FREE, "another", (c, i) -> {});
        m.irq().setType(cpu, NO_SPI, IrqDesc.Type.LEVEL);
        Domain d = m.domains().get(0);
        VgicDomain vd = m.vgicOf(d);
        m.vgic().reserveVirq(cpu, d, A);
        vd.free(cpu, vd.allocate(cpu, true));
        vd.free(cpu, vd.allocate(cpu, false));
        IrqDesc idle = m.irq().desc(cpu, FREE - 1);
        int flags = idle.lock().lockIrqSave(cpu);
        m.driver().setActiveState(cpu, idle, true);
        m.driver().readPendingState(cpu, idle);
        m.driver().setActiveState(cpu, idle, false);
        idle.lock().unlockIrqRestore(cpu, flags);
        m.irq().routeIrqToGuest(cpu, d, A, A, IrqDesc.Type.EDGE);
    }

    private static void createHardwareDomain(Machine m, Pcpu cpu) {
        Domain dom0 = new Domain(DOM0, 1, true);
        m.vgic().createDomain(cpu, dom0, GicAbi.NR_LOCAL_IRQS);
        Vcpu v = new Vcpu(dom0, 0, null, m.driver().newVcpuState());
        dom0.add(v);
        m.vgic().createVcpu(v);
        m.scheduler().place(v, 0);
        m.irq().routeIrqToGuest(cpu, dom0, DOM0_SPI, DOM0_SPI, IrqDesc.Type.LEVEL);
        MmioAccess io = new MmioAccess();
        io.set(GUEST_GICD_BASE + GICD_ISENABLER + 4, 4, true, 1L << DOM0_SPI % 32);
        m.vgic().mmio(cpu, v, io);
        if (m.driver().version() == GicHwOperations.Version.V2) {
            ((GicV2) m.driver()).mapMsiFrame(cpu, dom0, m.irq(), m.vgic(), MSI, MSIS);
        }
    }

    private static void endDomain(Machine m, Pcpu cpu) {
        Domain d = m.domains().get(0);
        d.setDying(cpu);
        m.vgic().freeDomain(cpu, d);
    }
}

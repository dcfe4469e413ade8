package org.smpvisor.gic.host;

import static org.smpvisor.abi.GicAbi.*;

import java.util.Arrays;
import java.util.function.Consumer;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.gic.hw.GicV2Hardware;
import org.smpvisor.gic.hw.Gich;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Xen;

/** Xen's driver of the GICv2. It knows the hardware through its registers only. */
@Xen("gic-v2.c")
public final class GicV2 implements GicHwOperations {
    private static final int PRI_IRQ_ALL = 0xa0a0a0a0;
    private static final int DEFAULT_PMR = 0xff;
    private static final int GICC_ENABLE = 1;
    private static final int GICD_ENABLE = 1;
    private static final int MAX_LINES = 1020;
    private static final int TYPER_LINES = 0x1f;
    private static final int TYPER_CPUS_SHIFT = 5;
    private static final int TYPER_SECURE = 1 << 10;
    private static final int SGIR_LIST = 0;
    private static final int SGIR_OTHERS = 1 << 24;
    private static final int SGIR_SELF = 2 << 24;
    private static final int SGIR_TARGETS_SHIFT = 16;
    private static final int VTR_LRS = 0x3f;

    private final GicV2Hardware hw;
    private final GicV2Description description;
    private final Consumer<String> console;
    private final SpinLock lock = new SpinLock(LockClass.HOST_GIC, "gicv2.lock", 0);
    private final HwIrqController hostType = new IrqType(true);
    private final HwIrqController guestType = new IrqType(false);

    /** Bit of each pCPU in a byte of GICD_ITARGETSR: written by that pCPU when it comes up, read by all without a lock. */
    @Xen("gic_cpu_id")
    private final IntCell[] cpuIds;

    @OwnedBy("boot")
    private int nrLines;

    @OwnedBy("boot")
    private int nrLrs;

    private final PastHostRules past;
    private final SgiEnd end;

    /** What is written to GICC_EOIR and GICC_DIR (H19). */
    public interface SgiEnd {
        /** What GICC_IAR said; interrupts masked. */
        default void acknowledged(Pcpu cpu, int value) {}

        int value(Pcpu cpu, int irq);

        /** Xen: the INTID. An SGI of another sender than CPU 0 marks the window. */
        static SgiEnd intidOnly(Marks marks) {
            return new SgiEnd() {
                @Override
                public void acknowledged(Pcpu cpu, int value) {
                    if ((value & GICC_INTID_MASK) < NR_SGIS && value >>> GICC_SOURCE_SHIFT != 0) {
                        marks.reached(cpu, Quirk.H19);
                    }
                }

                @Override
                public int value(Pcpu cpu, int irq) {
                    return irq;
                }
            };
        }

        /** Corrected: what was acknowledged. Of one SGI a pCPU handles one instance at a time. */
        static SgiEnd withSender(int pcpus) {
            return new SenderKept(pcpus);
        }
    }

    private static final class SenderKept implements SgiEnd {
        @OwnedBy("pcpu")
        private final int[][] acknowledged;

        SenderKept(int pcpus) {
            acknowledged = new int[pcpus][NR_SGIS];
        }

        @Override
        public void acknowledged(Pcpu cpu, int value) {
            if ((value & GICC_INTID_MASK) < NR_SGIS) {
                acknowledged[cpu.id()][value & GICC_INTID_MASK] = value;
            }
        }

        @Override
        public int value(Pcpu cpu, int irq) {
            return irq < NR_SGIS ? acknowledged[cpu.id()][irq] : irq;
        }
    }

    /** @param console receives what Xen prints, without its prefix */
    public GicV2(GicV2Hardware hw, GicV2Description description, Consumer<String> console) {
        this(hw, description, console, PastHostRules.none());
    }

    /** @param console receives what Xen prints, without its prefix */
    public GicV2(GicV2Hardware hw, GicV2Description description, Consumer<String> console, PastHostRules past) {
        this(hw, description, console, past, (cpu, irq) -> irq);
    }

    /**
     * @param console receives what Xen prints, without its prefix
     * @param end what is written to end an interrupt
     */
    public GicV2(
            GicV2Hardware hw, GicV2Description description, Consumer<String> console, PastHostRules past, SgiEnd end) {
        this.end = end;
        this.past = past;
        this.hw = hw;
        this.description = description;
        this.console = console;
        this.cpuIds = new IntCell[hw.cpus()];
        for (int i = 0; i < cpuIds.length; i++) {
            cpuIds[i] = new IntCell("cpu" + i + ".gic_cpu_id");
        }
    }

    @Override
    public Version version() {
        return Version.V2;
    }

    @Override
    public int nrLines() {
        return nrLines;
    }

    @Override
    public int nrLrs() {
        return nrLrs;
    }

    // ---- register access --------------------------------------------------------------------------------------------

    private long readGicd(Pcpu cpu, int offset) {
        return hw.read(cpu, description.distributorBase() + offset, 4);
    }

    private void writeGicd(Pcpu cpu, int offset, int bytes, long value) {
        hw.write(cpu, description.distributorBase() + offset, bytes, value);
    }

    private void writeGicc(Pcpu cpu, int offset, long value) {
        hw.write(cpu, description.cpuBase() + offset, 4, value);
    }

    private int readGich(Pcpu cpu, int offset) {
        return (int) hw.read(cpu, description.hypBase() + offset, 4);
    }

    private void writeGich(Pcpu cpu, int offset, int value) {
        hw.write(cpu, description.hypBase() + offset, 4, value & 0xffffffffL);
    }

    // ---- boot -------------------------------------------------------------------------------------------------------

    @Override
    @Xen("gicv2_init")
    public void init(Pcpu cpu) {
        description.announce(console);
        lock.lock(cpu);
        initDistributor(cpu);
        initCpu(cpu);
        initHyp(cpu);
        lock.unlock(cpu);
    }

    @Override
    @Xen("gicv2_secondary_cpu_init")
    public void secondaryInit(Pcpu cpu) {
        lock.lock(cpu);
        initCpu(cpu);
        initHyp(cpu);
        lock.unlock(cpu);
    }

    @Xen("gicv2_dist_init")
    private void initDistributor(Pcpu cpu) {
        long targets = (readGicd(cpu, GICD_ITARGETSR) & 0xff) * 0x01010101L;
        writeGicd(cpu, GICD_CTLR, 4, 0);
        int typer = (int) readGicd(cpu, GICD_TYPER);
        nrLines = Math.min(MAX_LINES, 32 * ((typer & TYPER_LINES) + 1));
        int cpus = (typer >> TYPER_CPUS_SHIFT & 7) + 1;
        console.accept(String.format(
                "GICv2: %d lines, %d cpu%s%s (IID %08x).",
                nrLines,
                cpus,
                cpus == 1 ? "" : "s",
                (typer & TYPER_SECURE) != 0 ? ", secure" : "",
                readGicd(cpu, GICD_IIDR)));
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 16) {
            writeGicd(cpu, GICD_ICFGR + i / 16 * 4, 4, 0);
        }
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 4) {
            writeGicd(cpu, GICD_ITARGETSR + i, 4, targets);
        }
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 4) {
            writeGicd(cpu, GICD_IPRIORITYR + i, 4, PRI_IRQ_ALL & 0xffffffffL);
        }
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 32) {
            writeGicd(cpu, GICD_ICENABLER + i / 32 * 4, 4, 0xffffffffL);
            writeGicd(cpu, GICD_ICACTIVER + i / 32 * 4, 4, 0xffffffffL);
        }
        writeGicd(cpu, GICD_CTLR, 4, GICD_ENABLE);
    }

    @Xen("gicv2_cpu_init")
    private void initCpu(Pcpu cpu) {
        cpuIds[cpu.id()].setRelease(cpu, (int) readGicd(cpu, GICD_ITARGETSR) & 0xff);
        writeGicd(cpu, GICD_ICACTIVER, 4, 0xffffffffL);
        writeGicd(cpu, GICD_ICENABLER, 4, 0xffff0000L);
        writeGicd(cpu, GICD_ISENABLER, 4, 0x0000ffffL);
        for (int i = 0; i < NR_SGIS; i += 4) {
            writeGicd(cpu, GICD_IPRIORITYR + i, 4, past.sgiPriority.ofFour() & 0xffffffffL);
        }
        for (int i = NR_SGIS; i < NR_LOCAL_IRQS; i += 4) {
            writeGicd(cpu, GICD_IPRIORITYR + i, 4, PRI_IRQ_ALL & 0xffffffffL);
        }
        writeGicc(cpu, GICC_PMR, DEFAULT_PMR);
        writeGicc(cpu, GICC_BPR, 0);
        writeGicc(cpu, GICC_CTLR, GICC_ENABLE | GICC_CTLR_EOIMODE);
    }

    @Xen("gicv2_hyp_init")
    private void initHyp(Pcpu cpu) {
        nrLrs = (readGich(cpu, Gich.VTR) & VTR_LRS) + 1;
    }

    @Override
    @Xen("gicv2_disable_interface")
    public void disableInterface(Pcpu cpu) {
        lock.lock(cpu);
        cpuDisable(cpu);
        hypDisable(cpu);
        lock.unlock(cpu);
    }

    @Xen("gicv2_cpu_disable")
    private void cpuDisable(Pcpu cpu) {
        writeGicc(cpu, GICC_CTLR, 0);
    }

    @Xen("gicv2_hyp_disable")
    private void hypDisable(Pcpu cpu) {
        writeGich(cpu, Gich.HCR, 0);
    }

    // ---- interrupts -------------------------------------------------------------------------------------------------

    @Override
    @Xen("gicv2_read_irq")
    public int readIrq(Pcpu cpu) {
        int value = (int) hw.read(cpu, description.cpuBase() + GICC_IAR, 4);
        end.acknowledged(cpu, value);
        return value & GICC_INTID_MASK;
    }

    @Override
    @Xen("gicv2_eoi_irq")
    public void eoiIrq(Pcpu cpu, int irq) {
        writeGicc(cpu, GICC_EOIR, end.value(cpu, irq));
    }

    @Override
    @Xen("gicv2_dir_irq")
    public void deactivateIrq(Pcpu cpu, int irq) {
        writeGicc(cpu, GICC_DIR, end.value(cpu, irq));
    }

    @Override
    public HwIrqController hostIrqType() {
        return hostType;
    }

    @Override
    public HwIrqController guestIrqType() {
        return guestType;
    }

    /** Host and guest controller differ in the end alone. */
    private final class IrqType implements HwIrqController {
        private final boolean host;

        IrqType(boolean host) {
            this.host = host;
        }

        @Override
        @Xen("gicv2_irq_enable")
        public void enable(Pcpu cpu, IrqDesc desc) {
            desc.lock().assertHeldBy(cpu);
            int flags = past.driverLock.lock(cpu, lock);
            desc.status().clearBit(cpu, IrqDesc.IRQ_DISABLED);
            cpu.dsb();
            poke(cpu, desc.irq(), GICD_ISENABLER);
            past.driverLock.unlock(cpu, lock, flags);
        }

        @Override
        @Xen("gicv2_irq_disable")
        public void disable(Pcpu cpu, IrqDesc desc) {
            desc.lock().assertHeldBy(cpu);
            int flags = past.driverLock.lock(cpu, lock);
            poke(cpu, desc.irq(), GICD_ICENABLER);
            desc.status().setBit(cpu, IrqDesc.IRQ_DISABLED);
            past.driverLock.unlock(cpu, lock, flags);
        }

        @Override
        @Xen("gicv2_irq_startup")
        public void startup(Pcpu cpu, IrqDesc desc) {
            enable(cpu, desc);
        }

        @Override
        @Xen("gicv2_irq_shutdown")
        public void shutdown(Pcpu cpu, IrqDesc desc) {
            disable(cpu, desc);
        }

        @Override
        @Xen({"gicv2_host_irq_end", "gicv2_guest_irq_end"})
        public void end(Pcpu cpu, IrqDesc desc) {
            eoiIrq(cpu, desc.irq());
            if (host) {
                deactivateIrq(cpu, desc.irq());
            }
        }

        /** Also for local interrupts, whose targets the hardware does not let itself be told. */
        @Override
        @Xen("gicv2_irq_set_affinity")
        public void setAffinity(Pcpu cpu, IrqDesc desc, Pcpu target) {
            lock.lock(cpu);
            int mask = cpuIds[target.id()].getOpaque(cpu); // gicv2_cpu_mask
            writeGicd(cpu, GICD_ITARGETSR + desc.irq(), 1, mask);
            lock.unlock(cpu);
        }
    }

    @Xen("gicv2_poke_irq")
    private void poke(Pcpu cpu, int irq, int bank) {
        writeGicd(cpu, bank + irq / 32 * 4, 4, 1L << irq % 32);
    }

    /** Whether the bit of an interrupt is set in a bank. */
    @Xen("gicv2_peek_irq")
    private boolean peek(Pcpu cpu, int irq, int bank) {
        return (readGicd(cpu, bank + irq / 32 * 4) >>> irq % 32 & 1) != 0;
    }

    @Override
    @Xen("gicv2_set_pending_state")
    public void setPendingState(Pcpu cpu, IrqDesc desc, boolean pending) {
        desc.lock().assertHeldBy(cpu);
        poke(cpu, desc.irq(), pending ? GICD_ISPENDR : GICD_ICPENDR);
    }

    /** INPROGRESS is set before the line is active, and cleared after it no longer is: whoever finds it active finds the bit. */
    @Override
    @Xen("gicv2_set_active_state")
    public void setActiveState(Pcpu cpu, IrqDesc desc, boolean active) {
        desc.lock().assertHeldBy(cpu);
        if (active) {
            desc.status().setBit(cpu, IrqDesc.IRQ_INPROGRESS);
            poke(cpu, desc.irq(), GICD_ISACTIVER);
        } else {
            poke(cpu, desc.irq(), GICD_ICACTIVER);
            desc.status().clearBit(cpu, IrqDesc.IRQ_INPROGRESS);
        }
    }

    @Override
    @Xen("gicv2_read_pending_state")
    public boolean readPendingState(Pcpu cpu, IrqDesc desc) {
        return peek(cpu, desc.irq(), GICD_ISPENDR);
    }

    @Override
    @Xen("gicv2_set_irq_type")
    public void setIrqType(Pcpu cpu, IrqDesc desc, IrqDesc.Type type) {
        int irq = desc.irq();
        desc.lock().assertHeldBy(cpu);
        if (type == IrqDesc.Type.INVALID) {
            throw new ModelBug("the trigger of interrupt " + irq + " is not known");
        }
        lock.lock(cpu);
        int bit = 2 << 2 * (irq % 16);
        int offset = GICD_ICFGR + irq / 16 * 4;
        long before = readGicd(cpu, offset);
        long next = (type == IrqDesc.Type.EDGE ? before | bit : before & ~bit) & 0xffffffffL;
        writeGicd(cpu, offset, 4, next);
        long actual = readGicd(cpu, offset);
        if (((actual ^ next) & bit & 0xffffffffL) != 0) {
            IrqDesc.Type forced = (actual & bit) != 0 ? IrqDesc.Type.EDGE : IrqDesc.Type.LEVEL;
            console.accept("GICv2: WARNING: " + cpu + " cannot make interrupt " + irq + " " + type
                    + ", the hardware has it " + forced);
            desc.type().setGuarded(cpu, forced);
        }
        lock.unlock(cpu);
    }

    @Override
    @Xen("gicv2_set_irq_priority")
    public void setIrqPriority(Pcpu cpu, IrqDesc desc, int priority) {
        lock.lock(cpu);
        writeGicd(cpu, GICD_IPRIORITYR + desc.irq(), 1, priority);
        lock.unlock(cpu);
    }

    // ---- MSI frames -------------------------------------------------------------------------------------------------

    /**
     * Gives the hardware domain the SPIs that devices raise by writing to a GICv2m frame: they are edges, routed one to one. No lock
     * held, while the domain is created.
     *
     * @param firstSpi the first SPI of the frame
     * @param spis how many it has
     * @return 0, or a negative errno of the first that cannot be given
     */
    @Xen("gicv2_map_hwdom_extra_mappings")
    @Deviation("the frame itself is not mapped: there is no stage 2 in the model, and no device that writes to it")
    public int mapMsiFrame(Pcpu cpu, Domain d, Irq irq, VirqReservation vgic, int firstSpi, int spis) {
        for (int spi = firstSpi; spi < firstSpi + spis; spi++) {
            int rc = irq.setSpiType(cpu, spi, IrqDesc.Type.EDGE);
            if (rc == 0) {
                rc = irq.routeIrqToGuest(cpu, d, spi, spi, IrqDesc.Type.EDGE);
            }
            if (rc != 0) {
                return rc;
            }
            if (!vgic.reserveVirq(cpu, d, spi)) {
                return Irq.EINVAL;
            }
        }
        return 0;
    }

    // ---- SGIs -------------------------------------------------------------------------------------------------------

    // Xen issues a DMB of stores in front of GICD_SGIR. Here it is a full fence: the register is no store that could
    // wait
    // behind others, as it does on hardware.

    @Override
    @Xen("gicv2_send_SGI")
    public void sendSgi(Pcpu cpu, Pcpu target, int id) {
        cpu.dsb();
        sendToList(cpu, target.isOnline(cpu) ? listed(cpu, target) : 0, id);
    }

    /** Offline members are left out; without any the register is written all the same. */
    @Override
    @Xen("gicv2_send_SGI")
    public void sendSgiMask(Pcpu cpu, CpuMask targets, int id) {
        cpu.dsb();
        int list = 0;
        for (Pcpu p = targets.next(cpu, 0); p != null; p = targets.next(cpu, p.id() + 1)) {
            if (p.isOnline(cpu)) {
                list |= listed(cpu, p);
            }
        }
        sendToList(cpu, list, id);
    }

    private int listed(Pcpu cpu, Pcpu target) {
        cpu.count(Counter.HOST_SGIS);
        return cpuIds[target.id()].getOpaque(cpu);
    }

    private void sendToList(Pcpu cpu, int list, int id) {
        writeGicd(cpu, GICD_SGIR, 4, SGIR_LIST | list << SGIR_TARGETS_SHIFT | id);
    }

    @Override
    @Xen("gicv2_send_SGI")
    public void sendSgiToSelf(Pcpu cpu, int id) {
        cpu.dsb();
        cpu.count(Counter.HOST_SGIS);
        writeGicd(cpu, GICD_SGIR, 4, SGIR_SELF | id);
    }

    @Override
    @Xen("gicv2_send_SGI")
    public void sendSgiToOthers(Pcpu cpu, int id) {
        cpu.dsb();
        cpu.count(Counter.HOST_SGIS);
        writeGicd(cpu, GICD_SGIR, 4, SGIR_OTHERS | id);
    }

    // ---- list registers and context switch --------------------------------------------------------------------------

    // List registers are handed up and down in the form of ICH_LR_EL2, which takes the place of Xen's struct gic_lr.

    @Override
    public Vcpu.State newVcpuState(String vcpu) {
        return new GicV2SavedState(vcpu);
    }

    @Override
    public long savedLrMask(Pcpu cpu, Vcpu v) {
        return ((GicV2SavedState) v.gic()).lrMask.get(cpu);
    }

    @Override
    public long savedLrMask(Vcpu v) {
        return ((GicV2SavedState) v.gic()).lrMask.peek();
    }

    @Override
    public void setSavedLrMask(Pcpu cpu, Vcpu v, long mask) {
        ((GicV2SavedState) v.gic()).lrMask.set(cpu, mask);
    }

    @Override
    public void clearSavedLrs(Vcpu v) {
        Arrays.fill(((GicV2SavedState) v.gic()).lr, 0);
    }

    @Override
    public long savedLr(Vcpu v, int lr) {
        return Gich.toIch(((GicV2SavedState) v.gic()).lr[lr]);
    }

    /** The interface is off until the next vCPU is restored. */
    @Override
    @Xen("gicv2_save_state")
    public void saveState(Pcpu cpu, Vcpu v) {
        GicV2SavedState s = (GicV2SavedState) v.gic();
        for (int i = 0; i < nrLrs; i++) {
            s.lr[i] = readGich(cpu, Gich.LR + 4 * i);
        }
        s.apr = readGich(cpu, Gich.APR);
        s.vmcr = readGich(cpu, Gich.VMCR);
        writeGich(cpu, Gich.HCR, 0);
    }

    @Override
    @Xen("gicv2_restore_state")
    public void restoreState(Pcpu cpu, Vcpu v) {
        GicV2SavedState s = (GicV2SavedState) v.gic();
        for (int i = 0; i < nrLrs; i++) {
            writeGich(cpu, Gich.LR + 4 * i, s.lr[i]);
        }
        writeGich(cpu, Gich.APR, s.apr);
        writeGich(cpu, Gich.VMCR, s.vmcr);
        writeGich(cpu, Gich.HCR, Gich.HCR_EN);
    }

    @Override
    @Xen("gicv2_update_lr")
    public void updateLr(Pcpu cpu, int lr, int virq, int priority, int pirq, long state) {
        long v = state
                | (long) (priority & 0xff) << VirtualCpuInterface.LR_PRIORITY_SHIFT
                | virq & VirtualCpuInterface.LR_VIRTUAL_MASK;
        if (pirq >= 0) {
            v |= VirtualCpuInterface.LR_HW | (long) pirq << VirtualCpuInterface.LR_PHYSICAL_SHIFT;
        }
        writeLr(cpu, lr, v);
    }

    @Override
    @Xen("gicv2_clear_lr")
    public void clearLr(Pcpu cpu, int lr) {
        writeGich(cpu, Gich.LR + 4 * lr, 0);
    }

    @Override
    @Xen("gicv2_read_lr")
    public long readLr(Pcpu cpu, int lr) {
        return Gich.toIch(readGich(cpu, Gich.LR + 4 * lr));
    }

    @Override
    @Xen("gicv2_write_lr")
    public void writeLr(Pcpu cpu, int lr, long value) {
        writeGich(cpu, Gich.LR + 4 * lr, Gich.fromIch(value));
    }

    @Override
    public boolean isHcrSet(Pcpu cpu, long flag) {
        return (hw.cpu(cpu.id()).virtual().peekHcr() & flag) != 0;
    }

    @Override
    @Xen("gicv2_hcr_status")
    public void updateHcrStatus(Pcpu cpu, long flag, boolean set) {
        int hcr = readGich(cpu, Gich.HCR);
        writeGich(cpu, Gich.HCR, set ? hcr | (int) flag : hcr & ~(int) flag);
    }

    /** Five bits here, eight on a GICv3. */
    @Override
    @Xen("gicv2_read_vmcr_priority")
    public int readVmcrPriority(Pcpu cpu) {
        return readGich(cpu, Gich.VMCR) >>> Gich.VMCR_PRIORITY_SHIFT & Gich.VMCR_PRIORITY_MASK;
    }

    @Override
    @Xen("gicv2_read_apr")
    public int readApr(Pcpu cpu) {
        return readGich(cpu, Gich.APR);
    }
}

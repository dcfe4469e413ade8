package org.smpvisor.gic.host;

import static org.smpvisor.abi.GicAbi.*;

import java.util.Arrays;
import java.util.function.Consumer;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/** Xen's driver of the GICv3. It knows the hardware through its registers only. */
@Xen("gic-v3.c")
public final class GicV3 implements GicHwOperations {
    private static final int PRI_IRQ_ALL = 0xa0a0a0a0;
    private static final int DEFAULT_PMR = 0xff;
    private static final int CTLR_EOIMODE_DROP = 2;
    private static final int MAX_LINES = 1020;
    private static final int GICR_CTLR_RWP = 1 << 3;
    private static final int POLLS = 1_000_000;

    private final GicHardware hw;
    private final GicV3Description description;
    private final Variant.XenVersion version;
    private final Consumer<String> console;
    private final SpinLock lock = new SpinLock(LockClass.HOST_GIC, "gicv3.lock", 0);
    private final GicV3Sgis sgis;
    private final long[] redistributor;
    private final int[] regionFound;
    private final HwIrqController hostType = new IrqType(true);
    private final HwIrqController guestType = new IrqType(false);

    @OwnedBy("boot")
    private int nrLines;

    @OwnedBy("boot")
    private int nrLrs;

    @OwnedBy("boot")
    private int priorityBits;

    private final PastHostRules past;

    /** @param console receives what Xen prints, without its prefix */
    public GicV3(GicHardware hw, GicV3Description description, Variant.XenVersion version, Consumer<String> console) {
        this(hw, description, version, console, PastHostRules.none());
    }

    /** @param console receives what Xen prints, without its prefix */
    public GicV3(
            GicHardware hw,
            GicV3Description description,
            Variant.XenVersion version,
            Consumer<String> console,
            PastHostRules past) {
        this.past = past;
        this.hw = hw;
        this.description = description;
        this.version = version;
        this.console = console;
        this.sgis = new GicV3Sgis(hw);
        this.redistributor = new long[hw.cpus()];
        this.regionFound = new int[hw.cpus()];
    }

    @Override
    public Version version() {
        return Version.V3;
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

    private long readGicr(Pcpu cpu, int offset, int bytes) {
        return hw.read(cpu, redistributor[cpu.id()] + offset, bytes);
    }

    private void writeSgiFrame(Pcpu cpu, int offset, int bytes, long value) {
        hw.write(cpu, redistributor[cpu.id()] + GICR_SGI_FRAME + offset, bytes, value);
    }

    private void write(Pcpu cpu, SystemRegister r, long value) {
        hw.cpu(cpu.id()).write(r, value);
    }

    private VirtualCpuInterface ich(Pcpu cpu) {
        return hw.cpu(cpu.id()).virtual();
    }

    // ---- boot -------------------------------------------------------------------------------------------------------

    @Override
    @Xen("gicv3_init")
    public void init(Pcpu cpu) {
        checkArchitecture(cpu);
        description.announce(console);
        readGicd(cpu, GICD_TYPER);
        lock.lock(cpu);
        initDistributor(cpu);
        readGicd(cpu, GICD_TYPER); // gic_dist_supports_lpis: LPIs need an ITS too, and there is none
        initCpu(cpu);
        initHyp(cpu);
        lock.unlock(cpu);
    }

    @Override
    @Xen("gicv3_secondary_cpu_init")
    public void secondaryInit(Pcpu cpu) {
        lock.lock(cpu);
        initCpu(cpu);
        initHyp(cpu);
        lock.unlock(cpu);
    }

    private void checkArchitecture(Pcpu cpu) {
        int revision = (int) readGicd(cpu, GICD_PIDR2) >> 4 & 0xf;
        if (revision != 3 && revision != 4) {
            throw new ModelBug("GICD_PIDR2 tells architecture revision " + revision + ", GICv3 or GICv4 is needed");
        }
    }

    @Xen("gicv3_dist_init")
    private void initDistributor(Pcpu cpu) {
        if (version == Variant.XenVersion.V4_17) {
            writeGicd(cpu, GICD_CTLR, 4, 0);
        } else {
            writeGicd(cpu, GICD_CTLR, 4, readGicd(cpu, GICD_CTLR) & GICD_CTLR_ARE_NS);
        }
        int typer = (int) readGicd(cpu, GICD_TYPER);
        nrLines = Math.min(MAX_LINES, 32 * ((typer & 0x1f) + 1));
        console.accept(String.format("GICv3: %d lines, (IID %08x).", nrLines, readGicd(cpu, GICD_IIDR)));
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 16) {
            writeGicd(cpu, GICD_ICFGR + i / 16 * 4, 4, 0);
        }
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 4) {
            writeGicd(cpu, GICD_IPRIORITYR + i, 4, PRI_IRQ_ALL & 0xffffffffL);
        }
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 32) {
            writeGicd(cpu, GICD_ICENABLER + i / 32 * 4, 4, 0xffffffffL);
            writeGicd(cpu, GICD_ICACTIVER + i / 32 * 4, 4, 0xffffffffL);
        }
        for (int i = NR_LOCAL_IRQS; i < nrLines; i += 32) {
            writeGicd(cpu, GICD_IGROUPR + i / 32 * 4, 4, 0xffffffffL);
        }
        waitForRwp(cpu);
        writeGicd(cpu, GICD_CTLR, 4, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_G1A | GICD_CTLR_ENABLE_G0);
        for (int i = NR_LOCAL_IRQS; i < nrLines; i++) {
            writeGicd(cpu, GICD_IROUTER + 8 * i, 8, cpu.affinity() & ~IROUTER_IRM);
        }
    }

    @Xen("gicv3_dist_wait_for_rwp")
    private void waitForRwp(Pcpu cpu) {
        for (int polls = 0; (readGicd(cpu, GICD_CTLR) & GICD_CTLR_RWP & 0xffffffffL) != 0; polls++) {
            if (polls == POLLS) {
                console.accept("RWP timeout");
                return;
            }
            cpu.engine().relax(cpu, polls);
        }
    }

    @Xen("gicv3_cpu_init")
    private void initCpu(Pcpu cpu) {
        populateRedistributor(cpu);
        wakeRedistributor(cpu);
        for (int i = 0; i < NR_SGIS; i += 4) {
            writeSgiFrame(cpu, GICD_IPRIORITYR + i, 4, past.sgiPriority.ofFour() & 0xffffffffL);
        }
        for (int i = NR_SGIS; i < NR_LOCAL_IRQS; i += 4) {
            writeSgiFrame(cpu, GICD_IPRIORITYR + i, 4, PRI_IRQ_ALL & 0xffffffffL);
        }
        writeSgiFrame(cpu, GICD_ICACTIVER, 4, 0xffffffffL);
        writeSgiFrame(cpu, GICD_ICENABLER, 4, 0xffff0000L);
        writeSgiFrame(cpu, GICD_ISENABLER, 4, 0x0000ffffL);
        writeSgiFrame(cpu, GICD_IGROUPR, 4, 0xffffffffL);
        for (int polls = 0; (readGicr(cpu, GICR_CTLR, 4) & GICR_CTLR_RWP) != 0 && polls < POLLS; polls++) {
            cpu.engine().relax(cpu, polls);
        }
        write(cpu, SystemRegister.ICC_SRE_EL2, hw.cpu(cpu.id()).read(SystemRegister.ICC_SRE_EL2) | 1);
        write(cpu, SystemRegister.ICC_BPR1_EL1, 0);
        write(cpu, SystemRegister.ICC_PMR_EL1, DEFAULT_PMR);
        write(cpu, SystemRegister.ICC_CTLR_EL1, CTLR_EOIMODE_DROP);
        write(cpu, SystemRegister.ICC_IGRPEN1_EL1, 1);
    }

    @Xen("gicv3_populate_rdist")
    private void populateRedistributor(Pcpu cpu) {
        long a = cpu.affinity();
        long wanted = a >>> 32 << 24 | a & 0xffffff;
        if ((a & 0xff) >= GicV3Sgis.LISTED) {
            console.accept("GICv3: CPU" + cpu.id() + " is beyond the " + GicV3Sgis.LISTED
                    + " of its cluster that SGIs can be sent to");
        }
        for (int r = 0; r < description.regions().size(); r++) {
            GicV3Description.Region region = description.regions().get(r);
            int revision = (int) hw.read(cpu, region.base() + GICR_PIDR2, 4) >> 4 & 0xf;
            if (revision != 3 && revision != 4) {
                throw new ModelBug(cpu + ": no redistributor at 0x" + Long.toHexString(region.base()));
            }
            long at = region.base();
            long typer;
            do {
                typer = hw.read(cpu, at + GICR_TYPER, 8);
                if (typer >>> 32 == wanted) {
                    redistributor[cpu.id()] = at;
                    regionFound[cpu.id()] = r;
                    console.accept(
                            String.format("GICv3: CPU%d: Found redistributor in region %d @%016x", cpu.id(), r, at));
                    return;
                }
                at += description.stride() != 0 ? description.stride() : GICR_SIZE + ((typer & 2) != 0 ? GICR_SIZE : 0);
            } while ((typer & 1 << 4) == 0);
        }
        throw new ModelBug(cpu + ": no redistributor for affinity 0x" + Long.toHexString(wanted));
    }

    @Xen("gicv3_enable_redist")
    private void wakeRedistributor(Pcpu cpu) {
        long waker = readGicr(cpu, GICR_WAKER, 4);
        hw.write(cpu, redistributor[cpu.id()] + GICR_WAKER, 4, waker & ~2L);
        for (int polls = 0; (readGicr(cpu, GICR_WAKER, 4) & 4) != 0; polls++) {
            if (polls == POLLS) {
                throw new ModelBug(cpu + ": the redistributor does not wake up");
            }
            cpu.engine().relax(cpu, polls);
        }
    }

    @Xen("gicv3_hyp_init")
    private void initHyp(Pcpu cpu) {
        long vtr = ich(cpu).readVtr();
        nrLrs = (int) (vtr & 0xf) + 1;
        priorityBits = (int) (vtr >>> 29 & 7) + 1;
        if (priorityBits < 5 || priorityBits > 7) {
            throw new ModelBug("GICv3: Invalid number of priority bits: " + priorityBits);
        }
        ich(cpu).writeVmcr(VirtualCpuInterface.VMCR_VEOIM | VirtualCpuInterface.VMCR_VENG1);
        ich(cpu).writeHcr(VirtualCpuInterface.HCR_EN);
    }

    @Override
    @Xen("gicv3_disable_interface")
    public void disableInterface(Pcpu cpu) {
        lock.lock(cpu);
        cpuDisable(cpu);
        hypDisable(cpu);
        lock.unlock(cpu);
    }

    @Xen("gicv3_cpu_disable")
    private void cpuDisable(Pcpu cpu) {
        write(cpu, SystemRegister.ICC_IGRPEN1_EL1, 0);
    }

    @Xen("gicv3_hyp_disable")
    private void hypDisable(Pcpu cpu) {
        updateHcrStatus(cpu, VirtualCpuInterface.HCR_EN, false);
    }

    // ---- interrupts -------------------------------------------------------------------------------------------------

    @Override
    @Xen("gicv3_read_irq")
    public int readIrq(Pcpu cpu) {
        return hw.cpu(cpu.id()).acknowledge() & 0xffffff;
    }

    @Override
    @Xen("gicv3_eoi_irq")
    public void eoiIrq(Pcpu cpu, int irq) {
        hw.cpu(cpu.id()).endOfInterrupt(irq);
    }

    @Override
    @Xen("gicv3_dir_irq")
    public void deactivateIrq(Pcpu cpu, int irq) {
        hw.cpu(cpu.id()).deactivate(irq);
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
        @Xen("gicv3_irq_enable")
        public void enable(Pcpu cpu, IrqDesc desc) {
            desc.lock().assertHeldBy(cpu);
            int flags = past.driverLock.lock(cpu, lock);
            desc.status().clearBit(cpu, IrqDesc.IRQ_DISABLED);
            cpu.dsb();
            poke(cpu, desc.irq(), GICD_ISENABLER);
            past.driverLock.unlock(cpu, lock, flags);
        }

        @Override
        @Xen("gicv3_irq_disable")
        public void disable(Pcpu cpu, IrqDesc desc) {
            desc.lock().assertHeldBy(cpu);
            int flags = past.driverLock.lock(cpu, lock);
            poke(cpu, desc.irq(), GICD_ICENABLER);
            if (desc.irq() >= NR_LOCAL_IRQS) {
                waitForRwp(cpu);
            }
            desc.status().setBit(cpu, IrqDesc.IRQ_DISABLED);
            past.driverLock.unlock(cpu, lock, flags);
        }

        @Override
        @Xen("gicv3_irq_startup")
        public void startup(Pcpu cpu, IrqDesc desc) {
            enable(cpu, desc);
        }

        @Override
        @Xen("gicv3_irq_shutdown")
        public void shutdown(Pcpu cpu, IrqDesc desc) {
            disable(cpu, desc);
        }

        @Override
        @Xen({"gicv3_host_irq_end", "gicv3_guest_irq_end"})
        public void end(Pcpu cpu, IrqDesc desc) {
            eoiIrq(cpu, desc.irq());
            if (host) {
                deactivateIrq(cpu, desc.irq());
            }
        }

        @Override
        @Xen("gicv3_irq_set_affinity")
        public void setAffinity(Pcpu cpu, IrqDesc desc, Pcpu target) {
            if (desc.irq() < NR_LOCAL_IRQS) {
                return;
            }
            lock.lock(cpu);
            writeGicd(cpu, GICD_IROUTER + 8 * desc.irq(), 8, target.affinity() & ~IROUTER_IRM);
            lock.unlock(cpu);
        }
    }

    @Xen("gicv3_poke_irq")
    private void poke(Pcpu cpu, int irq, int bank) {
        if (irq < NR_LOCAL_IRQS) {
            writeSgiFrame(cpu, bank, 4, 1L << irq);
        } else {
            writeGicd(cpu, bank + irq / 32 * 4, 4, 1L << irq % 32);
        }
    }

    /** Whether the bit of an interrupt is set in a bank; of a local one in this pCPU's own frame. */
    @Xen("gicv3_peek_irq")
    private boolean peek(Pcpu cpu, int irq, int bank) {
        long word = irq < NR_LOCAL_IRQS ? readGicr(cpu, GICR_SGI_FRAME + bank, 4) : readGicd(cpu, bank + irq / 32 * 4);
        return (word >>> irq % 32 & 1) != 0;
    }

    @Override
    @Xen("gicv3_set_pending_state")
    public void setPendingState(Pcpu cpu, IrqDesc desc, boolean pending) {
        desc.lock().assertHeldBy(cpu);
        poke(cpu, desc.irq(), pending ? GICD_ISPENDR : GICD_ICPENDR);
    }

    /** INPROGRESS is set before the line is active, and cleared after it no longer is: whoever finds it active finds the bit. */
    @Override
    @Xen("gicv3_set_active_state")
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
    @Xen("gicv3_read_pending_state")
    public boolean readPendingState(Pcpu cpu, IrqDesc desc) {
        return peek(cpu, desc.irq(), GICD_ISPENDR);
    }

    @Override
    @Xen("gicv3_set_irq_type")
    public void setIrqType(Pcpu cpu, IrqDesc desc, IrqDesc.Type type) {
        int irq = desc.irq();
        desc.lock().assertHeldBy(cpu);
        if (type == IrqDesc.Type.INVALID) {
            throw new ModelBug("the trigger of interrupt " + irq + " is not known");
        }
        lock.lock(cpu);
        int bit = 2 << 2 * (irq % 16);
        int offset = GICD_ICFGR + irq / 16 * 4;
        long before = irq < NR_LOCAL_IRQS ? readGicr(cpu, GICR_SGI_FRAME + offset, 4) : readGicd(cpu, offset);
        long next = (type == IrqDesc.Type.EDGE ? before | bit : before & ~bit) & 0xffffffffL;
        long actual;
        if (irq < NR_LOCAL_IRQS) {
            writeSgiFrame(cpu, offset, 4, next);
            actual = readGicr(cpu, GICR_SGI_FRAME + offset, 4);
        } else {
            writeGicd(cpu, offset, 4, next);
            actual = readGicd(cpu, offset);
        }
        if (((actual ^ next) & bit & 0xffffffffL) != 0) {
            IrqDesc.Type forced = (actual & bit) != 0 ? IrqDesc.Type.EDGE : IrqDesc.Type.LEVEL;
            console.accept("GICv3: WARNING: " + cpu + " cannot make interrupt " + irq + " " + type
                    + ", the hardware has it " + forced);
            desc.type().setGuarded(cpu, forced);
        }
        lock.unlock(cpu);
    }

    @Override
    @Xen("gicv3_set_irq_priority")
    public void setIrqPriority(Pcpu cpu, IrqDesc desc, int priority) {
        lock.lock(cpu);
        if (desc.irq() < NR_LOCAL_IRQS) {
            writeSgiFrame(cpu, GICD_IPRIORITYR + desc.irq(), 1, priority);
        } else {
            writeGicd(cpu, GICD_IPRIORITYR + desc.irq(), 1, priority);
        }
        lock.unlock(cpu);
    }

    // ---- SGIs -------------------------------------------------------------------------------------------------------

    @Override
    public void sendSgi(Pcpu cpu, Pcpu target, int id) {
        sgis.toOne(cpu, target, id);
    }

    @Override
    public void sendSgiMask(Pcpu cpu, CpuMask targets, int id) {
        sgis.toMask(cpu, targets, id);
    }

    /** A list of one, with the affinity of the sender. */
    @Override
    public void sendSgiToSelf(Pcpu cpu, int id) {
        sgis.toOne(cpu, cpu, id);
    }

    @Override
    public void sendSgiToOthers(Pcpu cpu, int id) {
        sgis.toOthers(cpu, id);
    }

    // ---- list registers and context switch --------------------------------------------------------------------------

    @Override
    public Vcpu.State newVcpuState(String vcpu) {
        return new GicV3SavedState(vcpu);
    }

    @Override
    public long savedLrMask(Pcpu cpu, Vcpu v) {
        return ((GicV3SavedState) v.gic()).lrMask.get(cpu);
    }

    @Override
    public long savedLrMask(Vcpu v) {
        return ((GicV3SavedState) v.gic()).lrMask.peek();
    }

    @Override
    public void setSavedLrMask(Pcpu cpu, Vcpu v, long mask) {
        ((GicV3SavedState) v.gic()).lrMask.set(cpu, mask);
    }

    @Override
    public void clearSavedLrs(Vcpu v) {
        Arrays.fill(((GicV3SavedState) v.gic()).lr, 0);
    }

    @Override
    public long savedLr(Vcpu v, int lr) {
        return ((GicV3SavedState) v.gic()).lr[lr];
    }

    @Override
    @Xen("gicv3_save_state")
    @Deviation(
            "Xen saves up to three words of active priorities, by the number of priority bits; the modelled GIC has one")
    public void saveState(Pcpu cpu, Vcpu v) {
        GicV3SavedState s = (GicV3SavedState) v.gic();
        VirtualCpuInterface ich = ich(cpu);
        cpu.dsb();
        for (int i = 0; i < nrLrs; i++) {
            s.lr[i] = ich.readLr(i);
        }
        s.apr0 = ich.readGroup0Priorities();
        s.apr1 = ich.readActivePriorities();
        s.vmcr = ich.readVmcr();
        s.sre = hw.cpu(cpu.id()).read(SystemRegister.ICC_SRE_EL1);
    }

    @Override
    @Xen("gicv3_restore_state")
    public void restoreState(Pcpu cpu, Vcpu v) {
        GicV3SavedState s = (GicV3SavedState) v.gic();
        VirtualCpuInterface ich = ich(cpu);
        write(cpu, SystemRegister.ICC_SRE_EL2, hw.cpu(cpu.id()).read(SystemRegister.ICC_SRE_EL2) | 8);
        write(cpu, SystemRegister.ICC_SRE_EL1, s.sre);
        ich.writeVmcr(s.vmcr);
        ich.writeGroup0Priorities(s.apr0);
        ich.writeActivePriorities(s.apr1);
        for (int i = 0; i < nrLrs; i++) {
            ich.writeLr(i, s.lr[i]);
        }
        cpu.dsb();
    }

    @Override
    @Xen("gicv3_update_lr")
    public void updateLr(Pcpu cpu, int lr, int virq, int priority, int pirq, long state) {
        long v = state
                | VirtualCpuInterface.LR_GROUP1
                | (long) (priority & 0xff) << VirtualCpuInterface.LR_PRIORITY_SHIFT;
        if (pirq >= 0) {
            v |= VirtualCpuInterface.LR_HW
                    | (pirq & VirtualCpuInterface.LR_PHYSICAL_MASK) << VirtualCpuInterface.LR_PHYSICAL_SHIFT;
        }
        ich(cpu).writeLr(lr, v | virq & VirtualCpuInterface.LR_VIRTUAL_MASK);
    }

    @Override
    @Xen("gicv3_clear_lr")
    public void clearLr(Pcpu cpu, int lr) {
        ich(cpu).writeLr(lr, 0);
    }

    @Override
    @Xen("gicv3_read_lr")
    public long readLr(Pcpu cpu, int lr) {
        return ich(cpu).readLr(lr);
    }

    @Override
    @Xen("gicv3_write_lr")
    public void writeLr(Pcpu cpu, int lr, long value) {
        ich(cpu).writeLr(lr, value);
    }

    @Override
    public boolean isHcrSet(Pcpu cpu, long flag) {
        return (ich(cpu).peekHcr() & flag) != 0;
    }

    @Override
    @Xen("gicv3_hcr_status")
    public void updateHcrStatus(Pcpu cpu, long flag, boolean set) {
        VirtualCpuInterface ich = ich(cpu);
        long hcr = ich.readHcr();
        ich.writeHcr(set ? hcr | flag : hcr & ~flag);
    }

    @Override
    @Xen("gicv3_read_vmcr_priority")
    public int readVmcrPriority(Pcpu cpu) {
        return (int) (ich(cpu).readVmcr() >>> VirtualCpuInterface.VMCR_VPMR_SHIFT) & 0xff;
    }

    @Override
    @Xen("gicv3_read_apr")
    public int readApr(Pcpu cpu) {
        return ich(cpu).readActivePriorities();
    }
}

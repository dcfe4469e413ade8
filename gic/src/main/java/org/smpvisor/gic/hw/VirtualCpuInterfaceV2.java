package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualInterface;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Deviation;

/**
 * The hypervisor interface (GICH) of one pCPU with its list registers, and the virtual CPU interface (GICV) that the guest
 * sees through them as its GICC. Owned by the pCPU.
 */
@Arm("IHI 0048B, chapter 5")
@Deviation("the binary points are kept, but do not group priorities: neither Xen nor Linux as dom0 sets them")
public final class VirtualCpuInterfaceV2 implements VirtualInterface {
    private static final int NONE = -1;
    private static final int SHIFT = 3;
    private static final int IDLE_PRIORITY = 0xff;
    /** GICV_IAR: the most urgent interrupt is in Group 1, which is acknowledged by GICV_AIAR. */
    private static final int OTHER_GROUP = 1022;

    private static final int CTLR_BITS = 0x1f;
    private static final int ALL_MAINTENANCE = 0xfe;
    /** The sender of an SGI, above its INTID. */
    private static final int SOURCE = 0x1c00;

    /** Of what a guest writes to end or deactivate an interrupt, the rest is reserved. */
    private static final int SHOWN_MASK = Gich.LR_VIRTUAL_MASK | SOURCE;

    /** What five bits of priority leave of the binary points; a smaller one is raised to that. */
    private static final int MIN_BPR = 2;

    private static final int MIN_ABPR = 3;
    private static final int VMCR_RESET = MIN_BPR << Gich.VMCR_BPR_SHIFT | MIN_ABPR << Gich.VMCR_ABPR_SHIFT;

    private final GicV2Hardware gic;
    private final CpuInterfaceV2 cpu;
    private final int[] lr;

    @OwnedBy("pcpu")
    private int hcr;

    @OwnedBy("pcpu")
    private int vmcr = VMCR_RESET;

    /** GICH_APR: bit n for priority 8*n. */
    @OwnedBy("pcpu")
    private int activePriorities;

    @OwnedBy("pcpu")
    private int best = NONE;

    @OwnedBy("pcpu")
    private boolean stale = true;

    /** The maintenance interrupt's level. */
    @OwnedBy("pcpu")
    private boolean maintenance;

    /** Whether a list register ever asked for the maintenance interrupt at its end. */
    @OwnedBy("pcpu")
    private boolean usesEoi;

    @OwnedBy("pcpu")
    private int acknowledgedPhysical = NONE;

    @OwnedBy("pcpu")
    private long acknowledgedGeneration;

    VirtualCpuInterfaceV2(GicV2Hardware gic, CpuInterfaceV2 cpu) {
        this.gic = gic;
        this.cpu = cpu;
        this.lr = new int[gic.config().listRegisters()];
    }

    // ---- GICH, for Xen ----------------------------------------------------------------------------------------------

    /** Reads a register of the hypervisor interface; what is not there is zero. */
    long readHyp(int offset) {
        int v = switch (offset) {
            case Gich.HCR -> hcr;
            case Gich.VTR -> gic.config().vtr();
            case Gich.VMCR -> vmcr;
            case Gich.MISR -> misr();
            case Gich.EISR -> (int) ended();
            case Gich.EISR + 4 -> (int) (ended() >>> 32);
            case Gich.ELRSR -> (int) empty();
            case Gich.ELRSR + 4 -> (int) (empty() >>> 32);
            case Gich.APR -> activePriorities;
            default -> isLr(offset) ? lr[offset - Gich.LR >> 2] : 0;
        };
        return v & 0xffffffffL;
    }

    private boolean isLr(int offset) {
        return offset >= Gich.LR && offset < Gich.LR + 4 * lr.length;
    }

    /** Writes a register of the hypervisor interface; what is not there, or can only be read, ignores it. */
    void writeHyp(int offset, int v) {
        if (offset == Gich.HCR && hcr == v) {
            return; // as on every exit and entry of a guest
        }
        switch (offset) {
            case Gich.HCR -> hcr = v;
            case Gich.VMCR -> {
                vmcr = v;
                writeBinaryPoint(v >>> Gich.VMCR_BPR_SHIFT);
                writeGroup1BinaryPoint(v >>> Gich.VMCR_ABPR_SHIFT);
            }
            case Gich.APR -> activePriorities = v;
            default -> {
                if (isLr(offset)) {
                    lr[offset - Gich.LR >> 2] = v;
                    usesEoi |= (v & (Gich.LR_HW | Gich.LR_EOI)) == Gich.LR_EOI;
                }
            }
        }
        changed();
    }

    /** GICH_LR&lt;n&gt; as an observer sees it: no access. */
    public int readLr(int n) {
        return lr[n];
    }

    /** GICH_HCR as an observer sees it: no access. */
    public int peekHcr() {
        return hcr;
    }

    /** GICH_EISR: registers that have ended and ask for notice of it. */
    private long ended() {
        long set = 0;
        for (int i = 0; i < lr.length; i++) {
            if ((lr[i] & (Gich.LR_STATE | Gich.LR_HW | Gich.LR_EOI)) == Gich.LR_EOI) {
                set |= 1L << i;
            }
        }
        return set;
    }

    /** GICH_ELRSR: registers that hold no interrupt, and whose end nobody waits to be told. */
    private long empty() {
        long set = 0;
        for (int i = 0; i < lr.length; i++) {
            if ((lr[i] & Gich.LR_STATE) == 0) {
                set |= 1L << i;
            }
        }
        return set & ~ended();
    }

    /** GICH_MISR: the reasons for a maintenance interrupt. */
    private int misr() {
        int valid = 0;
        int pending = 0;
        for (int v : lr) {
            valid += (v & Gich.LR_STATE) != 0 ? 1 : 0;
            pending += (v & Gich.LR_STATE) == Gich.LR_PENDING ? 1 : 0;
        }
        int groups = vmcr & 3;
        int met = (valid <= 1 ? Gich.HCR_UIE : 0)
                | (hcr >>> Gich.HCR_EOI_COUNT_SHIFT != 0 ? Gich.HCR_LRENPIE : 0)
                | (pending == 0 ? Gich.HCR_NPIE : 0)
                | (groups & 1) << 4
                | (~groups & 1) << 5
                | (groups & 2) << 5
                | (~groups & 2) << 6;
        return met & hcr & ALL_MAINTENANCE | (usesEoi && ended() != 0 ? 1 : 0);
    }

    // ---- GICV, for the guest ----------------------------------------------------------------------------------------

    @Override
    public boolean isIrqAsserted() {
        if (stale) {
            findBest();
        }
        return best != NONE && !isFiq(lr[best]);
    }

    /** Interrupts of Group 0 are signalled as virtual FIQs if the guest wants that. */
    private boolean isFiq(int v) {
        return (v & Gich.LR_GROUP1) == 0 && (vmcr & Gich.VMCR_FIQ) != 0;
    }

    private void findBest() {
        stale = false;
        best = NONE;
        if ((hcr & Gich.HCR_EN) == 0) {
            return;
        }
        int limit = vmcr >>> Gich.VMCR_PRIORITY_SHIFT;
        if (activePriorities != 0) {
            limit = Math.min(limit, Integer.numberOfTrailingZeros(activePriorities));
        }
        for (int i = 0; i < lr.length; i++) {
            int v = lr[i];
            if ((v & Gich.LR_STATE) == Gich.LR_PENDING && isGroupEnabled(v)) {
                int p = priority(v);
                if (p < limit) {
                    limit = p;
                    best = i;
                }
            }
        }
    }

    private boolean isGroupEnabled(int v) {
        return (vmcr & ((v & Gich.LR_GROUP1) != 0 ? Gich.VMCR_GROUP1 : Gich.VMCR_GROUP0)) != 0;
    }

    private static int priority(int v) {
        return v >>> Gich.LR_PRIORITY_SHIFT & Gich.LR_PRIORITY_MASK;
    }

    /** What GICV_IAR shows of a list register: INTID, and for an SGI who sent it. */
    private static int shown(int v) {
        int intid = v & Gich.LR_VIRTUAL_MASK;
        return intid < NR_SGIS && (v & Gich.LR_HW) == 0 ? v & SHOWN_MASK : intid;
    }

    /** GICV_IAR. */
    @Override
    public int acknowledge(Pcpu pcpu) {
        if (stale) {
            findBest();
        }
        if (best == NONE) {
            return SPURIOUS;
        }
        boolean group1 = (lr[best] & Gich.LR_GROUP1) != 0;
        return group1 && (vmcr & Gich.VMCR_ACK_CTL) == 0 ? OTHER_GROUP : takeBest();
    }

    private int takeBest() {
        int v = lr[best];
        lr[best] = v & ~Gich.LR_PENDING | Gich.LR_ACTIVE;
        activePriorities |= 1 << priority(v);
        if ((v & Gich.LR_HW) != 0) {
            acknowledgedPhysical = v >>> Gich.LR_PHYSICAL_SHIFT & Gich.LR_PHYSICAL_MASK;
            acknowledgedGeneration = gic.distributor().acknowledgedGeneration(acknowledgedPhysical);
        } else {
            acknowledgedPhysical = NONE;
        }
        changed();
        return shown(v);
    }

    @Override
    public int acknowledgedPhysical() {
        return acknowledgedPhysical;
    }

    @Override
    public long acknowledgedGeneration() {
        return acknowledgedGeneration;
    }

    /** GICV_EOIR and GICV_AEOIR: without an active priority there is nothing to end. */
    @Override
    public void end(Pcpu pcpu, int value) {
        if ((value & GICC_INTID_MASK) >= OTHER_GROUP || activePriorities == 0) {
            return;
        }
        activePriorities &= activePriorities - 1;
        if ((vmcr & Gich.VMCR_EOIMODE) == 0) {
            deactivateLr(pcpu, value);
        }
        changed();
    }

    /** GICV_DIR: ignored while it is EOIR that deactivates, which the architecture leaves open. */
    @Override
    public void deactivate(Pcpu pcpu, int value) {
        if ((vmcr & Gich.VMCR_EOIMODE) != 0) {
            deactivateLr(pcpu, value);
        }
    }

    /** The value names an SGI by its sender, too. One that is in no list register is counted. */
    private void deactivateLr(Pcpu pcpu, int value) {
        for (int i = 0; i < lr.length; i++) {
            int v = lr[i];
            if ((v & Gich.LR_ACTIVE) != 0 && shown(v) == (value & SHOWN_MASK)) {
                lr[i] = v & ~Gich.LR_ACTIVE;
                int physical = v >>> Gich.LR_PHYSICAL_SHIFT & Gich.LR_PHYSICAL_MASK;
                if ((v & Gich.LR_HW) != 0 && gic.deactivation().reaches(pcpu, physical)) {
                    gic.distributor().deactivate(physical);
                }
                changed();
                return;
            }
        }
        hcr += 1 << Gich.HCR_EOI_COUNT_SHIFT;
        changed();
    }

    @Override
    public boolean isMemoryMapped() {
        return true;
    }

    @Override
    public long readFrame(int offset) {
        return switch (offset) {
            case GICC_CTLR -> readControl();
            case GICC_PMR -> readPriorityMask();
            case GICC_BPR -> readBinaryPoint();
            case GICC_ABPR -> vmcr >>> Gich.VMCR_ABPR_SHIFT & 7;
            case GICC_RPR ->
                activePriorities == 0 ? IDLE_PRIORITY : Integer.numberOfTrailingZeros(activePriorities) << SHIFT;
            case GICC_HPPIR -> highestPending(false);
            case GICC_AHPPIR -> highestPending(true);
            case GICC_AIAR -> acknowledgeGroup1();
            case GICC_APR -> activePriorities & 0xffffffffL;
            case GICC_IIDR -> gic.config().cpuInterfaceIidr();
            default -> 0;
        };
    }

    private int highestPending(boolean group1) {
        if (stale) {
            findBest();
        }
        return best == NONE || (lr[best] & Gich.LR_GROUP1) != 0 != group1 ? SPURIOUS : shown(lr[best]);
    }

    private int acknowledgeGroup1() {
        return highestPending(true) == SPURIOUS ? SPURIOUS : takeBest();
    }

    @Override
    public void writeFrame(int offset, int value) {
        switch (offset) {
            case GICC_CTLR -> writeControl(value);
            case GICC_PMR -> writePriorityMask(value);
            case GICC_BPR -> writeBinaryPoint(value);
            case GICC_ABPR -> writeGroup1BinaryPoint(value);
            case GICC_AEOIR -> end(cpu.pcpu(), value);
            case GICC_APR -> {
                activePriorities = value;
                changed();
            }
            default -> {}
        }
    }

    @Override
    public int readPriorityMask() {
        return vmcr >>> Gich.VMCR_PRIORITY_SHIFT << SHIFT;
    }

    @Override
    public int readControl() {
        return vmcr & (CTLR_BITS | Gich.VMCR_EOIMODE);
    }

    @Override
    public int readGroupEnable() {
        return vmcr & Gich.VMCR_GROUP0;
    }

    @Override
    public int readBinaryPoint() {
        return vmcr >>> Gich.VMCR_BPR_SHIFT & 7;
    }

    @Override
    public void writePriorityMask(int priority) {
        setVmcr(Gich.VMCR_PRIORITY_SHIFT, Gich.VMCR_PRIORITY_MASK, (priority & 0xff) >> SHIFT);
    }

    /** GICV_CTLR: its fields stand at the same places in GICH_VMCR. */
    @Override
    public void writeControl(int value) {
        setVmcr(0, CTLR_BITS | Gich.VMCR_EOIMODE, value & (CTLR_BITS | Gich.VMCR_EOIMODE));
    }

    @Override
    public void writeGroupEnable(int value) {
        setVmcr(0, Gich.VMCR_GROUP0, value & 1);
    }

    @Override
    public void writeBinaryPoint(int value) {
        setVmcr(Gich.VMCR_BPR_SHIFT, 7, Math.max(value & 7, MIN_BPR));
    }

    private void writeGroup1BinaryPoint(int value) {
        setVmcr(Gich.VMCR_ABPR_SHIFT, 7, Math.max(value & 7, MIN_ABPR));
    }

    private void setVmcr(int shift, int mask, int value) {
        vmcr = vmcr & ~(mask << shift) | value << shift;
        changed();
    }

    // ---- maintenance ------------------------------------------------------------------------------------------------

    /** Something changed that the virtual signal or the maintenance interrupt depends on. */
    private void changed() {
        stale = true;
        if ((hcr & ALL_MAINTENANCE) != 0 || maintenance || usesEoi) {
            updateMaintenance();
        }
    }

    private void updateMaintenance() {
        boolean level = (hcr & Gich.HCR_EN) != 0 && misr() != 0;
        if (level != maintenance) {
            maintenance = level;
            if (level) {
                cpu.pcpu().count(Counter.MAINTENANCE);
            }
            cpu.setLocalLine(gic.config().maintenanceIrq(), level);
        }
    }
}

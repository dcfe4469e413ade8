package org.smpvisor.gic.hw;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualInterface;
import org.smpvisor.variant.Arm;

/**
 * The hypervisor interface (ICH) of one pCPU with its list registers, and the virtual CPU interface (ICV) that the guest
 * sees through them. Owned by the pCPU.
 */
@Arm("IHI 0069, sections 5.2 and 12.4")
public final class VirtualCpuInterface implements VirtualInterface {
    public static final long LR_PENDING = 1L << 62;
    public static final long LR_ACTIVE = 1L << 63;
    public static final long LR_STATE = LR_PENDING | LR_ACTIVE;
    public static final long LR_HW = 1L << 61;
    public static final long LR_GROUP1 = 1L << 60;
    public static final int LR_PRIORITY_SHIFT = 48;
    /** In a register without the HW bit: its end asks for the maintenance interrupt. Xen never sets it on a GICv3. */
    public static final long LR_EOI = 1L << 41;

    public static final int LR_PHYSICAL_SHIFT = 32;
    public static final long LR_PHYSICAL_MASK = 0x1fff;
    public static final long LR_VIRTUAL_MASK = 0xffff;
    public static final long HCR_EN = 1;
    public static final long HCR_UIE = 1 << 1;
    public static final long VMCR_VENG1 = 1 << 1;
    public static final long VMCR_VEOIM = 1 << 9;
    public static final int VMCR_VBPR1_SHIFT = 18;
    public static final int VMCR_VPMR_SHIFT = 24;
    private static final int CTLR_EOIMODE = 1 << 1;
    private static final int CTLR_PRIBITS_SHIFT = 8;
    private static final int NONE = -1;

    private final GicHardware gic;
    private final CpuInterface cpu;
    private final long[] lr;

    @OwnedBy("pcpu")
    private long hcr;

    @OwnedBy("pcpu")
    private long vmcr;

    /** ICH_AP0R0_EL2: the active priorities of Group 0, which no guest of Xen's GICv3 has. */
    @OwnedBy("pcpu")
    private int group0Priorities;

    /** ICH_AP1R0_EL2: bit n for priority 8*n. */
    @OwnedBy("pcpu")
    private int activePriorities;

    @OwnedBy("pcpu")
    private int best = NONE;

    @OwnedBy("pcpu")
    private boolean stale = true;

    @OwnedBy("pcpu")
    private boolean underflow;

    @OwnedBy("pcpu")
    private int acknowledgedPhysical = NONE;

    @OwnedBy("pcpu")
    private long acknowledgedGeneration;

    VirtualCpuInterface(GicHardware gic, CpuInterface cpu) {
        this.gic = gic;
        this.cpu = cpu;
        this.lr = new long[gic.config().listRegisters()];
    }

    // ---- ICH, for Xen -----------------------------------------------------------------------------------------------

    /** ICH_VTR_EL2. */
    public long readVtr() {
        return logged(SystemRegister.ICH_VTR_EL2, gic.config().vtr());
    }

    /** ICH_HCR_EL2 as an observer sees it: no access. */
    public long peekHcr() {
        return hcr;
    }

    /** ICH_HCR_EL2. */
    public long readHcr() {
        return logged(SystemRegister.ICH_HCR_EL2, hcr);
    }

    public void writeHcr(long v) {
        cpu.log(SystemRegister.ICH_HCR_EL2, true, v);
        if (hcr != v) {
            hcr = v;
            changed();
        }
    }

    /** ICH_VMCR_EL2. */
    public long readVmcr() {
        return logged(SystemRegister.ICH_VMCR_EL2, vmcr);
    }

    public void writeVmcr(long v) {
        cpu.log(SystemRegister.ICH_VMCR_EL2, true, v);
        vmcr = v;
        changed();
    }

    /** ICH_AP0R0_EL2. */
    public int readGroup0Priorities() {
        return (int) logged(SystemRegister.ICH_AP0R0_EL2, group0Priorities);
    }

    public void writeGroup0Priorities(int v) {
        cpu.log(SystemRegister.ICH_AP0R0_EL2, true, v);
        group0Priorities = v;
    }

    /** ICH_AP1R0_EL2. */
    public int readActivePriorities() {
        return (int) logged(SystemRegister.ICH_AP1R0_EL2, activePriorities);
    }

    public void writeActivePriorities(int v) {
        cpu.log(SystemRegister.ICH_AP1R0_EL2, true, v);
        activePriorities = v;
        changed();
    }

    /** ICH_LR&lt;n&gt;_EL2. */
    public long readLr(int n) {
        cpu.log(SystemRegister.ICH_LR_EL2, n, false, lr[n]);
        return lr[n];
    }

    public void writeLr(int n, long v) {
        cpu.log(SystemRegister.ICH_LR_EL2, n, true, v);
        lr[n] = v;
        changed();
    }

    private long logged(SystemRegister r, long v) {
        cpu.log(r, false, v);
        return v;
    }

    // ---- ICV, for the guest -----------------------------------------------------------------------------------------

    @Override
    public boolean isIrqAsserted() {
        if (stale) {
            findBest();
        }
        return best != NONE;
    }

    private void findBest() {
        stale = false;
        best = NONE;
        if ((hcr & HCR_EN) == 0 || (vmcr & VMCR_VENG1) == 0) {
            return;
        }
        int limit = (int) (vmcr >>> VMCR_VPMR_SHIFT) & 0xff;
        if (activePriorities != 0) {
            limit = Math.min(limit, Integer.numberOfTrailingZeros(activePriorities) << 3);
        }
        for (int i = 0; i < lr.length; i++) {
            if ((lr[i] & LR_STATE) == LR_PENDING) {
                int p = (int) (lr[i] >>> LR_PRIORITY_SHIFT) & 0xff;
                if (p < limit) {
                    limit = p;
                    best = i;
                }
            }
        }
    }

    @Override
    public int acknowledge(Pcpu pcpu) {
        if (!isIrqAsserted()) {
            return SPURIOUS;
        }
        int n = best;
        long v = lr[n];
        lr[n] = v & ~LR_PENDING | LR_ACTIVE;
        activePriorities |= 1 << ((int) (v >>> LR_PRIORITY_SHIFT & 0xff) >> 3);
        if ((v & LR_HW) != 0) {
            acknowledgedPhysical = (int) (v >>> LR_PHYSICAL_SHIFT & LR_PHYSICAL_MASK);
            acknowledgedGeneration = gic.distributor().acknowledgedGeneration(acknowledgedPhysical);
        } else {
            acknowledgedPhysical = NONE;
        }
        stale = true;
        return (int) (v & LR_VIRTUAL_MASK);
    }

    @Override
    public int acknowledgedPhysical() {
        return acknowledgedPhysical;
    }

    @Override
    public long acknowledgedGeneration() {
        return acknowledgedGeneration;
    }

    @Override
    public void end(Pcpu pcpu, int intid) {
        activePriorities &= activePriorities - 1;
        if ((vmcr & VMCR_VEOIM) == 0) {
            deactivate(pcpu, intid);
        }
        changed();
    }

    @Override
    public void deactivate(Pcpu pcpu, int intid) {
        for (int i = 0; i < lr.length; i++) {
            long v = lr[i];
            if ((v & LR_ACTIVE) != 0 && (v & LR_VIRTUAL_MASK) == intid) {
                lr[i] = v & ~LR_ACTIVE;
                int physical = (int) (v >>> LR_PHYSICAL_SHIFT & LR_PHYSICAL_MASK);
                if ((v & LR_HW) != 0 && gic.deactivation().reaches(pcpu, physical)) {
                    gic.distributor().deactivate(physical);
                }
                changed();
                return;
            }
        }
    }

    @Override
    public int readPriorityMask() {
        return (int) (vmcr >>> VMCR_VPMR_SHIFT) & 0xff;
    }

    @Override
    public int readControl() {
        return ((vmcr & VMCR_VEOIM) != 0 ? CTLR_EOIMODE : 0) | gic.config().priorityBits() - 1 << CTLR_PRIBITS_SHIFT;
    }

    @Override
    public int readGroupEnable() {
        return (vmcr & VMCR_VENG1) != 0 ? 1 : 0;
    }

    @Override
    public int readBinaryPoint() {
        return (int) (vmcr >>> VMCR_VBPR1_SHIFT) & 7;
    }

    @Override
    public void writePriorityMask(int priority) {
        setVmcr(VMCR_VPMR_SHIFT, 0xff, priority & gic.config().priorityMask());
    }

    @Override
    public void writeControl(int value) {
        setVmcr(9, 1, value >> 1 & 1);
    }

    @Override
    public void writeGroupEnable(int value) {
        setVmcr(1, 1, value & 1);
    }

    @Override
    public void writeBinaryPoint(int value) {
        setVmcr(VMCR_VBPR1_SHIFT, 7, value & 7);
    }

    private void setVmcr(int shift, long mask, long value) {
        vmcr = vmcr & ~(mask << shift) | value << shift;
        changed();
    }

    // ---- maintenance ------------------------------------------------------------------------------------------------

    /** Something changed that the virtual signal or the maintenance interrupt depends on. */
    private void changed() {
        stale = true;
        if ((hcr & HCR_UIE) != 0 || underflow) {
            updateMaintenance();
        }
    }

    private void updateMaintenance() {
        int valid = 0;
        for (long v : lr) {
            valid += (v & LR_STATE) != 0 ? 1 : 0;
        }
        boolean level = (hcr & (HCR_UIE | HCR_EN)) == (HCR_UIE | HCR_EN) && valid <= 1;
        if (level != underflow) {
            underflow = level;
            if (level) {
                cpu.pcpu().count(Counter.MAINTENANCE);
            }
            cpu.setLocalLine(gic.config().maintenanceIrq(), level);
        }
    }
}

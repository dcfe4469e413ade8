package org.smpvisor.gic.hw;

import org.smpvisor.variant.Arm;

/** Offsets and fields of a GICv2's hypervisor interface. */
@Arm("IHI 0048B, section 5.3")
public final class Gich {
    public static final int HCR = 0x00;
    public static final int VTR = 0x04;
    public static final int VMCR = 0x08;
    public static final int MISR = 0x10;
    public static final int EISR = 0x20;
    public static final int ELRSR = 0x30;
    public static final int APR = 0xf0;
    public static final int LR = 0x100;
    /** Bytes of the frame. */
    public static final int SIZE = 0x1000;

    public static final int HCR_EN = 1;
    public static final int HCR_UIE = 1 << 1;
    public static final int HCR_LRENPIE = 1 << 2;
    public static final int HCR_NPIE = 1 << 3;
    public static final int HCR_EOI_COUNT_SHIFT = 27;

    public static final int LR_HW = 1 << 31;
    public static final int LR_GROUP1 = 1 << 30;
    public static final int LR_ACTIVE = 1 << 29;
    public static final int LR_PENDING = 1 << 28;
    public static final int LR_STATE = LR_ACTIVE | LR_PENDING;
    public static final int LR_PRIORITY_SHIFT = 23;
    public static final int LR_PRIORITY_MASK = 0x1f;
    /** The end of an interrupt without hardware behind it asks for the maintenance interrupt. */
    public static final int LR_EOI = 1 << 19;

    public static final int LR_PHYSICAL_SHIFT = 10;
    public static final int LR_PHYSICAL_MASK = 0x3ff;
    public static final int LR_SOURCE_SHIFT = 10;
    public static final int LR_SOURCE_MASK = 7;
    public static final int LR_VIRTUAL_MASK = 0x3ff;

    public static final int VMCR_GROUP0 = 1;
    public static final int VMCR_GROUP1 = 1 << 1;
    public static final int VMCR_ACK_CTL = 1 << 2;
    public static final int VMCR_FIQ = 1 << 3;
    public static final int VMCR_CBPR = 1 << 4;
    public static final int VMCR_EOIMODE = 1 << 9;
    public static final int VMCR_ABPR_SHIFT = 18;
    public static final int VMCR_BPR_SHIFT = 21;
    public static final int VMCR_PRIORITY_SHIFT = 27;
    public static final int VMCR_PRIORITY_MASK = 0x1f;

    private Gich() {}

    /**
     * A GICH_LR in the form of ICH_LR_EL2, which is how this code's users speak of list registers whatever the version. The
     * source of an SGI stands above its INTID, as in the list registers of a GICv3 for a guest with a GICv2.
     */
    public static long toIch(int lr) {
        long v = (lr & LR_VIRTUAL_MASK)
                | (long) (lr >>> LR_PRIORITY_SHIFT & LR_PRIORITY_MASK) << VirtualCpuInterface.LR_PRIORITY_SHIFT + 3
                | (long) (lr >>> 28 & 3) << 62;
        if ((lr & LR_GROUP1) != 0) {
            v |= VirtualCpuInterface.LR_GROUP1;
        }
        if ((lr & LR_HW) != 0) {
            v |= VirtualCpuInterface.LR_HW
                    | (long) (lr >>> LR_PHYSICAL_SHIFT & LR_PHYSICAL_MASK) << VirtualCpuInterface.LR_PHYSICAL_SHIFT;
        } else {
            v |= lr & LR_SOURCE_MASK << LR_SOURCE_SHIFT;
            if ((lr & LR_EOI) != 0) {
                v |= VirtualCpuInterface.LR_EOI;
            }
        }
        return v;
    }

    /** The reverse of {@link #toIch}; the priority loses what is below its five bits. */
    public static int fromIch(long v) {
        int lr = (int) v & LR_VIRTUAL_MASK
                | ((int) (v >>> VirtualCpuInterface.LR_PRIORITY_SHIFT + 3) & LR_PRIORITY_MASK) << LR_PRIORITY_SHIFT
                | (int) (v >>> 62) << 28;
        if ((v & VirtualCpuInterface.LR_GROUP1) != 0) {
            lr |= LR_GROUP1;
        }
        if ((v & VirtualCpuInterface.LR_HW) != 0) {
            lr |= LR_HW | ((int) (v >>> VirtualCpuInterface.LR_PHYSICAL_SHIFT) & LR_PHYSICAL_MASK) << LR_PHYSICAL_SHIFT;
        } else {
            lr |= (int) v & LR_SOURCE_MASK << LR_SOURCE_SHIFT;
            if ((v & VirtualCpuInterface.LR_EOI) != 0) {
                lr |= LR_EOI;
            }
        }
        return lr;
    }
}

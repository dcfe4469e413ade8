package org.smpvisor.abi;

import org.smpvisor.variant.Arm;

/**
 * Offsets and numbers of a GICv3 and a GICv2 as software sees them, the same for Xen on the host and for a guest on the virtual
 * one.
 */
@Arm({"IHI 0069, chapter 12", "IHI 0048B, chapter 4"})
public final class GicAbi {
    public static final int NR_SGIS = 16;
    public static final int NR_LOCAL_IRQS = 32;
    public static final int SPURIOUS = 1023;

    public static final int GICD_CTLR = 0x0000;
    public static final int GICD_TYPER = 0x0004;
    public static final int GICD_IIDR = 0x0008;
    public static final int GICD_STATUSR = 0x0010;
    public static final int GICD_IGROUPR = 0x0080;
    public static final int GICD_ISENABLER = 0x0100;
    public static final int GICD_ICENABLER = 0x0180;
    public static final int GICD_ISPENDR = 0x0200;
    public static final int GICD_ICPENDR = 0x0280;
    public static final int GICD_ISACTIVER = 0x0300;
    public static final int GICD_ICACTIVER = 0x0380;
    public static final int GICD_IPRIORITYR = 0x0400;
    public static final int GICD_ICFGR = 0x0c00;
    public static final int GICD_IGRPMODR = 0x0d00;
    public static final int GICD_NSACR = 0x0e00;
    public static final int GICD_SGIR = 0x0f00;
    /** GICv2 only, as the two after it. */
    public static final int GICD_ITARGETSR = 0x0800;

    public static final int GICD_CPENDSGIR = 0x0f10;
    public static final int GICD_SPENDSGIR = 0x0f20;
    public static final int GICD_IROUTER = 0x6000;
    public static final int GICD_PIDR2 = 0xffe8;

    public static final int GICR_CTLR = 0x0000;
    public static final int GICR_IIDR = 0x0004;
    public static final int GICR_TYPER = 0x0008;
    public static final int GICR_STATUSR = 0x0010;
    public static final int GICR_WAKER = 0x0014;
    public static final int GICR_PIDR2 = 0xffe8;
    /** Offset of the SGI frame from the RD frame; the registers in it are those of the distributor's first word. */
    public static final int GICR_SGI_FRAME = 0x10000;

    /** Bytes of one redistributor: RD frame and SGI frame. */
    public static final int GICR_SIZE = 0x20000;

    /** CPU interface of a GICv2; the virtual one, GICV, has the same offsets. */
    public static final int GICC_CTLR = 0x0000;

    public static final int GICC_PMR = 0x0004;
    public static final int GICC_BPR = 0x0008;
    public static final int GICC_IAR = 0x000c;
    public static final int GICC_EOIR = 0x0010;
    public static final int GICC_RPR = 0x0014;
    public static final int GICC_HPPIR = 0x0018;
    public static final int GICC_ABPR = 0x001c;
    public static final int GICC_AIAR = 0x0020;
    public static final int GICC_AEOIR = 0x0024;
    public static final int GICC_AHPPIR = 0x0028;
    public static final int GICC_APR = 0x00d0;
    public static final int GICC_IIDR = 0x00fc;
    public static final int GICC_DIR = 0x1000;

    /** INTID in a value of GICC_IAR, GICC_EOIR or GICC_DIR; above it, for an SGI, the number of the CPU that sent it. */
    public static final int GICC_INTID_MASK = 0x3ff;

    public static final int GICC_SOURCE_SHIFT = 10;

    /** GICC_CTLR.EOImodeNS, GICV_CTLR.EOImode. */
    public static final int GICC_CTLR_EOIMODE = 1 << 9;

    /** CPU interfaces that a GICv2 can have, and vCPUs of its guests. */
    public static final int GICV2_CPUS = 8;

    public static final int GICD_CTLR_ENABLE_G1A = 1 << 1;
    public static final int GICD_CTLR_ENABLE_G0 = 1;
    public static final int GICD_CTLR_ARE_NS = 1 << 4;
    public static final int GICD_CTLR_DS = 1 << 6;
    public static final int GICD_CTLR_RWP = 1 << 31;
    public static final long IROUTER_IRM = 1L << 31;

    /** Where an unprivileged (non host-layout) guest finds its distributor and redistributors. */
    public static final long GUEST_GICD_BASE = 0x03001000L;

    /** Where such a guest of a GICv2 finds its CPU interface. */
    public static final long GUEST_GICC_BASE = 0x03002000L;

    public static final long GUEST_GICC_SIZE = 0x2000L;

    public static final long GUEST_GICR_BASE = 0x03020000L;

    /** Room for the redistributors of 128 vCPUs, however many a guest has. */
    public static final long GUEST_GICR_SIZE = 0x01000000L;

    private GicAbi() {}

    /** Bits of an affinity value in a 64-bit router or MPIDR: Aff3 in 39:32, Aff2..Aff0 in 23:0. */
    public static final long AFFINITY_MASK = 0xff00ffffffL;

    /** vMPIDR affinity of a Xen guest's vCPU: Aff0 is the low nibble of its id, Aff1 the rest. */
    public static long vcpuAffinity(int vcpuId) {
        return (vcpuId & 0xf) | (long) (vcpuId >> 4) << 8;
    }
}

package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Arm;

/**
 * What a GICv2 has for one pCPU: its banked registers of the distributor and its CPU interface. An SGI is pending once for
 * each pCPU that sent it.
 */
@Arm("IHI 0048B, sections 3.2, 4.3 and 4.4")
public final class CpuInterfaceV2 extends GicCpu {
    private static final int ICFGR_SGIS = 0xaaaaaaaa;
    private static final int IDLE_PRIORITY = 0xff;
    /** INTIDs from here on are answers of GICC_IAR that need no end. */
    private static final int NO_INTERRUPT = 1020;

    private final GicV2Hardware gic;
    private final VirtualCpuInterfaceV2 virtual;

    /** CPUs of which each SGI is pending, one bit per CPU: GICD_SPENDSGIR. */
    @OwnedBy("pcpu")
    private final int[] sources = new int[NR_SGIS];

    /** CPU that sent the SGI which was acknowledged last. */
    @OwnedBy("pcpu")
    private int source;

    CpuInterfaceV2(GicV2Hardware gic, Pcpu pcpu, int index) {
        super(gic, pcpu, index);
        this.gic = gic;
        this.virtual = new VirtualCpuInterfaceV2(gic, this);
        this.group = -1; // without grouping all interrupts are in the group that is signalled
    }

    @Override
    public VirtualCpuInterfaceV2 virtual() {
        return virtual;
    }

    @Override
    public long listRegister(int n) {
        return Gich.toIch(virtual.readLr(n));
    }

    @Override
    void arrived(int message) {
        int sgi = message & 0xf;
        sources[sgi] |= 1 << (message >> 4);
        latch |= 1 << sgi;
    }

    /** One SGI answers one sender: the one with the lowest number, where it is up to the implementation. */
    @Override
    void unlatch(int intid) {
        if (intid < NR_SGIS) {
            source = Integer.numberOfTrailingZeros(sources[intid]);
            clearSources(intid, 1 << source);
        } else {
            latch &= ~(1 << intid);
        }
    }

    private void clearSources(int sgi, int cpus) {
        sources[sgi] &= ~cpus;
        if (sources[sgi] == 0) {
            latch &= ~(1 << sgi);
        }
    }

    // ---- CPU interface ----------------------------------------------------------------------------------------------

    /** GICC_IAR: acknowledges the most urgent interrupt. An SGI's sender stands above its INTID; 1023 when none is signalled. */
    int acknowledge() {
        pcpu.point(Point.HARDWARE, gic);
        gic.touchesSignal(pcpu);
        int intid = take();
        return intid < NR_SGIS ? intid | source << GICC_SOURCE_SHIFT : intid;
    }

    private void endOfInterrupt(int intid) {
        if (intid >= NO_INTERRUPT) {
            return;
        }
        drop();
        if ((control & GICC_CTLR_EOIMODE) == 0) {
            deactivateQuietly(intid);
        }
        recheck();
    }

    private void deactivate(int intid) {
        pcpu.point(Point.HARDWARE, gic);
        if (intid >= NO_INTERRUPT) {
            return;
        }
        deactivateQuietly(intid);
        recheck();
    }

    /** Reads a register of the CPU interface; what is about Group 1 is as without grouping. */
    long readInterface(int offset) {
        return switch (offset) {
            case GICC_CTLR -> control & GICC_CTLR_EOIMODE | (groupEnabled ? 1 : 0);
            case GICC_PMR -> priorityMask;
            case GICC_BPR -> binaryPoint;
            case GICC_IAR -> acknowledge();
            case GICC_RPR -> activePriorities == 0 ? IDLE_PRIORITY : runningPriority();
            case GICC_HPPIR -> highestPending();
            case GICC_AIAR, GICC_AHPPIR -> SPURIOUS;
            case GICC_APR -> activePriorities & 0xffffffffL;
            case GICC_IIDR -> gic.config().cpuInterfaceIidr();
            default -> 0;
        };
    }

    private int highestPending() {
        gic.touchesSignal(pcpu);
        int intid = highest();
        return intid < NR_SGIS ? intid | Integer.numberOfTrailingZeros(sources[intid]) << GICC_SOURCE_SHIFT : intid;
    }

    /**
     * Writes a register of the CPU interface. The sender in a value of EOIR or DIR is not looked at: an SGI is active once,
     * whoever sent it, as on QEMU.
     */
    void writeInterface(int offset, int value) {
        switch (offset) {
            case GICC_EOIR -> endOfInterrupt(value & GICC_INTID_MASK);
            case GICC_DIR -> deactivate(value & GICC_INTID_MASK);
            default -> writeControl(offset, value);
        }
    }

    private void writeControl(int offset, int value) {
        switch (offset) {
            case GICC_CTLR -> {
                control = value;
                groupEnabled = (value & 1) != 0;
            }
            case GICC_PMR -> priorityMask = value & 0xff;
            case GICC_BPR -> binaryPoint = value & 7;
            case GICC_APR -> activePriorities = value;
            default -> {}
        }
        recheck();
    }

    // ---- banked registers of the distributor ------------------------------------------------------------------------

    /** Whether there is a register of the distributor at that offset that each pCPU has one of. */
    static boolean isBanked(int offset) {
        return offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR && (offset & 0x7f) < 4
                || offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + NR_LOCAL_IRQS
                || offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + NR_LOCAL_IRQS
                || offset >= GICD_ICFGR && offset < GICD_ICFGR + 8
                || offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + NR_SGIS;
    }

    /** Reads such a register. */
    long readBanked(int offset, int bytes) {
        gic.touchesSignal(pcpu);
        if (offset >= GICD_CPENDSGIR) {
            return readSources(offset & 0xf, bytes);
        }
        if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) {
            return (0x01010101L << index) & (1L << 8 * bytes) - 1;
        }
        if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
            return readPriorities(offset - GICD_IPRIORITYR, bytes);
        }
        return switch (offset) {
                    case GICD_ISENABLER, GICD_ICENABLER -> enabled;
                    case GICD_ISPENDR, GICD_ICPENDR -> latch | localLevels();
                    case GICD_ISACTIVER, GICD_ICACTIVER -> active;
                    case GICD_ICFGR -> ICFGR_SGIS;
                    default -> 0; // IGROUPR; and PPIs are level-sensitive here, as on QEMU
                }
                & 0xffffffffL;
    }

    private long readSources(int sgi, int bytes) {
        long v = 0;
        for (int i = 0; i < bytes; i++) {
            v |= (long) sources[sgi + i] << 8 * i;
        }
        return v;
    }

    /** Writes such a register; ITARGETSR, ICFGR and the pending bits of SGIs are read-only. */
    void writeBanked(int offset, int bytes, long value) {
        if (offset >= GICD_CPENDSGIR) {
            for (int i = 0; i < bytes; i++) {
                writeSources(offset >= GICD_SPENDSGIR, (offset & 0xf) + i, (int) (value >>> 8 * i) & 0xff);
            }
        } else if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
            writePriorities(offset - GICD_IPRIORITYR, bytes, value);
        } else {
            writeBits(offset, (int) value);
        }
        recheck();
    }

    private void writeSources(boolean set, int sgi, int cpus) {
        if (!set) {
            clearSources(sgi, cpus);
        } else if ((cpus & (1 << gic.cpus()) - 1) != 0) {
            sources[sgi] |= cpus & (1 << gic.cpus()) - 1;
            latch |= 1 << sgi;
        }
    }

    private void writeBits(int offset, int v) {
        int ppis = v & 0xffff0000;
        switch (offset) {
            case GICD_ISENABLER -> enabled |= v;
            case GICD_ICENABLER -> enabled &= ~v;
            case GICD_ISPENDR -> latch |= ppis;
            case GICD_ICPENDR -> latch &= ~ppis;
            case GICD_ISACTIVER -> active |= v;
            case GICD_ICACTIVER -> active &= ~v;
            default -> {}
        }
    }
}

package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Arm;

/** Redistributor and physical CPU interface of one pCPU. */
@Arm("IHI 0069, sections 12.2 and 12.11")
public final class CpuInterface extends GicCpu {
    /** GICR_TYPER.CommonLPIAff: redistributors with the same Aff3 share LPI tables, as on QEMU. */
    private static final int TYPER_COMMON_LPI_AFF3 = 1 << 24;

    private final GicHardware gic;
    private final VirtualCpuInterface virtual;

    @OwnedBy("pcpu")
    private int waker = 0x6;

    @OwnedBy("pcpu")
    private int sre = 0x7;

    CpuInterface(GicHardware gic, Pcpu pcpu, int index) {
        super(gic, pcpu, index);
        this.gic = gic;
        this.virtual = new VirtualCpuInterface(gic, this);
    }

    @Override
    public VirtualCpuInterface virtual() {
        return virtual;
    }

    @Override
    public long listRegister(int n) {
        return virtual.readLr(n);
    }

    @Override
    void arrived(int message) {
        latch |= 1 << (message & 0xf);
    }

    @Override
    void unlatch(int intid) {
        latch &= ~(1 << intid);
    }

    // ---- ICC system registers ---------------------------------------------------------------------------------------

    /** ICC_IAR1_EL1: acknowledges the most urgent interrupt; 1023 when none is signalled. */
    public int acknowledge() {
        pcpu.point(Point.HARDWARE, gic);
        gic.touchesSignal(pcpu);
        int intid = take();
        log(SystemRegister.ICC_IAR1_EL1, false, intid);
        return intid;
    }

    /** ICC_EOIR1_EL1 with EOImode 1: drops the running priority. */
    public void endOfInterrupt(int intid) {
        log(SystemRegister.ICC_EOIR1_EL1, true, intid);
        drop();
        if ((control & 2) == 0) {
            deactivateQuietly(intid);
        }
        recheck();
    }

    /** ICC_DIR_EL1: deactivates. */
    public void deactivate(int intid) {
        pcpu.point(Point.HARDWARE, gic);
        log(SystemRegister.ICC_DIR_EL1, true, intid);
        deactivateQuietly(intid);
        recheck();
    }

    /** ICC_SGI1R_EL1: posts to each target's mailbox. The caller's DSB is a full fence. */
    public void sendSgi(long sgir) {
        log(SystemRegister.ICC_SGI1R_EL1, true, sgir);
        gic.sendSgi(pcpu, sgir);
    }

    /** Writes one of the configuration registers of the CPU interface. */
    public void write(SystemRegister r, long value) {
        gic.touchesSignal(pcpu);
        log(r, true, value);
        switch (r) {
            case ICC_SRE_EL1, ICC_SRE_EL2 -> sre = (int) value;
            case ICC_BPR1_EL1 -> binaryPoint = (int) value;
            case ICC_PMR_EL1 -> priorityMask = (int) value & 0xff;
            case ICC_CTLR_EL1 -> control = (int) value;
            case ICC_IGRPEN1_EL1 -> groupEnabled = (value & 1) != 0;
            default -> throw new IllegalArgumentException("write of " + r);
        }
        recheck();
    }

    /** Reads one of the configuration registers of the CPU interface. */
    public long read(SystemRegister r) {
        long v = switch (r) {
            case ICC_SRE_EL1, ICC_SRE_EL2 -> sre;
            case ICC_BPR1_EL1 -> binaryPoint;
            case ICC_PMR_EL1 -> priorityMask;
            case ICC_CTLR_EL1 -> control;
            case ICC_IGRPEN1_EL1 -> groupEnabled ? 1 : 0;
            default -> throw new IllegalArgumentException("read of " + r);
        };
        log(r, false, v);
        return v;
    }

    void log(SystemRegister r, boolean write, long value) {
        log(r, 0, write, value);
    }

    /** @param n which one of several registers */
    void log(SystemRegister r, int n, boolean write, long value) {
        if (!write) {
            pcpu.saw(value);
        }
        RegisterLog l = gic.log();
        if (l.isOn()) {
            RegisterLog.Component c = r.isHypervisor() ? RegisterLog.Component.ICH : RegisterLog.Component.ICC;
            l.access(index, c, write, n, r, 8, value);
        }
    }

    // ---- GICR frames ------------------------------------------------------------------------------------------------

    /** Reads a register of this redistributor; {@code offset} counts from its RD frame. */
    long readFrame(int offset, int bytes) {
        return offset < GICR_SGI_FRAME ? readRd(offset, bytes) : readSgi(offset - GICR_SGI_FRAME, bytes);
    }

    private long readRd(int offset, int bytes) {
        return switch (offset) {
            case GICR_CTLR -> 0x2;
            case GICR_IIDR -> gic.config().iidr();
            case GICR_TYPER -> bytes == 8 ? typer() : typer() & 0xffffffffL;
            case GICR_TYPER + 4 -> typer() >>> 32;
            case GICR_WAKER -> waker;
            case GICR_PIDR2 -> gic.config().pidr2();
            default -> 0;
        };
    }

    private long typer() {
        long a = pcpu.affinity();
        long affinity = a >>> 32 << 24 | a & 0xffffff;
        return affinity << 32
                | TYPER_COMMON_LPI_AFF3
                | (long) index << 8
                | (gic.isLastOfRegion(index) ? 1 << 4 : 0)
                | 1;
    }

    private long readSgi(int offset, int bytes) {
        if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + NR_LOCAL_IRQS) {
            return readPriorities(offset - GICD_IPRIORITYR, bytes);
        }
        return switch (offset) {
                    case GICD_IGROUPR -> group;
                    case GICD_ISENABLER, GICD_ICENABLER -> enabled;
                    case GICD_ISPENDR, GICD_ICPENDR -> latch | localLevels();
                    case GICD_ISACTIVER, GICD_ICACTIVER -> active;
                    case GICD_ICFGR -> configuration[0];
                    case GICD_ICFGR + 4 -> configuration[1];
                    default -> 0;
                }
                & 0xffffffffL;
    }

    /** Writes a register of this redistributor; only its own pCPU does. */
    void writeFrame(int offset, int bytes, long value) {
        gic.touchesSignal(pcpu);
        int v = (int) value;
        if (offset == GICR_WAKER) {
            waker = (v & 2) != 0 ? 0x6 : 0;
            return;
        }
        int o = offset - GICR_SGI_FRAME;
        if (o >= GICD_IPRIORITYR && o < GICD_IPRIORITYR + NR_LOCAL_IRQS) {
            writePriorities(o - GICD_IPRIORITYR, bytes, value);
        }
        switch (o) {
            case GICD_IGROUPR -> group = v;
            case GICD_ISENABLER -> enabled |= v;
            case GICD_ICENABLER -> enabled &= ~v;
            case GICD_ISPENDR -> latch |= v;
            case GICD_ICPENDR -> latch &= ~v;
            case GICD_ISACTIVER -> active |= v;
            case GICD_ICACTIVER -> active &= ~v;
            case GICD_ICFGR + 4 -> configuration[1] = 0; // PPIs are level-sensitive here, as on QEMU
            default -> {}
        }
        recheck();
    }
}

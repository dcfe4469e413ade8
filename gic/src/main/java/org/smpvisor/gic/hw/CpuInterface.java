package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import java.lang.invoke.VarHandle;
import org.smpvisor.cell.HwWords;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Arm;

/**
 * Redistributor and physical CPU interface of one pCPU. Only two things are written by others: the set of SPIs that the
 * distributor offers, and the level of the local lines; everything else belongs to the pCPU.
 */
@Arm("IHI 0069, sections 12.2 and 12.11")
public final class CpuInterface implements InterruptLine {
    private static final int NO_PRIORITY = 0x100;
    private static final int OFFER_WORDS = 16;
    private static final int SUMMARY = OFFER_WORDS;
    /** GICR_TYPER.CommonLPIAff: redistributors with the same Aff3 share LPI tables, as on QEMU. */
    private static final int TYPER_COMMON_LPI_AFF3 = 1 << 24;

    private final GicHardware gic;
    private final Pcpu pcpu;
    private final int index;
    private final VirtualCpuInterface virtual;

    /** One bit per SPI that may be deliverable here, and a summary word with one bit per word. */
    private final HwWords offers = new HwWords(OFFER_WORDS + 1);

    /** Levels of PPIs 16..31, bit n is INTID n. */
    private final HwWords localLines = HwWords.padded(1);

    @OwnedBy("pcpu")
    private int latch;

    @OwnedBy("pcpu")
    private int active;

    @OwnedBy("pcpu")
    private int enabled;

    @OwnedBy("pcpu")
    private int group1;

    @OwnedBy("pcpu")
    private final int[] configuration = new int[2];

    @OwnedBy("pcpu")
    private final int[] priorities = new int[NR_LOCAL_IRQS];

    @OwnedBy("pcpu")
    private int waker = 0x6;

    @OwnedBy("pcpu")
    private int sre = 0x7;

    @OwnedBy("pcpu")
    private int priorityMask;

    @OwnedBy("pcpu")
    private int control;

    @OwnedBy("pcpu")
    private int binaryPoint;

    @OwnedBy("pcpu")
    private boolean groupEnabled;

    /** Active priorities, bit n for priority 8*n. */
    @OwnedBy("pcpu")
    private int activePriorities;

    /** Most urgent deliverable interrupt as of the last look: INTID, and its priority. */
    @OwnedBy("pcpu")
    private int bestIntid;

    @OwnedBy("pcpu")
    private int bestPriority = NO_PRIORITY;

    CpuInterface(GicHardware gic, Pcpu pcpu, int index) {
        this.gic = gic;
        this.pcpu = pcpu;
        this.index = index;
        this.virtual = new VirtualCpuInterface(gic, this);
    }

    /** The hypervisor and virtual interfaces of the same pCPU. */
    public VirtualCpuInterface virtual() {
        return virtual;
    }

    // ---- arrivals, from any thread ----------------------------------------------------------------------------------

    /** The distributor routes an SPI here that is deliverable at this moment. */
    void offer(int spi) {
        offers.getAndOr(spi >> 6, 1L << spi);
        offers.getAndOr(SUMMARY, 1L << (spi >> 6));
        pcpu.signalAfterRmw();
    }

    /** Sets the level of a local line (PPI 16..31). */
    public void setLocalLine(int ppi, boolean high) {
        long bit = 1L << ppi;
        if (high) {
            if ((localLines.getOpaque(0) & bit) == 0) {
                localLines.getAndOr(0, bit);
                pcpu.signalAfterRmw();
            }
        } else if ((localLines.getOpaque(0) & bit) != 0) {
            localLines.getAndAnd(0, ~bit);
        }
    }

    boolean isLocalLineHigh(int ppi) {
        return (localLines.getOpaque(0) & 1L << ppi) != 0;
    }

    /** Whether something waits here that could be signalled, priorities aside; exact when the machine is at rest. */
    public boolean hasWork() {
        if (localPending() != 0 || !pcpu.mailbox().isEmpty()) {
            return true;
        }
        for (int w = 0; w < OFFER_WORDS; w++) {
            for (long set = offers.getVolatile(w); set != 0; set &= set - 1) {
                int spi = w << 6 | Long.numberOfTrailingZeros(set);
                if (gic.distributor().priorityIfDeliverable(spi, index) != NO_PRIORITY) {
                    return true;
                }
            }
        }
        return false;
    }

    // ---- the signal to the pCPU -------------------------------------------------------------------------------------

    @Override
    public boolean sample(Pcpu cpu) {
        if (cpu.engine().deliversAtOnce()) {
            takeInSgis();
        }
        // What a sender stored before its post is visible to the handler, and a post that found the box still full is
        // served by this delivery: pairs with the fence in front of ICC_SGI1R.
        VarHandle.fullFence();
        look();
        return isSignalled();
    }

    /** SGIs that were posted arrive: they are pending here from now on. */
    public void takeInSgis() {
        Memory memory = pcpu.memory();
        if (memory != null) {
            memory.arrive(pcpu);
        }
        for (int m = pcpu.mailbox().poll(); m >= 0; m = pcpu.mailbox().poll()) {
            latch |= 1 << (m & 0xf);
        }
    }

    private void look() {
        bestPriority = NO_PRIORITY;
        bestIntid = SPURIOUS;
        for (int set = localPending(); set != 0; set &= set - 1) {
            int i = Integer.numberOfTrailingZeros(set);
            if (priorities[i] < bestPriority) {
                bestPriority = priorities[i];
                bestIntid = i;
            }
        }
        if (offers.getOpaque(SUMMARY) != 0) {
            bestOffer(bestPriority);
        }
    }

    private int localPending() {
        int lines = (int) localLines.getOpaque(0);
        return (latch | lines) & enabled & group1 & ~active;
    }

    /** Finds the most urgent offered SPI that beats {@code limit}, withdraws stale offers; returns the priority found. */
    private int bestOffer(int limit) {
        int best = limit;
        for (long words = offers.getVolatile(SUMMARY); words != 0; words &= words - 1) {
            int w = Long.numberOfTrailingZeros(words);
            long set = offers.getVolatile(w);
            if (set == 0) {
                withdrawWord(w);
            }
            for (; set != 0; set &= set - 1) {
                int spi = w << 6 | Long.numberOfTrailingZeros(set);
                int p = gic.distributor().priorityIfDeliverable(spi, index);
                if (p == NO_PRIORITY) {
                    withdraw(spi);
                } else if (p < best) {
                    best = p;
                    bestPriority = p;
                    bestIntid = spi;
                }
            }
        }
        return best;
    }

    private void withdraw(int spi) {
        offers.getAndAnd(spi >> 6, ~(1L << spi));
        if (gic.distributor().priorityIfDeliverable(spi, index) != NO_PRIORITY) {
            offer(spi); // it came back between the look and the withdrawal
        }
    }

    private void withdrawWord(int w) {
        offers.getAndAnd(SUMMARY, ~(1L << w));
        if (offers.getVolatile(w) != 0) {
            offers.getAndOr(SUMMARY, 1L << w);
        }
    }

    /** Whether no interrupt that was acknowledged here waits for its end, as far as the running priority knows. */
    public boolean isPriorityIdle() {
        return activePriorities == 0;
    }

    private int runningPriority() {
        return activePriorities == 0 ? NO_PRIORITY : Integer.numberOfTrailingZeros(activePriorities) << 3;
    }

    private boolean isSignalled() {
        return bestPriority < priorityMask && groupEnabled && (bestPriority & ~7) < runningPriority();
    }

    // ---- ICC system registers ---------------------------------------------------------------------------------------

    /** ICC_IAR1_EL1: acknowledges the most urgent interrupt; 1023 when none is signalled. */
    public int acknowledge() {
        pcpu.point(Point.HARDWARE, gic);
        Memory memory = pcpu.memory();
        if (memory != null) {
            memory.touchesSignal(pcpu);
        }
        while (true) {
            sample(pcpu);
            int intid = SPURIOUS;
            if (isSignalled()) {
                intid = bestIntid;
                if (!activate(intid)) {
                    continue;
                }
                activePriorities |= 1 << (bestPriority >> 3);
            }
            pcpu.setInterruptSignalled(false);
            log(SystemRegister.ICC_IAR1_EL1, false, intid);
            return intid;
        }
    }

    private boolean activate(int intid) {
        if (intid >= NR_LOCAL_IRQS) {
            boolean mine = gic.distributor().acknowledge(intid, index);
            gic.deactivation().acknowledged(pcpu, intid);
            withdraw(intid);
            return mine;
        }
        latch &= ~(1 << intid);
        active |= 1 << intid;
        Memory m = pcpu.memory();
        if (m != null && intid < NR_SGIS) {
            m.takes(pcpu);
        }
        return true;
    }

    /** ICC_EOIR1_EL1 with EOImode 1: drops the running priority. */
    public void endOfInterrupt(int intid) {
        log(SystemRegister.ICC_EOIR1_EL1, true, intid);
        activePriorities &= activePriorities - 1;
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

    private void deactivateQuietly(int intid) {
        if (intid >= NR_LOCAL_IRQS) {
            gic.distributor().deactivate(intid);
        } else {
            active &= ~(1 << intid);
        }
    }

    /** What waits may be signalled now: the pCPU looks at its next point. */
    private void recheck() {
        if (localPending() != 0 || offers.getOpaque(SUMMARY) != 0) {
            pcpu.signalAfterRmw();
        }
    }

    /** ICC_SGI1R_EL1: posts to each target's mailbox. The caller's DSB is a full fence. */
    public void sendSgi(long sgir) {
        log(SystemRegister.ICC_SGI1R_EL1, true, sgir);
        gic.sendSgi(pcpu, sgir);
    }

    /** Writes one of the configuration registers of the CPU interface. */
    public void write(SystemRegister r, long value) {
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
            long v = 0;
            for (int i = 0; i < bytes; i++) {
                v |= (long) priorities[offset - GICD_IPRIORITYR + i] << 8 * i;
            }
            return v;
        }
        return switch (offset) {
                    case GICD_IGROUPR -> group1;
                    case GICD_ISENABLER, GICD_ICENABLER -> enabled;
                    case GICD_ISPENDR, GICD_ICPENDR -> latch | (int) localLines.getOpaque(0);
                    case GICD_ISACTIVER, GICD_ICACTIVER -> active;
                    case GICD_ICFGR -> configuration[0];
                    case GICD_ICFGR + 4 -> configuration[1];
                    default -> 0;
                }
                & 0xffffffffL;
    }

    /** Writes a register of this redistributor; only its own pCPU does. */
    void writeFrame(int offset, int bytes, long value) {
        int v = (int) value;
        if (offset == GICR_WAKER) {
            waker = (v & 2) != 0 ? 0x6 : 0;
            return;
        }
        int o = offset - GICR_SGI_FRAME;
        if (o >= GICD_IPRIORITYR && o < GICD_IPRIORITYR + NR_LOCAL_IRQS) {
            for (int i = 0; i < bytes; i++) {
                priorities[o - GICD_IPRIORITYR + i] =
                        (int) (value >>> 8 * i) & gic.config().priorityMask();
            }
        }
        switch (o) {
            case GICD_IGROUPR -> group1 = v;
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

    Pcpu pcpu() {
        return pcpu;
    }
}

package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import java.lang.invoke.VarHandle;
import org.smpvisor.cell.HwWords;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualInterface;
import org.smpvisor.engine.Memory;

/**
 * The part of a GIC that belongs to one pCPU, as far as all versions have it in common: local interrupts, the SPIs that are
 * offered here, priorities, and the interrupt signal. Only two things are written by others: the set of SPIs that the
 * distributor offers, and the level of the local lines; everything else belongs to the pCPU.
 */
public abstract class GicCpu implements InterruptLine {
    private static final int NO_PRIORITY = 0x100;
    private static final int OFFER_WORDS = 16;
    private static final int SUMMARY = OFFER_WORDS;

    private final Gic gic;
    final Pcpu pcpu;
    final int index;

    /** One bit per SPI that may be deliverable here, and a summary word with one bit per word. */
    private final HwWords offers = new HwWords(OFFER_WORDS + 1);

    /** Levels of PPIs 16..31, bit n is INTID n. */
    private final HwWords localLines = HwWords.padded(1);

    /** The virtual timer, whose level the pCPU sees by itself. */
    @OwnedBy("boot")
    private VirtualComparator timer;

    @OwnedBy("boot")
    private int timerLine;

    @OwnedBy("pcpu")
    int latch;

    @OwnedBy("pcpu")
    int active;

    @OwnedBy("pcpu")
    int enabled;

    /** Local interrupts in the group that is signalled. */
    @OwnedBy("pcpu")
    int group;

    @OwnedBy("pcpu")
    final int[] configuration = new int[2];

    @OwnedBy("pcpu")
    final int[] priorities = new int[NR_LOCAL_IRQS];

    @OwnedBy("pcpu")
    int priorityMask;

    @OwnedBy("pcpu")
    int control;

    @OwnedBy("pcpu")
    int binaryPoint;

    @OwnedBy("pcpu")
    boolean groupEnabled;

    /** Active priorities, bit n for priority 8*n. */
    @OwnedBy("pcpu")
    int activePriorities;

    /** Most urgent deliverable interrupt as of the last look: INTID, and its priority. */
    @OwnedBy("pcpu")
    private int bestIntid;

    @OwnedBy("pcpu")
    private int bestPriority = NO_PRIORITY;

    GicCpu(Gic gic, Pcpu pcpu, int index) {
        this.gic = gic;
        this.pcpu = pcpu;
        this.index = index;
    }

    /** The hypervisor and virtual interfaces of the same pCPU. */
    public abstract VirtualInterface virtual();

    /** A list register in the form of ICH_LR_EL2, whatever the version; for observers. */
    public abstract long listRegister(int n);

    /** An SGI that was posted is pending from now on; {@code message} as in the pCPU's mailbox. */
    abstract void arrived(int message);

    /** A local interrupt is acknowledged: takes the pending state that this answers away. */
    abstract void unlatch(int intid);

    final Pcpu pcpu() {
        return pcpu;
    }

    /** Connects the line of the virtual timer; at boot. */
    final void connect(VirtualComparator virtualTimer, int ppi) {
        timer = virtualTimer;
        timerLine = 1 << ppi;
    }

    // ---- arrivals, from any thread ----------------------------------------------------------------------------------

    /** The distributor routes an SPI here that is deliverable at this moment. */
    final void offer(int spi) {
        offers.getAndOr(spi >> 6, 1L << spi);
        offers.getAndOr(SUMMARY, 1L << (spi >> 6));
        pcpu.signalAfterRmw();
    }

    /** Sets the level of a local line (PPI 16..31). */
    public final void setLocalLine(int ppi, boolean high) {
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

    final boolean isLocalLineHigh(int ppi) {
        return (localLines.getOpaque(0) & 1L << ppi) != 0;
    }

    /** Whether something waits here that could be signalled, priorities aside; exact when the machine is at rest. */
    public final boolean hasWork() {
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
    public final boolean sample(Pcpu cpu) {
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
    public final void takeInSgis() {
        Memory memory = pcpu.memory();
        if (memory != null) {
            memory.arrive(pcpu);
        }
        for (int m = pcpu.mailbox().poll(); m >= 0; m = pcpu.mailbox().poll()) {
            arrived(m);
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

    final int localPending() {
        return (latch | localLevels()) & enabled & group & ~active;
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
    public final boolean isPriorityIdle() {
        return activePriorities == 0;
    }

    final int runningPriority() {
        return activePriorities == 0 ? NO_PRIORITY : Integer.numberOfTrailingZeros(activePriorities) << 3;
    }

    private boolean isSignalled() {
        return bestPriority < priorityMask && groupEnabled && (bestPriority & ~7) < runningPriority();
    }

    /** Levels of the local lines, bit n is INTID n. */
    final int localLevels() {
        int lines = (int) localLines.getOpaque(0);
        return timer != null && timer.isAsserted() ? lines | timerLine : lines;
    }

    // ---- acknowledge and end ----------------------------------------------------------------------------------------

    /** Acknowledges the most urgent interrupt; 1023 when none is signalled. */
    final int take() {
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
        unlatch(intid);
        active |= 1 << intid;
        Memory m = pcpu.memory();
        if (m != null && intid < NR_SGIS) {
            m.takes(pcpu);
        }
        return true;
    }

    /** The most urgent interrupt that would be acknowledged now, 1023 for none. */
    final int highest() {
        sample(pcpu);
        return isSignalled() ? bestIntid : SPURIOUS;
    }

    /** Drops the running priority. */
    final void drop() {
        activePriorities &= activePriorities - 1;
    }

    final void deactivateQuietly(int intid) {
        if (intid >= NR_LOCAL_IRQS) {
            gic.distributor().deactivate(intid);
        } else {
            active &= ~(1 << intid);
        }
    }

    /** What waits may be signalled now: the pCPU looks at its next point. */
    final void recheck() {
        if (localPending() != 0 || offers.getOpaque(SUMMARY) != 0) {
            pcpu.signalAfterRmw();
        }
    }

    /** Reads priorities of local interrupts, byte by byte. */
    final long readPriorities(int first, int bytes) {
        long v = 0;
        for (int i = 0; i < bytes; i++) {
            v |= (long) priorities[first + i] << 8 * i;
        }
        return v;
    }

    final void writePriorities(int first, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            priorities[first + i] = (int) (value >>> 8 * i) & gic.priorityMask();
        }
    }
}

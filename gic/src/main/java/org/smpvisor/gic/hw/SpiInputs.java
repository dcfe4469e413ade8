package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cell.OwnedBy;

/**
 * What the distributors of all versions have in common: the SPIs with their lines, states and configuration, each in one word
 * that every step of the hardware changes by one compare-and-set. Any thread may move a line, any pCPU may access a register.
 */
public abstract class SpiInputs {
    private final Gic gic;
    private final int lines;
    private final int enable;
    private final HwWords spis;
    private final HwWords acknowledged;
    private final int[] configuration;

    @OwnedBy("boot")
    private volatile int control;

    /**
     * @param enable bit of GICD_CTLR without which no SPI is signalled
     * @param reset what the word of each SPI is at first, see {@link SpiState}
     */
    SpiInputs(Gic gic, int lines, int enable, long reset) {
        this.gic = gic;
        this.lines = lines;
        this.enable = enable;
        this.spis = HwWords.padded(lines);
        this.acknowledged = new HwWords(lines);
        this.configuration = new int[lines / 16 + 1];
        for (int i = 0; i < lines; i++) {
            spis.setVolatile(i, reset);
        }
    }

    /** Whether the SPI whose word is {@code w} may be signalled to that pCPU. */
    abstract boolean isTarget(long w, int cpu);

    /** Offers an SPI to the CPU interfaces that its word names. */
    abstract void offer(int spi, long w);

    /** Number of INTIDs, SGIs and PPIs included. */
    public final int lines() {
        return lines;
    }

    // ---- lines ------------------------------------------------------------------------------------------------------

    /**
     * A device raises its line: one pulse on an edge-triggered input, the level on a level-sensitive one. Callable from any
     * thread.
     *
     * @return whether it made a new assertion; false means it coalesced with one that waits
     */
    public final boolean raise(int spi) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            long next = SpiState.counted(w, (w & SpiState.EDGE) != 0 ? w | SpiState.LATCH : w | SpiState.LINE);
            if (next == w) {
                return false;
            }
            if (spis.compareAndSet(spi, w, next)) {
                settle(spi, next);
                return SpiState.generation(next) != SpiState.generation(w);
            }
        }
    }

    /** A device lowers a level-sensitive line. */
    public final void lower(int spi) {
        update(spi, 0, SpiState.LINE);
    }

    /** Generation of the latest assertion, modulo 2^32. */
    public final long generation(int spi) {
        return SpiState.generation(spis.getVolatile(spi));
    }

    /** Generation that Xen acknowledged last. */
    public final long acknowledgedGeneration(int spi) {
        gic.touches(spi, false);
        return acknowledged.getOpaque(spi);
    }

    public final boolean isActive(int spi) {
        return (spis.getVolatile(spi) & SpiState.ACTIVE) != 0;
    }

    public final boolean isPending(int spi) {
        return SpiState.isPending(spis.getVolatile(spi));
    }

    public final boolean isEnabled(int spi) {
        return (spis.getVolatile(spi) & SpiState.ENABLED) != 0;
    }

    public final boolean isEdge(int spi) {
        return (spis.getVolatile(spi) & SpiState.EDGE) != 0;
    }

    /** Whether the SPI would be signalled to its target now, priorities aside. */
    public final boolean isDeliverable(int spi) {
        return isEnabledGroup() && SpiState.isDeliverable(spis.getVolatile(spi));
    }

    /** Index of the pCPU that the SPI is routed to, the first if there are several; {@code 0xffff} for none. */
    public abstract int target(int spi);

    /** The word of an SPI, see {@link SpiState}. */
    final long word(int spi) {
        return spis.getVolatile(spi);
    }

    // ---- CPU interfaces ---------------------------------------------------------------------------------------------

    final int priorityIfDeliverable(int spi, int cpu) {
        gic.touches(spi, false);
        long w = spis.getVolatile(spi);
        return SpiState.isDeliverable(w) && isTarget(w, cpu) && isEnabledGroup() ? SpiState.priority(w) : 0x100;
    }

    /** The acknowledge: pending to active in one step, or false if the SPI has gone elsewhere meanwhile. */
    final boolean acknowledge(int spi, int cpu) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            if (!SpiState.isDeliverable(w) || !isTarget(w, cpu)) {
                return false;
            }
            if (spis.compareAndSet(spi, w, w & ~SpiState.LATCH | SpiState.ACTIVE)) {
                acknowledged.setOpaque(spi, SpiState.generation(w));
                return true;
            }
        }
    }

    /** Deactivation, by DIR or by a list register with the HW bit. */
    public final void deactivate(int spi) {
        update(spi, 0, SpiState.ACTIVE);
    }

    private boolean isEnabledGroup() {
        return (control & enable) != 0;
    }

    final void update(int spi, long set, long clear) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            long next = SpiState.counted(w, w & ~clear | set);
            if (next == w) {
                return;
            }
            if (spis.compareAndSet(spi, w, next)) {
                settle(spi, next);
                return;
            }
        }
    }

    /** Offers the SPI to where it is routed, if it is deliverable. */
    final void settle(int spi, long w) {
        if (SpiState.isDeliverable(w) && isEnabledGroup()) {
            offer(spi, w);
        }
    }

    // ---- registers --------------------------------------------------------------------------------------------------

    /** GICD_TYPER.ITLinesNumber. */
    final int typerLines() {
        return (lines + 31) / 32 - 1 & 0x1f;
    }

    /** The enable bits of GICD_CTLR. */
    final int control() {
        return control;
    }

    /** Stores the enable bits of GICD_CTLR; what waited for them is offered now. */
    final void setControl(int value) {
        control = value;
        for (int i = NR_LOCAL_IRQS; i < lines; i++) {
            gic.touches(i, true);
            settle(i, spis.getVolatile(i));
        }
    }

    /** Reads a register that has a field for each INTID; zero if there is none at that offset. */
    final long readBank(int offset, int bytes) {
        if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + lines) {
            long v = 0;
            for (int i = 0; i < bytes; i++) {
                gic.touches(offset - GICD_IPRIORITYR + i, false);
                v |= (long) SpiState.priority(spis.getVolatile(offset - GICD_IPRIORITYR + i)) << 8 * i;
            }
            return v;
        }
        if (offset >= GICD_ICFGR && offset < GICD_ICFGR + lines / 4) {
            return configuration[offset - GICD_ICFGR >> 2] & 0xffffffffL;
        }
        long bit = bitOfBank(offset);
        return bit == 0 ? 0 : collect(offset, bit);
    }

    /** The bit of the word that a bank of one-bit registers shows, 0 if it is none. */
    static long bitOfBank(int offset) {
        return switch (offset & ~0x7f) {
            case GICD_IGROUPR -> SpiState.GROUP1;
            case GICD_ISENABLER, GICD_ICENABLER -> SpiState.ENABLED;
            case GICD_ISPENDR, GICD_ICPENDR -> SpiState.LATCH;
            case GICD_ISACTIVER, GICD_ICACTIVER -> SpiState.ACTIVE;
            default -> 0;
        };
    }

    private long collect(int offset, long bit) {
        int first = (offset & 0x7f) * 8;
        long v = 0;
        for (int i = 0; i < 32 && first + i < lines; i++) {
            gic.touches(first + i, false);
            long w = spis.getVolatile(first + i);
            boolean set = bit == SpiState.LATCH ? SpiState.isPending(w) : (w & bit) != 0;
            v |= set ? 1L << i : 0;
        }
        return v;
    }

    /** Changes the target field of an SPI. */
    final void setTarget(int spi, int target) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            long next = SpiState.withTarget(w, target);
            if (spis.compareAndSet(spi, w, next)) {
                settle(spi, next);
                return;
            }
        }
    }

    final void writePriority(int spi, int priority) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            long next = SpiState.withPriority(w, priority & gic.priorityMask());
            if (spis.compareAndSet(spi, w, next)) {
                settle(spi, next);
                return;
            }
        }
    }

    final void writeConfiguration(int word, int value) {
        configuration[word] = value & 0xaaaaaaaa;
        for (int i = 0; i < 16 && 16 * word + i < lines; i++) { // 1020 lines end within a register
            boolean edge = (value >>> 2 * i + 1 & 1) != 0;
            update(16 * word + i, edge ? SpiState.EDGE : 0, edge ? 0 : SpiState.EDGE);
        }
    }

    /** Changes the bits of 32 SPIs by a write to a bank of one-bit registers. */
    final void writeBits(int offset, int value) {
        long bit = bitOfBank(offset);
        int first = (offset & 0x7f) * 8;
        boolean whole = bit == SpiState.GROUP1;
        boolean set =
                (offset & 0x80) == 0; // the S registers lie at even multiples of 0x80, the C registers at odd ones
        for (int i = 0; i < 32 && first + i < lines; i++) {
            boolean one = (value >>> i & 1) != 0;
            if (whole) {
                update(first + i, one ? bit : 0, one ? 0 : bit);
            } else if (one) {
                update(first + i, set ? bit : 0, set ? 0 : bit);
            }
        }
    }
}

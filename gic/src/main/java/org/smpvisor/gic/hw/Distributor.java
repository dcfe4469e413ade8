package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.HwStep;
import org.smpvisor.variant.Arm;

/**
 * The distributor: SPIs, their configuration and routing. Lock-free; any thread may move a line, any pCPU may access a
 * register. Affinity routing is always on and there is a single security state, as on QEMU's virt machine.
 */
@Arm("IHI 0069, section 12.9")
public final class Distributor {
    /** Stands for the count of writes that have not taken effect among the lines that a step touches: SGI 0 is none of them. */
    private static final int RWP = 0;

    private final GicHardware gic;
    private final int lines;
    private final HwWords spis;
    private final HwWords acknowledged;
    /** Writes of ICENABLER that have not taken effect: RWP reads as one meanwhile. */
    private final HwWords disablesLeft = new HwWords(1);

    private final HwStep route = (spi, target) -> setTarget(spi, (int) target);
    private final HwStep disable = this::disable;

    private final long[] router;
    private final int[] configuration;

    @OwnedBy("boot")
    private volatile int control;

    Distributor(GicHardware gic, int lines) {
        this.gic = gic;
        this.lines = lines;
        this.spis = HwWords.padded(lines);
        this.acknowledged = new HwWords(lines);
        this.router = new long[lines];
        this.configuration = new int[lines / 16 + 1];
        for (int i = 0; i < lines; i++) {
            spis.setVolatile(i, SpiState.withTarget(0, SpiState.NO_TARGET));
        }
    }

    /** Number of INTIDs, SGIs and PPIs included. */
    public int lines() {
        return lines;
    }

    private void disable(int first, long bits) {
        for (int i = 0; i < 32 && first + i < lines; i++) {
            if ((bits >>> i & 1) != 0) {
                update(first + i, 0, SpiState.ENABLED);
            }
        }
        gic.touches(RWP, true);
        disablesLeft.getAndAdd(0, -1);
    }

    // ---- lines ------------------------------------------------------------------------------------------------------

    /**
     * A device raises its line: one pulse on an edge-triggered input, the level on a level-sensitive one. Callable from any
     * thread.
     *
     * @return whether it made a new assertion; false means it coalesced with one that waits
     */
    public boolean raise(int spi) {
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
    public void lower(int spi) {
        update(spi, 0, SpiState.LINE);
    }

    /** Generation of the latest assertion, modulo 2^32. */
    public long generation(int spi) {
        return SpiState.generation(spis.getVolatile(spi));
    }

    /** Generation that Xen acknowledged last. */
    public long acknowledgedGeneration(int spi) {
        gic.touches(spi, false);
        return acknowledged.getOpaque(spi);
    }

    public boolean isActive(int spi) {
        return (spis.getVolatile(spi) & SpiState.ACTIVE) != 0;
    }

    public boolean isPending(int spi) {
        return SpiState.isPending(spis.getVolatile(spi));
    }

    public boolean isEnabled(int spi) {
        return (spis.getVolatile(spi) & SpiState.ENABLED) != 0;
    }

    public boolean isEdge(int spi) {
        return (spis.getVolatile(spi) & SpiState.EDGE) != 0;
    }

    /** Whether the SPI would be signalled to its target now, priorities aside. */
    public boolean isDeliverable(int spi) {
        return isEnabledGroup() && SpiState.isDeliverable(spis.getVolatile(spi));
    }

    /** Index of the pCPU that the SPI is routed to, or {@code 0xffff}. */
    public int target(int spi) {
        return SpiState.target(spis.getVolatile(spi));
    }

    // ---- CPU interfaces ---------------------------------------------------------------------------------------------

    int priorityIfDeliverable(int spi, int cpu) {
        gic.touches(spi, false);
        long w = spis.getVolatile(spi);
        return SpiState.isDeliverable(w) && SpiState.target(w) == cpu && isEnabledGroup()
                ? SpiState.priority(w)
                : 0x100;
    }

    /** The acknowledge: pending to active in one step, or false if the SPI has gone elsewhere meanwhile. */
    boolean acknowledge(int spi, int cpu) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            if (!SpiState.isDeliverable(w) || SpiState.target(w) != cpu) {
                return false;
            }
            if (spis.compareAndSet(spi, w, w & ~SpiState.LATCH | SpiState.ACTIVE)) {
                acknowledged.setOpaque(spi, SpiState.generation(w));
                return true;
            }
        }
    }

    /** Deactivation, by DIR or by a list register with the HW bit. */
    public void deactivate(int spi) {
        update(spi, 0, SpiState.ACTIVE);
    }

    private boolean isEnabledGroup() {
        return (control & GICD_CTLR_ENABLE_G1A) != 0;
    }

    private void update(int spi, long set, long clear) {
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

    /** Offers the SPI to the CPU interface that it is routed to, if it is deliverable. */
    private void settle(int spi, long w) {
        if (SpiState.isDeliverable(w) && isEnabledGroup()) {
            int target = SpiState.target(w);
            if (target != SpiState.NO_TARGET) {
                gic.cpu(target).offer(spi);
            }
        }
    }

    // ---- registers --------------------------------------------------------------------------------------------------

    private int typer() {
        return (lines + 31) / 32 - 1 & 0x1f | gic.config().typerFeatures();
    }

    /** Reads a register; unknown offsets read as zero. */
    long read(int offset, int bytes) {
        if (offset >= GICD_IROUTER + 8 * 32 && offset < GICD_IROUTER + 8 * lines) {
            int spi = offset - GICD_IROUTER >> 3;
            gic.touches(spi, false);
            long r = router[spi];
            return bytes == 8 ? r : r >>> 8 * (offset & 4) & 0xffffffffL;
        }
        switch (offset) {
            case GICD_CTLR -> {
                gic.touches(RWP, false);
                int rwp = disablesLeft.getOpaque(0) != 0 ? GICD_CTLR_RWP : 0;
                return (control | GICD_CTLR_DS | GICD_CTLR_ARE_NS | rwp) & 0xffffffffL;
            }
            case GICD_TYPER -> {
                return typer();
            }
            case GICD_IIDR -> {
                return gic.config().iidr();
            }
            case GICD_PIDR2 -> {
                return gic.config().pidr2();
            }
            default -> {
                return readBank(offset, bytes);
            }
        }
    }

    private long readBank(int offset, int bytes) {
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

    private long bitOfBank(int offset) {
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

    /** Writes a register; unknown offsets ignore writes, and so do INTIDs 0..31, which live in the redistributors. */
    void write(Pcpu cpu, int offset, int bytes, long value) {
        if (offset >= GICD_IROUTER + 8 * 32 && offset < GICD_IROUTER + 8 * lines) {
            writeRouter(cpu, offset, bytes, value);
        } else if (offset == GICD_CTLR) {
            writeControl((int) value);
        } else if (offset >= GICD_IPRIORITYR + 32 && offset < GICD_IPRIORITYR + lines) {
            for (int i = 0; i < bytes; i++) {
                writePriority(offset - GICD_IPRIORITYR + i, (int) (value >>> 8 * i) & 0xff);
            }
        } else if (offset >= GICD_ICFGR + 8 && offset < GICD_ICFGR + lines / 4) {
            writeConfiguration(offset - GICD_ICFGR >> 2, (int) value);
        } else {
            writeBits(cpu, offset, (int) value);
        }
    }

    private void writeControl(int value) {
        control = value & (GICD_CTLR_ENABLE_G0 | GICD_CTLR_ENABLE_G1A);
        for (int i = NR_LOCAL_IRQS; i < lines; i++) {
            settle(i, spis.getVolatile(i));
        }
    }

    private void writeRouter(Pcpu cpu, int offset, int bytes, long value) {
        int spi = offset - GICD_IROUTER >> 3;
        gic.touches(spi, true);
        int shift = 8 * (offset & 4);
        long r = bytes == 8 ? value : router[spi] & ~(0xffffffffL << shift) | (value & 0xffffffffL) << shift;
        router[spi] = r;
        cpu.engine().hardware(cpu, route, spi, gic.indexOf(r & AFFINITY_MASK));
    }

    private void setTarget(int spi, int target) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            long next = SpiState.withTarget(w, target < 0 ? SpiState.NO_TARGET : target);
            if (spis.compareAndSet(spi, w, next)) {
                settle(spi, next);
                return;
            }
        }
    }

    private void writePriority(int spi, int priority) {
        gic.touches(spi, true);
        while (true) {
            long w = spis.getVolatile(spi);
            long next = SpiState.withPriority(w, priority & gic.config().priorityMask());
            if (spis.compareAndSet(spi, w, next)) {
                settle(spi, next);
                return;
            }
        }
    }

    private void writeConfiguration(int word, int value) {
        configuration[word] = value & 0xaaaaaaaa;
        for (int i = 0; i < 16 && 16 * word + i < lines; i++) { // 1020 lines end within a register
            boolean edge = (value >>> 2 * i + 1 & 1) != 0;
            update(16 * word + i, edge ? SpiState.EDGE : 0, edge ? 0 : SpiState.EDGE);
        }
    }

    private void writeBits(Pcpu cpu, int offset, int value) {
        long bit = bitOfBank(offset);
        int first = (offset & 0x7f) * 8;
        if (bit == 0 || first < NR_LOCAL_IRQS) {
            return;
        }
        if ((offset & ~0x7f) == GICD_ICENABLER) {
            gic.touches(RWP, true);
            disablesLeft.getAndAdd(0, 1);
            cpu.engine().hardware(cpu, disable, first, value);
            return;
        }
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

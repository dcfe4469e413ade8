package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.HwStep;
import org.smpvisor.variant.Arm;

/**
 * The distributor of a GICv3: SPIs, their configuration and routing. Lock-free; any thread may move a line, any pCPU may access
 * a register. Affinity routing is always on and there is a single security state, as on QEMU's virt machine.
 */
@Arm("IHI 0069, section 12.9")
public final class Distributor extends SpiInputs {
    /** Stands for the count of writes that have not taken effect among the lines that a step touches: SGI 0 is none of them. */
    private static final int RWP = 0;

    private final GicHardware gic;
    /** Writes of ICENABLER that have not taken effect: RWP reads as one meanwhile. */
    private final HwWords disablesLeft = new HwWords(1);

    private final HwStep route = (spi, written) -> follow(spi);
    private final HwStep disable = this::disable;

    /**
     * The images of GICD_IROUTER; the targets follow them as soon as the hardware has done the step. Writes of two pCPUs may be
     * done in either order: the image tells which was the last.
     */
    private final HwWords router;

    Distributor(GicHardware gic, int lines) {
        super(gic, lines, GICD_CTLR_ENABLE_G1A, SpiState.withTarget(0, SpiState.NO_TARGET));
        this.gic = gic;
        this.router = new HwWords(lines);
    }

    private void follow(int spi) {
        long image;
        do {
            image = router.getVolatile(spi);
            setTarget(spi, target(image & AFFINITY_MASK));
        } while (router.getVolatile(spi) != image);
    }

    private void disable(int first, long bits) {
        for (int i = 0; i < 32 && first + i < lines(); i++) {
            if ((bits >>> i & 1) != 0) {
                update(first + i, 0, SpiState.ENABLED);
            }
        }
        gic.touches(RWP, true);
        disablesLeft.getAndAdd(0, -1);
    }

    @Override
    boolean isTarget(long w, int cpu) {
        return SpiState.target(w) == cpu;
    }

    @Override
    void offer(int spi, long w) {
        int target = SpiState.target(w);
        if (target != SpiState.NO_TARGET) {
            gic.cpu(target).offer(spi);
        }
    }

    @Override
    public int target(int spi) {
        return SpiState.target(word(spi));
    }

    // ---- registers --------------------------------------------------------------------------------------------------

    /** Reads a register; unknown offsets read as zero. */
    long read(int offset, int bytes) {
        if (offset >= GICD_IROUTER + 8 * 32 && offset < GICD_IROUTER + 8 * lines()) {
            int spi = offset - GICD_IROUTER >> 3;
            gic.touches(spi, false);
            long r = router.getOpaque(spi);
            return bytes == 8 ? r : r >>> 8 * (offset & 4) & 0xffffffffL;
        }
        switch (offset) {
            case GICD_CTLR -> {
                gic.touches(RWP, false);
                int rwp = disablesLeft.getOpaque(0) != 0 ? GICD_CTLR_RWP : 0;
                return (control() | GICD_CTLR_DS | GICD_CTLR_ARE_NS | rwp) & 0xffffffffL;
            }
            case GICD_TYPER -> {
                return typerLines() | gic.config().typerFeatures();
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

    /** Writes a register; unknown offsets ignore writes, and so do INTIDs 0..31, which live in the redistributors. */
    void write(Pcpu cpu, int offset, int bytes, long value) {
        if (offset >= GICD_IROUTER + 8 * 32 && offset < GICD_IROUTER + 8 * lines()) {
            writeRouter(cpu, offset, bytes, value);
        } else if (offset == GICD_CTLR) {
            setControl((int) value & (GICD_CTLR_ENABLE_G0 | GICD_CTLR_ENABLE_G1A));
        } else if (offset >= GICD_IPRIORITYR + 32 && offset < GICD_IPRIORITYR + lines()) {
            for (int i = 0; i < bytes; i++) {
                writePriority(offset - GICD_IPRIORITYR + i, (int) (value >>> 8 * i) & 0xff);
            }
        } else if (offset >= GICD_ICFGR + 8 && offset < GICD_ICFGR + lines() / 4) {
            writeConfiguration(offset - GICD_ICFGR >> 2, (int) value);
        } else {
            writeBits(cpu, offset, (int) value);
        }
    }

    private void writeRouter(Pcpu cpu, int offset, int bytes, long value) {
        int spi = offset - GICD_IROUTER >> 3;
        gic.touches(spi, true);
        int shift = 8 * (offset & 4);
        long r = bytes == 8 ? value : router.getOpaque(spi) & ~(0xffffffffL << shift) | (value & 0xffffffffL) << shift;
        router.setVolatile(spi, r);
        cpu.engine().hardware(cpu, route, spi, r);
    }

    private int target(long affinity) {
        int index = gic.indexOf(affinity);
        return index < 0 ? SpiState.NO_TARGET : index;
    }

    private void writeBits(Pcpu cpu, int offset, int value) {
        int first = (offset & 0x7f) * 8;
        if (bitOfBank(offset) == 0 || first < NR_LOCAL_IRQS) {
            return;
        }
        if ((offset & ~0x7f) == GICD_ICENABLER) {
            gic.touches(RWP, true);
            disablesLeft.getAndAdd(0, 1);
            cpu.engine().hardware(cpu, disable, first, value);
            return;
        }
        writeBits(offset, value);
    }
}

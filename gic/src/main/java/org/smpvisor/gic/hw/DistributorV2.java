package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.HwStep;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Deviation;

/**
 * The distributor of a GICv2, as far as SPIs go: a byte of GICD_ITARGETSR names the CPU interfaces that an SPI is signalled
 * to, and the first that acknowledges it has it. What is banked lives with each {@link CpuInterfaceV2}.
 */
@Arm("IHI 0048B, section 4.3")
@Deviation("GICD_CTLR does not hold back what is banked: Xen clears it at boot alone, before any of that is enabled")
public final class DistributorV2 extends SpiInputs {
    private static final int ENABLE = 1;
    private static final int TYPER_CPUS_SHIFT = 5;

    private final GicV2Hardware gic;
    private final HwStep route = (spi, written) -> follow(spi);

    /**
     * The images of GICD_ITARGETSR; what is signalled follows them as soon as the hardware has done the step. Writes of two pCPUs
     * may be done in either order: the image tells which was the last.
     */
    private final HwWords targets;

    DistributorV2(GicV2Hardware gic, int lines) {
        // Without grouping every SPI is in the one group that there is.
        super(gic, lines, ENABLE, SpiState.GROUP1);
        this.gic = gic;
        this.targets = new HwWords(lines);
    }

    private void follow(int spi) {
        long image;
        do {
            image = targets.getVolatile(spi);
            setTarget(spi, (int) image);
        } while (targets.getVolatile(spi) != image);
    }

    @Override
    boolean isTarget(long w, int cpu) {
        return (SpiState.target(w) >>> cpu & 1) != 0;
    }

    @Override
    void offer(int spi, long w) {
        for (int set = SpiState.target(w); set != 0; set &= set - 1) {
            gic.cpu(Integer.numberOfTrailingZeros(set)).offer(spi);
        }
    }

    @Override
    public int target(int spi) {
        int set = SpiState.target(word(spi));
        return set == 0 ? SpiState.NO_TARGET : Integer.numberOfTrailingZeros(set);
    }

    // ---- registers --------------------------------------------------------------------------------------------------

    /** Reads a register of which there is one for all pCPUs; unknown offsets read as zero. */
    long read(int offset, int bytes) {
        if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + lines()) {
            long v = 0;
            for (int i = 0; i < bytes; i++) {
                gic.touches(offset - GICD_ITARGETSR + i, false);
                v |= targets.getOpaque(offset - GICD_ITARGETSR + i) << 8 * i;
            }
            return v;
        }
        return switch (offset) {
            case GICD_CTLR -> control();
            case GICD_TYPER -> typerLines() | gic.cpus() - 1 << TYPER_CPUS_SHIFT;
            case GICD_IIDR -> gic.config().iidr();
            default -> isGroup(offset) ? 0 : readBank(offset, bytes);
        };
    }

    /** Writes such a register; unknown offsets ignore writes. */
    void write(Pcpu cpu, int offset, int bytes, long value) {
        if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + lines()) {
            for (int i = 0; i < bytes; i++) {
                writeTargets(cpu, offset - GICD_ITARGETSR + i, (int) (value >>> 8 * i));
            }
        } else if (offset == GICD_CTLR) {
            setControl((int) value & ENABLE);
        } else if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + lines()) {
            for (int i = 0; i < bytes; i++) {
                writePriority(offset - GICD_IPRIORITYR + i, (int) (value >>> 8 * i) & 0xff);
            }
        } else if (offset >= GICD_ICFGR && offset < GICD_ICFGR + lines() / 4) {
            writeConfiguration(offset - GICD_ICFGR >> 2, (int) value);
        } else if (!isGroup(offset) && bitOfBank(offset) != 0) {
            writeBits(offset, (int) value);
        }
    }

    private static boolean isGroup(int offset) {
        return (offset & ~0x7f) == GICD_IGROUPR;
    }

    private void writeTargets(Pcpu cpu, int spi, int value) {
        gic.touches(spi, true);
        long written = value & (1 << gic.cpus()) - 1;
        targets.setVolatile(spi, written);
        cpu.engine().hardware(cpu, route, spi, written);
    }
}

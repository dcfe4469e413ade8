package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Arm;

/**
 * A GICv3: distributor, one redistributor and CPU interface per pCPU, and the memory map in which Xen finds them. It is an
 * actor of its own: lock-free inside and no part of Xen's lock order.
 */
@Arm("IHI 0069")
public final class GicHardware extends Gic {
    private static final long DISTRIBUTOR_SIZE = 0x10000;

    private final GicConfig config;
    private final Distributor distributor;
    private final CpuInterface[] cpus;
    private final int[] regionOf;
    private final long[] frameOf;

    /** A GIC that deactivates an SPI for any pCPU. */
    public GicHardware(GicConfig config, List<Pcpu> pcpus, RegisterLog log) {
        this(config, pcpus, log, DeactivationRule.ANYWHERE);
    }

    /**
     * @param pcpus the pCPUs in order of their redistributors
     * @param log listener for register accesses, {@link RegisterLog#NONE} for none
     * @throws IllegalArgumentException if the redistributor regions are too small for the pCPUs
     */
    public GicHardware(GicConfig config, List<Pcpu> pcpus, RegisterLog log, DeactivationRule deactivation) {
        super(pcpus, log, deactivation);
        this.config = config;
        this.distributor = new Distributor(this, Math.min(1020, config.lines()));
        this.cpus = new CpuInterface[cpus()];
        this.regionOf = new int[cpus.length];
        this.frameOf = new long[cpus.length];
        placeRedistributors();
        for (int i = 0; i < cpus.length; i++) {
            cpus[i] = new CpuInterface(this, pcpu(i), i);
        }
    }

    private void placeRedistributors() {
        int region = 0;
        long at = config.regionBases()[0];
        for (int i = 0; i < cpus.length; i++) {
            while (at + GICR_SIZE > config.regionBases()[region] + config.regionSizes()[region]) {
                region++;
                if (region == config.regionBases().length) {
                    throw new IllegalArgumentException("the redistributor regions hold " + i
                            + " redistributors, but there are " + cpus.length + " CPUs");
                }
                at = config.regionBases()[region];
            }
            regionOf[i] = region;
            frameOf[i] = at;
            at += Math.max(config.stride(), GICR_SIZE);
        }
    }

    public GicConfig config() {
        return config;
    }

    @Override
    int priorityMask() {
        return config.priorityMask();
    }

    @Override
    public Distributor distributor() {
        return distributor;
    }

    @Override
    public CpuInterface cpu(int index) {
        return cpus[index];
    }

    /** Index of the pCPU with that affinity, -1 if there is none. */
    int indexOf(long affinity) {
        for (int i = 0; i < cpus.length; i++) {
            if (pcpu(i).affinity() == affinity) {
                return i;
            }
        }
        return -1;
    }

    boolean isLastOfRegion(int index) {
        return index == cpus.length - 1 || regionOf[index + 1] != regionOf[index];
    }

    /** Delivers a write of ICC_SGI1R_EL1 by {@code sender}: list of targets in one cluster, or all others. */
    void sendSgi(Pcpu sender, long sgir) {
        int intid = (int) (sgir >>> 24) & 0xf;
        if ((sgir >>> 40 & 1) != 0) {
            for (int i = 0; i < cpus(); i++) {
                Pcpu p = pcpu(i);
                if (p != sender) {
                    post(sender, p, intid);
                }
            }
            return;
        }
        long cluster = (sgir >>> 48 & 0xff) << 32 | (sgir >>> 32 & 0xff) << 16 | (sgir >>> 16 & 0xff) << 8;
        long list = sgir & 0xffff;
        for (int i = 0; i < cpus(); i++) {
            Pcpu p = pcpu(i);
            long a = p.affinity();
            if ((a & ~0xffL) == cluster && (a & 0xff) < 16 && (list >>> (a & 0xff) & 1) != 0) {
                post(sender, p, intid);
            }
        }
    }

    // ---- memory map -------------------------------------------------------------------------------------------------

    @Override
    public long read(Pcpu cpu, long address, int bytes) {
        cpu.point(Point.HARDWARE, this);
        long offset = address - config.distributorBase();
        if (offset >= 0 && offset < DISTRIBUTOR_SIZE) {
            long v = seen(cpu, distributor.read((int) offset, bytes));
            log().access(cpu.id(), RegisterLog.Component.GICD, false, offset, null, bytes, v);
            return v;
        }
        int i = frameAt(address);
        touchesSignal(cpu);
        long v = seen(cpu, cpus[i].readFrame((int) (address - frameOf[i]), bytes));
        log().access(cpu.id(), RegisterLog.Component.GICR, false, redistributorOffset(address), null, bytes, v);
        return v;
    }

    @Override
    public void write(Pcpu cpu, long address, int bytes, long value) {
        cpu.point(Point.HARDWARE, this);
        long offset = address - config.distributorBase();
        if (offset >= 0 && offset < DISTRIBUTOR_SIZE) {
            log().access(cpu.id(), RegisterLog.Component.GICD, true, offset, null, bytes, value);
            distributor.write(cpu, (int) offset, bytes, value);
            return;
        }
        int i = frameAt(address);
        log().access(cpu.id(), RegisterLog.Component.GICR, true, redistributorOffset(address), null, bytes, value);
        cpus[i].writeFrame((int) (address - frameOf[i]), bytes, value);
    }

    private long redistributorOffset(long address) {
        return address - config.regionBases()[0];
    }

    private int frameAt(long address) {
        for (int i = 0; i < frameOf.length; i++) {
            if (address >= frameOf[i] && address < frameOf[i] + GICR_SIZE) {
                return i;
            }
        }
        throw new ModelBug("no part of the GIC at 0x" + Long.toHexString(address));
    }
}

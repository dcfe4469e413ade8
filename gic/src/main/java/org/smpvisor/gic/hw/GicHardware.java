package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Arm;

/**
 * A GICv3: distributor, one redistributor and CPU interface per pCPU, and the memory map in which Xen finds them. It is an
 * actor of its own: lock-free inside and no part of Xen's lock order.
 */
@Arm("IHI 0069")
public final class GicHardware {
    private static final long DISTRIBUTOR_SIZE = 0x10000;

    private final GicConfig config;
    private final RegisterLog log;
    private final Distributor distributor;
    private final CpuInterface[] cpus;
    private final Pcpu[] pcpus;
    private final int[] regionOf;
    private final long[] frameOf;
    private final DeactivationRule deactivation;

    /** That of a controlled run, {@code null} natively. */
    private final Memory memory;

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
        this.deactivation = deactivation;
        this.config = config;
        this.log = log;
        this.pcpus = pcpus.toArray(Pcpu[]::new);
        this.memory = this.pcpus[0].memory();
        this.distributor = new Distributor(this, Math.min(1020, config.lines()));
        this.cpus = new CpuInterface[this.pcpus.length];
        this.regionOf = new int[cpus.length];
        this.frameOf = new long[cpus.length];
        placeRedistributors();
        for (int i = 0; i < cpus.length; i++) {
            cpus[i] = new CpuInterface(this, this.pcpus[i], i);
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

    DeactivationRule deactivation() {
        return deactivation;
    }

    /** An SPI is looked at, or changes: controlled runs note which step does that. */
    void touches(int spi, boolean write) {
        if (memory != null) {
            memory.touchesLine(spi, write);
        }
    }

    RegisterLog log() {
        return log;
    }

    public Distributor distributor() {
        return distributor;
    }

    /** CPU interface of the pCPU with that index. */
    public CpuInterface cpu(int index) {
        return cpus[index];
    }

    /** Number of pCPUs. */
    public int cpus() {
        return cpus.length;
    }

    /** Index of the pCPU with that affinity, -1 if there is none. */
    int indexOf(long affinity) {
        for (int i = 0; i < pcpus.length; i++) {
            if (pcpus[i].affinity() == affinity) {
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
            for (Pcpu p : pcpus) {
                if (p != sender) {
                    post(sender, p, intid);
                }
            }
            return;
        }
        long cluster = (sgir >>> 48 & 0xff) << 32 | (sgir >>> 32 & 0xff) << 16 | (sgir >>> 16 & 0xff) << 8;
        long list = sgir & 0xffff;
        for (Pcpu p : pcpus) {
            long a = p.affinity();
            if ((a & ~0xffL) == cluster && (a & 0xff) < 16 && (list >>> (a & 0xff) & 1) != 0) {
                post(sender, p, intid);
            }
        }
    }

    private static void post(Pcpu sender, Pcpu target, int intid) {
        sender.point(Point.MAILBOX_PUT, target);
        Memory m = sender.memory();
        if (m != null) {
            m.posts(sender, target);
        }
        if (!target.mailbox().post(sender.id(), intid)) {
            sender.count(org.smpvisor.cpu.Counter.HOST_SGIS_COALESCED);
        } else {
            target.signal();
        }
    }

    // ---- memory map -------------------------------------------------------------------------------------------------

    /** Reads {@code bytes} (1, 4 or 8) at a physical address of the GIC; accesses outside it are a bug of the caller. */
    public long read(Pcpu cpu, long address, int bytes) {
        cpu.point(Point.HARDWARE, this);
        long offset = address - config.distributorBase();
        if (offset >= 0 && offset < DISTRIBUTOR_SIZE) {
            long v = seen(cpu, distributor.read((int) offset, bytes));
            log.access(cpu.id(), RegisterLog.Component.GICD, false, offset, null, bytes, v);
            return v;
        }
        int i = frameAt(address);
        if (memory != null) {
            memory.touchesSignal(cpu);
        }
        long v = seen(cpu, cpus[i].readFrame((int) (address - frameOf[i]), bytes));
        log.access(cpu.id(), RegisterLog.Component.GICR, false, redistributorOffset(address), null, bytes, v);
        return v;
    }

    private static long seen(Pcpu cpu, long v) {
        cpu.saw(v);
        return v;
    }

    /** Writes {@code bytes} at a physical address of the GIC. */
    public void write(Pcpu cpu, long address, int bytes, long value) {
        cpu.point(Point.HARDWARE, this);
        long offset = address - config.distributorBase();
        if (offset >= 0 && offset < DISTRIBUTOR_SIZE) {
            log.access(cpu.id(), RegisterLog.Component.GICD, true, offset, null, bytes, value);
            distributor.write(cpu, (int) offset, bytes, value);
            return;
        }
        int i = frameAt(address);
        log.access(cpu.id(), RegisterLog.Component.GICR, true, redistributorOffset(address), null, bytes, value);
        cpus[i].writeFrame((int) (address - frameOf[i]), bytes, value);
    }

    @Override
    public String toString() {
        return "gic";
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

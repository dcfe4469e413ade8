package org.smpvisor.gic.hw;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Arm;

/**
 * A GICv2 with virtualization extensions and without security extensions: distributor, and for each pCPU a CPU interface, a
 * hypervisor interface and a virtual CPU interface, all memory mapped and at the same addresses for everybody.
 */
@Arm("IHI 0048B")
public final class GicV2Hardware extends Gic {
    private static final int DISTRIBUTOR_SIZE = 0x1000;
    private static final int CPU_INTERFACE_SIZE = 0x2000;
    private static final int SGIR_FILTER_SHIFT = 24;
    private static final int SGIR_TARGETS_SHIFT = 16;
    private static final int LIST = 0;
    private static final int OTHERS = 1;
    private static final int SELF = 2;

    private final GicV2Config config;
    private final DistributorV2 distributor;
    private final CpuInterfaceV2[] cpus;

    /**
     * @param pcpus the pCPUs in order of their CPU interfaces
     * @param log listener for register accesses, {@link RegisterLog#NONE} for none
     * @throws IllegalArgumentException if there are more than 8 pCPUs
     */
    public GicV2Hardware(GicV2Config config, List<Pcpu> pcpus, RegisterLog log, DeactivationRule deactivation) {
        super(pcpus, log, deactivation);
        if (pcpus.size() > GicV2Config.MAX_CPUS) {
            throw new IllegalArgumentException("a GICv2 has at most " + GicV2Config.MAX_CPUS
                    + " CPU interfaces, but there are " + pcpus.size() + " CPUs");
        }
        this.config = config;
        this.distributor = new DistributorV2(this, Math.min(1020, config.lines()));
        this.cpus = new CpuInterfaceV2[cpus()];
        for (int i = 0; i < cpus.length; i++) {
            cpus[i] = new CpuInterfaceV2(this, pcpu(i), i);
        }
    }

    public GicV2Config config() {
        return config;
    }

    @Override
    public DistributorV2 distributor() {
        return distributor;
    }

    @Override
    public CpuInterfaceV2 cpu(int index) {
        return cpus[index];
    }

    @Override
    int priorityMask() {
        return config.priorityMask();
    }

    /** Delivers a write of GICD_SGIR: to the listed pCPUs, to all others, or to the sender. */
    private void sendSgi(Pcpu sender, int sgir) {
        int intid = sgir & 0xf;
        int self = 1 << sender.id();
        int targets = switch (sgir >>> SGIR_FILTER_SHIFT & 3) {
            case LIST -> sgir >>> SGIR_TARGETS_SHIFT & 0xff;
            case OTHERS -> ~self;
            case SELF -> self;
            default -> 0;
        };
        for (int i = 0; i < cpus.length; i++) {
            if ((targets >>> i & 1) != 0) {
                post(sender, pcpu(i), intid);
            }
        }
    }

    // ---- memory map -------------------------------------------------------------------------------------------------

    @Override
    public long read(Pcpu cpu, long address, int bytes) {
        long offset = address - config.distributorBase();
        if (isWithin(offset, DISTRIBUTOR_SIZE)) {
            cpu.point(Point.HARDWARE, this);
            return logged(cpu, RegisterLog.Component.GICD, offset, bytes, readDistributor(cpu, (int) offset, bytes));
        }
        offset = address - config.cpuBase();
        if (isWithin(offset, CPU_INTERFACE_SIZE)) {
            return logged(cpu, RegisterLog.Component.GICC, offset, bytes, own(cpu).readInterface((int) offset));
        }
        offset = hypOffset(address);
        return logged(
                cpu,
                RegisterLog.Component.GICH,
                offset,
                bytes,
                own(cpu).virtual().readHyp((int) offset));
    }

    private long logged(Pcpu cpu, RegisterLog.Component c, long offset, int bytes, long v) {
        cpu.saw(v);
        log().access(cpu.id(), c, false, offset, null, bytes, v);
        return v;
    }

    private CpuInterfaceV2 own(Pcpu cpu) {
        return cpus[cpu.id()];
    }

    private static boolean isWithin(long offset, int size) {
        return offset >= 0 && offset < size;
    }

    private long hypOffset(long address) {
        long offset = address - config.hypBase();
        if (!isWithin(offset, Gich.SIZE)) {
            throw new ModelBug("no part of the GIC at 0x" + Long.toHexString(address));
        }
        return offset;
    }

    private long readDistributor(Pcpu cpu, int offset, int bytes) {
        return CpuInterfaceV2.isBanked(offset) ? own(cpu).readBanked(offset, bytes) : distributor.read(offset, bytes);
    }

    @Override
    public void write(Pcpu cpu, long address, int bytes, long value) {
        long offset = address - config.distributorBase();
        if (isWithin(offset, DISTRIBUTOR_SIZE)) {
            cpu.point(Point.HARDWARE, this);
            log().access(cpu.id(), RegisterLog.Component.GICD, true, offset, null, bytes, value);
            writeDistributor(cpu, (int) offset, bytes, value);
            return;
        }
        offset = address - config.cpuBase();
        if (isWithin(offset, CPU_INTERFACE_SIZE)) {
            log().access(cpu.id(), RegisterLog.Component.GICC, true, offset, null, bytes, value);
            own(cpu).writeInterface((int) offset, (int) value);
            return;
        }
        offset = hypOffset(address);
        log().access(cpu.id(), RegisterLog.Component.GICH, true, offset, null, bytes, value);
        own(cpu).virtual().writeHyp((int) offset, (int) value);
    }

    private void writeDistributor(Pcpu cpu, int offset, int bytes, long value) {
        if (offset == GICD_SGIR) {
            sendSgi(cpu, (int) value);
        } else if (CpuInterfaceV2.isBanked(offset)) {
            own(cpu).writeBanked(offset, bytes, value);
        } else {
            distributor.write(cpu, offset, bytes, value);
        }
    }
}

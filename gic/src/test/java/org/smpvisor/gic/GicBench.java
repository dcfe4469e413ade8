package org.smpvisor.gic;

import static org.smpvisor.abi.GicAbi.GICR_SIZE;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.host.PastHostRules;
import org.smpvisor.gic.hw.CpuInterface;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;

/** A GIC with its driver and dispatcher, without a vGIC: injections are only noted. The calling thread drives all pCPUs. */
public final class GicBench {
    public static final long GICD = 0x8000000L;
    public static final long GICR = 0x80a0000L;
    public static final int MAINTENANCE = 25;
    public static final int HYP_TIMER = 26;
    public static final int PHYS_TIMER = 30;

    public final LockValidator validator;
    public final Pcpu[] cpus;
    public final GicHardware hw;
    public final GicV3 driver;
    public final Irq irq;
    public final HostGic gic;
    public final CrossCall crossCall;
    public final List<String> injected = new ArrayList<>();
    public final List<String> accesses = new ArrayList<>();
    public final List<String> console = new ArrayList<>();
    public int connectResult;

    /** pCPUs with these affinities; nothing is programmed yet. */
    public GicBench(int lines, int listRegisters, long... affinities) {
        this(Variant.XenVersion.HEAD, lines, listRegisters, affinities);
    }

    public GicBench(Variant.XenVersion version, int lines, int listRegisters, long... affinities) {
        this(Variant.xen().with(version), true, lines, listRegisters, affinities);
    }

    private GicBench(Variant variant, boolean observed, int lines, int listRegisters, long... affinities) {
        validator = new LockValidator(observed);
        Variant.XenVersion version = variant.xenVersion();
        PastHostRules past = new PastHostRules(variant, new Marks(1));
        NativeEngine engine = new NativeEngine(1);
        cpus = new Pcpu[affinities.length];
        for (int i = 0; i < cpus.length; i++) {
            cpus[i] = new Pcpu(i, affinities[i], cpus.length, engine, validator, new EventRing("cpu" + i, 0, engine));
        }
        GicConfig config = new GicConfig(
                lines, listRegisters, 5, GICD, new long[] {GICR}, new long[] {0x1000000L}, GICR_SIZE, MAINTENANCE);
        GicV3Description description = new GicV3Description(
                GICD,
                List.of(new GicV3Description.Region(GICR, 0x1000000L)),
                0,
                MAINTENANCE,
                HYP_TIMER,
                27,
                PHYS_TIMER);
        hw = new GicHardware(config, List.of(cpus), observed ? this::note : RegisterLog.NONE);
        driver = new GicV3(hw, description, version, console::add, past);
        irq = new Irq(driver, cpus, Irq::connectFirst, past);
        irq.connect(new Injections(), (cpu, d, virq, desc, connect) -> connectResult);
        crossCall = new CrossCall(cpus, past);
        crossCall.connect(driver);
        gic = new HostGic(driver, irq, description, crossCall, version == Variant.XenVersion.V4_17, past);
        for (Pcpu p : cpus) {
            p.timers().connect((cpu, deadline) -> {});
            p.connect(hw.cpu(p.id()), hw.cpu(p.id()).virtual(), gic::interrupt);
        }
    }

    /** {@code n} pCPUs of one cluster, booted, interrupts masked. */
    public static GicBench booted(int n) {
        long[] affinities = new long[n];
        for (int i = 0; i < n; i++) {
            affinities[i] = i;
        }
        GicBench b = new GicBench(128, 4, affinities);
        b.boot();
        return b;
    }

    /** Two pCPUs as Lincheck builds them for each schedule: nobody judges their locks or notes their accesses. */
    public static GicBench fresh(Variant variant) {
        GicBench b = new GicBench(variant, false, 64, 4, 0, 1);
        b.boot();
        return b;
    }

    public void boot() {
        for (Pcpu p : cpus) {
            if (p.id() == 0) {
                p.setOnline(true);
                gic.preinit(p);
                gic.init(p);
            } else {
                irq.prepare(cpus[0], p);
                gic.initSecondary(p);
            }
            p.setOnline(true);
        }
        accesses.clear();
    }

    private void note(
            int cpu, RegisterLog.Component c, boolean write, long offset, SystemRegister r, int bytes, long value) {
        String where = r == null ? c + "+0x" + Long.toHexString(offset) : r.name();
        accesses.add((write ? "W " : "R ") + where + (write ? "=0x" + Long.toHexString(value) : ""));
    }

    public CpuInterface cpu(int i) {
        return hw.cpu(i);
    }

    public long readGicd(int offset, int bytes) {
        return hw.read(cpus[0], GICD + offset, bytes);
    }

    public void writeGicd(int offset, int bytes, long value) {
        hw.write(cpus[0], GICD + offset, bytes, value);
    }

    public void writeGicr(int p, int offset, int bytes, long value) {
        hw.write(cpus[p], GICR + (long) p * GICR_SIZE + offset, bytes, value);
    }

    public long readGicr(int p, int offset, int bytes) {
        return hw.read(cpus[p], GICR + (long) p * GICR_SIZE + offset, bytes);
    }

    /** Configures an SPI as Xen does: trigger, priority 0xa0, route, enable. */
    public void open(int spi, IrqDesc.Type type, int target) {
        IrqDesc d = irq.desc(cpus[0], spi);
        int flags = d.lock().lockIrqSave(cpus[0]);
        driver.setIrqType(cpus[0], d, type);
        driver.hostIrqType().setAffinity(cpus[0], d, cpus[target]);
        driver.hostIrqType().enable(cpus[0], d);
        d.lock().unlockIrqRestore(cpus[0], flags);
    }

    /** Only the writes and reads of system registers, without their values. */
    public List<String> systemRegisters() {
        return accesses.stream().filter(a -> a.contains("ICC_")).toList();
    }

    private final class Injections implements VgicOps {
        @Override
        public void injectIrq(Pcpu cpu, Domain d, Vcpu v, int virq, boolean level) {
            injected.add(d + "/" + virq + " by " + cpu + (cpu.isInHardIrq() ? "" : " outside of an interrupt"));
        }

        @Override
        public void syncFromLrs(Pcpu cpu, Vcpu v) {}

        @Override
        public void syncToLrs(Pcpu cpu) {}

        @Override
        public boolean pendingIrq(Pcpu cpu, Vcpu v) {
            return false;
        }

        @Override
        public void moveIrqs(Pcpu cpu, Vcpu v) {}

        @Override
        public boolean mmio(Pcpu cpu, Vcpu v, MmioAccess io) {
            return false;
        }

        @Override
        public boolean sysregWrite(Pcpu cpu, Vcpu v, SysReg reg, long value) {
            return false;
        }
    }
}

package org.smpvisor.gic;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV2;
import org.smpvisor.gic.host.GicV2Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.host.PastHostRules;
import org.smpvisor.gic.hw.CpuInterfaceV2;
import org.smpvisor.gic.hw.DeactivationRule;
import org.smpvisor.gic.hw.GicV2Config;
import org.smpvisor.gic.hw.GicV2Hardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.gic.hw.VirtualCpuInterfaceV2;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;

/** A GICv2 with its driver, without a vGIC. The calling thread drives all pCPUs. */
public final class GicV2Bench {
    public static final long GICD = 0x8000000L;
    public static final long GICC = 0x8010000L;
    public static final long GICH = 0x8030000L;
    public static final int MAINTENANCE = 25;

    public final Pcpu[] cpus;
    public final GicV2Hardware hw;
    public final GicV2 driver;
    private final GicV2Description description;
    public final Irq irq;
    public final HostGic gic;
    public final List<String> accesses = new ArrayList<>();
    public final List<String> console = new ArrayList<>();

    /** Nothing is programmed yet. */
    public GicV2Bench(int lines, int listRegisters, int n) {
        NativeEngine engine = new NativeEngine(1);
        LockValidator validator = new LockValidator(true);
        cpus = new Pcpu[n];
        for (int i = 0; i < n; i++) {
            cpus[i] = new Pcpu(i, i, n, engine, validator, new EventRing("cpu" + i, 0, engine));
        }
        GicV2Config config = new GicV2Config(lines, listRegisters, 5, GICD, GICC, GICH, MAINTENANCE);
        description = new GicV2Description(GICD, GICC, GICH, 0x8040000L, MAINTENANCE, 26, 27, 30);
        hw = new GicV2Hardware(config, List.of(cpus), this::note, DeactivationRule.ANYWHERE);
        driver = new GicV2(hw, description, console::add);
        irq = new Irq(driver, cpus, Irq::connectFirst);
        CrossCall crossCall = new CrossCall(cpus);
        crossCall.connect(driver);
        gic = new HostGic(driver, irq, description, crossCall, false);
        for (Pcpu p : cpus) {
            p.timers().connect((cpu, deadline) -> {});
            p.connect(hw.cpu(p.id()), hw.cpu(p.id()).virtual(), gic::interrupt);
        }
    }

    /** {@code n} pCPUs, booted, interrupts masked. */
    public static GicV2Bench booted(int n) {
        GicV2Bench b = new GicV2Bench(128, 4, n);
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
        accesses.add((write ? "W " : "R ") + c + "+0x" + Long.toHexString(offset)
                + (write ? "=0x" + Long.toHexString(value) : ""));
    }

    public CpuInterfaceV2 cpu(int i) {
        return hw.cpu(i);
    }

    public VirtualCpuInterfaceV2 virtual(int i) {
        return hw.cpu(i).virtual();
    }

    public int readGicd(int p, int offset) {
        return (int) hw.read(cpus[p], GICD + offset, 4);
    }

    public void writeGicd(int p, int offset, int bytes, long value) {
        hw.write(cpus[p], GICD + offset, bytes, value);
    }

    public int readGicc(int p, int offset) {
        return (int) hw.read(cpus[p], GICC + offset, 4);
    }

    public void writeGicc(int p, int offset, long value) {
        hw.write(cpus[p], GICC + offset, 4, value);
    }

    public int readGich(int p, int offset) {
        return (int) hw.read(cpus[p], GICH + offset, 4);
    }

    public void writeGich(int p, int offset, long value) {
        hw.write(cpus[p], GICH + offset, 4, value & 0xffffffffL);
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

    /** A driver of the same hardware, which is programmed already, that ends SGIs in another way. */
    public GicV2 driver(GicV2.SgiEnd end) {
        GicV2 other = new GicV2(hw, description, console::add, new PastHostRules(Variant.xen(), new Marks(1)), end);
        for (Pcpu p : cpus) {
            if (p.id() == 0) {
                other.init(p);
            } else {
                other.secondaryInit(p);
            }
        }
        return other;
    }
}

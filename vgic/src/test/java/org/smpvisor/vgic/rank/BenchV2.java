package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.entry.Entry;
import org.smpvisor.entry.ExceptionVector;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV2;
import org.smpvisor.gic.host.GicV2Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.DeactivationRule;
import org.smpvisor.gic.hw.GenericTimers;
import org.smpvisor.gic.hw.GicV2Config;
import org.smpvisor.gic.hw.GicV2Hardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.VirtualCpuInterfaceV2;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.EventRing;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;

/** What {@link Bench} is, with a GICv2: pCPUs without threads, and vCPU n of the one domain current on pCPU n. */
final class BenchV2 {
    static final int HW = 33;
    static final int VIRTUAL = 40;
    private static final int MAINTENANCE = 25;
    private static final int HYP_TIMER = 26;

    final LockValidator validator = new LockValidator(true);
    final Marks marks = new Marks(2);
    final Pcpu[] cpus;
    final GicV2Hardware hardware;
    final RankVgic vgic;
    final Domain domain;
    final GicV2 driver;
    final Irq irq;
    final Scheduler scheduler;
    private final Entry entry;
    private final MmioAccess io = new MmioAccess();

    BenchV2(Variant variant, int pcpus, int vcpus, int listRegisters) {
        this(variant, pcpus, vcpus, listRegisters, 64);
    }

    BenchV2(Variant variant, int pcpus, int vcpus, int listRegisters, int spis) {
        NativeEngine engine = new NativeEngine(1);
        cpus = new Pcpu[pcpus];
        for (int i = 0; i < pcpus; i++) {
            cpus[i] = new Pcpu(i, i, pcpus, engine, validator, new EventRing("cpu" + i, 64, engine));
        }
        GicV2Config config =
                new GicV2Config(32 + spis, listRegisters, 5, 0x8000000L, 0x8010000L, 0x8030000L, MAINTENANCE);
        GicV2Description description =
                new GicV2Description(0x8000000L, 0x8010000L, 0x8030000L, 0x8040000L, MAINTENANCE, HYP_TIMER, 27, 30);
        hardware = new GicV2Hardware(config, List.of(cpus), RegisterLog.NONE, DeactivationRule.ANYWHERE);
        driver = new GicV2(hardware, description, line -> {});
        irq = new Irq(driver, cpus, Irq::connectFirst);
        CrossCall crossCall = new CrossCall(cpus);
        crossCall.connect(driver);
        HostGic gic = new HostGic(driver, irq, description, crossCall, false);
        FaultPlan faults = new FaultPlan(null);
        vgic = new RankVgic(driver, cpus, variant, marks, faults, Witness.NONE);
        GenericTimers timers = new GenericTimers(hardware, HYP_TIMER);
        for (Pcpu p : cpus) {
            p.timers().connect(timers);
            p.softirqs().open(Softirqs.TIMER, p.timers()::run);
            p.softirqs().open(Softirqs.TASKLET, p.tasklets()::run);
        }
        scheduler = new Scheduler(cpus, gic, vgic, gic, faults);
        vgic.connect(scheduler);
        vgic.connect(irq);
        irq.connect(vgic, vgic);
        entry = new Entry(pcpus, gic, vgic, scheduler, Witness.NONE);
        for (Pcpu p : cpus) {
            p.connect(hardware.cpu(p.id()), hardware.cpu(p.id()).virtual(), entry);
        }
        for (Pcpu p : cpus) {
            if (p.id() == 0) {
                p.setOnline(true);
                gic.preinit(p);
                gic.init(p);
            } else {
                irq.prepare(cpus[0], p);
                gic.initSecondary(p);
            }
            gic.setupLocalInterrupts(p);
            p.setOnline(true);
        }
        domain = new Domain(1, vcpus);
        vgic.announce(domain);
        vgic.createDomain(cpus[0], domain, spis);
        for (int i = 0; i < vcpus; i++) {
            Vcpu v = new Vcpu(domain, i, Bench.BYSTANDER, driver.newVcpuState());
            domain.add(v);
            vgic.createVcpu(v);
            scheduler.place(v, i % pcpus);
        }
        if (irq.routeIrqToGuest(cpus[0], domain, HW, HW, IrqDesc.Type.EDGE) != 0) {
            throw new AssertionError("SPI " + HW + " cannot be routed");
        }
        cpus[0].localIrqEnable();
        io.set(GUEST_GICD_BASE + GICD_CTLR, 4, true, 1);
        vgic.mmio(cpus[0], domain.vcpu(0), io);
        cpus[0].localIrqDisable();
        for (int i = 0; i < Math.min(pcpus, vcpus); i++) {
            scheduler.powerOn(cpus[i], domain.vcpu(i));
            cpus[i].localIrqEnable();
            cpus[i].softirqs().run(cpus[i]);
            cpus[i].localIrqDisable();
            virtual(i).writeFrame(GICC_CTLR, 1);
            virtual(i).writeFrame(GICC_PMR, 0xf8);
        }
    }

    static BenchV2 xen() {
        return new BenchV2(Variant.xen(), 2, 2, 4);
    }

    VirtualCpuInterfaceV2 virtual(int p) {
        return hardware.cpu(p).virtual();
    }

    PendingIrq pending(int vcpu, int virq) {
        return RankVgic.of(domain).pending(domain.vcpu(vcpu), virq);
    }

    /** The guest is interrupted on pCPU {@code p}: LR sync, interrupt loop, softirqs, LR flush. */
    void irqExit(int p) {
        entry.take(cpus[p], ExceptionVector.GUEST64_IRQ);
    }

    /** The guest on pCPU {@code p} has described an instruction, which traps. */
    void trap(int p) {
        entry.take(cpus[p], ExceptionVector.GUEST64_SYNC);
    }

    void flush(int p) {
        vgic.syncToLrs(cpus[p]);
    }

    /** GICV_IAR: the guest acknowledges. */
    int ack(int p) {
        return virtual(p).acknowledge(cpus[p]);
    }

    /** GICV_EOIR with EOImode 0. */
    void eoi(int p, int value) {
        virtual(p).end(cpus[p], value);
    }

    /** A trapped store to the distributor by the vCPU that is current on pCPU {@code p}; false is a data abort. */
    boolean store(int p, int offset, int bytes, long value) {
        io.set(GUEST_GICD_BASE + offset, bytes, true, value);
        return access(p);
    }

    /** A trapped load; the answer is in {@link #answer}. */
    boolean load(int p, int offset, int bytes) {
        io.set(GUEST_GICD_BASE + offset, bytes, false, 0);
        return access(p);
    }

    private boolean access(int p) {
        cpus[p].localIrqEnable();
        boolean handled = vgic.mmio(cpus[p], cpus[p].current(), io);
        cpus[p].localIrqDisable();
        return handled;
    }

    long answer() {
        return io.value();
    }

    void enable(int virq) {
        store(0, GICD_ISENABLER + virq / 32 * 4, 4, 1L << virq % 32);
    }

    /** vCPU 0 gives way to the idle vCPU and comes back. */
    void sleepAndWake() {
        driver.saveState(cpus[0], domain.vcpu(0));
        for (int i = 0; i < driver.nrLrs(); i++) {
            driver.clearLr(cpus[0], i);
        }
        driver.restoreState(cpus[0], domain.vcpu(0));
    }
}

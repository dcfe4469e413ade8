package org.smpvisor.explore;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Engine;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.hw.GenericTimers;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.HardwareActors;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.EventRing;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.vgic.rank.FaultPlan;
import org.smpvisor.vgic.rank.PendingIrq;
import org.smpvisor.vgic.rank.RankVgic;
import org.smpvisor.vgic.rank.VgicVcpu;

/**
 * One injection against one change of the route, on the whole vGIC and nothing around it: a device's back end raises a
 * purely virtual SPI on pCPU 0 while the vCPU on pCPU 1 makes itself its target. Small enough for tools that know nothing of
 * hypervisors, and for any engine.
 */
public final class InjectRace {
    /** pCPUs that take part. */
    public static final int CPUS = 2;

    private static final int SPI = 40;
    private static final int SPIS = 32;
    private static final long GICD = 0x8000000L;
    private static final long GICR = 0x80a0000L;
    private static final long GICR_BYTES = 0x40000L;
    private static final int LIST_REGISTERS = 4;
    private static final int PRIORITY_BITS = 5;
    private static final int MAINTENANCE = 25;
    private static final int HYP_TIMER = 26;
    private static final GicV3Description DESCRIPTION = new GicV3Description(
            GICD, List.of(new GicV3Description.Region(GICR, GICR_BYTES)), 0, MAINTENANCE, HYP_TIMER, 27, 30);

    private final Pcpu[] cpus = new Pcpu[CPUS];
    private final GicHardware hardware;
    private final GenericTimers timers;
    private final GicV3 driver;
    private final HostGic gic;
    private final RankVgic vgic;
    private final Scheduler scheduler;
    private final Domain domain = new Domain(0, CPUS);
    private final Marks marks = new Marks(1);
    private final MmioAccess io = new MmioAccess();

    /**
     * Assembles it; nothing has run yet.
     *
     * @param validate whether the lock validator is on
     */
    public InjectRace(Engine engine, Variant variant, boolean validate) {
        LockValidator validator = new LockValidator(validate);
        for (int i = 0; i < CPUS; i++) {
            cpus[i] = new Pcpu(i, i, CPUS, engine, validator, new EventRing("cpu" + i, 0, engine));
        }
        GicConfig config = new GicConfig(
                64,
                LIST_REGISTERS,
                PRIORITY_BITS,
                GICD,
                new long[] {GICR},
                new long[] {GICR_BYTES},
                GICR_SIZE,
                MAINTENANCE);
        hardware = new GicHardware(config, List.of(cpus), RegisterLog.NONE);
        timers = new GenericTimers(hardware, HYP_TIMER);
        driver = new GicV3(hardware, DESCRIPTION, variant.xenVersion(), line -> {});
        CrossCall crossCall = new CrossCall(cpus);
        crossCall.connect(driver);
        gic = new HostGic(driver, null, DESCRIPTION, crossCall, false);
        vgic = new RankVgic(driver, cpus, variant, marks, new FaultPlan(null), Witness.NONE);
        scheduler = new Scheduler(cpus, gic, vgic, gic, Scheduler.KickRule.ALWAYS);
        vgic.connect(scheduler);
        for (Pcpu p : cpus) {
            p.connect(hardware.cpu(p.id()), hardware.cpu(p.id()).virtual(), gic::interrupt);
            p.timers().connect(timers);
        }
    }

    void attach(ControlledEngine engine) {
        engine.attach(cpus);
        HardwareActors.register(engine, hardware, timers);
    }

    /** The pCPU with number {@code i}. */
    public Pcpu cpu(int i) {
        return cpus[i];
    }

    /** Brings pCPU and vCPU up. First for pCPU 0, which makes the domain and opens the SPI to vCPU 0; then for pCPU 1. */
    public void setUp(Pcpu cpu) {
        if (cpu.id() == 0) {
            gic.init(cpu);
            vgic.announce(domain);
            vgic.createDomain(cpu, domain, SPIS);
        } else {
            gic.initSecondary(cpu);
        }
        cpu.setOnline(true);
        Vcpu v = new Vcpu(domain, cpu.id(), null, driver.newVcpuState());
        domain.add(v);
        vgic.createVcpu(v);
        scheduler.place(v, cpu.id());
        scheduler.powerOn(cpu, v);
        cpu.localIrqEnable();
        cpu.softirqs().run(cpu);
        cpu.localIrqDisable();
        VirtualCpuInterface virtual = hardware.cpu(cpu.id()).virtual();
        virtual.writeGroupEnable(1);
        virtual.writePriorityMask(0xff);
        if (cpu.id() == 0) {
            store(cpu, GICD_CTLR, 4, GICD_CTLR_ENABLE_G1A);
            store(cpu, GICD_ISENABLER + 4, 4, 1L << SPI - 32);
        }
    }

    private void store(Pcpu cpu, long offset, int bytes, long value) {
        io.set(GUEST_GICD_BASE + offset, bytes, true, value);
        cpu.localIrqEnable();
        vgic.mmio(cpu, cpu.current(), io);
        cpu.localIrqDisable();
    }

    /** The part of pCPU 0: raises the SPI. */
    public void inject(Pcpu cpu) {
        vgic.injectIrq(cpu, domain, null, SPI, true);
    }

    /** The part of pCPU 1: its vCPU makes itself the target. */
    public void retarget(Pcpu cpu) {
        store(cpu, GICD_IROUTER + 8L * SPI, 8, 1);
    }

    /** Does the part of {@code cpu}. */
    void race(Pcpu cpu) {
        if (cpu.id() == 0) {
            inject(cpu);
        } else {
            retarget(cpu);
        }
    }

    /** Whether the SPI is on no inflight list, or on more than one. */
    public boolean isLostOrDoubled() {
        return inflightOn(0) + inflightOn(1) != 1;
    }

    /** Whether the SPI was queued for a vCPU that was no longer its target. */
    public boolean isMisrouted() {
        return marks.isReached(Quirk.H2, 0, SPI);
    }

    private int inflightOn(int vcpu) {
        ListNode<PendingIrq> head = ((VgicVcpu) domain.vcpu(vcpu).vgic()).inflight();
        int n = 0;
        for (ListNode<PendingIrq> at = head.next(); at != head; at = at.next()) {
            n += at.element().irq() == SPI ? 1 : 0;
        }
        return n;
    }
}

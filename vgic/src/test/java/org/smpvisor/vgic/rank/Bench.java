package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.gic.hw.VirtualCpuInterface.*;

import java.util.Arrays;
import java.util.List;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.entry.Entry;
import org.smpvisor.entry.ExceptionVector;
import org.smpvisor.evtchn.EventUpcalls;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.host.PastHostRules;
import org.smpvisor.gic.hw.GenericTimers;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.sched.PastSchedRules;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.trace.EventRing;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.vgic.timer.TimerRules;
import org.smpvisor.vgic.timer.Vtimer;

/**
 * A whole machine without threads: the calling thread drives every pCPU, one at a time. vCPU n of the one domain is current
 * on pCPU n, interrupts masked, as between the LR flush and the return to the guest. What one pCPU does can be interposed at
 * any point of another ({@link #interpose}), which makes every interleaving with one preemption a matter of counting.
 */
final class Bench {
    /** A guest that does nothing by itself and takes its exceptions at its vector. */
    static final GuestProgram BYSTANDER = new GuestProgram() {
        @Override
        public void step(GuestCpu c) {
            // What it does the test says.
        }

        @Override
        public boolean handlesSync() {
            return true;
        }
    };

    static final int DOMAIN = 1;
    static final int HW = 33;
    static final int HW_2 = 34;
    static final int VIRTUAL = 40;
    private static final int HYP_TIMER = 26;
    private static final int MAINTENANCE = 25;

    final NativeEngine engine = new NativeEngine(1);
    final LockValidator validator;
    final Pcpu[] cpus;
    final GicHardware hardware;
    final GicV3 driver;
    final Irq irq;
    final RankVgic vgic;
    final Scheduler scheduler;
    final Entry entry;
    final GenericTimers timers;
    final Vtimer vtimer;
    final EventUpcalls upcalls;
    final Domain domain;
    final Marks marks = new Marks(DOMAIN + 1);
    private final MmioAccess[] accesses;
    private int last;
    private final HookedLine[] lines;

    private Bench(Variant variant, int pcpus, int vcpus, int listRegisters) {
        this(variant, pcpus, vcpus, listRegisters, true);
    }

    private Bench(Variant variant, int pcpus, int vcpus, int listRegisters, boolean observed) {
        validator = new LockValidator(observed);
        PastHostRules past = new PastHostRules(variant, marks);
        cpus = new Pcpu[pcpus];
        accesses = new MmioAccess[pcpus];
        for (int i = 0; i < pcpus; i++) {
            accesses[i] = new MmioAccess();
            cpus[i] = new Pcpu(i, i, pcpus, engine, validator, new EventRing("cpu" + i, observed ? 64 : 0, engine));
        }
        GicConfig config = new GicConfig(
                128,
                listRegisters,
                5,
                0x8000000L,
                new long[] {0x80a0000L},
                new long[] {0x1000000L},
                GICR_SIZE,
                MAINTENANCE);
        GicV3Description description = new GicV3Description(
                0x8000000L,
                List.of(new GicV3Description.Region(0x80a0000L, 0x1000000L)),
                0,
                MAINTENANCE,
                HYP_TIMER,
                27,
                30);
        hardware = new GicHardware(config, List.of(cpus), RegisterLog.NONE);
        driver = new GicV3(hardware, description, variant.xenVersion(), line -> {}, past);
        irq = new Irq(driver, cpus, variant.isFixed(Quirk.H6) ? Irq::controllerFirst : Irq::connectFirst, past);
        CrossCall crossCall = new CrossCall(cpus, past);
        crossCall.connect(driver);
        HostGic gic = new HostGic(driver, irq, description, crossCall, false, past);
        FaultPlan faults = new FaultPlan(variant.fault());
        vgic = new RankVgic(driver, cpus, variant, marks, faults, Witness.NONE);
        timers = new GenericTimers(hardware, HYP_TIMER, TimerAbi.VIRT_PPI);
        vtimer = new Vtimer(cpus, vgic, gic, new TimerRules(variant, marks, faults), Witness.NONE);
        upcalls = new EventUpcalls(vgic, Witness.NONE);
        gic.connect(vtimer::interrupt);
        for (Pcpu p : cpus) {
            p.connect(timers.virtualTimer(p.id()));
            p.timers().connect(timers);
            p.softirqs().open(Softirqs.TIMER, p.timers()::run);
            p.softirqs().open(Softirqs.TASKLET, p.tasklets()::run);
        }
        scheduler =
                new Scheduler(cpus, gic, vgic, vtimer, faults, new PastSchedRules(variant, marks), SchedulerKind.RR);
        vgic.connect(scheduler);
        vgic.connect(irq);
        irq.connect(vgic, vgic);
        entry = new Entry(pcpus, gic, vgic, scheduler, Witness.NONE);
        entry.connect(vtimer);
        lines = new HookedLine[pcpus];
        for (Pcpu p : cpus) {
            lines[p.id()] = new HookedLine(hardware.cpu(p.id()));
            p.connect(lines[p.id()], hardware.cpu(p.id()).virtual(), entry);
        }
        boot(gic);
        domain = createDomain(vcpus);
        cpus[0].localIrqEnable();
        accesses[0].set(GUEST_GICD_BASE + GICD_CTLR, 4, true, GICD_CTLR_ENABLE_G1A);
        vgic.mmio(cpus[0], vcpu(0), accesses[0]);
        cpus[0].localIrqDisable();
    }

    private void boot(HostGic gic) {
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
    }

    private Domain createDomain(int vcpus) {
        Domain d = new Domain(DOMAIN, vcpus);
        vgic.announce(d);
        vgic.createDomain(cpus[0], d, 32);
        for (int i = 0; i < vcpus; i++) {
            Vcpu v = new Vcpu(d, i, BYSTANDER, driver.newVcpuState());
            d.add(v);
            vgic.createVcpu(v);
            scheduler.place(v, i % cpus.length);
            vtimer.createVcpu(v, i % cpus.length);
        }
        for (int spi : new int[] {HW, HW_2}) {
            if (irq.routeIrqToGuest(cpus[0], d, spi, spi, IrqDesc.Type.EDGE) != 0) {
                throw new AssertionError("SPI " + spi + " cannot be routed");
            }
        }
        return d;
    }

    /** Two pCPUs, two vCPUs that both run, four list registers. */
    static Bench of(Variant variant) {
        return of(variant, 2, 4);
    }

    /** {@code n} pCPUs with a running vCPU each. */
    static Bench of(Variant variant, int n, int listRegisters) {
        return running(new Bench(variant, n, n, listRegisters));
    }

    private static Bench running(Bench b) {
        for (int i = 0; i < b.cpus.length; i++) {
            b.powerOn(i);
        }
        return b;
    }

    /** {@link #of(Variant)} as Lincheck builds it for each schedule: nobody judges its locks, and it keeps no events. */
    static Bench fresh(Variant variant) {
        return running(new Bench(variant, 2, 2, 4, false));
    }

    /** Two pCPUs and {@code vcpus} vCPUs, all of them down. */
    static Bench down(Variant variant, int vcpus) {
        return new Bench(variant, 2, vcpus, 4);
    }

    static Bench xen() {
        return of(Variant.xen());
    }

    static Bench fixed() {
        return of(Variant.allFixed());
    }

    /** Starts a vCPU on its pCPU, lets it become current there and open its virtual CPU interface. */
    void powerOn(int vcpu) {
        Pcpu p = cpus[vcpu % cpus.length];
        scheduler.powerOn(p, vcpu(vcpu));
        settle(p.id());
        if (p.current() == vcpu(vcpu)) {
            openInterface(p.id());
        }
    }

    void openInterface(int p) {
        VirtualCpuInterface v = hardware.cpu(p).virtual();
        v.writeGroupEnable(1);
        v.writePriorityMask(0xff);
    }

    Vcpu vcpu(int i) {
        return domain.vcpu(i);
    }

    VgicVcpu vgicOf(int i) {
        return RankVgic.of(vcpu(i));
    }

    VgicDomain dist() {
        return RankVgic.of(domain);
    }

    // ---- what pCPU p does -------------------------------------------------------------------------------------------

    /** Takes what is signalled and runs softirqs, as the exit path does before it fills list registers. */
    void settle(int p) {
        cpus[p].localIrqEnable();
        cpus[p].softirqs().run(cpus[p]);
        cpus[p].localIrqDisable();
    }

    /** The guest is interrupted on pCPU {@code p}: LR sync, interrupt loop, softirqs, LR flush. */
    void irqExit(int p) {
        entry.take(cpus[p], ExceptionVector.GUEST64_IRQ);
    }

    /** The guest is entered: LR flush alone. */
    void flush(int p) {
        vgic.syncToLrs(cpus[p]);
    }

    /** The guest is left: LR sync alone. */
    void sync(int p) {
        vgic.syncFromLrs(cpus[p], cpus[p].current());
    }

    void inject(int p, int virq) {
        vgic.raise(cpus[p], domain, null, pending(virq));
    }

    /** The line of a device that Xen plays moves. */
    void line(int p, int virq, boolean level) {
        vgic.injectIrq(cpus[p], domain, null, virq, level);
    }

    void sgi(int p, int vcpu, int sgi) {
        vgic.sysregWrite(
                cpus[p], cpus[p].current(), org.smpvisor.abi.SysReg.ICC_SGI1R_EL1, (long) sgi << 24 | 1L << vcpu);
    }

    /** ICV_IAR1: the guest acknowledges. */
    int ack(int p) {
        return hardware.cpu(p).virtual().acknowledge(cpus[p]);
    }

    /** ICV_EOIR1 with EOImode 0. */
    void eoi(int p, int virq) {
        hardware.cpu(p).virtual().end(cpus[p], virq);
    }

    /** A trapped store of vCPU {@code p}, which is current on pCPU {@code p}; false is a data abort. */
    boolean store(int p, long address, int bytes, long value) {
        accesses[p].set(address, bytes, true, value);
        return access(p);
    }

    /** A trapped load; the answer is in {@link #answer}. */
    boolean load(int p, long address, int bytes) {
        accesses[p].set(address, bytes, false, 0);
        return access(p);
    }

    private boolean access(int p) {
        cpus[p].localIrqEnable();
        boolean handled = vgic.mmio(cpus[p], cpus[p].current(), accesses[p]);
        cpus[p].localIrqDisable();
        last = p;
        return handled;
    }

    long answer() {
        return answer(last);
    }

    /** The answer to the last load on pCPU {@code p}, while others drive other pCPUs. */
    long answer(int p) {
        return accesses[p].value();
    }

    void enable(int p, int virq) {
        store(p, GUEST_GICD_BASE + GICD_ISENABLER + virq / 32 * 4, 4, 1L << virq % 32);
    }

    void disable(int p, int virq) {
        store(p, GUEST_GICD_BASE + GICD_ICENABLER + virq / 32 * 4, 4, 1L << virq % 32);
    }

    void route(int p, int virq, int vcpu) {
        store(p, GUEST_GICD_BASE + GICD_IROUTER + 8L * virq, 8, vcpu);
    }

    void priority(int virq, int priority) {
        store(0, GUEST_GICD_BASE + GICD_IPRIORITYR + virq, 1, priority);
    }

    /** Enables {@code virq} with a priority, routed to vCPU 0. */
    void enableWith(int virq, int priority) {
        priority(virq, priority);
        enable(0, virq);
    }

    /** Moves a vCPU to another pCPU, as far as that goes without the pCPU that runs it. */
    void move(int p, int vcpu, int pcpu) {
        cpus[p].localIrqEnable();
        scheduler.migrate(cpus[p], vcpu(vcpu), pcpu);
        cpus[p].localIrqDisable();
    }

    // ---- interposing ------------------------------------------------------------------------------------------------

    /** Lets {@code action} happen at the {@code n}-th point of pCPU {@code p} at which it holds no lock, from 0. */
    void interpose(int p, int n, Runnable action) {
        interposeUnder(p, n, action);
        lines[p].lockFree = true;
    }

    /** {@link #interpose} at any point; {@code action} must not wait for a lock that {@code p} may hold. */
    void interposeUnder(int p, int n, Runnable action) {
        lines[p].lockFree = false;
        lines[p].countdown = n;
        lines[p].action = action;
        cpus[p].signal();
    }

    /** Whether the interposed action is still waiting for its point; it is withdrawn. */
    boolean withdraw(int p) {
        boolean waits = lines[p].action != null;
        lines[p].action = null;
        return waits;
    }

    /** Sits between pCPU and GIC; asked at every point at which something is signalled, which it always is while it counts. */
    private static final class HookedLine implements InterruptLine {
        private final InterruptLine gic;
        private Runnable action;
        private int countdown;
        private boolean lockFree;

        HookedLine(InterruptLine gic) {
            this.gic = gic;
        }

        @Override
        public boolean sample(Pcpu cpu) {
            if (action != null) {
                if ((!lockFree || cpu.held().depth() == 0) && countdown-- == 0) {
                    Runnable now = action;
                    action = null;
                    now.run();
                } else {
                    cpu.signal();
                }
            }
            return gic.sample(cpu);
        }
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    PendingIrq pending(int virq) {
        return dist().spi(virq);
    }

    boolean has(int virq, int bit) {
        return (pending(virq).status().peek() & 1 << bit) != 0;
    }

    /** The composite state of an SPI: IDLE, HELD, WAIT, INLR, INLR+ or, for what no table has, the status in words. */
    String state(int virq) {
        return state(pending(virq));
    }

    static String state(PendingIrq p) {
        int s = p.status().peek();
        boolean queued = (s & 1 << PendingIrq.QUEUED) != 0;
        boolean visible = (s & 1 << PendingIrq.VISIBLE) != 0;
        boolean migrating = (s & 1 << PendingIrq.MIGRATING) != 0;
        String name;
        if (p.inflight().isEmpty() && p.lrQueue().isEmpty() && !visible) {
            name = queued ? "IDLE+QUEUED" : "IDLE";
        } else if (!p.inflight().isEmpty() && !visible && queued) {
            name = p.lrQueue().isEmpty() ? "HELD" : "WAIT";
        } else if (!p.inflight().isEmpty() && visible && p.lrQueue().isEmpty()) {
            name = queued ? "INLR+" : "INLR";
        } else {
            return p.describe();
        }
        return migrating ? name + ",MIGRATING" : name;
    }

    /** The list registers of a pCPU in words: {@code "40P"} pending, A active, PA both, with the priority behind a slash. */
    List<String> lrs(int p) {
        String[] names = new String[driver.nrLrs()];
        for (int i = 0; i < names.length; i++) {
            long lr = hardware.cpu(p).virtual().readLr(i);
            String s = (lr & LR_PENDING) != 0 ? "P" : "";
            s += (lr & LR_ACTIVE) != 0 ? "A" : "";
            names[i] = s.isEmpty() ? "-" : (lr & LR_VIRTUAL_MASK) + s;
        }
        return Arrays.asList(names);
    }

    /** How many list registers of all pCPUs hold {@code virq}. */
    int copies(int virq) {
        int n = 0;
        for (int p = 0; p < cpus.length; p++) {
            for (int i = 0; i < driver.nrLrs(); i++) {
                long lr = hardware.cpu(p).virtual().readLr(i);
                n += (lr & LR_STATE) != 0 && (lr & LR_VIRTUAL_MASK) == virq ? 1 : 0;
            }
        }
        return n;
    }

    boolean inflightOn(int vcpu, int virq) {
        var head = vgicOf(vcpu).inflight();
        for (var n = head.next(); n != head; n = n.next()) {
            if (n.element().irq() == virq) {
                return true;
            }
        }
        return false;
    }

    boolean underflowArmed(int p) {
        return (hardware.cpu(p).virtual().readHcr() & HCR_UIE) != 0;
    }

    /** Whether somebody sent pCPU {@code p} an event-check SGI that it has not taken yet. */
    boolean isKicked(int p) {
        return !cpus[p].mailbox().isEmpty();
    }

    boolean marked(Quirk q, int virq) {
        return marks.isReached(q, DOMAIN, virq);
    }

    IrqDesc desc(int spi) {
        return irq.desc(cpus[0], spi);
    }

    boolean inProgress(int spi) {
        return (desc(spi).status().peek() & 1 << IrqDesc.IRQ_INPROGRESS) != 0;
    }

    long total(Counter c) {
        return Arrays.stream(cpus).mapToLong(p -> p.counter(c)).sum();
    }

    /** A device pulses the line of an edge-triggered SPI. */
    void pulse(int spi) {
        hardware.distributor().raise(spi);
    }

    int physicalTarget(int spi) {
        return hardware.distributor().target(spi);
    }
}

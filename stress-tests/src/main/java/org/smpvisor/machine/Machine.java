package org.smpvisor.machine;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Rcu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Engine;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.engine.RunAborted;
import org.smpvisor.entry.Entry;
import org.smpvisor.entry.Psci;
import org.smpvisor.entry.StopMachine;
import org.smpvisor.evtchn.EventUpcalls;
import org.smpvisor.gic.host.CpuHotplug;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicDescription;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.GicV2;
import org.smpvisor.gic.host.GicV2Description;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.host.PastHostRules;
import org.smpvisor.gic.hw.DeactivationRule;
import org.smpvisor.gic.hw.GenericTimers;
import org.smpvisor.gic.hw.Gic;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.GicV2Config;
import org.smpvisor.gic.hw.GicV2Hardware;
import org.smpvisor.gic.hw.HardwareActors;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.sched.Lifecycle;
import org.smpvisor.sched.PastSchedRules;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;
import org.smpvisor.vgic.rank.RankVgic;
import org.smpvisor.vgic.rank.VgicDomain;
import org.smpvisor.vgic.timer.TimerRules;
import org.smpvisor.vgic.timer.Vtimer;

/**
 * A whole machine, put together from a description, that boots and runs on real threads: one per pCPU and one for the
 * clock. The one place that knows how everything is connected. Used once.
 */
public final class Machine implements AutoCloseable {
    private static final long CLOCK_PERIOD_NANOS = 200_000;
    private static final long JOIN_SECONDS = 10;
    private static final long STACK_BYTES = 4L << 20;

    private final MachineSpec spec;
    private final Engine engine;
    private final LockValidator validator;
    private final Pcpu[] pcpus;
    private final Gic hardware;
    private final GenericTimers timers;
    private final GicHwOperations driver;
    private final Irq irq;
    private final HostGic gic;
    private final CrossCall crossCall;
    private final Vtimer vtimer;
    private final EventUpcalls upcalls;
    private final RankVgic vgic;
    private final Scheduler scheduler;
    private final Rcu rcu;
    private final Lifecycle lifecycle;
    private final CpuHotplug hotplug;
    private final Entry entry;
    private final DeviceBus devices;
    private final List<Domain> domains = new CopyOnWriteArrayList<>();
    private final Thread[] threads;

    private final CountDownLatch booted;
    private final EventRing environmentEvents;
    private volatile Throwable failure;
    private volatile Pcpu failedOn;

    /** Assembles the machine for real threads; nothing runs yet. */
    public Machine(MachineSpec spec) {
        this(spec, new NativeEngine(spec.description().cpus().size() + 1));
    }

    /** Assembles the machine under any engine; nothing runs yet. */
    public Machine(MachineSpec spec, Engine engine) {
        this.spec = spec;
        MachineDescription description = spec.description();
        checkVcpus(spec);
        int n = description.cpus().size();
        this.engine = engine;
        this.validator = new LockValidator(spec.validate());
        this.pcpus = new Pcpu[n];
        for (int i = 0; i < n; i++) {
            EventRing ring = new EventRing("cpu" + i, spec.events(), engine);
            pcpus[i] = new Pcpu(i, description.cpus().get(i).mpidrAffinity(), n, engine, validator, ring);
        }
        this.environmentEvents = new EventRing("device", spec.events(), engine);
        PastHostRules past = new PastHostRules(spec.variant(), spec.marks());
        GicDescription local;
        if (description.gic().isV2()) {
            GicV2Hardware v2 =
                    new GicV2Hardware(gicV2Config(spec), List.of(pcpus), spec.registers(), deactivation(spec));
            GicV2Description host = gicV2Description(description);
            this.hardware = v2;
            this.driver = new GicV2(v2, host, spec.console(), past, sgiEnd(spec));
            local = host;
        } else {
            GicHardware v3 = new GicHardware(gicConfig(spec), List.of(pcpus), spec.registers(), deactivation(spec));
            GicV3Description host = hostDescription(description);
            this.hardware = v3;
            this.driver = new GicV3(v3, host, spec.variant().xenVersion(), spec.console(), past);
            local = host;
        }
        this.timers = new GenericTimers(hardware, description.hypTimerPpi(), description.virtTimerPpi());
        Irq.RouteOrder order = spec.variant().isFixed(Quirk.H6) ? Irq::controllerFirst : Irq::connectFirst;
        this.irq = new Irq(driver, pcpus, order, past);
        this.crossCall = new CrossCall(pcpus, past);
        crossCall.connect(driver);
        boolean old = spec.variant().xenVersion() == Variant.XenVersion.V4_17;
        this.gic = new HostGic(driver, irq, local, crossCall, old, past);
        this.vgic = new RankVgic(driver, pcpus, spec.variant(), spec.marks(), spec.faults(), spec.witness());
        TimerRules timerRules = new TimerRules(spec.variant(), spec.marks(), spec.faults());
        this.vtimer = new Vtimer(pcpus, vgic, gic, timerRules, spec.witness());
        gic.connect(vtimer::interrupt);
        this.upcalls = new EventUpcalls(vgic, spec.witness());
        for (Pcpu p : pcpus) {
            p.timers().connect(timers);
            p.softirqs().open(Softirqs.TIMER, p.timers()::run);
            p.softirqs().open(Softirqs.TASKLET, p.tasklets()::run);
        }
        this.scheduler = new Scheduler(
                pcpus,
                gic,
                vgic,
                vtimer,
                spec.faults(),
                new PastSchedRules(spec.variant(), spec.marks()),
                spec.scheduler());
        vgic.connect(scheduler);
        vgic.connect(irq);
        irq.connect(vgic, vgic);
        this.rcu = new Rcu(pcpus, gic);
        this.lifecycle = new Lifecycle(scheduler, vgic, vtimer::destroyVcpu, rcu, spec.witness());
        Psci.OffRule off = spec.variant().isFixed(Quirk.H7) ? Psci.OffRule.WHEN_SAVED : Psci.OffRule.AT_ONCE;
        Psci psci = new Psci(vgic, scheduler, lifecycle, off, spec.witness());
        this.entry = new Entry(n, gic, vgic, scheduler, spec.witness(), nestedTrap(spec), psci);
        entry.connect(vtimer);
        for (Pcpu p : pcpus) {
            p.connect(timers.virtualTimer(p.id()));
            p.connect(hardware.cpu(p.id()), hardware.cpu(p.id()).virtual(), entry);
        }
        this.devices = new DeviceBus(hardware.distributor(), engine, n);
        this.threads = new Thread[n + 1];
        this.hotplug = new CpuHotplug(pcpus, scheduler, gic, irq, new StopMachine(pcpus, gic), rcu, this::domains);
        entry.connect(hotplug);
        if (old) {
            entry.connect(Entry.SerrorRule.GOES_ON);
        }
        this.booted = new CountDownLatch(1);
    }

    /** Said here, where nothing runs yet, and not by the vGIC while the machine boots. */
    private static void checkVcpus(MachineSpec spec) {
        for (DomainSpec d : spec.domains()) {
            if (spec.description().gic().isV2() && d.vcpus() > GicAbi.GICV2_CPUS) {
                throw new IllegalArgumentException(
                        "a virtual GICv2, as domains get on a machine with a GICv2, serves at most " + GicAbi.GICV2_CPUS
                                + " vCPUs, not " + d.vcpus());
            }
        }
    }

    private static DeactivationRule deactivation(MachineSpec spec) {
        return spec.variant().has(Bug.XB_062)
                ? DeactivationRule.acknowledgerOnly(spec.marks())
                : DeactivationRule.ANYWHERE;
    }

    private static GicV2.SgiEnd sgiEnd(MachineSpec spec) {
        return spec.variant().isFixed(Quirk.H19)
                ? GicV2.SgiEnd.withSender(spec.description().cpus().size())
                : GicV2.SgiEnd.intidOnly(spec.marks());
    }

    private static Entry.NestedTrap nestedTrap(MachineSpec spec) {
        return spec.variant().has(Bug.XB_013) ? Entry.NestedTrap.opens(spec.marks()) : Entry.NestedTrap.INHERITS;
    }

    private static GicConfig gicConfig(MachineSpec spec) {
        MachineDescription.Gic g = spec.description().gic();
        int regions = g.redistRegions().size();
        long[] bases = new long[regions];
        long[] sizes = new long[regions];
        for (int i = 0; i < regions; i++) {
            bases[i] = g.redistRegions().get(i).base();
            sizes[i] = g.redistRegions().get(i).size();
        }
        return new GicConfig(
                spec.gicLines(),
                spec.listRegisters(),
                spec.priorityBits(),
                g.distBase(),
                bases,
                sizes,
                g.redistStride(),
                g.maintenanceIrq());
    }

    private static GicV2Config gicV2Config(MachineSpec spec) {
        MachineDescription.Gic g = spec.description().gic();
        return new GicV2Config(
                spec.gicLines(),
                spec.listRegisters(),
                spec.priorityBits(),
                g.distBase(),
                g.gicc().orElseThrow().base(),
                g.gich().orElseThrow().base(),
                g.maintenanceIrq());
    }

    private static GicV2Description gicV2Description(MachineDescription d) {
        return new GicV2Description(
                d.gic().distBase(),
                d.gic().gicc().orElseThrow().base(),
                d.gic().gich().orElseThrow().base(),
                d.gic().gicv().orElseThrow().base(),
                d.gic().maintenanceIrq(),
                d.hypTimerPpi(),
                d.virtTimerPpi(),
                d.physTimerPpi());
    }

    private static GicV3Description hostDescription(MachineDescription d) {
        List<GicV3Description.Region> regions = d.gic().redistRegions().stream()
                .map(r -> new GicV3Description.Region(r.base(), r.size()))
                .toList();
        return new GicV3Description(
                d.gic().distBase(),
                regions,
                d.gic().redistStride(),
                d.gic().maintenanceIrq(),
                d.hypTimerPpi(),
                d.virtTimerPpi(),
                d.physTimerPpi());
    }

    // ---- running ----------------------------------------------------------------------------------------------------

    /** Starts the threads and returns when every pCPU is online and every domain runs, or when booting failed. */
    public void start() {
        for (Pcpu p : pcpus) {
            threads[p.id()] = thread("cpu" + p.id(), () -> drive(p));
        }
        threads[pcpus.length] = thread("clock", this::tick);
        for (Thread t : threads) {
            t.start();
        }
        try {
            booted.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stop();
        }
    }

    private static Thread thread(String name, Runnable body) {
        Thread t = new Thread(null, body, name, STACK_BYTES);
        t.setDaemon(true);
        return t;
    }

    private void drive(Pcpu cpu) {
        try {
            cpu.enterThread();
            boot(cpu);
            run(cpu);
        } catch (RunAborted e) {
            // The run is over; nothing was lost that was not lost before.
        } catch (Throwable e) {
            fail(cpu, e);
        } finally {
            cpu.leaveThread();
        }
    }

    /** Gives a controlled engine what it needs to know of the machine; once, before its first run. */
    public void attach(ControlledEngine controlled) {
        controlled.attach(pcpus);
        HardwareActors.register(controlled, hardware, timers);
    }

    /** Brings {@code cpu} up: the boot CPU and through it all others, domains included. */
    public void boot(Pcpu cpu) {
        if (cpu.id() == 0) {
            bootFirst(cpu);
        } else {
            hotplug.start(cpu);
        }
    }

    /** What a pCPU that is up does until the engine is stopped. */
    public void run(Pcpu cpu) {
        entry.run(cpu);
    }

    private synchronized void fail(Pcpu cpu, Throwable e) {
        if (failure == null) {
            failure = e;
            failedOn = cpu;
        }
        stop();
    }

    private void tick() {
        while (!engine.isStopped()) {
            timers.tick(engine.now());
            LockSupport.parkNanos(CLOCK_PERIOD_NANOS);
        }
    }

    /** Xen's start_xen, as far as interrupts go: GIC, local interrupts, console, secondaries, domains. */
    private void bootFirst(Pcpu cpu) {
        cpu.setOnline(true);
        gic.preinit(cpu);
        gic.init(cpu);
        gic.setupLocalInterrupts(cpu);
        setupConsole(cpu);
        cpu.localIrqEnable();
        for (int i = 1; i < pcpus.length; i++) {
            spec.console().accept("Bringing up CPU" + i);
            hotplug.bringUp(cpu, pcpus[i]);
            spec.console().accept("CPU " + i + " booted.");
        }
        spec.console().accept("Brought up " + pcpus.length + " CPUs");
        for (int i = 0; i < spec.domains().size(); i++) {
            createDomain(cpu, i, spec.domains().get(i));
        }
        for (Domain d : domains) {
            for (int i = 0; i < d.maxVcpus(); i++) {
                scheduler.powerOn(cpu, d.vcpu(i));
            }
        }
        booted.countDown();
    }

    private void setupConsole(Pcpu cpu) {
        spec.description().console().ifPresent(uart -> {
            if (uart.spi().isPresent() && uart.spi().getAsInt() < driver.nrLines()) {
                int spi = uart.spi().getAsInt();
                IrqDesc.Type type = uart.interrupts().get(0).trigger() == MachineDescription.Trigger.EDGE
                        ? IrqDesc.Type.EDGE
                        : IrqDesc.Type.LEVEL;
                irq.setType(cpu, spi, type);
                irq.setupIrq(
                        cpu,
                        spi,
                        IrqDesc.Action.xen(
                                "uart", (c, i) -> hardware.distributor().lower(i)));
            }
        });
    }

    /** Gives an edge-triggered SPI to a handler of Xen's, on this pCPU, which has been booted. */
    public void claim(Pcpu cpu, int spi, IrqDesc.Handler handler) {
        irq.setType(cpu, spi, IrqDesc.Type.EDGE);
        int rc = irq.setupIrq(cpu, spi, IrqDesc.Action.xen("handler of " + spi, handler));
        if (rc != 0) {
            throw new ModelBug("interrupt " + spi + " cannot be given to Xen: errno " + rc);
        }
    }

    /** Takes a device away from a domain, which is destroyed; runs on {@code cpu} as Xen's code. */
    public void release(Pcpu cpu, Domain d, int spi) {
        d.setDying(cpu);
        int rc = irq.releaseGuestIrq(cpu, d, spi, spi);
        if (rc != 0) {
            throw new ModelBug("interrupt " + spi + " cannot be taken from " + d + ": errno " + rc);
        }
    }

    @Xen("domain_create")
    private void createDomain(Pcpu cpu, int index, DomainSpec ds) {
        Domain d = new Domain(index + 1, ds.vcpus());
        vgic.announce(d);
        vgic.createDomain(cpu, d, driver.nrLines() - 32);
        d.setDevices(devices);
        for (int i = 0; i < ds.vcpus(); i++) {
            Vcpu v = new Vcpu(d, i, ds.program().apply(i), driver.newVcpuState(d + "v" + i));
            d.add(v);
            vgic.createVcpu(v);
            scheduler.place(v, ((d.id() - 1) * ds.vcpus() + i) % pcpus.length);
            vtimer.createVcpu(v, v.processor().peek());
        }
        for (MachineDescription.Irq line : ds.lines()) {
            IrqDesc.Type type =
                    line.trigger() == MachineDescription.Trigger.EDGE ? IrqDesc.Type.EDGE : IrqDesc.Type.LEVEL;
            spec.witness().lineGiven(cpu, d, line.intid());
            int rc = irq.routeIrqToGuest(cpu, d, line.intid(), line.intid(), type);
            if (rc != 0) {
                throw new ModelBug("interrupt " + line.intid() + " cannot be routed to " + d + ": errno " + rc);
            }
        }
        if (index == domains.size()) {
            domains.add(d);
        } else {
            domains.set(index, d);
        }
    }

    /** Ends the run; every pCPU leaves at its next step. */
    public void stop() {
        engine.stop();
        booted.countDown();
        for (Pcpu p : pcpus) {
            p.signal();
        }
    }

    /** Stops and waits for the threads; those that hang are left to die with the JVM. */
    @Override
    public void close() {
        stop();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(JOIN_SECONDS);
        for (Thread t : threads) {
            long left = end - System.nanoTime();
            while (t != null && t.isAlive() && left > 0) {
                for (Pcpu p : pcpus) {
                    p.signal();
                }
                try {
                    t.join(20);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
                left = end - System.nanoTime();
            }
        }
    }

    // ---- what the environment may do --------------------------------------------------------------------------------

    /** Posts Xen's work to a pCPU; from one thread at a time. Returns false when its queue is full. */
    public boolean post(int pcpu, Tasklets.Work work) {
        return pcpus[pcpu].tasklets().post(work, pcpus.length);
    }

    /** Creates a domain that has been destroyed anew and lets it run; on a pCPU as Xen's code. */
    public void createAgain(Pcpu cpu, int index) {
        createDomain(cpu, index, spec.domains().get(index));
        Domain d = domains.get(index);
        for (int i = 0; i < d.maxVcpus(); i++) {
            scheduler.powerOn(cpu, d.vcpu(i));
            spec.witness().vcpuReset(cpu, d.vcpu(i)); // another may have sent it something while it was down
        }
        cpu.count(Counter.DOMAINS_CREATED);
    }

    public DeviceBus devices() {
        return devices;
    }

    public Scheduler scheduler() {
        return scheduler;
    }

    public Lifecycle lifecycle() {
        return lifecycle;
    }

    public CpuHotplug hotplug() {
        return hotplug;
    }

    /** Tells vCPUs of events. */
    public EventUpcalls upcalls() {
        return upcalls;
    }

    /** The clock of a controlled run begins anew; while nobody drives the machine. */
    public void restartClock() {
        timers.restartClock();
    }

    public CrossCall crossCall() {
        return crossCall;
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    public MachineSpec spec() {
        return spec;
    }

    public Pcpu[] pcpus() {
        return pcpus.clone();
    }

    public Pcpu pcpu(int i) {
        return pcpus[i];
    }

    public List<Domain> domains() {
        return domains;
    }

    public VgicDomain vgicOf(Domain d) {
        return (VgicDomain) d.vgic();
    }

    public Gic hardware() {
        return hardware;
    }

    public GicHwOperations driver() {
        return driver;
    }

    /** Xen's physical interrupts. */
    public Irq irq() {
        return irq;
    }

    /** The part of the host's GIC that both versions share. */
    public HostGic gic() {
        return gic;
    }

    public RankVgic vgic() {
        return vgic;
    }

    public LockValidator validator() {
        return validator;
    }

    public EventRing environmentEvents() {
        return environmentEvents;
    }

    /** The threads of the pCPUs; once they have been started. */
    public long[] threadIds() {
        return Arrays.stream(threads, 0, pcpus.length).mapToLong(Thread::getId).toArray();
    }

    /** Nanoseconds of the engine's clock. */
    public long now() {
        return engine.now();
    }

    /** With the machine stopped or at rest: completes the marks of a domain's interrupts. */
    public void settleMarks(Domain d) {
        vgic.settleMarks(d);
    }

    /** What broke, or {@code null}. */
    public Throwable failure() {
        return failure;
    }

    /** Where it broke, or {@code null}. */
    public Pcpu failedOn() {
        return failedOn;
    }

    /** Sum of a counter over all pCPUs. */
    public long total(Counter c) {
        long sum = 0;
        for (Pcpu p : pcpus) {
            sum += p.counter(c);
        }
        return sum;
    }

    /** Whether nothing moves at this moment: every pCPU waits in its idle loop, no timer runs and nothing is on its way. */
    public boolean isAtRest() {
        if (timers.isArmed()) {
            return false;
        }
        for (Pcpu p : pcpus) {
            boolean resting = !p.isOnline()
                    || p.isIdling()
                            && p.current().isIdle()
                            && !p.needsAttention()
                            && p.softirqs().peek() == 0
                            && p.tasklets().isEmpty()
                            && !hardware.cpu(p.id()).hasWork();
            if (!resting) {
                return false;
            }
        }
        return true;
    }
}

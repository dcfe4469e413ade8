package org.smpvisor.explore;

import static org.smpvisor.abi.GicAbi.GICR_SIZE;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Engine;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.hw.GenericTimers;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.HardwareActors;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.lock.HeldLocks;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Variant;

/** pCPUs with Xen's interrupt code and no guests, brought up by whoever uses it; every access to the GIC is noted. */
final class Rig {
    static final long GICD = 0x8000000L;
    static final long GICR = 0x80a0000L;
    private static final int MAINTENANCE = 25;
    private static final int HYP_TIMER = 26;
    private static final int LIMIT = 200_000;

    /** One access to the GIC. */
    record Access(
            int cpu,
            RegisterLog.Component component,
            boolean write,
            SystemRegister register,
            boolean underLock,
            boolean underHostGic) {}

    /** What a pCPU does. */
    interface Body {
        void run(Pcpu cpu);
    }

    final LockValidator validator = new LockValidator(true);
    final Pcpu[] cpus;
    final GicHardware hardware;
    final GicV3 driver;
    final Irq irq;
    final CrossCall crossCall;
    final HostGic gic;
    final IntCell gate = new IntCell("gate");
    final List<Access> accesses = Collections.synchronizedList(new ArrayList<>());
    private final Engine engine;
    private final GenericTimers timers;

    Rig(int pcpus, boolean controlled) {
        engine = controlled ? new ControlledEngine(pcpus, true) : new NativeEngine(pcpus);
        cpus = new Pcpu[pcpus];
        for (int i = 0; i < pcpus; i++) {
            cpus[i] = new Pcpu(i, i, pcpus, engine, validator, new EventRing("cpu" + i, 64, engine));
        }
        GicConfig config =
                new GicConfig(128, 4, 5, GICD, new long[] {GICR}, new long[] {0x1000000L}, GICR_SIZE, MAINTENANCE);
        GicV3Description description = new GicV3Description(
                GICD, List.of(new GicV3Description.Region(GICR, 0x1000000L)), 0, MAINTENANCE, HYP_TIMER, 27, 30);
        hardware = new GicHardware(config, List.of(cpus), this::note);
        timers = new GenericTimers(hardware, HYP_TIMER);
        driver = new GicV3(hardware, description, Variant.XenVersion.HEAD, line -> {});
        irq = new Irq(driver, cpus, Irq::connectFirst);
        crossCall = new CrossCall(cpus);
        crossCall.connect(driver);
        gic = new HostGic(driver, irq, description, crossCall, false);
        for (Pcpu p : cpus) {
            p.timers().connect(timers);
            p.connect(hardware.cpu(p.id()), hardware.cpu(p.id()).virtual(), gic::interrupt);
        }
    }

    private void note(
            int cpu, RegisterLog.Component c, boolean write, long offset, SystemRegister r, int bytes, long v) {
        HeldLocks held = cpus[cpu].held();
        boolean hostGic = false;
        for (int i = 0; i < held.depth(); i++) {
            hostGic |= held.classAt(i) == LockClass.HOST_GIC;
        }
        accesses.add(new Access(cpu, c, write, r, held.depth() > 0, hostGic));
    }

    /** cpu0 up to the point at which it has its own interface. */
    void bootFirst(Pcpu cpu) {
        cpu.setOnline(true);
        gic.preinit(cpu);
        gic.init(cpu);
        gic.setupLocalInterrupts(cpu);
        cpu.localIrqEnable();
    }

    /** Waits until cpu0 says so. */
    void awaitGate(Pcpu cpu) {
        for (int turn = 0; gate.getAcquire(cpu) == 0; turn++) {
            engine.relax(cpu, turn);
        }
    }

    void awaitOnline(Pcpu cpu) {
        for (Pcpu p : cpus) {
            for (int turn = 0; !p.isOnline(cpu); turn++) {
                engine.relax(cpu, turn);
            }
        }
    }

    /** Lets every pCPU do its part once; a seed chooses the schedule of a controlled engine. */
    void run(long seed, Body body) {
        if (engine instanceof ControlledEngine controlled) {
            controlled.attach(cpus);
            HardwareActors.register(controlled, hardware, timers);
            Outcome o = controlled.run(new RandomWalk(seed), body::run, LIMIT, null);
            if (o.end() != Outcome.End.QUIESCENT) {
                throw new AssertionError(o.end() + " " + o.text(), o.failure());
            }
            return;
        }
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (Pcpu p : cpus) {
            Thread t = new Thread(() -> {
                try {
                    p.enterThread();
                    body.run(p);
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                } finally {
                    p.leaveThread();
                }
            });
            t.setDaemon(true);
            threads.add(t);
            t.start();
        }
        for (Thread t : threads) {
            try {
                t.join(5_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (t.isAlive()) {
                throw new AssertionError("a pCPU does not come to its end");
            }
        }
        if (failure.get() != null) {
            throw new AssertionError("a pCPU failed", failure.get());
        }
    }
}

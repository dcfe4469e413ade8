package org.smpvisor.gic.host;

import java.util.List;
import java.util.function.Supplier;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Rcu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Domain;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.entry.Entry;
import org.smpvisor.entry.StopMachine;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Brings pCPUs up and takes them down. A pCPU that goes down gives its vCPUs away, and with them their interrupts; then the machine
 * is stopped while it gives up its own interrupts and its CPU interface; then it waits to be brought up again.
 */
@Xen({"common/cpu.c", "arm/smpboot.c"})
@Deviation("an operation is a continuation that is run until it is done, instead of a process that sleeps")
public final class CpuHotplug implements Entry.Offline {
    private static final int NOT_BEGUN = 0;
    private static final int VACATING = 1;
    private static final int STOPPING = 2;

    private final Pcpu[] pcpus;
    private final Scheduler scheduler;
    private final HostGic gic;
    private final Irq irq;
    private final StopMachine stopMachine;
    private final Rcu rcu;
    private final IpiSender ipi;
    private final Supplier<List<Domain>> domains;
    private final Softirqs.Handler lastSteps = this::takeDown;

    /** Held, as a bit, over a whole operation. */
    @Xen("cpu_add_remove_lock")
    private final IntCell busy = new IntCell("cpu_add_remove");

    /** Whether a pCPU that is not online may come up. */
    private final IntCell[] released;

    /** What is waited for, by pCPU, for people. */
    private final String[] comingUp;

    private final String[] goingDown;

    /** Whether a pCPU that was taken down does nothing any more. */
    private final IntCell[] dead;

    /** The taking down of one pCPU; belongs to one operation at a time, which one pCPU runs. */
    public static final class Removal {
        private final Pcpu pcpu;

        @OwnedBy("toolstack")
        private int phase = NOT_BEGUN;

        /** @param pcpu the one to be taken down, not the first */
        public Removal(Pcpu pcpu) {
            this.pcpu = pcpu;
        }
    }

    public CpuHotplug(
            Pcpu[] pcpus,
            Scheduler scheduler,
            HostGic gic,
            Irq irq,
            StopMachine stopMachine,
            Rcu rcu,
            Supplier<List<Domain>> domains) {
        this.pcpus = pcpus.clone();
        this.scheduler = scheduler;
        this.gic = gic;
        this.irq = irq;
        this.stopMachine = stopMachine;
        this.rcu = rcu;
        this.ipi = gic;
        this.domains = domains;
        this.released = new IntCell[pcpus.length];
        this.dead = new IntCell[pcpus.length];
        this.comingUp = new String[pcpus.length];
        this.goingDown = new String[pcpus.length];
        for (Pcpu p : pcpus) {
            comingUp[p.id()] = p + " to come up";
            goingDown[p.id()] = p + " to go down";
            released[p.id()] = new IntCell(p + ".released");
            dead[p.id()] = new IntCell(p + ".cpu_is_dead");
        }
    }

    // ---- up ---------------------------------------------------------------------------------------------------------

    /** Brings {@code p} up and waits until it is online. Interrupts open, no lock held. */
    @Xen({"cpu_up", "__cpu_up"})
    public void bringUp(Pcpu cpu, Pcpu p) {
        irq.prepare(cpu, p);
        dead[p.id()].setOpaque(cpu, 0);
        released[p.id()].setRelease(cpu, 1);
        cpu.beginWait(comingUp[p.id()], -1);
        for (int turn = 0; !p.isOnline(cpu); turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
        cpu.smpRmb();
    }

    /** What a pCPU does that is not the first, from when it gets power until it is online. Interrupts masked on entry. */
    @Xen("start_secondary")
    public void start(Pcpu cpu) {
        for (int turn = 0; released[cpu.id()].getAcquire(cpu) == 0; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        released[cpu.id()].setOpaque(cpu, 0);
        gic.initSecondary(cpu);
        cpu.smpWmb();
        cpu.setOnline(true);
        cpu.localIrqEnable();
        gic.setupLocalInterrupts(cpu);
    }

    /**
     * Brings a pCPU back that was taken down. Process context, interrupts open, no lock held.
     *
     * @return false if the caller is to come again, since another operation is under way
     */
    public boolean online(Pcpu cpu, Pcpu p) {
        if (busy.testAndSetBit(cpu, 0)) {
            return false;
        }
        if (!p.isOnline(cpu)) {
            bringUp(cpu, p);
            scheduler.occupy(cpu, p.id());
            cpu.count(Counter.PCPUS_ONLINED);
        }
        busy.testAndClearBit(cpu, 0);
        return true;
    }

    // ---- down -------------------------------------------------------------------------------------------------------

    /**
     * Takes a pCPU down, neither the first nor the calling one; nothing happens if it is down. Process context, interrupts open,
     * no lock held.
     *
     * @return false if the caller is to come again, on the same pCPU
     */
    @Xen("cpu_down")
    public boolean offline(Pcpu cpu, Removal r) {
        Pcpu p = r.pcpu;
        if (p.id() == 0 || p == cpu) {
            throw new ModelBug(p + " cannot be taken down by " + cpu);
        }
        if (r.phase == NOT_BEGUN) {
            if (busy.testAndSetBit(cpu, 0)) {
                return false;
            }
            if (!p.isOnline(cpu)) {
                busy.testAndClearBit(cpu, 0);
                return true;
            }
            r.phase = VACATING;
        }
        if (r.phase == VACATING) {
            if (!scheduler.vacate(cpu, p.id(), domains.get())) {
                return false;
            }
            r.phase = STOPPING;
        }
        if (!stopMachine.run(cpu, p.id(), lastSteps)) {
            return false;
        }
        cpu.beginWait(goingDown[p.id()], -1);
        for (int turn = 0; dead[p.id()].getAcquire(cpu) == 0; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
        p.timers().migrateAll(cpu, cpu);
        p.tasklets().migrate(cpu, ipi);
        rcu.adopt(cpu, p);
        cpu.count(Counter.PCPUS_OFFLINED);
        r.phase = NOT_BEGUN;
        busy.testAndClearBit(cpu, 0);
        return true;
    }

    /** On the pCPU that goes down, with the machine stopped, interrupts masked. */
    @Xen({"take_cpu_down", "__cpu_disable"})
    private void takeDown(Pcpu cpu) {
        gic.releaseLocalInterrupts(cpu);
        gic.disableCpu(cpu);
        cpu.localIrqEnable(); // what is on its way to the pCPU itself arrives
        cpu.localIrqDisable();
        cpu.setOnline(false);
        cpu.smpMb();
    }

    /** The idle loop of a pCPU that has been taken down: waits until it is brought up again. */
    @Override
    @Xen("stop_cpu")
    public void stopped(Pcpu cpu) {
        cpu.localIrqEnable();
        rcu.quiescent(cpu);
        cpu.localIrqDisable();
        dead[cpu.id()].setRelease(cpu, 1);
        start(cpu);
    }
}

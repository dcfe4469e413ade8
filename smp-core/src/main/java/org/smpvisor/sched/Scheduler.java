package org.smpvisor.sched;

import java.util.List;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.trace.Event;
import org.smpvisor.variant.Xen;

/**
 * Runs vCPUs on pCPUs: block on WFI, wake by kick, pause, moves between pCPUs, the context switch. Who runs when is for a
 * {@link Policy} to say. The lock protocol is Xen's: each pCPU has a schedule lock, its own or one that it shares, re-checked
 * after it was taken; two of them in address order for a move; never one of the vGIC's locks inside.
 */
@Xen("common/sched/core.c")
public final class Scheduler {
    /** Saves and restores what a vCPU owns of the pCPU's hardware; interrupts masked. */
    public interface Context {
        void save(Pcpu cpu, Vcpu prev);

        void restore(Pcpu cpu, Vcpu next);

        /** Whether all list registers were in use when {@code v} was saved. */
        boolean hadFullListRegisters(Vcpu v);
    }

    /** Decides whether a kick is sent; a variant point for a planted fault. */
    public interface KickRule {
        KickRule ALWAYS = (cpu, v) -> true;

        boolean mayKick(Pcpu cpu, Vcpu v);
    }

    private final SchedResource[] resources;
    private final SpinLock[] locks;
    private final Policy policy;
    private final IpiSender ipi;
    private final VgicOps vgic;
    private final Context context;
    private final KickRule kickRule;
    private final PastSchedRules past;

    /** A scheduler as Xen has it, that serves each pCPU's queue in turn. */
    public Scheduler(Pcpu[] pcpus, IpiSender ipi, VgicOps vgic, Context context, KickRule kickRule) {
        this(pcpus, ipi, vgic, context, kickRule, PastSchedRules.none(), SchedulerKind.RR);
    }

    /** A scheduler over all pCPUs of a machine; installs its softirq and makes the idle vCPUs current. */
    public Scheduler(
            Pcpu[] pcpus,
            IpiSender ipi,
            VgicOps vgic,
            Context context,
            KickRule kickRule,
            PastSchedRules past,
            SchedulerKind kind) {
        this.past = past;
        this.ipi = ipi;
        this.vgic = vgic;
        this.context = context;
        this.kickRule = kickRule;
        this.resources = new SchedResource[pcpus.length];
        this.locks = new SpinLock[pcpus.length];
        for (Pcpu p : pcpus) {
            int leader = kind.leader(p.id());
            SpinLock lock = leader == p.id()
                    ? new SpinLock(LockClass.SCHEDULE, p + ".schedule_lock", p.id())
                    : resources[leader].lock;
            SchedResource r = new SchedResource(p, lock);
            resources[p.id()] = r;
            locks[p.id()] = lock;
            p.setCurrent(r.idle);
            p.softirqs().open(Softirqs.SCHEDULE, this::schedule);
        }
        this.policy = kind.policy(resources, ipi);
    }

    /** Places a new vCPU, which is down, on a pCPU; before it is first woken. */
    @Xen("sched_init_vcpu")
    public void place(Vcpu v, int pcpu) {
        v.setScheduleLocks(locks);
        v.processor().reset(pcpu);
        v.pauseFlags().reset(1 << Vcpu.VPF_DOWN);
        policy.insert(v);
    }

    // ---- schedule locks ---------------------------------------------------------------------------------------------

    /**
     * Masks interrupts and takes the schedule lock of the pCPU that {@code v} runs or is queued on, and makes sure that it still is.
     * Whoever unlocks it puts the interrupt mask back; it is this lock, wherever the vCPU is by then.
     */
    @Xen("unit_schedule_lock_irqsave")
    private SchedResource lockUnit(Pcpu cpu, Vcpu v) {
        while (true) {
            SchedResource r = resources[v.processor().getOpaque(cpu)];
            int flags = r.lock.lockIrqSave(cpu);
            SchedResource now = resources[v.processor().getOpaque(cpu)];
            if (now.lock == r.lock) {
                return now;
            }
            r.lock.unlockIrqRestore(cpu, flags);
        }
    }

    /** The same with interrupts open before; returns the lock that is held then. */
    @Xen("unit_schedule_lock_irq")
    static SpinLock lockIrq(Pcpu cpu, SchedResource[] resources, Vcpu v) {
        while (true) {
            SpinLock lock = resources[v.processor().getOpaque(cpu)].lock;
            lock.lockIrq(cpu);
            if (resources[v.processor().getOpaque(cpu)].lock == lock) {
                return lock;
            }
            lock.unlockIrq(cpu);
        }
    }

    /** Takes two pCPUs' locks, which may be one, in address order. */
    @Xen("sched_spin_lock_double")
    private int lockTwo(Pcpu cpu, int a, int b) {
        SpinLock one = resources[a].lock;
        SpinLock two = resources[b].lock;
        boolean inOrder = one.order() <= two.order();
        int flags = (inOrder ? one : two).lockIrqSave(cpu);
        if (one != two) {
            (inOrder ? two : one).lock(cpu);
        }
        return flags;
    }

    private void unlockTwo(Pcpu cpu, int a, int b, int flags) {
        SpinLock one = resources[a].lock;
        SpinLock two = resources[b].lock;
        boolean inOrder = one.order() <= two.order();
        if (one != two) {
            (inOrder ? two : one).unlock(cpu);
        }
        (inOrder ? one : two).unlockIrqRestore(cpu, flags);
    }

    /** Whether nothing keeps {@code v} from running: no flag, and neither it nor its domain is paused. */
    @Xen("vcpu_runnable")
    static boolean isRunnable(Pcpu cpu, Vcpu v) {
        return v.pauseFlags().getOpaque(cpu) == 0
                && v.pauseCount().getOpaque(cpu) == 0
                && v.domain().pauseCount().getOpaque(cpu) == 0;
    }

    // ---- kick, block, wake ------------------------------------------------------------------------------------------

    /** Makes a vCPU notice a new event: wakes it if it is blocked, sends its pCPU an SGI if it runs elsewhere. */
    @Xen("vcpu_kick")
    public void kick(Pcpu cpu, Vcpu v) {
        if (!kickRule.mayKick(cpu, v)) {
            return;
        }
        cpu.count(Counter.KICKS);
        boolean running = v.running().getOpaque(cpu) != 0;
        unblock(cpu, v);
        if (running && v != cpu.current() && past.sgi.sends(cpu, v)) {
            ipi.sendSgi(cpu, resources[v.processor().getOpaque(cpu)].pcpu, IpiSender.EVENT_CHECK);
        }
    }

    @Xen("vcpu_unblock")
    public void unblock(Pcpu cpu, Vcpu v) {
        if (v.pauseFlags().testAndClearBit(cpu, Vcpu.VPF_BLOCKED)) {
            wake(cpu, v);
        }
    }

    /** Lets {@code v} run if nothing pauses it any more. Any interrupt state; no lock of the scheduler held. */
    @Xen("vcpu_wake")
    public void wake(Pcpu cpu, Vcpu v) {
        int flags = cpu.localSaveFlags();
        SchedResource r = lockUnit(cpu, v);
        if (isRunnable(cpu, v)) {
            policy.wake(cpu, v); // also on a pCPU that goes down: whoever takes it down moves the vCPU away
        }
        r.lock.unlockIrqRestore(cpu, flags);
    }

    /** Takes {@code v}, which something pauses, off its pCPU, without waiting until it has left. Any interrupt state. */
    @Xen("vcpu_sleep_nosync")
    public void sleepNosync(Pcpu cpu, Vcpu v) {
        int flags = cpu.localSaveFlags();
        SchedResource r = lockUnit(cpu, v);
        if (!isRunnable(cpu, v)) {
            policy.sleep(cpu, v);
        }
        r.lock.unlockIrqRestore(cpu, flags);
    }

    /** The same, and waits until its context has been saved. Interrupts open, no lock held; {@code v} is not current. */
    @Xen("vcpu_sleep_sync")
    private void sleepSync(Pcpu cpu, Vcpu v) {
        sleepNosync(cpu, v);
        cpu.held().assertMayBlock("until " + v + " has left its pCPU");
        cpu.beginWait(v.running(), -1);
        for (int turn = 0; !isRunnable(cpu, v) && v.running().getOpaque(cpu) != 0; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
    }

    /** Keeps {@code v} from running until as many {@link #unpause} have followed; does not wait until it has stopped. */
    @Xen("vcpu_pause_nosync")
    public void pauseNosync(Pcpu cpu, Vcpu v) {
        v.pauseCount().getAndAdd(cpu, 1);
        sleepNosync(cpu, v);
    }

    /** The same, and waits until it has stopped. Interrupts open, no lock held; {@code v} is not current here. */
    @Xen("vcpu_pause")
    public void pause(Pcpu cpu, Vcpu v) {
        assertNotCurrent(cpu, v.domain(), v);
        v.pauseCount().getAndAdd(cpu, 1);
        sleepSync(cpu, v);
    }

    /** Takes one {@link #pause} back. */
    @Xen("vcpu_unpause")
    public void unpause(Pcpu cpu, Vcpu v) {
        if (v.pauseCount().getAndAdd(cpu, -1) == 1) {
            wake(cpu, v);
        }
    }

    /** Stops all vCPUs of {@code d} and waits until they have stopped. Interrupts open, no lock held; none is current here. */
    @Xen("domain_pause")
    public void pause(Pcpu cpu, Domain d) {
        assertNotCurrent(cpu, d, null);
        d.pauseCount().getAndAdd(cpu, 1);
        for (int i = 0; i < d.maxVcpus(); i++) {
            sleepSync(cpu, d.vcpu(i));
        }
    }

    /** The same without waiting; a vCPU of {@code d} may be current here. */
    @Xen("domain_pause_nosync")
    public void pauseNosync(Pcpu cpu, Domain d) {
        d.pauseCount().getAndAdd(cpu, 1);
        for (int i = 0; i < d.maxVcpus(); i++) {
            sleepNosync(cpu, d.vcpu(i));
        }
    }

    /** Whether no vCPU of {@code d}, which is paused, runs any more, and their contexts are saved. */
    boolean hasStopped(Pcpu cpu, Domain d) {
        for (int i = 0; i < d.maxVcpus(); i++) {
            if (d.vcpu(i).running().getAcquire(cpu) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Takes one pause of the domain back. */
    @Xen("domain_unpause")
    public void unpause(Pcpu cpu, Domain d) {
        if (d.pauseCount().getAndAdd(cpu, -1) == 1) {
            for (int i = 0; i < d.maxVcpus(); i++) {
                wake(cpu, d.vcpu(i));
            }
        }
    }

    private static void assertNotCurrent(Pcpu cpu, Domain d, Vcpu v) {
        Vcpu current = cpu.current();
        if (v == null ? current.domain() == d : current == v) {
            throw new ModelBug(cpu + " waits until " + current + " stops, which is current on it");
        }
    }

    /** Lets others go first: WFE in a guest. Interrupts open, no lock held. */
    @Xen("vcpu_yield")
    public void yield(Pcpu cpu) {
        Vcpu v = cpu.current();
        SpinLock lock = lockIrq(cpu, resources, v);
        policy.yield(cpu, v);
        lock.unlockIrq(cpu);
        cpu.softirqs().raise(cpu, Softirqs.SCHEDULE);
    }

    /** Forgets a vCPU of a domain that is destroyed; it has stopped. */
    @Xen("sched_destroy_vcpu")
    public void remove(Pcpu cpu, Vcpu v) {
        int flags = cpu.localSaveFlags();
        SchedResource r = lockUnit(cpu, v);
        policy.remove(cpu, v);
        r.lock.unlockIrqRestore(cpu, flags);
    }

    /** Blocks the current vCPU until an event, unless one is there; the switch itself happens on the exit path. */
    @Xen("vcpu_block_unless_event_pending")
    public void blockUnlessEventPending(Pcpu cpu) {
        past.block.block(cpu, this, vgic, cpu.current());
    }

    /** Powers a vCPU of a new domain on, whose pCPU may have gone since it was placed. Process context, no lock held. */
    public void powerOn(Pcpu cpu, Vcpu v) {
        SchedResource r = resources[v.processor().getOpaque(cpu)];
        if (r.active.getOpaque(cpu) == 0) {
            migrate(cpu, v, anyActive(cpu, r.id()));
        }
        if (v.pauseFlags().testAndClearBit(cpu, Vcpu.VPF_DOWN)) {
            wake(cpu, v);
        }
    }

    // ---- moving a vCPU ----------------------------------------------------------------------------------------------

    /** Moves {@code v} to another pCPU, now if it does not run, else as soon as it has been descheduled. */
    @Xen({"vcpu_set_hard_affinity", "sched_unit_migrate_start"})
    public void migrate(Pcpu cpu, Vcpu v, int pcpu) {
        int flags = cpu.localSaveFlags();
        SchedResource r = lockUnit(cpu, v);
        v.migrateTo().setOpaque(cpu, pcpu);
        v.pauseFlags().setBit(cpu, Vcpu.VPF_MIGRATING);
        policy.sleep(cpu, v);
        r.lock.unlockIrqRestore(cpu, flags);
        migrateFinish(cpu, v);
    }

    @Xen("sched_unit_migrate_finish")
    private void migrateFinish(Pcpu cpu, Vcpu v) {
        int from;
        int to;
        int flags;
        while (true) {
            from = v.processor().getOpaque(cpu);
            to = v.migrateTo().getOpaque(cpu);
            if (to < 0) {
                return;
            }
            flags = lockTwo(cpu, from, to);
            if (!resources[to].isActive(cpu)) {
                v.migrateTo().setOpaque(cpu, anyActive(cpu, to));
            } else if (v.processor().getOpaque(cpu) == from && v.migrateTo().getOpaque(cpu) == to) {
                break;
            }
            unlockTwo(cpu, from, to, flags);
        }
        if (v.running().getOpaque(cpu) != 0 || !v.pauseFlags().testAndClearBit(cpu, Vcpu.VPF_MIGRATING)) {
            unlockTwo(cpu, from, to, flags);
            return;
        }
        v.migrateTo().setOpaque(cpu, -1);
        policy.migrate(cpu, v, resources[from], resources[to]);
        boolean moved = v.processor().getOpaque(cpu) != from;
        unlockTwo(cpu, from, to, flags);
        if (moved) {
            hasMoved(cpu, v);
        }
        wake(cpu, v);
    }

    /** The physical interrupts follow a vCPU to its new pCPU. Interrupts open, no lock held. */
    @Xen("sched_move_irqs")
    private void hasMoved(Pcpu cpu, Vcpu v) {
        cpu.count(Counter.VCPU_MOVES);
        if (context.hadFullListRegisters(v)) {
            cpu.count(Counter.VCPU_MOVES_FULL);
        }
        cpu.events()
                .record(
                        Event.VCPU_MOVE,
                        v.domain().id(),
                        v.vcpuId(),
                        v.processor().getOpaque(cpu));
        vgic.moveIrqs(cpu, v);
    }

    /**
     * Lets no vCPU run on a pCPU any more and moves away those that are there. Process context, interrupts open, no lock held; not
     * on that pCPU.
     *
     * @return whether nobody is there any more; else the caller is to come again
     */
    @Xen("cpu_disable_scheduler")
    public boolean vacate(Pcpu cpu, int pcpu, List<Domain> domains) {
        SchedResource r = resources[pcpu];
        int flags = r.lock.lockIrqSave(cpu);
        if (r.isActive(cpu)) {
            r.active.setGuarded(cpu, 0);
            policy.goesDown(cpu, r);
        }
        r.lock.unlockIrqRestore(cpu, flags);
        boolean empty = true;
        for (Domain d : domains) {
            for (int i = 0; i < d.maxVcpus(); i++) {
                Vcpu v = d.vcpu(i);
                if (v.processor().getOpaque(cpu) == pcpu) {
                    if (!v.pauseFlags().testBit(cpu, Vcpu.VPF_MIGRATING)) {
                        migrate(cpu, v, anyActive(cpu, pcpu));
                    }
                    empty &= v.processor().getOpaque(cpu) != pcpu;
                }
            }
        }
        flags = r.lock.lockIrqSave(cpu);
        empty &= r.isIdle(cpu);
        r.lock.unlockIrqRestore(cpu, flags);
        return empty;
    }

    /** Lets vCPUs run on a pCPU that has come up. */
    @Xen("schedule_cpu_add")
    public void occupy(Pcpu cpu, int pcpu) {
        SchedResource r = resources[pcpu];
        int flags = r.lock.lockIrqSave(cpu);
        r.active.setGuarded(cpu, 1);
        r.lock.unlockIrqRestore(cpu, flags);
        r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
    }

    /** A pCPU on which vCPUs may run, the next after {@code pcpu}; it may cease to be one at any moment. */
    private int anyActive(Pcpu cpu, int pcpu) {
        for (int i = 1; i < resources.length; i++) {
            SchedResource r = resources[(pcpu + i) % resources.length];
            if (r.active.getOpaque(cpu) != 0) {
                return r.id();
            }
        }
        return 0;
    }

    // ---- the SCHEDULE softirq ---------------------------------------------------------------------------------------

    /**
     * Picks who runs next on this pCPU and switches to it. Interrupts open, no lock held. Runs in tail position of the exit
     * path and of the idle loop: whoever called goes on for the new current vCPU.
     */
    @Xen("schedule")
    private void schedule(Pcpu cpu) {
        cpu.held().assertMayBlock("in the scheduler");
        SchedResource r = resources[cpu.id()];
        r.lock.lockIrq(cpu);
        Vcpu prev = cpu.current();
        long now = cpu.time();
        boolean goesOn = !prev.isIdle() && isRunnable(cpu, prev);
        Vcpu next;
        if (r.isActive(cpu)) {
            next = policy.choose(cpu, r, prev, goesOn, now);
        } else {
            next = goesOn ? prev : r.idle; // the pCPU goes down; who is still here is about to be moved
        }
        boolean moved = next.takeMigrated();
        if (!next.isIdle()) {
            next.running().setOpaque(cpu, 1);
        }
        r.setSlice(cpu, policy.lookAgainAt(cpu, r, next, now));
        r.curr.setGuarded(cpu, next);
        r.lock.unlockIrq(cpu);
        if (moved) {
            hasMoved(cpu, next);
        }
        if (next != prev) {
            contextSwitch(cpu, prev, next);
        }
    }

    @Xen({"context_switch", "schedule_tail", "sched_context_switched"})
    private void contextSwitch(Pcpu cpu, Vcpu prev, Vcpu next) {
        cpu.count(Counter.CONTEXT_SWITCHES);
        cpu.localIrqDisable();
        cpu.setCurrent(next);
        if (!prev.isIdle()) {
            context.save(cpu, prev);
        }
        past.switchMask.between(cpu, next);
        if (!next.isIdle()) {
            context.restore(cpu, next);
        }
        cpu.localIrqEnable();
        if (!prev.isIdle()) {
            cpu.smpWmb();
            prev.running().setOpaque(cpu, 0);
            cpu.smpMb();
            policy.contextSaved(cpu, prev);
            if (prev.pauseFlags().testBit(cpu, Vcpu.VPF_MIGRATING)) {
                migrateFinish(cpu, prev);
            }
        }
    }
}

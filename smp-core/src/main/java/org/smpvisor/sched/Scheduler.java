package org.smpvisor.sched;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.trace.Event;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Runs vCPUs on pCPUs: a queue per pCPU served in turn, time slices, block on WFI, wake by kick, moves between pCPUs. The
 * lock protocol is Xen's: one schedule lock per pCPU, re-checked after it was taken; two of them in address order for a move;
 * never one of the vGIC's locks inside.
 */
@Xen("common/sched")
@Deviation("the policy is round robin per pCPU without balancing; Xen's default is credit2")
public final class Scheduler {
    /** Length of a time slice in nanoseconds. */
    public static final long SLICE_NANOS = 1_000_000;

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

    /** What the scheduler keeps per pCPU. */
    private static final class Resource {
        final Pcpu pcpu;
        final SpinLock lock;

        @GuardedBy("lock")
        final ListNode<Vcpu> queue;

        final Vcpu idle;
        final CpuTimers.Timer slice;

        /**
         * Whom the scheduler has chosen. The pCPU's own {@code current} follows later, in the context switch with interrupts
         * masked, since until then the hardware holds the state of the one before.
         */
        @GuardedBy("lock")
        final RefCell<Vcpu> curr;

        Resource(Pcpu pcpu) {
            this.pcpu = pcpu;
            this.lock = new SpinLock(LockClass.SCHEDULE, pcpu + ".schedule_lock", pcpu.id());
            this.idle = new Vcpu(null, pcpu.id(), null, null);
            this.idle.processor().reset(pcpu.id());
            this.idle.running().reset(1);
            this.curr = new RefCell<>(pcpu + ".sched_curr", lock);
            this.queue = new ListNode<>(null, pcpu + ".runqueue", lock);
            this.slice = pcpu.timers().add(cpu -> cpu.softirqs().raise(cpu, Softirqs.SCHEDULE));
        }
    }

    private final Resource[] resources;
    private final SpinLock[] locks;
    private final IpiSender ipi;
    private final VgicOps vgic;
    private final Context context;
    private final KickRule kickRule;
    private final PastSchedRules past;

    /** A scheduler as Xen has it. */
    public Scheduler(Pcpu[] pcpus, IpiSender ipi, VgicOps vgic, Context context, KickRule kickRule) {
        this(pcpus, ipi, vgic, context, kickRule, PastSchedRules.none());
    }

    /** A scheduler over all pCPUs of a machine; installs its softirqs and makes the idle vCPUs current. */
    public Scheduler(
            Pcpu[] pcpus, IpiSender ipi, VgicOps vgic, Context context, KickRule kickRule, PastSchedRules past) {
        this.past = past;
        this.ipi = ipi;
        this.vgic = vgic;
        this.context = context;
        this.kickRule = kickRule;
        this.resources = new Resource[pcpus.length];
        this.locks = new SpinLock[pcpus.length];
        for (Pcpu p : pcpus) {
            Resource r = new Resource(p);
            resources[p.id()] = r;
            locks[p.id()] = r.lock;
            r.curr.reset(r.idle);
            p.setCurrent(r.idle);
            p.softirqs().open(Softirqs.SCHEDULE, this::schedule);
        }
    }

    /** Places a new vCPU, which is down, on a pCPU; before it is first woken. */
    public void place(Vcpu v, int pcpu) {
        v.setScheduleLocks(locks);
        v.processor().reset(pcpu);
        v.pauseFlags().reset(1 << Vcpu.VPF_DOWN);
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

    /** Queues {@code v} if nothing pauses it any more; its schedule lock is taken, re-checked and dropped. */
    @Xen("vcpu_wake")
    public void wake(Pcpu cpu, Vcpu v) {
        Resource r;
        int flags;
        while (true) {
            r = resources[v.processor().getOpaque(cpu)];
            flags = r.lock.lockIrqSave(cpu);
            if (resources[v.processor().getOpaque(cpu)] == r) {
                break;
            }
            r.lock.unlockIrqRestore(cpu, flags);
        }
        if (v.pauseFlags().getOpaque(cpu) == 0 && v.runqueue().isEmpty(cpu) && r.curr.getGuarded(cpu) != v) {
            Vcpu running = r.curr.getGuarded(cpu);
            r.queue.addBefore(cpu, v.runqueue());
            if (running.isIdle()) {
                r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
            } else {
                // The running vCPU may have no slice timer, if it was alone until now.
                r.pcpu.timers().set(cpu, r.slice, Math.max(running.sliceEnd(), cpu.time()));
            }
        }
        r.lock.unlockIrqRestore(cpu, flags);
    }

    /** Blocks the current vCPU until an event, unless one is there; the switch itself happens on the exit path. */
    @Xen("vcpu_block_unless_event_pending")
    public void blockUnlessEventPending(Pcpu cpu) {
        past.block.block(cpu, this, vgic, cpu.current());
    }

    /** Powers a vCPU on. */
    public void powerOn(Pcpu cpu, Vcpu v) {
        if (v.pauseFlags().testAndClearBit(cpu, Vcpu.VPF_DOWN)) {
            wake(cpu, v);
        }
    }

    // ---- moving a vCPU ----------------------------------------------------------------------------------------------

    /** Moves {@code v} to another pCPU, now if it does not run, else as soon as it has been descheduled. */
    @Xen({"vcpu_set_hard_affinity", "sched_unit_migrate_start"})
    public void migrate(Pcpu cpu, Vcpu v, int pcpu) {
        Resource r;
        int flags;
        while (true) {
            r = resources[v.processor().getOpaque(cpu)];
            flags = r.lock.lockIrqSave(cpu);
            if (resources[v.processor().getOpaque(cpu)] == r) {
                break;
            }
            r.lock.unlockIrqRestore(cpu, flags);
        }
        v.migrateTo().setOpaque(cpu, pcpu);
        v.pauseFlags().setBit(cpu, Vcpu.VPF_MIGRATING);
        v.runqueue().unlink(cpu);
        if (r.curr.getGuarded(cpu) == v) {
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        }
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
            if (v.processor().getOpaque(cpu) == from && v.migrateTo().getOpaque(cpu) == to) {
                break;
            }
            unlockTwo(cpu, from, to, flags);
        }
        if (v.running().getOpaque(cpu) != 0 || !v.pauseFlags().testAndClearBit(cpu, Vcpu.VPF_MIGRATING)) {
            unlockTwo(cpu, from, to, flags);
            return;
        }
        v.migrateTo().setOpaque(cpu, -1);
        v.processor().setOpaque(cpu, to);
        unlockTwo(cpu, from, to, flags);
        if (from != to) {
            cpu.count(Counter.VCPU_MOVES);
            if (context.hadFullListRegisters(v)) {
                cpu.count(Counter.VCPU_MOVES_FULL);
            }
            cpu.events().record(Event.VCPU_MOVE, v.domain().id(), v.vcpuId(), to);
            vgic.moveIrqs(cpu, v);
        }
        wake(cpu, v);
    }

    @Xen("sched_spin_lock_double")
    private int lockTwo(Pcpu cpu, int a, int b) {
        int flags = resources[Math.min(a, b)].lock.lockIrqSave(cpu);
        if (a != b) {
            resources[Math.max(a, b)].lock.lock(cpu);
        }
        return flags;
    }

    private void unlockTwo(Pcpu cpu, int a, int b, int flags) {
        if (a != b) {
            resources[Math.max(a, b)].lock.unlock(cpu);
        }
        resources[Math.min(a, b)].lock.unlockIrqRestore(cpu, flags);
    }

    // ---- the SCHEDULE softirq ---------------------------------------------------------------------------------------

    /**
     * Picks who runs next on this pCPU and switches to it. Interrupts open, no lock held. Runs in tail position of the exit
     * path and of the idle loop: whoever called goes on for the new current vCPU.
     */
    @Xen("schedule")
    private void schedule(Pcpu cpu) {
        cpu.held().assertMayBlock("in the scheduler");
        Resource r = resources[cpu.id()];
        r.lock.lockIrq(cpu);
        Vcpu prev = cpu.current();
        long now = cpu.time();
        boolean goesOn = !prev.isIdle() && prev.pauseFlags().getOpaque(cpu) == 0;
        Vcpu next = prev;
        if (!goesOn || now >= prev.sliceEnd()) {
            ListNode<Vcpu> first = r.queue.next(cpu);
            if (first != r.queue) {
                next = first.element();
                first.unlink(cpu);
                if (goesOn) {
                    r.queue.addBefore(cpu, prev.runqueue());
                    cpu.count(Counter.PREEMPTIONS);
                }
            } else if (!goesOn) {
                next = r.idle;
            }
        }
        if (!next.isIdle()) {
            if (next != prev || now >= next.sliceEnd()) {
                next.setSliceEnd(now + SLICE_NANOS);
            }
            next.running().setOpaque(cpu, 1);
        }
        cpu.timers().set(cpu, r.slice, next.isIdle() || r.queue.isEmpty(cpu) ? CpuTimers.NEVER : next.sliceEnd());
        r.curr.setGuarded(cpu, next);
        r.lock.unlockIrq(cpu);
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
            if (prev.pauseFlags().testBit(cpu, Vcpu.VPF_MIGRATING)) {
                migrateFinish(cpu, prev);
            }
        }
    }
}

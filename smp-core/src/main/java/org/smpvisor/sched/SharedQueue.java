package org.smpvisor.sched;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/**
 * What policies have in common whose pCPUs share a queue and its lock. A vCPU that was taken off a pCPU may be chosen by another
 * only when its context has been saved: until then {@link #SCHEDULED} is set, and a vCPU that becomes runnable in that time,
 * or was preempted, is queued by {@link #contextSaved}.
 */
@Xen("struct csched2_runqueue_data")
abstract class SharedQueue implements Policy {
    /** Flag of a vCPU: it runs, or its context is not saved yet. */
    static final int SCHEDULED = 1;

    /** Flag of a vCPU: to be queued when its context has been saved. */
    static final int DELAYED_ADD = 1 << 1;

    /** Flag of a vCPU: it has yielded. */
    static final int YIELDED = 1 << 2;

    final SchedResource[] resources;
    private final IpiSender ipi;

    /** By pCPU; pCPUs with the same lock have the same queue. */
    @GuardedBy("schedule_lock of the pCPU")
    private final ListNode<Vcpu>[] queues;

    @SuppressWarnings("unchecked")
    SharedQueue(SchedResource[] resources, IpiSender ipi) {
        this.resources = resources;
        this.ipi = ipi;
        this.queues = new ListNode[resources.length];
        for (SchedResource r : resources) {
            int first = (int) r.lock.order();
            queues[r.id()] = first == r.id() ? new ListNode<>(null, r.pcpu + ".runqueue", r.lock) : queues[first];
        }
    }

    /** Where a vCPU stands in the queue: before the first of lower rank. Equal ones stand in the order of their coming. */
    abstract boolean standsBefore(Vcpu v, Vcpu other);

    /** Chooses a pCPU of the queue that is to look because of {@code v}, which is queued; {@code null} for none. */
    abstract SchedResource whomToTickle(Pcpu cpu, Vcpu v);

    /** Takes a vCPU out of the queue that is to run on {@code r} instead of {@code prev}; {@code null} if none is. */
    abstract Vcpu candidate(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, boolean yielded, long now);

    /** How long a vCPU runs at least before a pCPU looks again, in nanoseconds. */
    abstract long leastSlice();

    /** Whoever runs on {@code r} has done so until now, if anybody does. */
    void account(Pcpu cpu, SchedResource r, long now) {}

    /** {@code next} runs from now on, after {@code prev}, which it may be itself. */
    void begins(Pcpu cpu, SchedResource r, Vcpu prev, Vcpu next, long now) {}

    final ListNode<Vcpu> queue(SchedResource r) {
        return queues[r.id()];
    }

    final SchedResource resource(Pcpu cpu, Vcpu v) {
        return resources[v.processor().getOpaque(cpu)];
    }

    static boolean has(Pcpu cpu, Vcpu v, int flag) {
        return (v.schedFlags().getGuarded(cpu) & flag) != 0;
    }

    static void set(Pcpu cpu, Vcpu v, int flag) {
        v.schedFlags().setGuarded(cpu, v.schedFlags().getGuarded(cpu) | flag);
    }

    static boolean testAndClear(Pcpu cpu, Vcpu v, int flag) {
        int flags = v.schedFlags().getGuarded(cpu);
        v.schedFlags().setGuarded(cpu, flags & ~flag);
        return (flags & flag) != 0;
    }

    private void enqueue(Pcpu cpu, Vcpu v) {
        SchedResource r = resource(cpu, v);
        account(cpu, r, cpu.time());
        ListNode<Vcpu> head = queue(r);
        ListNode<Vcpu> at = head.next(cpu);
        while (at != head && !standsBefore(v, at.element())) {
            at = at.next(cpu);
        }
        at.addBefore(cpu, v.runqueue());
        SchedResource look = whomToTickle(cpu, v);
        if (look != null) {
            tickle(cpu, look);
        } else if (!r.isIdle(cpu)) {
            // Who runs there may have no slice timer, if nobody waited until now.
            r.boundSlice(cpu, cpu.time() + leastSlice());
        }
    }

    /** Asks a pCPU of the queue to schedule. */
    @Xen("tickle_cpu")
    final void tickle(Pcpu cpu, SchedResource r) {
        r.tickled.setGuarded(cpu, 1);
        r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
    }

    /** Whether {@code r} shares the queue of {@code v}, takes part, and has not been asked yet. */
    final boolean mayTickle(Pcpu cpu, SchedResource r, Vcpu v) {
        return r.lock == resource(cpu, v).lock && r.isActive(cpu) && r.tickled.getGuarded(cpu) == 0;
    }

    @Override
    @Xen("csched2_unit_wake")
    public void wake(Pcpu cpu, Vcpu v) {
        if (resource(cpu, v).curr.getGuarded(cpu) == v || !v.runqueue().isEmpty(cpu)) {
            return;
        }
        if (has(cpu, v, SCHEDULED)) {
            set(cpu, v, DELAYED_ADD);
            return;
        }
        enqueue(cpu, v);
    }

    @Override
    @Xen("csched2_unit_sleep")
    public void sleep(Pcpu cpu, Vcpu v) {
        SchedResource r = resource(cpu, v);
        if (r.curr.getGuarded(cpu) == v) {
            tickle(cpu, r);
        } else if (!v.runqueue().isEmpty(cpu)) {
            v.runqueue().unlink(cpu);
        } else {
            testAndClear(cpu, v, DELAYED_ADD);
        }
    }

    @Override
    @Xen("csched2_unit_yield")
    public void yield(Pcpu cpu, Vcpu v) {
        set(cpu, v, YIELDED);
    }

    @Override
    @Xen("csched2_schedule")
    public Vcpu choose(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, long now) {
        r.tickled.setGuarded(cpu, 0);
        account(cpu, r, now);
        boolean yielded = goesOn && testAndClear(cpu, prev, YIELDED);
        Vcpu taken = candidate(cpu, r, prev, goesOn, yielded, now);
        Vcpu next = taken != null ? taken : goesOn && !leaves(cpu, r) ? prev : r.idle;
        if (next != prev && goesOn) {
            set(cpu, prev, DELAYED_ADD);
            cpu.count(Counter.PREEMPTIONS);
        }
        if (!next.isIdle()) {
            set(cpu, next, SCHEDULED);
            begins(cpu, r, prev, next, now);
            if (next.processor().getOpaque(cpu) != r.id()) {
                next.processor().setOpaque(cpu, r.id());
                next.setMigrated();
            }
        }
        return next;
    }

    /** Whether a vCPU that could go on on {@code r}, with nobody queued, is to go elsewhere. */
    boolean leaves(Pcpu cpu, SchedResource r) {
        return false;
    }

    @Override
    @Xen("csched2_context_saved")
    public void contextSaved(Pcpu cpu, Vcpu prev) {
        SpinLock lock = Scheduler.lockIrq(cpu, resources, prev);
        testAndClear(cpu, prev, SCHEDULED);
        if (testAndClear(cpu, prev, DELAYED_ADD) && Scheduler.isRunnable(cpu, prev)) {
            enqueue(cpu, prev);
        }
        lock.unlockIrq(cpu);
    }

    @Override
    public void remove(Pcpu cpu, Vcpu v) {
        v.runqueue().unlink(cpu);
        testAndClear(cpu, v, DELAYED_ADD);
    }
}

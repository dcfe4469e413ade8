package org.smpvisor.sched;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Xen's null scheduler: a vCPU has a pCPU for itself for as long as it is powered on. A vCPU for which there is none waits
 * until one becomes free, and does not run at all until then. One that is moved to a pCPU that is taken stays where it is.
 */
@Xen("sched_null")
@Deviation("Xen lets a vCPU that is moved to a pCPU that is taken wait, where it may wait for ever")
final class NullPolicy implements Policy {
    /** Flag of a vCPU that was woken while its context was still being saved. */
    private static final int DELAYED_WAIT = 1;

    private final SchedResource[] resources;
    private final IpiSender ipi;

    /** Whose pCPU it is, by pCPU. */
    @GuardedBy("schedule_lock of the pCPU")
    private final RefCell<Vcpu>[] owners;

    /** Bit 0: nobody has the pCPU, and nobody has been promised it; atomic. */
    private final IntCell[] free;

    private final SpinLock waitqLock = new SpinLock(LockClass.WAITQ, "waitq_lock", 0);

    @GuardedBy("waitqLock")
    private final ListNode<Vcpu> waitq = new ListNode<>(null, "waitq", waitqLock);

    @SuppressWarnings("unchecked")
    NullPolicy(SchedResource[] resources, IpiSender ipi) {
        this.resources = resources;
        this.ipi = ipi;
        this.owners = new RefCell[resources.length];
        this.free = new IntCell[resources.length];
        for (SchedResource r : resources) {
            owners[r.id()] = new RefCell<>(r.pcpu + ".unit", r.lock);
            free[r.id()] = new IntCell(r.pcpu + ".free", null, 1);
        }
    }

    private SchedResource resource(Pcpu cpu, Vcpu v) {
        return resources[v.processor().getOpaque(cpu)];
    }

    private boolean owns(Pcpu cpu, SchedResource r, Vcpu v) {
        return owners[r.id()].getGuarded(cpu) == v;
    }

    private void await(Pcpu cpu, Vcpu v) {
        waitqLock.lock(cpu);
        waitq.addBefore(cpu, v.waitq());
        waitqLock.unlock(cpu);
        promise(cpu, v);
    }

    /** Takes {@code v} from those who wait; returns whether it was among them. */
    private boolean stopsWaiting(Pcpu cpu, Vcpu v) {
        waitqLock.lock(cpu);
        boolean was = !v.waitq().isEmpty(cpu);
        v.waitq().unlink(cpu);
        waitqLock.unlock(cpu);
        return was;
    }

    private boolean isWaiting(Pcpu cpu, Vcpu v) {
        waitqLock.lock(cpu);
        boolean waits = !v.waitq().isEmpty(cpu);
        waitqLock.unlock(cpu);
        return waits;
    }

    /** Promises {@code v}, which waits, a free pCPU: that one takes it from the queue itself, since we do not have its lock. */
    private void promise(Pcpu cpu, Vcpu v) {
        int own = v.processor().getOpaque(cpu);
        for (int i = 0; i < resources.length; i++) {
            SchedResource r = resources[(own + i) % resources.length];
            if (free[r.id()].testAndClearBit(cpu, 0)) {
                r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
                return;
            }
        }
    }

    @Override
    @Xen("null_unit_wake")
    public void wake(Pcpu cpu, Vcpu v) {
        SchedResource r = resource(cpu, v);
        if (r.curr.getGuarded(cpu) == v) {
            return;
        }
        if (owns(cpu, r, v)) {
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        } else if (v.running().getOpaque(cpu) != 0) {
            v.schedFlags().setGuarded(cpu, DELAYED_WAIT);
        } else if (!isWaiting(cpu, v)) {
            await(cpu, v);
        }
    }

    @Override
    @Xen("null_context_saved")
    public void contextSaved(Pcpu cpu, Vcpu prev) {
        SpinLock lock = Scheduler.lockIrq(cpu, resources, prev);
        boolean delayed = prev.schedFlags().getGuarded(cpu) == DELAYED_WAIT;
        prev.schedFlags().setGuarded(cpu, 0);
        if (delayed && Scheduler.isRunnable(cpu, prev) && !owns(cpu, resource(cpu, prev), prev)) {
            await(cpu, prev);
        }
        lock.unlockIrq(cpu);
    }

    @Override
    @Xen("null_unit_sleep")
    public void sleep(Pcpu cpu, Vcpu v) {
        SchedResource r = resource(cpu, v);
        v.schedFlags().setGuarded(cpu, 0);
        if (v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN) && !stopsWaiting(cpu, v) && owns(cpu, r, v)) {
            owners[r.id()].setGuarded(cpu, null);
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi); // it may take somebody who waits
        } else if (r.curr.getGuarded(cpu) == v) {
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        }
    }

    @Override
    public void remove(Pcpu cpu, Vcpu v) {
        SchedResource r = resource(cpu, v);
        if (!stopsWaiting(cpu, v) && owns(cpu, r, v)) {
            owners[r.id()].setGuarded(cpu, null);
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        }
    }

    @Override
    @Xen("null_schedule")
    public Vcpu choose(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, long now) {
        RefCell<Vcpu> owner = owners[r.id()];
        Vcpu v = owner.getGuarded(cpu);
        if (v != null && v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN)) {
            v = null; // it was powered off while it was on its way from the queue to here
        }
        if (v == null && r.isActive(cpu)) {
            v = goesOn ? prev : takeWaiting(cpu, r);
        }
        owner.setGuarded(cpu, v);
        if (v != null) {
            free[r.id()].clearBit(cpu, 0);
        }
        return v != null && Scheduler.isRunnable(cpu, v) ? v : r.idle;
    }

    /** The first who waits, who has a pCPU now; {@code null}, and the pCPU is free, if nobody does. */
    @Xen("unit_assign")
    private Vcpu takeWaiting(Pcpu cpu, SchedResource r) {
        waitqLock.lock(cpu);
        ListNode<Vcpu> first = waitq.next(cpu);
        Vcpu v = null;
        if (first == waitq) {
            free[r.id()].setBit(cpu, 0); // under the lock: whoever waits after us finds the pCPU free
        } else {
            v = first.element();
            first.unlink(cpu);
            if (v.processor().getOpaque(cpu) != r.id()) {
                v.processor().setOpaque(cpu, r.id());
                v.setMigrated();
            }
        }
        waitqLock.unlock(cpu);
        return v;
    }

    @Override
    @Xen("null_unit_migrate")
    public void migrate(Pcpu cpu, Vcpu v, SchedResource to) {
        SchedResource from = resource(cpu, v);
        if (!from.isActive(cpu)) { // it goes down: its vCPU waits for another
            stopsWaiting(cpu, v);
            owners[from.id()].setGuarded(cpu, null);
            v.processor().setOpaque(cpu, to.id());
        } else if (owners[to.id()].getGuarded(cpu) == null && owns(cpu, from, v) && to.isActive(cpu)) {
            owners[from.id()].setGuarded(cpu, null);
            owners[to.id()].setGuarded(cpu, v);
            free[to.id()].clearBit(cpu, 0);
            v.processor().setOpaque(cpu, to.id());
            from.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        }
    }

    @Override
    public long lookAgainAt(Pcpu cpu, SchedResource r, Vcpu next, long now) {
        return CpuTimers.NEVER;
    }
}

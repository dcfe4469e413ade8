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

    private final SpinLock waitqLock = new SpinLock(LockClass.WAITQ, "waitq_lock", 0);

    /**
     * Whose pCPU it is, by pCPU. Changed under this lock, together with the vCPU's place in the queue: whoever has the schedule lock of
     * the pCPU on which a vCPU was last may look here where it is now.
     */
    @GuardedBy("waitqLock")
    private final RefCell<Vcpu>[] owners;

    /** Whether nobody has the pCPU and nobody has been promised it. */
    @GuardedBy("waitqLock")
    private final IntCell[] free;

    @GuardedBy("waitqLock")
    private final ListNode<Vcpu> waitq = new ListNode<>(null, "waitq", waitqLock);

    @SuppressWarnings("unchecked")
    NullPolicy(SchedResource[] resources, IpiSender ipi) {
        this.resources = resources;
        this.ipi = ipi;
        this.owners = new RefCell[resources.length];
        this.free = new IntCell[resources.length];
        for (SchedResource r : resources) {
            owners[r.id()] = new RefCell<>(r.pcpu + ".unit", waitqLock);
            free[r.id()] = new IntCell(r.pcpu + ".free", waitqLock, 1);
        }
    }

    /** The pCPU that {@code v} has; -1 if it has none. waitqLock held. */
    private int ownedBy(Pcpu cpu, Vcpu v) {
        for (SchedResource r : resources) {
            if (owners[r.id()].getGuarded(cpu) == v) {
                return r.id();
            }
        }
        return -1;
    }

    private void ask(Pcpu cpu, int pcpu) {
        resources[pcpu].pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
    }

    /** Promises the first who waits a free pCPU: that one takes it from the queue itself. waitqLock held. */
    private void promise(Pcpu cpu) {
        for (SchedResource r : resources) {
            if (!waitq.isEmpty(cpu) && free[r.id()].getGuarded(cpu) != 0) {
                free[r.id()].setGuarded(cpu, 0);
                ask(cpu, r.id());
                return;
            }
        }
    }

    private void await(Pcpu cpu, Vcpu v) {
        waitq.addBefore(cpu, v.waitq());
        promise(cpu);
    }

    @Override
    @Xen("null_unit_wake")
    public void wake(Pcpu cpu, Vcpu v) {
        waitqLock.lock(cpu);
        int pcpu = ownedBy(cpu, v);
        if (pcpu >= 0) {
            ask(cpu, pcpu);
        } else if (v.waitq().isEmpty(cpu)) {
            if (v.running().getOpaque(cpu) != 0) {
                v.schedFlags().setGuarded(cpu, DELAYED_WAIT);
            } else {
                await(cpu, v);
            }
        }
        waitqLock.unlock(cpu);
    }

    @Override
    @Xen("null_context_saved")
    public void contextSaved(Pcpu cpu, Vcpu prev) {
        SpinLock lock = Scheduler.lockIrq(cpu, resources, prev);
        waitqLock.lock(cpu);
        boolean delayed = prev.schedFlags().getGuarded(cpu) == DELAYED_WAIT;
        prev.schedFlags().setGuarded(cpu, 0);
        if (delayed
                && Scheduler.isRunnable(cpu, prev)
                && ownedBy(cpu, prev) < 0
                && prev.waitq().isEmpty(cpu)) {
            await(cpu, prev);
        }
        waitqLock.unlock(cpu);
        lock.unlockIrq(cpu);
    }

    @Override
    @Xen("null_unit_sleep")
    public void sleep(Pcpu cpu, Vcpu v) {
        waitqLock.lock(cpu);
        int pcpu = ownedBy(cpu, v);
        if (v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN)) {
            leave(cpu, v, pcpu);
        }
        int at = pcpu >= 0 ? pcpu : v.processor().getOpaque(cpu);
        ask(cpu, at); // it runs there perhaps, and somebody who waits may have its place
        waitqLock.unlock(cpu);
    }

    /** {@code v} neither has a pCPU any more nor waits for one. waitqLock held. */
    @Xen("unit_deassign")
    private void leave(Pcpu cpu, Vcpu v, int pcpu) {
        v.waitq().unlink(cpu);
        if (pcpu >= 0) {
            owners[pcpu].setGuarded(cpu, null);
        }
    }

    @Override
    public void remove(Pcpu cpu, Vcpu v) {
        waitqLock.lock(cpu);
        int pcpu = ownedBy(cpu, v);
        leave(cpu, v, pcpu);
        if (pcpu >= 0) {
            ask(cpu, pcpu);
        }
        waitqLock.unlock(cpu);
    }

    @Override
    @Xen("null_schedule")
    public Vcpu choose(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, long now) {
        waitqLock.lock(cpu);
        Vcpu v = owners[r.id()].getGuarded(cpu);
        if (v == null) {
            v = goesOn && prev.waitq().isEmpty(cpu) && ownedBy(cpu, prev) < 0 ? prev : takeWaiting(cpu, r);
            owners[r.id()].setGuarded(cpu, v);
            free[r.id()].setGuarded(cpu, v == null ? 1 : 0);
        }
        waitqLock.unlock(cpu);
        return v != null && Scheduler.isRunnable(cpu, v) ? v : r.idle;
    }

    /** The first who waits becomes a vCPU of this pCPU; {@code null} if nobody waits. waitqLock held. */
    @Xen("unit_assign")
    private Vcpu takeWaiting(Pcpu cpu, SchedResource r) {
        ListNode<Vcpu> first = waitq.next(cpu);
        if (first == waitq) {
            return null;
        }
        Vcpu v = first.element();
        first.unlink(cpu);
        if (v.processor().getOpaque(cpu) != r.id()) {
            v.processor().setOpaque(cpu, r.id());
            v.setMigrated();
        }
        return v;
    }

    @Override
    public void goesDown(Pcpu cpu, SchedResource r) {
        waitqLock.lock(cpu);
        free[r.id()].setGuarded(cpu, 0);
        promise(cpu); // who was promised this one
        waitqLock.unlock(cpu);
    }

    @Override
    @Xen("null_unit_migrate")
    public void migrate(Pcpu cpu, Vcpu v, SchedResource from, SchedResource to) {
        waitqLock.lock(cpu);
        int pcpu = ownedBy(cpu, v);
        if (pcpu == from.id() && !from.isActive(cpu)) { // its vCPU waits for another
            owners[pcpu].setGuarded(cpu, null);
            v.processor().setOpaque(cpu, to.id());
        } else if (pcpu == from.id() && owners[to.id()].getGuarded(cpu) == null) {
            owners[pcpu].setGuarded(cpu, null);
            owners[to.id()].setGuarded(cpu, v);
            free[to.id()].setGuarded(cpu, 0);
            v.processor().setOpaque(cpu, to.id());
            ask(cpu, pcpu);
        } else if (pcpu < 0 && !from.isActive(cpu)) {
            v.processor().setOpaque(cpu, to.id());
        }
        waitqLock.unlock(cpu);
    }

    @Override
    public long lookAgainAt(Pcpu cpu, SchedResource r, Vcpu next, long now) {
        return CpuTimers.NEVER;
    }
}

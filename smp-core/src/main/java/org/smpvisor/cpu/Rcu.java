package org.smpvisor.cpu;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Work that waits until every pCPU has been through its softirqs once: whoever found an object before it was taken away has let
 * go of it then, since nobody keeps one over a softirq.
 */
@Xen("rcupdate.c")
@Deviation(
        "one batch at a time, and every pCPU is asked to hurry; Xen waits for them to pass by themselves for a while")
public final class Rcu {
    /** Work to be done then, on the pCPU that wanted it; belongs to one object and is under way once at a time. */
    @Xen("struct rcu_head")
    public static final class Callback {
        private final Softirqs.Handler work;
        private final ListNode<Callback> node;

        /** The pCPU that wanted it; written before it is queued, under the lock of the queues. */
        private final IntCell pcpu;

        public Callback(String name, Softirqs.Handler work) {
            this.work = work;
            this.node = new ListNode<>(this, name, null);
            this.pcpu = new IntCell(name + ".cpu");
        }
    }

    private final Pcpu[] pcpus;
    private final SpinLock lock = new SpinLock(LockClass.RCU, "rcu_ctrlblk.lock", 0);

    private final IpiSender ipi;

    /** Called since the batch under way began. */
    @GuardedBy("lock")
    private final ListNode<Callback> next = new ListNode<>(null, "rcu.next", lock);

    /** The batch under way. */
    @GuardedBy("lock")
    private final ListNode<Callback> batch = new ListNode<>(null, "rcu.batch", lock);

    /** What may be done now. */
    @GuardedBy("lock")
    private final ListNode<Callback> done = new ListNode<>(null, "rcu.done", lock);

    /** Whether a pCPU has not been through its softirqs since the batch began. */
    @GuardedBy("lock")
    private final IntCell[] awaited;

    /** Over all pCPUs of a machine; installs its softirq. */
    public Rcu(Pcpu[] pcpus, IpiSender ipi) {
        this.pcpus = pcpus.clone();
        this.ipi = ipi;
        this.awaited = new IntCell[pcpus.length];
        for (Pcpu p : pcpus) {
            awaited[p.id()] = new IntCell(p + ".rcu_awaited", lock, 0);
            p.softirqs().open(Softirqs.RCU, this::softirq);
        }
    }

    /** Has {@code c} done here when every pCPU that is online now has been through its softirqs. Interrupts open, no lock held. */
    @Xen("call_rcu")
    public void call(Pcpu cpu, Callback c) {
        lock.lockIrq(cpu);
        c.pcpu.setOpaque(cpu, cpu.id());
        next.addBefore(cpu, c.node);
        if (batch.isEmpty(cpu)) {
            startBatch(cpu);
        }
        lock.unlockIrq(cpu);
    }

    @Xen("rcu_start_batch")
    private void startBatch(Pcpu cpu) {
        while (!next.isEmpty(cpu)) {
            ListNode<Callback> c = next.next(cpu);
            c.unlink(cpu);
            batch.addBefore(cpu, c);
        }
        for (Pcpu p : pcpus) {
            if (p.isOnline(cpu)) {
                awaited[p.id()].setGuarded(cpu, 1);
                p.softirqs().raiseFrom(cpu, Softirqs.RCU, ipi);
            }
        }
    }

    /** The calling pCPU holds on to nothing. The RCU softirq, or a pCPU that goes offline. Interrupts open, no lock held. */
    @Xen("rcu_check_quiescent_state")
    public void quiescent(Pcpu cpu) {
        lock.lockIrq(cpu);
        if (awaited[cpu.id()].getGuarded(cpu) != 0) {
            awaited[cpu.id()].setGuarded(cpu, 0);
            if (isOver(cpu)) {
                endBatch(cpu);
            }
        }
        lock.unlockIrq(cpu);
    }

    private boolean isOver(Pcpu cpu) {
        for (IntCell a : awaited) {
            if (a.getGuarded(cpu) != 0) {
                return false;
            }
        }
        return true;
    }

    private void endBatch(Pcpu cpu) {
        while (!batch.isEmpty(cpu)) {
            ListNode<Callback> c = batch.next(cpu);
            c.unlink(cpu);
            done.addBefore(cpu, c);
            pcpus[c.element().pcpu.getOpaque(cpu)].softirqs().raiseFrom(cpu, Softirqs.RCU, ipi);
        }
        if (!next.isEmpty(cpu)) {
            startBatch(cpu);
        }
    }

    /** Takes over what pCPU {@code gone} wanted done, which has been taken down. Interrupts open, no lock held. */
    @Xen({"rcu_offline_cpu", "rcu_move_batch"})
    public void adopt(Pcpu cpu, Pcpu gone) {
        lock.lockIrq(cpu);
        adopt(cpu, gone, next);
        adopt(cpu, gone, batch);
        adopt(cpu, gone, done);
        lock.unlockIrq(cpu);
        cpu.softirqs().raise(cpu, Softirqs.RCU);
    }

    private static void adopt(Pcpu cpu, Pcpu gone, ListNode<Callback> list) {
        for (ListNode<Callback> c = list.next(cpu); c != list; c = c.next(cpu)) {
            if (c.element().pcpu.getOpaque(cpu) == gone.id()) {
                c.element().pcpu.setOpaque(cpu, cpu.id());
            }
        }
    }

    @Xen("rcu_process_callbacks")
    private void softirq(Pcpu cpu) {
        quiescent(cpu);
        for (Callback c = takeDone(cpu); c != null; c = takeDone(cpu)) {
            c.work.run(cpu);
        }
    }

    private Callback takeDone(Pcpu cpu) {
        lock.lockIrq(cpu);
        Callback mine = null;
        for (ListNode<Callback> c = done.next(cpu); c != done && mine == null; c = c.next(cpu)) {
            if (c.element().pcpu.getOpaque(cpu) == cpu.id()) {
                mine = c.element();
                c.unlink(cpu);
            }
        }
        lock.unlockIrq(cpu);
        return mine;
    }
}

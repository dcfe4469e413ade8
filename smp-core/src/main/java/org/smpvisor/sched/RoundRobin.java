package org.smpvisor.sched;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Deviation;

/** A queue for each pCPU, served in turn; a vCPU stays where it is until it is moved. */
@Deviation("none of Xen's: the plainest scheduler with a lock for each pCPU, so that a schedule depends on little else")
final class RoundRobin implements Policy {
    /** Length of a time slice in nanoseconds. */
    static final long SLICE_NANOS = 1_000_000;

    private final SchedResource[] resources;
    private final IpiSender ipi;

    @GuardedBy("schedule_lock of the pCPU")
    private final ListNode<Vcpu>[] queues;

    @SuppressWarnings("unchecked")
    RoundRobin(SchedResource[] resources, IpiSender ipi) {
        this.resources = resources;
        this.ipi = ipi;
        this.queues = new ListNode[resources.length];
        for (SchedResource r : resources) {
            queues[r.id()] = new ListNode<>(null, r.pcpu + ".runqueue", r.lock);
        }
    }

    @Override
    public void wake(Pcpu cpu, Vcpu v) {
        SchedResource r = resources[v.processor().getOpaque(cpu)];
        Vcpu running = r.curr.getGuarded(cpu);
        if (running == v || !v.runqueue().isEmpty(cpu)) {
            return;
        }
        queues[r.id()].addBefore(cpu, v.runqueue());
        if (running.isIdle()) {
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        } else {
            // The running vCPU may have no slice timer, if it was alone until now.
            r.pcpu.timers().set(cpu, r.slice, Math.max(running.sliceEnd(), cpu.time()));
        }
    }

    @Override
    public void sleep(Pcpu cpu, Vcpu v) {
        SchedResource r = resources[v.processor().getOpaque(cpu)];
        v.runqueue().unlink(cpu);
        if (r.curr.getGuarded(cpu) == v) {
            r.pcpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        }
    }

    @Override
    public void yield(Pcpu cpu, Vcpu v) {
        v.setSliceEnd(Long.MIN_VALUE);
    }

    @Override
    public Vcpu choose(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, long now) {
        ListNode<Vcpu> queue = queues[r.id()];
        Vcpu next = prev;
        if (!goesOn || now >= prev.sliceEnd()) {
            ListNode<Vcpu> first = queue.next(cpu);
            if (first != queue) {
                next = first.element();
                first.unlink(cpu);
                if (goesOn) {
                    queue.addBefore(cpu, prev.runqueue());
                    cpu.count(Counter.PREEMPTIONS);
                }
            } else if (!goesOn) {
                next = r.idle;
            }
        }
        if (!next.isIdle() && (next != prev || now >= next.sliceEnd())) {
            next.setSliceEnd(now + SLICE_NANOS);
        }
        return next;
    }

    @Override
    public long lookAgainAt(Pcpu cpu, SchedResource r, Vcpu next, long now) {
        return next.isIdle() || queues[r.id()].isEmpty(cpu) ? CpuTimers.NEVER : next.sliceEnd();
    }
}

package org.smpvisor.sched;

import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Deviation;

/**
 * Moves a vCPU to another pCPU at every chance: whenever it wakes, when somebody else becomes runnable, and at the end of a very
 * short slice even if nobody waits for its place.
 */
@Deviation("none of Xen's: it makes the moves that a guest may meet under any scheduler, as often as it can")
final class Hostile extends SharedQueue {
    /** Length of a time slice in nanoseconds. */
    static final long SLICE_NANOS = 50_000;

    private final boolean restless;

    /**
     * @param restless whether slices end, too, where nobody waits; otherwise a vCPU that is alone stays, so that a machine comes
     *     to rest
     */
    Hostile(SchedResource[] resources, IpiSender ipi, boolean restless) {
        super(resources, ipi);
        this.restless = restless;
    }

    @Override
    long leastSlice() {
        return SLICE_NANOS;
    }

    @Override
    boolean standsBefore(Vcpu v, Vcpu other) {
        return false;
    }

    @Override
    Vcpu candidate(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, boolean yielded, long now) {
        ListNode<Vcpu> head = queue(r);
        ListNode<Vcpu> chosen = head.next(cpu);
        for (ListNode<Vcpu> n = chosen; n != head; n = n.next(cpu)) {
            if (n.element().processor().getOpaque(cpu) != r.id()) {
                chosen = n;
                break;
            }
        }
        if (chosen == head) {
            return null;
        }
        chosen.unlink(cpu);
        return chosen.element();
    }

    @Override
    boolean leaves(Pcpu cpu, SchedResource r) {
        if (!restless) {
            return false;
        }
        for (SchedResource other : resources) {
            if (other != r && other.lock == r.lock && other.isActive(cpu) && other.isIdle(cpu)) {
                return true;
            }
        }
        return false;
    }

    @Override
    SchedResource whomToTickle(Pcpu cpu, Vcpu v) {
        int own = v.processor().getOpaque(cpu);
        for (int i = 1; i <= resources.length; i++) {
            SchedResource r = resources[(own + i) % resources.length];
            if (mayTickle(cpu, r, v) && r.isIdle(cpu)) {
                return r;
            }
        }
        return null; // the slices are short: to preempt somebody for each that wakes would let nobody run
    }

    @Override
    public long lookAgainAt(Pcpu cpu, SchedResource r, Vcpu next, long now) {
        boolean looks = !next.isIdle() && (restless || !queue(r).isEmpty(cpu));
        return looks ? now + SLICE_NANOS : CpuTimers.NEVER;
    }
}

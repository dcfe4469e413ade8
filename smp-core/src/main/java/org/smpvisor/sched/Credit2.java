package org.smpvisor.sched;

import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Credit2, Xen's default: up to sixteen pCPUs share a queue ordered by credit, running costs credit, and whoever has the most
 * runs next. A vCPU runs where it is chosen, so that it moves between the pCPUs of a queue in the context switch.
 */
@Xen("sched_credit2")
@Deviation("all domains weigh the same; no caps, no balancing between queues, every vCPU may run everywhere")
final class Credit2 extends SharedQueue {
    /** pCPUs that share a queue. */
    static final int MAX_CPUS_RUNQUEUE = 16;

    /** What a vCPU has after a reset, in nanoseconds of running. */
    static final long CREDIT_INIT = 10_000_000;

    /** A vCPU with no more than this that is chosen to run makes everybody begin anew. */
    static final long CREDIT_RESET = 0;

    /** How much more than the one that runs a vCPU of another pCPU must have to be taken from there. */
    static final long MIGRATE_RESIST = 500_000;

    /** What a vCPU gets for having been moved. */
    static final long MIGRATE_COMPENSATION = 50_000;

    /** How long a vCPU that has begun to run is left alone, in nanoseconds; Xen's default of {@code sched_ratelimit_us}. */
    static final long RATE_LIMIT = 1_000_000;

    private static final long MIN_TIMER = 500_000;
    private static final long MAX_TIMER = CREDIT_INIT;
    private static final long IDLE_CREDIT = Long.MIN_VALUE / 2;

    Credit2(SchedResource[] resources, IpiSender ipi) {
        super(resources, ipi);
    }

    @Override
    long leastSlice() {
        return MIN_TIMER;
    }

    @Override
    public void insert(Vcpu v) {
        v.setCredit(CREDIT_INIT);
    }

    @Override
    boolean standsBefore(Vcpu v, Vcpu other) {
        return v.credit() > other.credit();
    }

    @Override
    @Xen("burn_credits")
    void account(Pcpu cpu, SchedResource r, long now) {
        Vcpu running = r.curr.getGuarded(cpu);
        if (!running.isIdle() && now > running.runsSince()) {
            running.setCredit(running.credit() - (now - running.runsSince()));
            running.setRunsSince(now);
        }
    }

    @Override
    void begins(Pcpu cpu, SchedResource r, Vcpu prev, Vcpu next, long now) {
        if (next != prev) {
            next.setSliceEnd(now + RATE_LIMIT);
        }
        if (next.credit() <= CREDIT_RESET) {
            resetCredit(cpu, r, next);
        }
        if (next.processor().getOpaque(cpu) != r.id()) {
            next.setCredit(next.credit() + MIGRATE_COMPENSATION);
        }
        next.setRunsSince(now);
    }

    /** Gives all vCPUs of a queue, running ones included, new credit on top of what they owe. */
    @Xen("reset_credit")
    private void resetCredit(Pcpu cpu, SchedResource r, Vcpu next) {
        long m = next.credit() < -CREDIT_INIT ? -next.credit() / CREDIT_INIT : 0;
        long add = CREDIT_INIT * (m + 1);
        refill(next, add);
        ListNode<Vcpu> head = queue(r);
        for (ListNode<Vcpu> n = head.next(cpu); n != head; n = n.next(cpu)) {
            refill(n.element(), add);
        }
        for (SchedResource other : resources) {
            if (other.lock == r.lock) {
                Vcpu running = other.curr.getGuarded(cpu);
                if (!running.isIdle() && running != next) {
                    refill(running, add);
                }
            }
        }
    }

    private static void refill(Vcpu v, long add) {
        v.setCredit(Math.min(v.credit() + add, CREDIT_INIT));
    }

    @Override
    @Xen("runq_candidate")
    Vcpu candidate(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, boolean yielded, long now) {
        if (goesOn && !yielded && now < prev.sliceEnd()) {
            return null;
        }
        long least = goesOn ? prev.credit() : IDLE_CREDIT;
        ListNode<Vcpu> head = queue(r);
        for (ListNode<Vcpu> n = head.next(cpu); n != head; n = n.next(cpu)) {
            Vcpu v = n.element();
            boolean fromElsewhere = v.processor().getOpaque(cpu) != r.id();
            boolean resists = fromElsewhere && least + MIGRATE_RESIST > v.credit();
            if (!resists && (yielded || v.credit() > least)) {
                n.unlink(cpu);
                return v;
            }
        }
        return null;
    }

    @Override
    @Xen("runq_tickle")
    SchedResource whomToTickle(Pcpu cpu, Vcpu v) {
        SchedResource own = resource(cpu, v);
        if (own.isIdle(cpu) && mayTickle(cpu, own, v)) {
            return own;
        }
        SchedResource poorest = null;
        long least = v.credit();
        for (SchedResource r : resources) {
            if (!mayTickle(cpu, r, v)) {
                continue;
            }
            if (r.isIdle(cpu)) {
                return r;
            }
            account(cpu, r, cpu.time());
            long credit = r.curr.getGuarded(cpu).credit() + (r == own ? 0 : MIGRATE_RESIST);
            if (credit < least) {
                least = credit;
                poorest = r;
            }
        }
        return poorest;
    }

    @Override
    @Xen("runq_runtime")
    public long lookAgainAt(Pcpu cpu, SchedResource r, Vcpu next, long now) {
        if (next.isIdle()) {
            return CpuTimers.NEVER;
        }
        ListNode<Vcpu> head = queue(r);
        ListNode<Vcpu> first = head.next(cpu);
        if (first == head) {
            return CpuTimers.NEVER;
        }
        long runtime = next.credit() - first.element().credit();
        return Math.max(next.sliceEnd(), now + Math.max(MIN_TIMER, Math.min(MAX_TIMER, runtime)));
    }
}

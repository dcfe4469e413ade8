package org.smpvisor.sched;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** What the scheduler keeps of one pCPU. */
@Xen("struct sched_resource")
final class SchedResource {
    final Pcpu pcpu;

    /** The pCPU's own lock, or one that it shares with all pCPUs of its run queue, as the policy says. */
    final SpinLock lock;

    final Vcpu idle;
    final CpuTimers.Timer slice;

    /**
     * Whom the scheduler has chosen. The pCPU's own {@code current} follows later, in the context switch with interrupts
     * masked, since until then the hardware holds the state of the one before.
     */
    @GuardedBy("lock")
    final RefCell<Vcpu> curr;

    /** Whether the pCPU has been asked to schedule and has not done so yet. */
    @GuardedBy("lock")
    final IntCell tickled;

    /** Whether vCPUs may run here. */
    @GuardedBy("lock")
    final IntCell active;

    /** When the pCPU is to schedule again at the latest. */
    @GuardedBy("lock")
    private long sliceEnd = CpuTimers.NEVER;

    SchedResource(Pcpu pcpu, SpinLock lock) {
        this.pcpu = pcpu;
        this.lock = lock;
        this.idle = new Vcpu(null, pcpu.id(), null, null);
        this.idle.processor().reset(pcpu.id());
        this.idle.running().reset(1);
        this.curr = new RefCell<>(pcpu + ".sched_curr", lock);
        this.curr.reset(idle);
        this.tickled = new IntCell(pcpu + ".tickled", lock, 0);
        this.active = new IntCell(pcpu + ".sched_active", lock, 1);
        this.slice = pcpu.timers().add(cpu -> cpu.softirqs().raise(cpu, Softirqs.SCHEDULE));
    }

    int id() {
        return pcpu.id();
    }

    /** The pCPU schedules again at {@code deadline}. Its lock held. */
    void setSlice(Pcpu cpu, long deadline) {
        sliceEnd = deadline;
        pcpu.timers().set(cpu, slice, deadline);
    }

    /** The pCPU schedules again at {@code deadline} or before. Its lock held. */
    void boundSlice(Pcpu cpu, long deadline) {
        setSlice(cpu, Math.min(deadline, sliceEnd));
    }

    /** Its lock held. */
    boolean isActive(Pcpu cpu) {
        return active.getGuarded(cpu) != 0;
    }

    /** Its lock held. */
    boolean isIdle(Pcpu cpu) {
        return curr.getGuarded(cpu) == idle;
    }
}

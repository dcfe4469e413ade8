package org.smpvisor.domain;

import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.cell.Guard;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.variant.Xen;

/** A virtual CPU: its saved guest, its scheduling state, and final slots for what the vGIC and the GIC keep of it. */
@Xen("struct vcpu")
public final class Vcpu {
    /** Pause flag: waits for an event. */
    public static final int VPF_BLOCKED = 0;
    /** Pause flag: not powered on. */
    public static final int VPF_DOWN = 1;
    /** Pause flag: is being moved to another pCPU. */
    public static final int VPF_MIGRATING = 3;

    /** Pause flag: is being powered on; of a corrected rule (H7), Xen has none. */
    public static final int VPF_COMING_UP = 8;

    /** State that an upper module keeps per vCPU. */
    public interface State {}

    private final Domain domain;
    private final int vcpuId;
    private final boolean idle;
    private final GuestCpu guest;
    private final GuestProgram program;
    private final State gic;

    /** Id of the pCPU it runs on or is queued on; written under the schedule locks of both, read without. */
    private final IntCell processor;

    /** Pause flags; atomic bits. It may run only when all are clear. */
    private final IntCell pauseFlags;

    /** Whether its context is loaded on a pCPU; plain in Xen. */
    private final IntCell running;

    @GuardedBy("schedule_lock of processor")
    private final ListNode<Vcpu> runqueue;

    /** How many have paused it; atomic. It may run only when it is zero. */
    private final IntCell pauseCount;

    /** Flags of the scheduler's policy. */
    @GuardedBy("schedule_lock of processor")
    private final IntCell schedFlags;

    /** Its place among those that wait for a pCPU of their own. */
    @GuardedBy("waitq_lock")
    private final ListNode<Vcpu> waitq;

    /** Nanoseconds that it may run until others are served before it. */
    @GuardedBy("schedule_lock of processor")
    private long credit;

    /** Since when its credit has not been charged. */
    @GuardedBy("schedule_lock of processor")
    private long runsSince;

    /** Whether it has been given another pCPU by the scheduler that chose it, and its interrupts have not followed yet. */
    @GuardedBy("schedule_lock of processor")
    private boolean migrated;

    /** Where a move in progress goes to, -1 for nowhere; written under the schedule lock of its processor. */
    private final IntCell migrateTo;

    /** End of its time slice; of the vCPU that a pCPU has chosen to run. */
    @GuardedBy("schedule_lock of processor")
    private long sliceEnd;

    /** Whether its memory has to be written back before it goes on; of the pCPU that runs it. */
    @Xen("need_flush_to_ram")
    @OwnedBy("pcpu")
    private boolean needsFlush;

    @OwnedBy("boot")
    private State vgic;

    @OwnedBy("boot")
    private State timers;

    /** {@code vcpu_info.evtchn_upcall_pending}, which Xen sets and the guest clears: memory that both share. */
    private final IntCell upcallPending;

    /** Schedule locks by pCPU, {@code null} until the scheduler knows the vCPU. */
    @OwnedBy("boot")
    private Guard[] scheduleLocks;

    /**
     * @param domain {@code null} for an idle vCPU
     * @param vcpuId id in the domain, or of the pCPU for an idle vCPU
     * @param gic what the host GIC driver saves of it, {@code null} for an idle vCPU
     */
    public Vcpu(Domain domain, int vcpuId, GuestProgram program, State gic) {
        this.domain = domain;
        this.vcpuId = vcpuId;
        this.idle = domain == null;
        this.guest = new GuestCpu(vcpuId, idle ? 0 : domain.maxVcpus());
        this.program = program;
        this.gic = gic;
        this.processor = new IntCell(this + ".processor");
        this.pauseFlags = new IntCell(this + ".pause_flags");
        this.pauseCount = new IntCell(this + ".pause_count");
        this.running = new IntCell(this + ".is_running");
        this.upcallPending = new IntCell(this + ".evtchn_upcall_pending");
        this.migrateTo = new IntCell(this + ".migrate_to", null, -1);
        this.runqueue = new ListNode<>(this, this + ".runqueue", new ScheduleLock());
        this.schedFlags = new IntCell(this + ".sched_flags", new ScheduleLock(), 0);
        this.waitq = new ListNode<>(this, this + ".waitq", null);
    }

    /** The schedule lock of the pCPU that the vCPU runs or is queued on. */
    private final class ScheduleLock implements Guard {
        @Override
        public boolean isHeldBy(Pcpu cpu) {
            return scheduleLocks == null || scheduleLocks[processor.peek(cpu)].isHeldBy(cpu);
        }

        @Override
        public LockClass lockClass() {
            return LockClass.SCHEDULE;
        }

        @Override
        public String toString() {
            return "schedule_lock of cpu" + processor.peek();
        }
    }

    /** Makes the schedule locks of all pCPUs known, one of which guards its place in a queue; before it is first queued. */
    public void setScheduleLocks(Guard[] locks) {
        scheduleLocks = locks;
    }

    public Domain domain() {
        return domain;
    }

    @Xen("vcpu_id")
    public int vcpuId() {
        return vcpuId;
    }

    @Xen("is_idle_vcpu")
    public boolean isIdle() {
        return idle;
    }

    public GuestCpu guest() {
        return guest;
    }

    public GuestProgram program() {
        return program;
    }

    /** What the host GIC driver saves and restores ({@code v->arch.gic}). */
    public State gic() {
        return gic;
    }

    /** The vGIC's state of this vCPU ({@code v->arch.vgic}). */
    public State vgic() {
        return vgic;
    }

    public void setVgic(State state) {
        vgic = state;
    }

    /** The state of its timers ({@code v->arch.virt_timer}, {@code phys_timer}). */
    public State timers() {
        return timers;
    }

    public void setTimers(State state) {
        timers = state;
    }

    @Xen("vcpu_info.evtchn_upcall_pending")
    public IntCell upcallPending() {
        return upcallPending;
    }

    /** Whether its memory has to be written back before it goes on. */
    public boolean needsFlush() {
        return needsFlush;
    }

    public void setNeedsFlush(boolean needs) {
        needsFlush = needs;
    }

    public IntCell processor() {
        return processor;
    }

    public IntCell pauseFlags() {
        return pauseFlags;
    }

    public IntCell running() {
        return running;
    }

    public ListNode<Vcpu> runqueue() {
        return runqueue;
    }

    @Xen("pause_count")
    public IntCell pauseCount() {
        return pauseCount;
    }

    /** Flags of the scheduler's policy. */
    public IntCell schedFlags() {
        return schedFlags;
    }

    /** Its place among those that wait for a pCPU of their own. */
    public ListNode<Vcpu> waitq() {
        return waitq;
    }

    public long credit() {
        return credit;
    }

    public void setCredit(long nanos) {
        credit = nanos;
    }

    public long runsSince() {
        return runsSince;
    }

    public void setRunsSince(long nanos) {
        runsSince = nanos;
    }

    /** The scheduler has chosen it for another pCPU than that of before. */
    @Xen("migrated")
    public void setMigrated() {
        migrated = true;
    }

    /** Whether it has, since the last call. */
    public boolean takeMigrated() {
        boolean was = migrated;
        if (was) {
            migrated = false;
        }
        return was;
    }

    public IntCell migrateTo() {
        return migrateTo;
    }

    public long sliceEnd() {
        return sliceEnd;
    }

    public void setSliceEnd(long nanos) {
        sliceEnd = nanos;
    }

    @Override
    public String toString() {
        return idle ? "idle" + vcpuId : domain + "v" + vcpuId;
    }
}

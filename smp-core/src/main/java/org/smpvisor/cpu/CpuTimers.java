package org.smpvisor.cpu;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** Xen's software timers of one pCPU, driven by the hypervisor timer of that pCPU. */
@Xen("per_cpu(timers)")
public final class CpuTimers {
    /** No deadline. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int MAX = 8;

    /** The comparator of the hypervisor timer (CNTHP), implemented by the hardware. */
    public interface Comparator {
        /** Asserts the hypervisor timer interrupt of {@code cpu} from {@code deadline} on; NEVER disarms it. */
        void program(Pcpu cpu, long deadline);
    }

    /** One timer of one pCPU. */
    public static final class Timer {
        private final Softirqs.Handler callback;

        @GuardedBy("timers.lock")
        private long deadline = NEVER;

        Timer(Softirqs.Handler callback) {
            this.callback = callback;
        }
    }

    private final Pcpu owner;
    private final SpinLock lock;
    private final Timer[] timers = new Timer[MAX];

    @OwnedBy("boot")
    private int count;

    @OwnedBy("boot")
    private Comparator comparator;

    CpuTimers(Pcpu owner) {
        this.owner = owner;
        this.lock = new SpinLock(LockClass.TIMERS, owner + ".timers.lock", owner.id());
    }

    /** Connects the comparator; at boot. */
    public void connect(Comparator c) {
        comparator = c;
    }

    /** Adds a timer whose callback runs in the TIMER softirq, without the timer lock, interrupts open; at boot. */
    @Xen("init_timer")
    public Timer add(Softirqs.Handler callback) {
        Timer t = new Timer(callback);
        timers[count++] = t;
        return t;
    }

    /** Sets or moves a deadline, in nanoseconds of the engine's clock; NEVER stops the timer. */
    @Xen({"set_timer", "stop_timer"})
    public void set(Pcpu cpu, Timer t, long deadline) {
        int flags = lock.lockIrqSave(cpu);
        if (t.deadline != deadline) {
            if (cpu.memory() != null) {
                cpu.memory().setsDeadline();
            }
            t.deadline = deadline;
            comparator.program(owner, earliest());
        }
        lock.unlockIrqRestore(cpu, flags);
    }

    private long earliest() {
        long first = NEVER;
        for (int i = 0; i < count; i++) {
            first = Math.min(first, timers[i].deadline);
        }
        return first;
    }

    /** Disables the comparator until it is programmed again; from the timer interrupt. */
    public void silence(Pcpu cpu) {
        comparator.program(cpu, NEVER);
    }

    /** The TIMER softirq: runs what has expired, each callback with the lock dropped. */
    @Xen("timer_softirq_action")
    public void run(Pcpu cpu) {
        long now = cpu.time();
        int flags = lock.lockIrqSave(cpu);
        for (int i = 0; i < count; i++) {
            Timer t = timers[i];
            if (t.deadline <= now) {
                t.deadline = NEVER;
                lock.unlockIrqRestore(cpu, flags);
                t.callback.run(cpu);
                flags = lock.lockIrqSave(cpu);
            }
        }
        comparator.program(owner, earliest());
        lock.unlockIrqRestore(cpu, flags);
    }
}

package org.smpvisor.cpu;

import org.smpvisor.cell.Guard;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cell.RefCell;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** Xen's software timers of one pCPU, driven by the hypervisor timer of that pCPU. */
@Xen("per_cpu(timers)")
@Deviation(
        "whoever sets a timer of another pCPU programs that one's comparator itself, instead of by its TIMER softirq")
public final class CpuTimers {
    /** No deadline. */
    public static final long NEVER = Long.MAX_VALUE;

    /** In the place of the pCPU of a timer that has been killed. */
    private static final int KILLED = -1;

    /** The comparator of the hypervisor timer (CNTHP), implemented by the hardware. */
    public interface Comparator {
        /** Asserts the hypervisor timer interrupt of {@code cpu} from {@code deadline} on; NEVER disarms it. */
        void program(Pcpu cpu, long deadline);
    }

    /** A timer: of one pCPU for good, or one that moves between them. */
    @Xen("struct timer")
    public static final class Timer {
        private final Softirqs.Handler callback;

        /** All pCPUs, {@code null} for a timer that does not move. */
        private final Pcpu[] pcpus;

        /** The pCPU whose timer it is, of one that moves; written under the locks of both, read without. */
        private final IntCell cpu;

        /** Linked while a deadline is set. */
        @GuardedBy("timers.lock")
        private final ListNode<Timer> node;

        @GuardedBy("timers.lock")
        private long deadline = NEVER;

        /** One that stays with {@code owner}. */
        private Timer(CpuTimers owner, Softirqs.Handler callback) {
            this.callback = callback;
            this.pcpus = null;
            this.cpu = null;
            this.node = new ListNode<>(this, owner.owner + ".timer", owner.lock);
        }

        /**
         * One that can move, on pCPU {@code first} for the time being.
         *
         * @param callback runs in the TIMER softirq of the pCPU whose timer it is, without the timer lock, interrupts open
         */
        @Xen("init_timer")
        public Timer(String name, Pcpu[] pcpus, int first, Softirqs.Handler callback) {
            this.callback = callback;
            this.pcpus = pcpus;
            this.cpu = new IntCell(name + ".cpu", null, first);
            this.node = new ListNode<>(this, name, new BaseLock());
        }

        /** T of the pCPU whose timer it is. */
        private final class BaseLock implements Guard {
            private CpuTimers base(int id) {
                return id == KILLED ? null : pcpus[id].timers();
            }

            @Override
            public boolean isHeldBy(Pcpu by) {
                CpuTimers base = base(cpu.peek(by));
                return base != null && base.lock.isHeldBy(by);
            }

            @Override
            public LockClass lockClass() {
                return LockClass.TIMERS;
            }

            @Override
            public String toString() {
                CpuTimers base = base(cpu.peek());
                return base == null ? "no lock: the timer was killed" : base.lock.toString();
            }
        }

        /** Takes T of the pCPU whose timer it is, which is read again under it; {@code null}, and no lock, if it was killed. */
        @Xen("timer_lock")
        private CpuTimers lock(Pcpu by) {
            while (true) {
                int at = cpu.getOpaque(by);
                if (at == KILLED) {
                    return null;
                }
                CpuTimers base = pcpus[at].timers();
                int flags = base.lock.lockIrqSave(by);
                if (cpu.getOpaque(by) == at) {
                    return base;
                }
                base.lock.unlockIrqRestore(by, flags);
            }
        }

        /** Sets or moves the deadline, in nanoseconds of the engine's clock; NEVER stops it. Nothing happens once it was killed. */
        @Xen({"set_timer", "stop_timer"})
        public void set(Pcpu by, long to) {
            int flags = by.localSaveFlags();
            CpuTimers base = lock(by);
            if (base == null) {
                return;
            }
            base.change(by, this, to);
            base.lock.unlockIrqRestore(by, flags);
        }

        /** It does not expire any more; its callback may still run on another pCPU. */
        @Xen("stop_timer")
        public void stop(Pcpu by) {
            set(by, NEVER);
        }

        /**
         * Makes it one of pCPU {@code to}, with the deadline that it has; a callback that runs goes on where it is. The locks of
         * both are taken, the one of the lower number first.
         *
         * @return whether it was another one's
         */
        @Xen("migrate_timer")
        public boolean migrate(Pcpu by, Pcpu to) {
            int flags = by.localSaveFlags();
            CpuTimers from;
            while (true) {
                int at = cpu.getOpaque(by);
                if (at == to.id() || at == KILLED) {
                    return false;
                }
                from = pcpus[at].timers();
                lockTwo(by, from, to.timers());
                if (cpu.getOpaque(by) == at) {
                    break;
                }
                unlockTwo(by, from, to.timers(), flags);
            }
            long at = deadline;
            from.change(by, this, NEVER);
            cpu.setOpaque(by, to.id());
            to.timers().change(by, this, at);
            unlockTwo(by, from, to.timers(), flags);
            return true;
        }

        private static void lockTwo(Pcpu by, CpuTimers a, CpuTimers b) {
            boolean ascending = a.owner.id() < b.owner.id();
            (ascending ? a : b).lock.lockIrqSave(by);
            (ascending ? b : a).lock.lock(by);
        }

        private static void unlockTwo(Pcpu by, CpuTimers a, CpuTimers b, int flags) {
            boolean ascending = a.owner.id() < b.owner.id();
            (ascending ? b : a).lock.unlock(by);
            (ascending ? a : b).lock.unlockIrqRestore(by, flags);
        }

        /**
         * Stops it for good and waits until its callback runs nowhere any more. Any context that may wait, no lock held, not from
         * its own callback.
         */
        @Xen("kill_timer")
        public void kill(Pcpu by) {
            int flags = by.localSaveFlags();
            CpuTimers base = lock(by);
            if (base == null) {
                return;
            }
            base.change(by, this, NEVER);
            cpu.setOpaque(by, KILLED);
            base.lock.unlockIrqRestore(by, flags);
            for (Pcpu p : pcpus) {
                p.timers().await(by, this);
            }
        }

        /**
         * Waits until pCPU {@code at}, whose timer it was, has done with its callback, with interrupts as they are. Xen has no such
         * function.
         */
        public void awaitCallback(Pcpu by, int at) {
            if (at != KILLED && at != by.id()) {
                pcpus[at].timers().await(by, this);
            }
        }

        /** Number of the pCPU whose timer it is. */
        public int pcpu(Pcpu by) {
            return cpu.getOpaque(by);
        }

        /** Whether its callback runs somewhere, for shadows. */
        public boolean peekRunning(Pcpu by) {
            for (Pcpu p : pcpus) {
                if (p != by && p.timers().running.peek(by) == this) {
                    return true;
                }
            }
            return false;
        }

        /** Whether a deadline is set, for observers. */
        public boolean isSet() {
            return !node.isEmpty();
        }
    }

    private final Pcpu owner;
    private final SpinLock lock;

    /** Timers with a deadline, the earliest first. */
    @GuardedBy("lock")
    private final ListNode<Timer> active;

    /** Whose callback runs; written under the lock, read without. */
    private final RefCell<Timer> running;

    @OwnedBy("boot")
    private Comparator comparator;

    CpuTimers(Pcpu owner) {
        this.owner = owner;
        this.lock = new SpinLock(LockClass.TIMERS, owner + ".timers.lock", owner.id());
        this.active = new ListNode<>(null, owner + ".timers", lock);
        this.running = new RefCell<>(owner + ".timers.running", null);
    }

    /** Connects the comparator; at boot. */
    public void connect(Comparator c) {
        comparator = c;
    }

    /** Adds a timer whose callback runs in the TIMER softirq, without the timer lock, interrupts open; at boot. */
    @Xen("init_timer")
    public Timer add(Softirqs.Handler callback) {
        return new Timer(this, callback);
    }

    /** Sets or moves a deadline of a timer that stays here, in nanoseconds of the engine's clock; NEVER stops the timer. */
    @Xen({"set_timer", "stop_timer"})
    public void set(Pcpu cpu, Timer t, long deadline) {
        int flags = lock.lockIrqSave(cpu);
        change(cpu, t, deadline);
        lock.unlockIrqRestore(cpu, flags);
    }

    /** Gives the timers of this pCPU, which has been taken down, to {@code to}; those that cannot move stop. No lock held. */
    @Xen("migrate_timers_from_cpu")
    public void migrateAll(Pcpu by, Pcpu to) {
        for (Timer t = first(by); t != null; t = first(by)) {
            if (t.pcpus == null) {
                set(by, t, NEVER);
            } else {
                t.migrate(by, to);
            }
        }
    }

    private Timer first(Pcpu by) {
        int flags = lock.lockIrqSave(by);
        ListNode<Timer> n = active.next(by);
        lock.unlockIrqRestore(by, flags);
        return n == active ? null : n.element();
    }

    /** Sets, moves or takes away a deadline. T held. */
    @Xen({"activate_timer", "deactivate_timer"})
    private void change(Pcpu cpu, Timer t, long deadline) {
        if (t.deadline == deadline) {
            return;
        }
        if (cpu.memory() != null) {
            cpu.memory().setsDeadline();
        }
        if (t.deadline != NEVER) {
            t.node.unlink(cpu);
        }
        t.deadline = deadline;
        if (deadline != NEVER) {
            ListNode<Timer> at = active.next(cpu);
            while (at != active && at.element().deadline <= deadline) {
                at = at.next(cpu);
            }
            at.addBefore(cpu, t.node);
        }
        comparator.program(owner, earliest(cpu));
    }

    private long earliest(Pcpu cpu) {
        ListNode<Timer> first = active.next(cpu);
        return first == active ? NEVER : first.element().deadline;
    }

    /** Disables the comparator until it is programmed again; from the timer interrupt. */
    public void silence(Pcpu cpu) {
        comparator.program(cpu, NEVER);
    }

    /** The TIMER softirq: runs what has expired, each callback with the lock dropped. */
    @Xen({"timer_softirq_action", "execute_timer"})
    public void run(Pcpu cpu) {
        long now = cpu.time();
        int flags = lock.lockIrqSave(cpu);
        while (earliest(cpu) <= now) {
            Timer t = active.next(cpu).element();
            t.node.unlink(cpu);
            t.deadline = NEVER;
            running.setRelease(cpu, t);
            lock.unlockIrqRestore(cpu, flags);
            t.callback.run(cpu);
            flags = lock.lockIrqSave(cpu);
            running.setRelease(cpu, null);
        }
        comparator.program(owner, earliest(cpu));
        lock.unlockIrqRestore(cpu, flags);
    }

    /** Waits until the callback of {@code t} does not run here. */
    private void await(Pcpu cpu, Timer t) {
        if (running.getAcquire(cpu) != t) {
            return;
        }
        cpu.beginWait(running, -1);
        for (int turn = 0; running.getAcquire(cpu) == t; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
    }
}

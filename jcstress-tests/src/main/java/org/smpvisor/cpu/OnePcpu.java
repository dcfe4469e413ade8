package org.smpvisor.cpu;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jctools.queues.MpscArrayQueue;
import org.smpvisor.cell.IntCell;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/**
 * A pCPU that one actor drives, with one line into it, one softirq and one tasklet that the other actor moves, in the name of a
 * pCPU of its own. Used again by the next state of its thread, see {@link #giveBack}.
 */
final class OnePcpu {
    private static final ThreadLocal<Deque<OnePcpu>> SPARE = ThreadLocal.withInitial(ArrayDeque::new);

    final Pcpu cpu;
    private final Pcpu other = TwoPcpus.slow().b;
    private final MpscArrayQueue<Tasklets.Work> lateTasklets = new MpscArrayQueue<>(2);
    private final IntCell line = new IntCell("line");
    private final IntCell work = new IntCell("work");
    private int done;

    private OnePcpu() {
        NativeEngine engine = new NativeEngine(2);
        cpu = new Pcpu(0, 0, 1, engine, new LockValidator(false), new EventRing("cpu0", 0, engine));
        cpu.connect(p -> line.getOpaque(p) != 0, null, this::interrupt);
        cpu.softirqs().open(Softirqs.TIMER, this::work);
        cpu.softirqs().open(Softirqs.TASKLET, cpu.tasklets()::run);
    }

    /** One whose softirq has been raised before; its interrupts are masked. */
    static OnePcpu take() {
        OnePcpu spare = SPARE.get().pollLast();
        OnePcpu m = spare == null ? new OnePcpu() : spare;
        m.cpu.softirqs().raise(m.cpu, Softirqs.TIMER);
        return m;
    }

    private void interrupt(Pcpu p) {
        done++;
        line.setOpaque(p, 0);
        p.setInterruptSignalled(false);
    }

    private void work(Pcpu p) {
        done += work.getOpaque(p);
    }

    /** The line rises, and rings. */
    void raise() {
        line.setOpaque(other, 1);
        cpu.signal();
    }

    /** The same for twins: it rings, and rises then. */
    void ringAndRaise() {
        cpu.signal();
        line.setOpaque(other, 1);
    }

    /** The pCPU opens its interrupts for a moment. */
    void openAndMask() {
        cpu.localIrqEnable();
        cpu.localIrqDisable();
    }

    /** Another pCPU leaves work and raises the softirq. */
    void leaveWork() {
        work.setOpaque(other, 1);
        cpu.softirqs().raiseFrom(other, Softirqs.TIMER, (from, target, id) -> {});
    }

    /** The same for twins: the softirq first, then the work. */
    void raiseAndLeaveWork() {
        cpu.softirqs().raiseFrom(other, Softirqs.TIMER, (from, target, id) -> {});
        work.setOpaque(other, 1);
    }

    /** Another pCPU posts a tasklet. */
    void postTasklet() {
        cpu.tasklets().postFrom(other, p -> done++, (from, target, id) -> {});
    }

    /** For twins, before the race: a queue like that of the tasklets, but one that leaves the bit to whoever posts. */
    void openLateTasklets() {
        cpu.softirqs().open(Softirqs.TASKLET, this::runLateTasklets);
    }

    /** Another pCPU posts a tasklet there: the bit first, then the work. */
    void raiseAndPostTasklet() {
        cpu.softirqs().raiseFrom(other, Softirqs.TASKLET, (from, target, id) -> {});
        other.smpMb();
        lateTasklets.offer(p -> done++);
    }

    private void runLateTasklets(Pcpu p) {
        for (Tasklets.Work w = lateTasklets.relaxedPoll(); w != null; w = lateTasklets.relaxedPoll()) {
            w.run(p);
        }
    }

    /** How often something was done; the pCPU is at rest, and is used again if it is. */
    int giveBack() {
        int times = done;
        work.reset(0);
        line.reset(0);
        lateTasklets.clear();
        cpu.softirqs().run(cpu);
        openAndMask();
        done = 0;
        if (cpu.softirqs().peek() == 0 && !cpu.needsAttention() && !cpu.hasPendingInterrupt()) {
            SPARE.get().add(this);
        }
        return times;
    }
}

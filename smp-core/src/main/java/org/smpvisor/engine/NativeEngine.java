package org.smpvisor.engine;

import java.util.concurrent.locks.LockSupport;
import org.smpvisor.cpu.Pcpu;

/**
 * Real threads, one per pCPU, at full speed. A point costs one look at the pCPU's attention flag. Waits spin, then yield,
 * then park when there are more pCPUs than cores, since a lock that is handed over in ticket order may be handed to a
 * thread that the host does not run.
 */
public final class NativeEngine extends Engine {
    private static final int SPINS_ALONE = 2_000;
    private static final int SPINS_CROWDED = 64;
    private static final int YIELDS = 50;
    private static final long PARK_NANOS = 50_000;
    /** Parks that a waiter grants the others after the run was stopped, so that an orderly end is not torn. */
    private static final int STOP_PATIENCE = 4_000;

    private static final int IDLE_SPINS_ALONE = 20_000;
    private static final int IDLE_YIELDS_CROWDED = 4;

    private final boolean crowded;
    private volatile boolean stopped;

    /** @param threads how many threads will be busy at once, pCPUs and environment together */
    public NativeEngine(int threads) {
        crowded = threads > Runtime.getRuntime().availableProcessors();
    }

    @Override
    public boolean decidesAtPoints() {
        return false;
    }

    @Override
    public void point(Pcpu cpu, Point what, Object on) {
        if (cpu.needsAttention()) {
            cpu.attend();
        }
    }

    @Override
    public void irqsOpened(Pcpu cpu) {
        if (cpu.hasPendingInterrupt()) { // sampled while masked: the attention flag is down again
            cpu.attend();
        }
        point(cpu, Point.IRQ_ENABLE, cpu);
    }

    @Override
    public boolean leavesGuest(Pcpu cpu) {
        return cpu.hasPendingInterrupt();
    }

    @Override
    public void relax(Pcpu cpu, int turn) {
        point(cpu, Point.RELAX, null);
        int spins = crowded ? SPINS_CROWDED : SPINS_ALONE;
        if (turn < spins) {
            Thread.onSpinWait();
        } else if (stopped && turn > spins + YIELDS + STOP_PATIENCE) {
            throw RunAborted.INSTANCE;
        } else if (turn < spins + YIELDS) {
            Thread.yield();
        } else {
            cpu.park(PARK_NANOS);
        }
    }

    @Override
    public void waitForInterrupt(Pcpu cpu) {
        point(cpu, Point.WFI, null);
        for (int turn = 0; !cpu.hasPendingInterrupt() && !stopped; turn++) {
            if (turn < (crowded ? 0 : IDLE_SPINS_ALONE)) {
                Thread.onSpinWait();
            } else if (crowded && turn < IDLE_YIELDS_CROWDED) {
                Thread.yield();
            } else {
                cpu.park(Long.MAX_VALUE);
            }
            point(cpu, Point.WFI, null);
        }
    }

    @Override
    public void hardware(Pcpu cpu, HwStep step, int index, long value) {
        step.complete(index, value);
    }

    @Override
    public boolean deliversAtOnce() {
        return true;
    }

    @Override
    public void wake(Pcpu cpu) {
        Thread t = cpu.parkedThread();
        if (t != null) {
            LockSupport.unpark(t);
        }
    }

    @Override
    public long now() {
        return System.nanoTime();
    }

    @Override
    public void stop() {
        stopped = true;
    }

    @Override
    public boolean isStopped() {
        return stopped;
    }
}

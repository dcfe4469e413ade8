package org.smpvisor.engine;

import org.smpvisor.cpu.Pcpu;

/**
 * Decides what happens at the points that the model reports. The model code is the same under every engine: it calls
 * {@link #point} before each operation on shared state, says what it waits for instead of spinning, and asks only the
 * engine for the time.
 */
public abstract sealed class Engine permits NativeEngine, ControlledEngine {
    /** Whether this engine is to be told of every point; otherwise of those only at which something has arrived. */
    public abstract boolean decidesAtPoints();

    /**
     * The pCPU is about to do {@code what} on {@code on}. An interrupt that is pending and not masked may be taken here, on
     * top of whatever runs, also under locks; the native engine takes it at once.
     */
    public abstract void point(Pcpu cpu, Point what, Object on);

    /** The memory of a controlled run, {@code null} where accesses go straight to the host's. */
    public Memory memory() {
        return Memory.NONE;
    }

    /** The pCPU has just opened its interrupts: a point, at which one that waited may be taken. */
    public abstract void irqsOpened(Pcpu cpu);

    /** Whether the guest that runs on the pCPU is left for an interrupt, at the guest step reported last. */
    public abstract boolean leavesGuest(Pcpu cpu);

    /**
     * One turn of a wait loop: the condition that the caller polls does not hold yet.
     *
     * @param turn how often the caller has waited for this condition already, 0 at first
     */
    public abstract void relax(Pcpu cpu, int turn);

    /** Waits until something is pending at the pCPU's interrupt interface, masked or not, or its run ends. */
    public abstract void waitForInterrupt(Pcpu cpu);

    /**
     * The hardware is told to do something that need not take effect at once. Natively it does, before this returns; steps
     * of one pCPU keep their order in any case.
     */
    public abstract void hardware(Pcpu cpu, HwStep step, int index, long value);

    /** Whether SGIs that were posted reach their target at its next look, and not in a step of their own. */
    public abstract boolean deliversAtOnce();

    /** Wakes a pCPU that may be parked in {@link #relax} or {@link #waitForInterrupt}; callable from any thread. */
    public abstract void wake(Pcpu cpu);

    /** Nanoseconds of the engine's clock; natively those of the host, monotonic. */
    public abstract long now();

    /** Ends the run: every pCPU leaves at its next wait or guest step. Idempotent, callable from any thread. */
    public abstract void stop();

    /** Whether {@link #stop} was called. */
    public abstract boolean isStopped();
}

package org.smpvisor.engine;

import org.smpvisor.cpu.Pcpu;

/**
 * Decides what happens at the points that the model reports. The model code is the same under every engine: it calls
 * {@link #point} before each operation on shared state, says what it waits for instead of spinning, and asks only the
 * engine for the time.
 */
public abstract sealed class Engine permits NativeEngine {
    /**
     * The pCPU is about to do {@code what} on {@code on}. An interrupt that is pending and not masked is taken here, on top
     * of whatever runs, also under locks.
     */
    public abstract void point(Pcpu cpu, Point what, Object on);

    /**
     * One turn of a wait loop: the condition that the caller polls does not hold yet.
     *
     * @param turn how often the caller has waited for this condition already, 0 at first
     */
    public abstract void relax(Pcpu cpu, int turn);

    /** Waits until something is pending at the pCPU's interrupt interface, masked or not, or its run ends. */
    public abstract void waitForInterrupt(Pcpu cpu);

    /** Wakes a pCPU that may be parked in {@link #relax} or {@link #waitForInterrupt}; callable from any thread. */
    public abstract void wake(Pcpu cpu);

    /** Nanoseconds of the engine's clock; natively those of the host, monotonic. */
    public abstract long now();

    /** Ends the run: every pCPU leaves at its next wait or guest step. Idempotent, callable from any thread. */
    public abstract void stop();

    /** Whether {@link #stop} was called. */
    public abstract boolean isStopped();
}

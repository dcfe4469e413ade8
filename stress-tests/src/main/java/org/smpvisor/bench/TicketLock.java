package org.smpvisor.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Reference: pairs of lock and unlock of a bare ticket lock with a full fence on each side, one thread, nobody else. */
final class TicketLock implements Subject {
    private static final VarHandle TAIL;
    private static final VarHandle HEAD;
    private static final int BATCH = 10_000;

    static {
        try {
            MethodHandles.Lookup l = MethodHandles.lookup();
            TAIL = l.findVarHandle(TicketLock.class, "tail", int.class);
            HEAD = l.findVarHandle(TicketLock.class, "head", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings({"unused", "FieldMayBeFinal"})
    private int tail;

    private int head;
    private long guarded;

    void lock() {
        int ticket = (int) TAIL.getAndAdd(this, 1);
        while ((int) HEAD.getAcquire(this) != ticket) {
            Thread.onSpinWait();
        }
        VarHandle.fullFence();
    }

    void unlock() {
        int next = head + 1;
        VarHandle.fullFence();
        HEAD.setRelease(this, next);
    }

    /** What the lock guards: how often it was held. */
    long guarded() {
        return guarded;
    }

    private long batch() {
        for (int i = 0; i < BATCH; i++) {
            lock();
            guarded++; // also keeps the two fences apart, which a compiler may merge otherwise
            unlock();
        }
        return BATCH;
    }

    @Override
    public double rate(double seconds) {
        return Pace.rate(seconds, this::batch);
    }
}

package org.smpvisor.engine;

import java.util.Arrays;

/**
 * Who has touched something in this run, and what whoever touches it next is told of others. Times are those of
 * {@link RaceDetector}'s clocks, 0 for never.
 */
final class History {
    private final int n;
    /** The run that this belongs to; of an older one nothing counts. */
    int run;

    /** pCPU of the last guarded write. */
    int writer;

    /** Times of guarded writes, guarded reads, opaque stores and opaque loads by pCPU, in this order. */
    final int[] time;

    final int[] step;
    final RaceDetector.Locks[] locks;

    /** What a reader of the last release, or the next holder of a lock, knows of. */
    final int[] released;

    /** The same for what the holders of a lock's shared side have left. */
    final int[] shared;

    boolean hasReleased;

    History(int n) {
        this.n = n;
        time = new int[RaceDetector.KINDS * n];
        step = new int[RaceDetector.KINDS * n];
        locks = new RaceDetector.Locks[RaceDetector.KINDS * n];
        released = new int[n];
        shared = new int[n];
    }

    void forget(int newRun) {
        run = newRun;
        writer = 0;
        hasReleased = false;
        Arrays.fill(time, 0);
        Arrays.fill(released, 0);
        Arrays.fill(shared, 0);
    }

    int at(int kind, int pcpu) {
        return kind * n + pcpu;
    }
}

package org.smpvisor.engine;

import java.util.Arrays;

/**
 * Who has touched something in this run, and what whoever touches it next is told of others. Times are those of
 * {@link RaceDetector}'s clocks, 0 for never.
 */
final class History {
    private final int n;

    private final int stride;

    /** The run that this belongs to; of an older one nothing counts. */
    int run;

    /** pCPU of the last guarded write, for each part. */
    final int[] writer;

    /** By part, times of guarded writes, guarded reads, opaque stores and opaque loads by pCPU, in this order. */
    final int[] time;

    final int[] step;
    final RaceDetector.Locks[] locks;

    /** What a reader of the last release, or the next holder of a lock, knows of. */
    final int[] released;

    /** The same for what the holders of a lock's shared side have left. */
    final int[] shared;

    boolean hasReleased;

    /**
     * @param n number of pCPUs
     * @param parts that are accessed one by one
     */
    History(int n, int parts) {
        this.n = n;
        stride = RaceDetector.KINDS * n;
        writer = new int[parts];
        time = new int[stride * parts];
        step = new int[stride * parts];
        locks = new RaceDetector.Locks[stride * parts];
        released = new int[n];
        shared = new int[n];
    }

    void forget(int newRun) {
        run = newRun;
        Arrays.fill(writer, 0);
        hasReleased = false;
        Arrays.fill(time, 0);
        Arrays.fill(released, 0);
        Arrays.fill(shared, 0);
    }

    int at(int part, int kind, int pcpu) {
        return part * stride + kind * n + pcpu;
    }
}

package org.smpvisor.lock;

import org.HdrHistogram.Histogram;
import org.smpvisor.cell.OwnedBy;

/**
 * How long one pCPU waited for locks and held them, and how often it went through each chain of nestings. Kept only where it
 * is asked for, since it costs two looks at the clock for each lock.
 */
final class LockTimes {
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 2;
    private static final int CONTEXTS = 16;

    private final Histogram[] waits = new Histogram[LockClass.values().length];
    private final Histogram[] holds = new Histogram[LockClass.values().length];
    private final long[] takenAt;

    @OwnedBy("pcpu")
    private final long[] waitingSince = new long[CONTEXTS];

    LockTimes(int depth) {
        takenAt = new long[depth];
    }

    /** A wait begins; {@code context} counts the interrupts that are stacked. */
    void waits(int context, long now) {
        waitingSince[context] = now;
    }

    /** The lock at {@code index} of the stack was acquired. */
    void taken(LockClass c, int index, int context, long now) {
        takenAt[index] = now;
        if (waitingSince[context] != 0) {
            record(waits, c, now - waitingSince[context]);
            waitingSince[context] = 0;
        }
    }

    /** The lock at {@code index} of the stack is about to be released. */
    void released(LockClass c, int index, long now) {
        record(holds, c, now - takenAt[index]);
    }

    /** The stack closes over a lock that was released from the middle. */
    void moved(int from, int to) {
        takenAt[to] = takenAt[from];
    }

    private static void record(Histogram[] of, LockClass c, long nanos) {
        Histogram h = of[c.ordinal()];
        if (h == null) {
            h = new Histogram(1, LONGEST_NANOS, DIGITS); // the class is new to this pCPU
            of[c.ordinal()] = h;
        }
        h.recordValue(Math.max(0, Math.min(nanos, LONGEST_NANOS)));
    }

    /** Adds the waits for {@code c}, in nanoseconds, to {@code sum}. At rest. */
    void addWaits(LockClass c, Histogram sum) {
        add(waits[c.ordinal()], sum);
    }

    /** Adds the times that locks of {@code c} were held, in nanoseconds, to {@code sum}. At rest. */
    void addHolds(LockClass c, Histogram sum) {
        add(holds[c.ordinal()], sum);
    }

    private static void add(Histogram h, Histogram sum) {
        if (h != null) {
            sum.add(h);
        }
    }

    /** An empty histogram of the same range. */
    static Histogram empty() {
        return new Histogram(1, LONGEST_NANOS, DIGITS);
    }
}

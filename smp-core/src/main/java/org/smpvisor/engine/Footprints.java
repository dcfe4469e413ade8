package org.smpvisor.engine;

import java.util.Arrays;

/**
 * What each step of a controlled run has touched, and whether it wrote it: two steps of different processes that touch nothing
 * in common that either of them writes can change places, and lead to the same state. Kept for strategies that make use of that.
 *
 * <p>Things are numbers. What belongs to the engine and the hardware has fixed ones; a cell, list node or lock gets one when it is
 * first touched, and keeps it for all runs.
 */
public final class Footprints {
    /** Touched by everything that happens; written by what cannot change places with anything. */
    static final int ALL = 0;

    private static final int MAX_PCPUS = 8;
    private static final int SIGNAL = 1;
    private static final int MAILBOX = SIGNAL + MAX_PCPUS;
    private static final int TASKLETS = MAILBOX + MAX_PCPUS;
    private static final int HARDWARE = TASKLETS + MAX_PCPUS;
    private static final int LINES = 64;
    private static final int MAX_LINES = 1024;
    private static final int ACCOUNTS = LINES + MAX_LINES;
    private static final int WATCHED = ACCOUNTS + MAX_LINES;

    private int[] entries = new int[1 << 12];
    private int[] begins = new int[1 << 10];
    private int[] readAt = new int[2 * WATCHED];
    private int[] writtenAt = new int[2 * WATCHED];
    private int watched = WATCHED;
    private int steps;
    private int count;
    private int stamp;

    void begin() {
        steps = 0;
        count = 0;
        begins[0] = 0;
        stamp++;
    }

    /** A step begins; what is touched from now on is touched by it. */
    void step() {
        steps++;
        stamp++;
        if (steps == begins.length) {
            begins = Arrays.copyOf(begins, 2 * steps);
        }
        begins[steps] = count;
        touch(ALL, false);
    }

    private void touch(int thing, boolean write) {
        if (writtenAt[thing] == stamp || !write && readAt[thing] == stamp) {
            return;
        }
        (write ? writtenAt : readAt)[thing] = stamp;
        if (count == entries.length) {
            entries = Arrays.copyOf(entries, 2 * count);
        }
        entries[count++] = thing << 1 | (write ? 1 : 0);
    }

    /** A cell, list node or lock. */
    void touch(Watched w, boolean write) {
        if (w.number == 0) {
            w.number = watched++;
            if (watched > readAt.length) {
                readAt = Arrays.copyOf(readAt, 2 * watched);
                writtenAt = Arrays.copyOf(writtenAt, 2 * watched);
            }
        }
        touch(w.number, write);
    }

    /** The step depends on everything that has happened, and all that follows on it. */
    void touchAll() {
        touch(ALL, true);
    }

    /** Whether an interrupt is signalled to the pCPU, and which. */
    void touchSignal(int pcpu, boolean write) {
        touch(SIGNAL + pcpu, write);
    }

    void touchMailbox(int pcpu) {
        touch(MAILBOX + pcpu, true);
    }

    void touchTasklets(int pcpu) {
        touch(TASKLETS + pcpu, true);
    }

    /** The queue of writes to the GIC that the pCPU has begun. */
    void touchHardwareQueue(int pcpu) {
        touch(HARDWARE + pcpu, true);
    }

    void touchLine(int spi, boolean write) {
        touch(LINES + spi, write);
    }

    /** What an observer knows of a virtual interrupt, by which it judges. */
    void touchAccount(int virq) {
        touch(ACCOUNTS + virq, true);
    }

    // ---- for strategies ---------------------------------------------------------------------------------------------

    /** Index of the first entry of step {@code i}, from 0; its last is in front of the first one of the next step. */
    int first(int i) {
        return begins[i + 1];
    }

    /** Index behind the last entry of step {@code i}. */
    int end(int i) {
        return i + 1 < steps ? begins[i + 2] : count;
    }

    /** An entry: twice the thing's number, and 1 if it was written. */
    int entry(int at) {
        return entries[at];
    }

    /** More than any thing's number. */
    int things() {
        return watched;
    }

    /** The entries of step {@code i}. */
    int[] of(int i) {
        return Arrays.copyOfRange(entries, first(i), end(i));
    }

    /** Whether {@code other} and step {@code i} touch something in common that one of them writes. */
    boolean conflicts(int[] other, int i) {
        int end = end(i);
        for (int at = first(i); at < end; at++) {
            int e = entries[at];
            for (int o : other) {
                if ((o ^ e) >>> 1 == 0 && ((o | e) & 1) != 0) {
                    return true;
                }
            }
        }
        return false;
    }
}

package org.smpvisor.bench;

/** Counts on the calling thread for a given time, after a short start that does not count. */
final class Pace {
    private static final double START = 0.1;

    /** A piece of work that is short against a run and long against a look at the clock. */
    interface Batch {
        /** Does it; returns the number of operations. */
        long run();
    }

    private Pace() {}

    static double rate(double seconds, Batch batch) {
        count(seconds * START, batch);
        return count(seconds, batch);
    }

    private static double count(double seconds, Batch batch) {
        long from = System.nanoTime();
        long until = from + (long) (seconds * 1e9);
        long done = 0;
        long now;
        do {
            done += batch.run();
            now = System.nanoTime();
        } while (now < until);
        return done * 1e9 / (now - from);
    }

    /** One turn of a wait for another thread, which may need this core. */
    static void pause(int turn) {
        if ((turn & 0xffff) == 0xffff) {
            Thread.yield();
        } else {
            Thread.onSpinWait();
        }
    }
}

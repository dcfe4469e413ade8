package org.smpvisor.bench;

import java.util.concurrent.atomic.AtomicIntegerArray;

/** Reference: round trips between two threads over two volatile words, each in a cache line of its own. */
final class PingPong implements Subject {
    private static final int PING = 32;
    private static final int PONG = 64;
    private static final int WORDS = 96;
    private static final int BATCH = 256;
    private static final int STOP = -1;

    private AtomicIntegerArray words;
    private int trips;

    @Override
    public double rate(double seconds) {
        AtomicIntegerArray mine = new AtomicIntegerArray(WORDS);
        words = mine;
        trips = 0;
        try (Partner p = new Partner(() -> answer(mine), () -> mine.set(PING, STOP))) {
            return Pace.rate(seconds, this::batch);
        }
    }

    private long batch() {
        AtomicIntegerArray w = words;
        for (int i = 0; i < BATCH; i++) {
            trips = trips + 1 & Integer.MAX_VALUE;
            w.set(PING, trips);
            for (int turn = 0; w.get(PONG) != trips; turn++) {
                Pace.pause(turn);
            }
        }
        return BATCH;
    }

    private static void answer(AtomicIntegerArray w) {
        int last = 0;
        while (true) {
            int ball = w.get(PING);
            for (int turn = 0; ball == last; turn++) {
                Pace.pause(turn);
                ball = w.get(PING);
            }
            if (ball == STOP) {
                return;
            }
            w.set(PONG, ball);
            last = ball;
        }
    }
}

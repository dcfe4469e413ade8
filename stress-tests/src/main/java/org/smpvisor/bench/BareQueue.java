package org.smpvisor.bench;

import org.jctools.queues.MpscArrayQueue;

/** Reference: messages a second through a bare JCTools queue of preallocated messages, one producer, one consumer. */
final class BareQueue implements Subject {
    private static final int BATCH = 4_096;

    private record Message(int id) {}

    private final Message[] messages;
    private MpscArrayQueue<Message> queue;
    private volatile boolean stopped;
    private int sum;

    /** @param capacity messages that fit, and that exist */
    BareQueue(int capacity) {
        messages = new Message[capacity];
        for (int i = 0; i < capacity; i++) {
            messages[i] = new Message(i);
        }
    }

    @Override
    public double rate(double seconds) {
        queue = new MpscArrayQueue<>(messages.length);
        stopped = false;
        try (Partner p = new Partner(this::produce, () -> stopped = true)) {
            return Pace.rate(seconds, this::consume);
        }
    }

    private void produce() {
        MpscArrayQueue<Message> q = queue;
        Message[] all = messages;
        int next = 0;
        for (int turn = 0; !stopped; turn++) {
            if (q.relaxedOffer(all[next])) {
                next = next + 1 == all.length ? 0 : next + 1;
            } else {
                Pace.pause(turn);
            }
        }
    }

    private long consume() {
        MpscArrayQueue<Message> q = queue;
        int taken = 0;
        for (int turn = 0; taken < BATCH && !stopped; turn++) {
            Message m = q.relaxedPoll();
            if (m != null) {
                sum += m.id();
                taken++;
            } else {
                Pace.pause(turn);
            }
        }
        return taken;
    }
}

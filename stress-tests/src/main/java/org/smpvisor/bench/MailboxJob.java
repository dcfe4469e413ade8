package org.smpvisor.bench;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.SgiMailbox;

/**
 * Messages a second that an SGI mailbox delivers. One thread posts for all senders and INTIDs in turn, one receives; a post
 * that coalesces is tried again and does not count.
 */
final class MailboxJob implements Subject {
    private static final int BATCH = 4_096;
    static final int SGIS = 16;

    /** The mailbox of a machine with four pCPUs: they, and the world outside. */
    static final int SENDERS = 4 + Pcpu.EXTRA_SENDERS;

    private SgiMailbox box;
    private volatile boolean stopped;
    private int sum;

    @Override
    public double rate(double seconds) {
        box = new SgiMailbox(SENDERS);
        stopped = false;
        try (Partner p = new Partner(this::produce, () -> stopped = true)) {
            return Pace.rate(seconds, this::consume);
        }
    }

    private void produce() {
        SgiMailbox b = box;
        int all = SENDERS * SGIS;
        int next = 0;
        for (int turn = 0; !stopped; turn++) {
            if (b.post(next >> 4, next & SGIS - 1)) {
                next = next + 1 == all ? 0 : next + 1;
            } else { // coalesced with the one that waits: delivers nothing of its own
                Pace.pause(turn);
            }
        }
    }

    private long consume() {
        SgiMailbox b = box;
        int taken = 0;
        for (int turn = 0; taken < BATCH && !stopped; turn++) {
            int m = b.poll();
            if (m >= 0) {
                sum += m;
                taken++;
            } else {
                Pace.pause(turn);
            }
        }
        return taken;
    }
}

package org.smpvisor.cpu;

import org.smpvisor.cell.HwWords;

/** What a mailbox must not be: a message is put and the end is moved, or a flag raised, in two steps. For weak twins. */
final class TwoStepBox {
    private static final int SLOTS = 8;
    private static final int END = SLOTS;
    private static final int FLAG = SLOTS + 1;

    private final HwWords words = new HwWords(SLOTS + 2);
    private int taken;

    /** Two senders may put at the same place. */
    void post(int sender, int intid) {
        int end = (int) words.getOpaque(END);
        words.setRelease(end & SLOTS - 1, (long) sender << 4 | intid);
        words.setRelease(END, end + 1L);
    }

    /** For one sender: does nothing while its message is in the box, but says so only when that is in the box. */
    boolean postOnce(int sender, int intid) {
        if (words.getOpaque(FLAG) != 0) {
            return false;
        }
        post(sender, intid);
        words.setOpaque(FLAG, 1);
        return true;
    }

    /** As of a mailbox. */
    int poll() {
        if (words.getAcquire(END) <= taken) {
            return -1;
        }
        int message = (int) words.getOpaque(taken++ & SLOTS - 1);
        words.setOpaque(FLAG, 0);
        return message;
    }
}

package org.smpvisor.oracle;

import java.util.function.BiConsumer;
import java.util.function.IntPredicate;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.HwWords;

/**
 * The accounts of a domain's private interrupts that are not SGIs: timers, and the interrupt for events.
 *
 * <p>A timer is armed by a write of its vCPU after which it runs unmasked: each such write begins an <em>arming</em> with a deadline
 * and ends the one before. All that a timer's account is made of (writes, acknowledges) its own vCPU does, so it has one writer.
 * An arming that has not been ended must be acknowledged after its deadline; one that was ended after its deadline may or may not
 * have been delivered; one that was ended before, never. So there may be no more acknowledges than armings whose deadline came
 * before their end, and at rest, where no time is left to come, none may be armed and not acknowledged since its deadline.
 *
 * <p>Of events each pCPU counts how often it made the word in shared memory go up; a vCPU is not interrupted more often. That none
 * is lost the word itself says: at rest it must be down.
 */
final class TimerLedger {
    private static final int KINDS = 2;

    private static final long ARMED = 1;
    /** It was acknowledged after its deadline. */
    private static final long SEEN = 2;
    /** Its deadline has passed and is among {@link #due}. */
    private static final long COUNTED = 4;

    private final int vcpus;
    private final int pcpus;

    /** By timer: what has become of its arming. */
    private final HwWords state;
    /** By timer: deadline of its arming. */
    private final HwWords deadline;
    /** By timer: armings whose deadline came before their end. */
    private final HwWords due;
    /** By timer: acknowledges. */
    private final HwWords acks;
    /** By vCPU and pCPU: how often events made the word go up. */
    private final HwWords upcalls;
    /** By vCPU: acknowledges of the interrupt for events. */
    private final HwWords upcallAcks;

    TimerLedger(int vcpus, int pcpus) {
        this.vcpus = vcpus;
        this.pcpus = pcpus;
        this.state = new HwWords(vcpus * KINDS);
        this.deadline = new HwWords(vcpus * KINDS);
        this.due = new HwWords(vcpus * KINDS);
        this.acks = new HwWords(vcpus * KINDS);
        this.upcalls = new HwWords(vcpus * pcpus);
        this.upcallAcks = new HwWords(vcpus);
    }

    private static int timer(int vcpu, int ppi) {
        return vcpu * KINDS + (ppi == TimerAbi.VIRT_PPI ? 0 : 1);
    }

    /** A vCPU has written a register of a timer. */
    void written(int vcpu, int ppi, boolean armed, long at, long now) {
        int t = timer(vcpu, ppi);
        expire(t, now);
        deadline.setOpaque(t, at);
        state.setOpaque(t, armed && at >= 0 ? ARMED : 0); // without a sign it is later than any time that can be told
    }

    /** Whether the deadline of what is armed has come; then it is among those that are due. */
    private boolean expire(int t, long now) {
        long s = state.getOpaque(t);
        if ((s & ARMED) == 0 || deadline.getOpaque(t) > now) {
            return false;
        }
        if ((s & COUNTED) == 0) {
            due.setOpaque(t, due.getOpaque(t) + 1);
            state.setOpaque(t, s | COUNTED);
        }
        return true;
    }

    /** A vCPU acknowledges the interrupt of a timer. Returns what is wrong with that, {@code null} for nothing. */
    String acknowledged(int vcpu, int ppi, long now) {
        int t = timer(vcpu, ppi);
        if (expire(t, now)) {
            state.setOpaque(t, state.getOpaque(t) | SEEN);
        }
        return count(acks, t, due.getOpaque(t), "the timer expired");
    }

    /** Events have made the word of a vCPU go up, on a pCPU. */
    void upcall(int vcpu, int pcpu) {
        int i = vcpu * pcpus + pcpu;
        upcalls.setOpaque(i, upcalls.getOpaque(i) + 1);
    }

    /** A vCPU acknowledges the interrupt for events. Returns what is wrong with that, {@code null} for nothing. */
    String upcallAcknowledged(int vcpu) {
        return count(upcallAcks, vcpu, raisedUpcalls(vcpu), "events became pending");
    }

    private long raisedUpcalls(int vcpu) {
        long n = 0;
        for (int p = 0; p < pcpus; p++) {
            n += upcalls.getOpaque(vcpu * pcpus + p);
        }
        return n;
    }

    private static String count(HwWords acks, int i, long raises, String what) {
        long n = acks.getOpaque(i) + 1;
        if (n <= raises) {
            acks.setOpaque(i, n);
            return null;
        }
        acks.setOpaque(i, raises); // one too many is reported once
        return "acknowledged " + n + " times, " + what + " " + raises + " times";
    }

    /** A vCPU has been off: what was to come may have been dropped. */
    void reset(int vcpu, long now) {
        for (int ppi : new int[] {TimerAbi.VIRT_PPI, TimerAbi.PHYS_PPI}) {
            int t = timer(vcpu, ppi);
            expire(t, now);
            state.setOpaque(t, state.getOpaque(t) | SEEN);
        }
    }

    /** As for a domain that has just been created. */
    void clear() {
        for (HwWords words : new HwWords[] {state, deadline, due, acks, upcalls, upcallAcks}) {
            for (int i = 0; i < words.length(); i++) {
                words.setOpaque(i, 0);
            }
        }
    }

    /** At rest: tells of each vCPU and INTID whose timer was armed and never came. What coalesced is no credit from now on. */
    void judge(IntPredicate isDown, BiConsumer<Integer, Integer> lost) {
        for (int v = 0; v < vcpus; v++) {
            for (int ppi : new int[] {TimerAbi.VIRT_PPI, TimerAbi.PHYS_PPI}) {
                int t = timer(v, ppi);
                if ((state.getOpaque(t) & (ARMED | SEEN)) == ARMED && !isDown.test(v)) {
                    lost.accept(v, ppi);
                }
                state.setOpaque(t, 0);
                acks.setOpaque(t, due.getOpaque(t));
            }
            upcallAcks.setOpaque(v, raisedUpcalls(v));
        }
    }

    /** Armings whose deadline came before their end, and events that made their word go up. */
    long raised() {
        long n = 0;
        for (int i = 0; i < due.length(); i++) {
            n += due.getOpaque(i);
        }
        for (int i = 0; i < upcalls.length(); i++) {
            n += upcalls.getOpaque(i);
        }
        return n;
    }
}

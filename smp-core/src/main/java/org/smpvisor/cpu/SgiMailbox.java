package org.smpvisor.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jctools.queues.MpscArrayQueue;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.variant.Arm;

/**
 * The way of SGIs into a pCPU: a lock-free queue with many senders and one receiver. A post never blocks. One that is still
 * in the box for the same (sender, INTID) coalesces, as on hardware, so that the capacity of senders times 16 cannot be
 * exceeded. Messages are allocated once.
 *
 * <p>Ordering: the sender's stores before {@link #post} are visible to the receiver after {@link #poll}, provided the sender
 * issues a full fence before posting (ICC_SGI1R's DSB) and the receiver one after the drain.
 */
@Arm("IHI 0069, ICC_SGI1R_EL1")
public final class SgiMailbox {
    private static final VarHandle BOXED;
    private static final int SGIS = 16;

    static {
        try {
            BOXED = MethodHandles.lookup().findVarHandle(Message.class, "boxed", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** One SGI of one sender; lives as long as the mailbox. */
    private static final class Message {
        final int sender;
        final int intid;

        @SuppressWarnings("unused")
        boolean boxed; // set by the sender alone, cleared by the receiver alone

        /** Keeps the flags of neighbouring messages, which sender and receiver write at once, on different cache lines. */
        @SuppressWarnings("unused")
        private long p0, p1, p2, p3, p4, p5;

        Message(int sender, int intid) {
            this.sender = sender;
            this.intid = intid;
        }
    }

    private final Message[] messages;
    private final MpscArrayQueue<Message> queue;

    /** @param senders number of senders, ids 0..senders-1 */
    public SgiMailbox(int senders) {
        messages = new Message[senders * SGIS];
        for (int i = 0; i < messages.length; i++) {
            messages[i] = new Message(i / SGIS, i % SGIS);
        }
        queue = new MpscArrayQueue<>(Math.max(2, messages.length));
    }

    /**
     * Posts SGI {@code intid} (0..15). At most one thread at a time posts as {@code sender}.
     *
     * @return false if it coalesced with one that the receiver has not taken yet
     */
    public boolean post(int sender, int intid) {
        Message m = messages[sender * SGIS + intid];
        if ((boolean) BOXED.getOpaque(m)) {
            return false;
        }
        BOXED.setOpaque(m, true);
        if (!queue.relaxedOffer(m)) {
            throw new ModelBug("SGI mailbox overflow: sender " + sender + " INTID " + intid);
        }
        return true;
    }

    /**
     * Takes one message; for the receiver alone.
     *
     * @return INTID in bits 3:0 and sender above, or -1 when the box is empty
     */
    public int poll() {
        Message m = queue.relaxedPoll();
        if (m == null) {
            return -1;
        }
        // Cleared before the receiver's fence and before the handler reads anything: whoever coalesces until here is
        // served by the delivery that follows. Pairs with the opaque load in post.
        BOXED.setOpaque(m, false);
        return m.sender << 4 | m.intid;
    }

    /** Whether the box looks empty; exact when no sender is active. */
    public boolean isEmpty() {
        return queue.isEmpty();
    }
}

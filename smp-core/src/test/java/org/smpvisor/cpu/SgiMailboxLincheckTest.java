package org.smpvisor.cpu;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * The mailbox against a queue without duplicates. One post at a time, since {@code relaxedPoll} may answer "empty" while a
 * slower sender's message stands in front: that delays a delivery until that sender rings too, and is not linearizable.
 */
@Param(name = "sender", gen = IntGen.class, conf = "0:1")
@Param(name = "intid", gen = IntGen.class, conf = "2:3")
public class SgiMailboxLincheckTest {
    private final SgiMailbox box = new SgiMailbox(2);

    @Operation(nonParallelGroup = "senders")
    public boolean post(@Param(name = "sender") int sender, @Param(name = "intid") int intid) {
        return box.post(sender, intid);
    }

    @Operation(nonParallelGroup = "receiver")
    public int poll() {
        return box.poll();
    }

    /** What a mailbox is when nothing happens at the same time. */
    public static final class Specification {
        private final Deque<Integer> box = new ArrayDeque<>();

        public boolean post(int sender, int intid) {
            int message = sender << 4 | intid;
            return !box.contains(message) && box.add(message);
        }

        public int poll() {
            Integer message = box.poll();
            return message == null ? -1 : message;
        }
    }

    @Test
    void postsAndPollsAreLinearizable() {
        new ModelCheckingOptions()
                .iterations(8)
                .invocationsPerIteration(400)
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(1)
                .sequentialSpecification(Specification.class)
                .check(SgiMailboxLincheckTest.class);
    }

    @Test
    void twoSendersAndAReceiverLoseAndDoubleNothing() {
        Lincheck.runConcurrentTest(400, SgiMailboxLincheckTest::twoSendersOneReceiver);
    }

    private static void twoSendersOneReceiver() {
        SgiMailbox box = new SgiMailbox(2);
        int[] arrived = new int[2];
        Thread first = new Thread(() -> box.post(0, 2));
        Thread second = new Thread(() -> box.post(1, 2));
        first.start();
        second.start();
        count(arrived, box.poll());
        count(arrived, box.poll());
        join(first);
        join(second);
        count(arrived, box.poll());
        count(arrived, box.poll());
        if (arrived[0] != 1 || arrived[1] != 1 || !box.isEmpty()) {
            throw new AssertionError(arrived[0] + " and " + arrived[1] + " messages arrived");
        }
    }

    private static void count(int[] arrived, int message) {
        if (message >= 0) {
            arrived[message >> 4]++;
        }
    }

    private static void join(Thread t) {
        try {
            t.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

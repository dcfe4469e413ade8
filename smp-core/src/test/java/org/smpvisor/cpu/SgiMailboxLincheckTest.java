package org.smpvisor.cpu;

import java.util.ArrayDeque;
import java.util.Deque;
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
                .iterations(12)
                .invocationsPerIteration(600)
                .loopIterationsBeforeThreadSwitch(100) // the constructor's loop is no spin loop
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(1)
                .sequentialSpecification(Specification.class)
                .check(SgiMailboxLincheckTest.class);
    }
}

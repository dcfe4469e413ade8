package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Script;

/**
 * The mailbox against a queue without duplicates. Two senders post at once only while nobody polls, since {@code relaxedPoll} may
 * answer "empty" while a slower sender's message stands in front: that delays a delivery until that sender rings too, and is
 * not linearizable.
 */
@Param(name = "sender", gen = IntGen.class, conf = "0:1")
@Param(name = "intid", gen = IntGen.class, conf = "2:3")
public class SgiMailboxLincheckTest {
    private final SgiMailbox box = fresh();

    private static SgiMailbox fresh() {
        return new SgiMailbox(2);
    }

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

    private static ModelCheckingOptions parallel(String before, String one, String other, String afterwards) {
        return Budget.modelChecking(0, 100)
                .addCustomScenario(Script.of(SgiMailboxLincheckTest.class, before, one, other, afterwards))
                .sequentialSpecification(Specification.class);
    }

    @Test
    void postsAndPollsAreLinearizable() {
        Budget.modelChecking(3, 60).sequentialSpecification(Specification.class).check(SgiMailboxLincheckTest.class);
    }

    @Test
    void postsAndPollsAreLinearizableOnRealThreads() {
        Budget.stress(2, 100).sequentialSpecification(Specification.class).check(SgiMailboxLincheckTest.class);
    }

    @Test
    void whatTwoSendersPostAtOnceIsAllThere() {
        parallel("", "post 0 2; post 0 3; post 0 2", "post 1 2; post 1 3", "poll; poll; poll; poll; poll")
                .check(SgiMailboxLincheckTest.class);
    }

    @Test
    void twoReceiversWouldBeTooMany() {
        assertThatThrownBy(() ->
                        parallel("post 0 2; post 0 3", "poll", "poll", "poll").check(SgiMailboxLincheckTest.class))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.Consumer;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.HwWords;
import org.smpvisor.lincheck.Budget;

/**
 * Two protocols in their barest form, a word for each side, under Lincheck's general search: a message and its doorbell, and a
 * vCPU that blocks while it is kicked. Every schedule builds its words anew, inside what is searched, and without a loop: after
 * one of more than ten turns the search would take it for a hang and look at nothing.
 */
public class DoorbellLincheckTest {
    private static final int INVOCATIONS = 300;

    // ---- message and doorbell ---------------------------------------------------------------------------------------

    private static final int MESSAGE = 0;
    private static final int BELL = 1;

    private static void messageFirst(HwWords w) {
        w.setRelease(MESSAGE, 1);
        w.setRelease(BELL, 1);
    }

    /** The order of XB-079. */
    private static void bellFirst(HwWords w) {
        w.setRelease(BELL, 1);
        w.setRelease(MESSAGE, 1);
    }

    private static void answer(HwWords w) {
        if (w.getAcquire(BELL) == 1 && w.getAcquire(MESSAGE) == 0) {
            throw new AssertionError("the bell rang and there is no message");
        }
    }

    // ---- block and kick ---------------------------------------------------------------------------------------------

    private static final int BLOCKED = 0;
    private static final int EVENT = 1;

    private static void flagFirst(HwWords w) {
        w.setVolatile(BLOCKED, 1);
        if (w.getVolatile(EVENT) == 1) {
            w.setVolatile(BLOCKED, 0);
        }
    }

    /** The order of XB-073. */
    private static void lookFirst(HwWords w) {
        if (w.getVolatile(EVENT) == 0) {
            w.setVolatile(BLOCKED, 1);
        }
    }

    private static void kick(HwWords w) {
        w.setVolatile(EVENT, 1);
        w.compareAndSet(BLOCKED, 1, 0);
    }

    private static void isAwake(HwWords w) {
        if (w.getVolatile(BLOCKED) == 1) {
            throw new AssertionError("asleep with an event");
        }
    }

    // ---- the search -------------------------------------------------------------------------------------------------

    /** What {@code other} throws in its own thread the search does not count as a failure. */
    private static void search(Consumer<HwWords> one, Consumer<HwWords> other, Consumer<HwWords> afterwards) {
        Lincheck.runConcurrentTest(Budget.invocations(INVOCATIONS), () -> {
            HwWords words = new HwWords(2);
            Thread t = new Thread(() -> other.accept(words));
            t.start();
            one.accept(words);
            join(t);
            afterwards.accept(words);
        });
    }

    private static void join(Thread t) {
        try {
            t.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whoHearsTheBellFindsTheMessage() {
        search(DoorbellLincheckTest::answer, DoorbellLincheckTest::messageFirst, w -> {});
    }

    @Test
    void notIfItIsRungFirst() {
        assertThatThrownBy(() -> search(DoorbellLincheckTest::answer, DoorbellLincheckTest::bellFirst, w -> {}))
                .isInstanceOf(LincheckAssertionError.class);
    }

    @Test
    void nobodySleepsThroughAKick() {
        search(DoorbellLincheckTest::flagFirst, DoorbellLincheckTest::kick, DoorbellLincheckTest::isAwake);
    }

    @Test
    void whoLooksBeforeSayingThatItSleepsDoes() {
        assertThatThrownBy(() -> search(
                        DoorbellLincheckTest::lookFirst, DoorbellLincheckTest::kick, DoorbellLincheckTest::isAwake))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

package org.smpvisor.gic.host;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.GicBench;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Script;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.PutBack;
import org.smpvisor.variant.Shows;
import org.smpvisor.variant.Variant;

/** Cross calls from one pCPU to another that has nothing else to do, with all that is between, against a queue of functions. */
@Shows(Bug.XB_079)
public class CrossCallLincheckTest {
    private static Variant variant = PutBack.into(Variant.allFixed());

    private final GicBench b = GicBench.fresh(variant);

    /** What pCPU 1 has run; its own. */
    private final Deque<Integer> ran = new ArrayDeque<>();

    @Operation(nonParallelGroup = "cpu0")
    public void call(int value) {
        Pcpu cpu = b.cpus[0];
        cpu.localIrqEnable();
        b.crossCall.onOthers(cpu, p -> ran.add(value));
        cpu.localIrqDisable();
    }

    /** Waits, with interrupts open, until a function has run. */
    @Operation(nonParallelGroup = "cpu1")
    public int answer() {
        Pcpu cpu = b.cpus[1];
        cpu.localIrqEnable();
        for (int turn = 0; ran.isEmpty(); turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.localIrqDisable();
        return ran.remove();
    }

    /** A queue. */
    public static final class Specification {
        private final Deque<Integer> called = new ArrayDeque<>();

        public void call(int value) {
            called.add(value);
        }

        public int answer() {
            return called.remove();
        }
    }

    private static void check(Variant v) {
        Variant before = variant;
        variant = v;
        try {
            Budget.modelChecking(0, 60)
                    .addCustomScenario(Script.of(CrossCallLincheckTest.class, "", "call 1", "answer", ""))
                    .sequentialSpecification(Specification.class)
                    .check(CrossCallLincheckTest.class);
        } finally {
            variant = before;
        }
    }

    @Test
    void theOtherPcpuRunsWhatItIsGiven() {
        check(variant);
    }

    @Test
    void notIfTheSgiIsSentBeforeThePayloadIsWritten() {
        assertThatThrownBy(() -> check(PutBack.with(Variant.allFixed(), Bug.XB_079)))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

package org.smpvisor.lock;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Fresh;

/**
 * A counter under the ticket lock against a plain counter; one pCPU per thread.
 *
 * <p>By way of {@code Lincheck.runConcurrentTest}, which has no options, this would check nothing: after the loop in a
 * constructor of the pCPU, longer than ten turns, it explores no interleaving and reports success.
 */
@Param(name = "cpu", gen = ThreadIdGen.class)
public class SpinLockLincheckTest {
    private final Pcpu[] cpus = Fresh.fresh(2);
    final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
    private int counter;

    @Operation
    public int count(@Param(name = "cpu") int thread) {
        Pcpu cpu = cpus[thread & 1];
        begin(cpu);
        int n = ++counter;
        end(cpu);
        return n;
    }

    void begin(Pcpu cpu) {
        lock.lock(cpu);
    }

    void end(Pcpu cpu) {
        lock.unlock(cpu);
    }

    /** A counter. */
    public static final class Specification {
        private int counter;

        public int count(int thread) {
            return ++counter;
        }
    }

    /** One that nobody locks. */
    public static final class WithoutLock extends SpinLockLincheckTest {
        @Override
        void begin(Pcpu cpu) {}

        @Override
        void end(Pcpu cpu) {}
    }

    @Test
    void criticalSectionsNeverOverlapAndNobodyStarves() {
        Budget.modelChecking(1, 120)
                .sequentialSpecification(Specification.class)
                .check(SpinLockLincheckTest.class);
    }

    @Test
    void norDoTheyOnRealThreads() {
        Budget.stress(1, 100).sequentialSpecification(Specification.class).check(SpinLockLincheckTest.class);
    }

    @Test
    void withoutTheLockTheyDo() {
        assertThatThrownBy(() -> Budget.modelChecking(1, 120)
                        .sequentialSpecification(Specification.class)
                        .check(WithoutLock.class))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

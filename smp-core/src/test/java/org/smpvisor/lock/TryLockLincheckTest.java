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

/** Whoever gets the ticket lock by trying has it alone: at most one of two attempts without a release succeeds. */
@Param(name = "cpu", gen = ThreadIdGen.class)
public class TryLockLincheckTest {
    private final Pcpu[] cpus = Fresh.fresh(2);
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);

    @Operation
    public boolean tryLock(@Param(name = "cpu") int thread) {
        return lock.tryLock(cpus[thread & 1]);
    }

    /** A flag. */
    public static final class Specification {
        private boolean taken;

        public boolean tryLock(int thread) {
            boolean mine = !taken;
            taken = true;
            return mine;
        }
    }

    /** Looks and takes in two steps. */
    @Param(name = "cpu", gen = ThreadIdGen.class)
    public static class LookThenTake {
        private volatile boolean taken;

        @Operation
        public boolean tryLock(@Param(name = "cpu") int thread) {
            boolean mine = !taken;
            taken = true;
            return mine;
        }
    }

    private static void check(Class<?> lock) {
        Budget.modelChecking(1, 80).sequentialSpecification(Specification.class).check(lock);
    }

    @Test
    void atMostOneAttemptSucceeds() {
        check(TryLockLincheckTest.class);
    }

    @Test
    void whoLooksAndTakesInTwoStepsIsFoundOut() {
        assertThatThrownBy(() -> check(LookThenTake.class)).isInstanceOf(LincheckAssertionError.class);
    }
}

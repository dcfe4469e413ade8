package org.smpvisor.lock;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.trace.EventRing;

/** Whoever gets the ticket lock by trying has it alone: at most one of two attempts without a release succeeds. */
public class TryLockLincheckTest {
    private final NativeEngine engine = new NativeEngine(2);
    private final LockValidator validator = new LockValidator(false);
    private final Pcpu[] cpus = {pcpu(0), pcpu(1)};
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);

    private Pcpu pcpu(int id) {
        Pcpu p = new Pcpu(id, id, 1, engine, validator, new EventRing("cpu", 0, engine));
        p.connect(cpu -> false, null, cpu -> {});
        return p;
    }

    @Operation(nonParallelGroup = "cpu0")
    public boolean tryOnCpu0() {
        return lock.tryLock(cpus[0]);
    }

    @Operation(nonParallelGroup = "cpu1")
    public boolean tryOnCpu1() {
        return lock.tryLock(cpus[1]);
    }

    /** What it is when nothing happens at the same time. */
    public static final class Specification {
        private boolean taken;

        public boolean tryOnCpu0() {
            return take();
        }

        public boolean tryOnCpu1() {
            return take();
        }

        private boolean take() {
            boolean mine = !taken;
            taken = true;
            return mine;
        }
    }

    @Test
    void atMostOneAttemptSucceeds() {
        new ModelCheckingOptions()
                .iterations(3)
                .invocationsPerIteration(200)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(0)
                .loopIterationsBeforeThreadSwitch(20) // more than the longest loop of a constructor
                .loopBound(400) // a waiter that is passed over that often hangs
                .sequentialSpecification(Specification.class)
                .check(TryLockLincheckTest.class);
    }
}

package org.smpvisor.lock;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.trace.EventRing;

/**
 * A counter under the ticket lock against a plain counter; one pCPU per thread.
 *
 * <p>By way of {@code Lincheck.runConcurrentTest}, which has no options, this would check nothing: after the loop in a
 * constructor of the pCPU, longer than ten turns, it explores no interleaving and reports success.
 */
public class SpinLockLincheckTest {
    private final NativeEngine engine = new NativeEngine(2);
    private final LockValidator validator = new LockValidator(false);
    private final Pcpu[] cpus = {pcpu(0), pcpu(1)};
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
    private int counter;

    private Pcpu pcpu(int id) {
        Pcpu p = new Pcpu(id, id, 1, engine, validator, new EventRing("cpu", 0, engine));
        p.connect(cpu -> false, null, cpu -> {});
        return p;
    }

    @Operation(nonParallelGroup = "cpu0")
    public int countOnCpu0() {
        return count(cpus[0]);
    }

    @Operation(nonParallelGroup = "cpu1")
    public int countOnCpu1() {
        return count(cpus[1]);
    }

    private int count(Pcpu cpu) {
        lock.lock(cpu);
        int n = ++counter;
        lock.unlock(cpu);
        return n;
    }

    /** What it is when nothing happens at the same time. */
    public static final class Specification {
        private int counter;

        public int countOnCpu0() {
            return ++counter;
        }

        public int countOnCpu1() {
            return ++counter;
        }
    }

    @Test
    void criticalSectionsNeverOverlapAndNobodyStarves() {
        new ModelCheckingOptions()
                .iterations(4)
                .invocationsPerIteration(600)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(1)
                .loopIterationsBeforeThreadSwitch(20) // more than the longest loop of a constructor
                .loopBound(400) // a waiter that is passed over that often hangs
                .sequentialSpecification(Specification.class)
                .check(SpinLockLincheckTest.class);
    }
}

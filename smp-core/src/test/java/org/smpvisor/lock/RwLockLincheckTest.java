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
 * Two words that are only ever changed together, under a read-write lock, against one word. The attempts to take it are not
 * among the operations: a reader that fails is counted for a moment, and makes a writer fail that was alone.
 */
@Param(name = "cpu", gen = ThreadIdGen.class)
public class RwLockLincheckTest {
    private final Pcpu[] cpus = Fresh.fresh(2);
    final RwLock lock = new RwLock(LockClass.IO, "lock");
    private int first;
    private int second;

    private Pcpu cpu(int thread) {
        return cpus[thread & 1];
    }

    @Operation
    public int write(@Param(name = "cpu") int cpu) {
        lock.writeLock(cpu(cpu));
        int n = ++first;
        second++;
        lock.writeUnlock(cpu(cpu));
        return n;
    }

    @Operation
    public int read(@Param(name = "cpu") int cpu) {
        beginRead(cpu(cpu));
        int sum = first + second;
        endRead(cpu(cpu));
        return sum;
    }

    void beginRead(Pcpu cpu) {
        lock.readLock(cpu);
    }

    void endRead(Pcpu cpu) {
        lock.readUnlock(cpu);
    }

    /** The owner of the write side may read, too. */
    @Operation
    public int writeAndRead(@Param(name = "cpu") int cpu) {
        lock.writeLock(cpu(cpu));
        first++;
        second++;
        int sum = read(cpu);
        lock.writeUnlock(cpu(cpu));
        return sum;
    }

    /** One word. */
    public static final class Specification {
        private int word;

        public int write(int cpu) {
            return ++word;
        }

        public int read(int cpu) {
            return 2 * word;
        }

        public int writeAndRead(int cpu) {
            return 2 * ++word;
        }
    }

    /** One whose readers do not care. */
    public static final class ReadsWithoutLock extends RwLockLincheckTest {
        @Override
        void beginRead(Pcpu cpu) {}

        @Override
        void endRead(Pcpu cpu) {}
    }

    @Test
    void nobodyReadsWhatIsHalfWritten() {
        Budget.modelChecking(4, 40).sequentialSpecification(Specification.class).check(RwLockLincheckTest.class);
    }

    @Test
    void nobodyReadsWhatIsHalfWrittenOnRealThreads() {
        Budget.stress(2, 100).sequentialSpecification(Specification.class).check(RwLockLincheckTest.class);
    }

    @Test
    void withoutTheReadSideSomebodyDoes() {
        assertThatThrownBy(() -> Budget.modelChecking(4, 40)
                        .sequentialSpecification(Specification.class)
                        .check(ReadsWithoutLock.class))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

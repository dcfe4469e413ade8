package org.smpvisor.cell;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;
import org.smpvisor.lincheck.Budget;

/** A register of the hardware that several sides change at once, against a long. */
@Param(name = "bit", gen = IntGen.class, conf = "0:1")
public class HwWordsLincheckTest {
    private final HwWords words = new HwWords(1);

    @Operation
    public long getAndOr(@Param(name = "bit") int bit) {
        return words.getAndOr(0, 1L << bit);
    }

    @Operation
    public long getAndAnd(@Param(name = "bit") int bit) {
        return and(words, ~(1L << bit));
    }

    long and(HwWords w, long bits) {
        return w.getAndAnd(0, bits);
    }

    @Operation
    public long getAndAdd() {
        return words.getAndAdd(0, 4);
    }

    @Operation
    public boolean compareAndSet(@Param(name = "bit") int bit) {
        return words.compareAndSet(0, bit, 3);
    }

    @Operation
    public long get() {
        return words.getVolatile(0);
    }

    /** A long: two bits, and a counter above them. */
    public static final class Specification {
        private long value;

        private long become(long v) {
            long was = value;
            value = v;
            return was;
        }

        public long getAndOr(int bit) {
            return become(value | 1L << bit);
        }

        public long getAndAnd(int bit) {
            return become(value & ~(1L << bit));
        }

        public long getAndAdd() {
            return become(value + 4);
        }

        public boolean compareAndSet(int bit) {
            return value == bit && become(3) == bit;
        }

        public long get() {
            return value;
        }
    }

    /** One that clears bits by a load and a compare-and-set that nobody looks at. */
    public static final class WithoutRetry extends HwWordsLincheckTest {
        @Override
        long and(HwWords w, long bits) {
            long was = w.getVolatile(0);
            w.compareAndSet(0, was, was & bits);
            return was;
        }
    }

    @Test
    void everyChangeIsAtomic() {
        Budget.modelChecking(4, 40).sequentialSpecification(Specification.class).check(HwWordsLincheckTest.class);
    }

    @Test
    void everyChangeIsAtomicOnRealThreads() {
        Budget.stress(2, 100).sequentialSpecification(Specification.class).check(HwWordsLincheckTest.class);
    }

    @Test
    void aCompareAndSetThatIsNotTriedAgainLosesAChange() {
        assertThatThrownBy(() -> Budget.modelChecking(4, 40)
                        .sequentialSpecification(Specification.class)
                        .check(WithoutRetry.class))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

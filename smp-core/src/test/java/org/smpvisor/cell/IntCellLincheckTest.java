package org.smpvisor.cell;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Fresh;

/** A cell of bits that several pCPUs change at once, against an int. */
@Param(name = "cpu", gen = ThreadIdGen.class)
@Param(name = "bit", gen = IntGen.class, conf = "0:1")
public class IntCellLincheckTest {
    private final Pcpu[] cpus = Fresh.fresh(2);
    private final IntCell cell = new IntCell("cell");

    private Pcpu cpu(int thread) {
        return cpus[thread & 1];
    }

    @Operation
    public void setBit(@Param(name = "cpu") int cpu, @Param(name = "bit") int bit) {
        set(cpu(cpu), cell, bit);
    }

    void set(Pcpu cpu, IntCell c, int bit) {
        c.setBit(cpu, bit);
    }

    @Operation
    public void clearBit(@Param(name = "cpu") int cpu, @Param(name = "bit") int bit) {
        cell.clearBit(cpu(cpu), bit);
    }

    @Operation
    public boolean testAndSetBit(@Param(name = "cpu") int cpu, @Param(name = "bit") int bit) {
        return cell.testAndSetBit(cpu(cpu), bit);
    }

    @Operation
    public boolean testAndClearBit(@Param(name = "cpu") int cpu, @Param(name = "bit") int bit) {
        return cell.testAndClearBit(cpu(cpu), bit);
    }

    @Operation
    public int getAndAdd(@Param(name = "cpu") int cpu) {
        return cell.getAndAdd(cpu(cpu), 4);
    }

    @Operation
    public int get(@Param(name = "cpu") int cpu) {
        return cell.getOpaque(cpu(cpu));
    }

    /** An int: two bits, and a counter above them. */
    public static final class Specification {
        private int value;

        public void setBit(int cpu, int bit) {
            value |= 1 << bit;
        }

        public void clearBit(int cpu, int bit) {
            value &= ~(1 << bit);
        }

        public boolean testAndSetBit(int cpu, int bit) {
            boolean was = (value >> bit & 1) != 0;
            setBit(cpu, bit);
            return was;
        }

        public boolean testAndClearBit(int cpu, int bit) {
            boolean was = (value >> bit & 1) != 0;
            clearBit(cpu, bit);
            return was;
        }

        public int getAndAdd(int cpu) {
            int was = value;
            value += 4;
            return was;
        }

        public int get(int cpu) {
            return value;
        }
    }

    /** One that sets bits by a load and a store. */
    public static final class ByLoadAndStore extends IntCellLincheckTest {
        @Override
        void set(Pcpu cpu, IntCell c, int bit) {
            c.setOpaque(cpu, c.getOpaque(cpu) | 1 << bit);
        }
    }

    @Test
    void noChangeOfABitIsLost() {
        Budget.modelChecking(4, 40).sequentialSpecification(Specification.class).check(IntCellLincheckTest.class);
    }

    @Test
    void noChangeOfABitIsLostOnRealThreads() {
        Budget.stress(2, 100).sequentialSpecification(Specification.class).check(IntCellLincheckTest.class);
    }

    @Test
    void aLoadAndAStoreLoseOne() {
        assertThatThrownBy(() -> Budget.modelChecking(4, 40)
                        .sequentialSpecification(Specification.class)
                        .check(ByLoadAndStore.class))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

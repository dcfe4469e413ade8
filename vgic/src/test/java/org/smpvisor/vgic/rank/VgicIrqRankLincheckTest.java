package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.GICD_IPRIORITYR;
import static org.smpvisor.abi.GicAbi.GICD_ISENABLER;
import static org.smpvisor.abi.GicAbi.GUEST_GICD_BASE;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.IntCell;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Script;
import org.smpvisor.variant.Variant;

/** The registers of a rank while two vCPUs access them: the enable bits of two SPIs and the word of their priorities. */
@Param(name = "cpu", gen = ThreadIdGen.class)
@Param(name = "i", gen = IntGen.class, conf = "0:1")
public class VgicIrqRankLincheckTest {
    private static final int FIRST = Bench.VIRTUAL;

    final Bench b = Bench.fresh(Variant.allFixed());

    @Operation
    public void enable(@Param(name = "cpu") int cpu, @Param(name = "i") int i) {
        set(cpu & 1, FIRST + i);
    }

    void set(int cpu, int spi) {
        b.enable(cpu, spi);
    }

    @Operation
    public void disable(@Param(name = "cpu") int cpu, @Param(name = "i") int i) {
        b.disable(cpu & 1, FIRST + i);
    }

    @Operation
    public int enabled(@Param(name = "cpu") int cpu) {
        return load(cpu, GICD_ISENABLER + 4) >>> FIRST - 32 & 3;
    }

    /** One byte of the word. */
    @Operation
    public void prioritise(@Param(name = "cpu") int cpu, @Param(name = "i") int i) {
        b.store(cpu & 1, GUEST_GICD_BASE + GICD_IPRIORITYR + FIRST + i, 1, 8 << i);
    }

    @Operation
    public int priorities(@Param(name = "cpu") int cpu) {
        return load(cpu, GICD_IPRIORITYR + FIRST);
    }

    private int load(int cpu, int offset) {
        b.load(cpu & 1, GUEST_GICD_BASE + offset, 4);
        return (int) b.answer(cpu & 1);
    }

    /** Two registers. */
    public static final class Specification {
        private int enabled;
        private int priorities;

        public void enable(int cpu, int i) {
            enabled |= 1 << i;
        }

        public void disable(int cpu, int i) {
            enabled &= ~(1 << i);
        }

        public int enabled(int cpu) {
            return enabled;
        }

        public void prioritise(int cpu, int i) {
            priorities = priorities & ~(0xff << 8 * i) | 8 << i << 8 * i;
        }

        public int priorities(int cpu) {
            return priorities;
        }
    }

    /** One whose enable register is written without its lock. */
    public static final class WithoutRankLock extends VgicIrqRankLincheckTest {
        @Override
        void set(int cpu, int spi) {
            IntCell ienable = b.dist().rankOfSpi(spi).ienable();
            ienable.setOpaque(b.cpus[cpu], ienable.getOpaque(b.cpus[cpu]) | 1 << spi - 32);
        }
    }

    private static void check(Class<? extends VgicIrqRankLincheckTest> subject) {
        Budget.modelChecking(0, 15)
                .addCustomScenario(Script.of(subject, "", "enable 0 0", "enable 1 1", "enabled 0"))
                .addCustomScenario(Script.of(subject, "", "prioritise 0 0", "prioritise 1 1", "priorities 0"))
                .sequentialSpecification(Specification.class)
                .check(subject);
    }

    @Test
    void noWriteOfOneVcpuUndoesAnothers() {
        check(VgicIrqRankLincheckTest.class);
    }

    @Test
    void withoutTheRankLockItDoes() {
        assertThatThrownBy(() -> check(WithoutRankLock.class)).isInstanceOf(LincheckAssertionError.class);
    }
}

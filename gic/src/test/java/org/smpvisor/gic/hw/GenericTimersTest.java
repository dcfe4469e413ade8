package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.abi.TimerAbi.*;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.VirtualTimer;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.gic.GicBench;
import org.smpvisor.gic.GicV2Bench;

/** Comparators, and the limits of what a GIC can be built as. */
class GenericTimersTest {
    private final GicBench b = GicBench.booted(2);
    private final GenericTimers timers = new GenericTimers(b.hw, GicBench.HYP_TIMER);

    private final GicV2Bench two = GicV2Bench.booted(2);
    private final GenericTimers onTwo = new GenericTimers(two.hw, GicBench.HYP_TIMER, VIRT_PPI);
    private final GenericTimers onThree = new GenericTimers(b.hw, GicBench.HYP_TIMER, VIRT_PPI);

    /** Whether the virtual timer's line is high at pCPU 1 of either GIC. */
    private boolean isVirtualHigh() {
        boolean three = (b.readGicr(1, GICR_SGI_FRAME + GICD_ISPENDR, 4) & 1 << VIRT_PPI) != 0;
        assertThat((two.readGicd(1, GICD_ISPENDR) & 1 << VIRT_PPI) != 0).isEqualTo(three);
        assertThat(two.readGicd(0, GICD_ISPENDR) & 1 << VIRT_PPI).isZero();
        return three;
    }

    private void writeControl(int value) {
        onTwo.virtualTimer(1).writeControl(two.cpus[1], value);
        onThree.virtualTimer(1).writeControl(b.cpus[1], value);
    }

    private void writeCompare(long value) {
        onTwo.virtualTimer(1).writeCompare(two.cpus[1], value);
        onThree.virtualTimer(1).writeCompare(b.cpus[1], value);
    }

    private void tick(long now) {
        onTwo.tick(now);
        onThree.tick(now);
    }

    private int control() {
        return onTwo.virtualTimer(1).readControl(two.cpus[1]);
    }

    @Test
    void theLineOfAVirtualTimerIsHighWhileItIsEnabledNotMaskedAndDue() {
        writeCompare(100);
        writeControl(CTL_ENABLE);
        tick(99);
        assertThat(isVirtualHigh()).isFalse();
        assertThat(control()).isEqualTo(CTL_ENABLE);
        tick(100);
        assertThat(isVirtualHigh()).isTrue();
        writeControl(CTL_ENABLE | CTL_IMASK);
        assertThat(isVirtualHigh()).isFalse();
        assertThat(control()).isEqualTo(CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
        writeControl(CTL_ENABLE);
        assertThat(isVirtualHigh()).isTrue();
        writeControl(0);
        assertThat(isVirtualHigh()).isFalse();
        assertThat(onTwo.isArmed()).isFalse();
    }

    @Test
    void aVirtualTimerThatIsMovedIntoTheFutureOrThePastFollowsAtOnce() {
        tick(1_000);
        writeControl(CTL_ENABLE);
        writeCompare(2_000);
        assertThat(isVirtualHigh()).isFalse();
        writeCompare(1_000);
        assertThat(isVirtualHigh()).isTrue();
        writeCompare(-1);
        tick(Long.MAX_VALUE);
        assertThat(isVirtualHigh()).as("compare values have no sign").isFalse();
    }

    @Test
    void aPcpuIsToldOfItsVirtualTimerByTheClockAndByItsOwnWrite() {
        writeCompare(100);
        writeControl(CTL_ENABLE);
        two.cpus[1].takeIn();
        tick(100);
        assertThat(two.cpus[1].needsAttention()).isTrue();
        two.cpus[1].takeIn();
        writeCompare(500);
        two.cpus[1].takeIn();
        writeCompare(50);
        assertThat(two.cpus[1].needsAttention()).isTrue();
    }

    @Test
    void whatIsLeftOfATimerIsASignedNumberOf32Bits() {
        VirtualTimer t = onThree.virtualTimer(0);
        t.writeLeft(b.cpus[0], 0xffffffffL - 1_000_000);
        assertThat(t.readCompare(b.cpus[0])).isLessThan(t.readCounter(b.cpus[0]));
        assertThat((int) t.readLeft(b.cpus[0])).isNegative();
        t.writeLeft(b.cpus[0], 2_000_000_000);
        assertThat((int) t.readLeft(b.cpus[0])).isBetween(1, 2_000_000_000);
    }

    @Test
    void timersExpireInTheOrderOfTheirDeadlinesWhosesoeverTheyAre() {
        writeCompare(100);
        writeControl(CTL_ENABLE);
        onTwo.program(two.cpus[0], 50);
        assertThat(onTwo.isNext(1)).isFalse();
        assertThat(onTwo.isNext(0)).isTrue();
        tick(50);
        assertThat(onTwo.next(1)).isEqualTo(100);
        assertThat(onTwo.isNext(1)).isTrue();
        tick(100);
        assertThat(onTwo.isNext(0) || onTwo.isNext(1)).as("all lines are high").isFalse();
    }

    private boolean isHigh(int p) {
        return (b.readGicr(p, GICR_SGI_FRAME + GICD_ISPENDR, 4) & 1 << GicBench.HYP_TIMER) != 0;
    }

    @Test
    void theLineRisesAtTheDeadlineAndNotBefore() {
        timers.program(b.cpus[1], 100);
        timers.tick(99);
        assertThat(isHigh(1)).isFalse();
        timers.tick(100);
        assertThat(isHigh(1)).isTrue();
        assertThat(isHigh(0)).isFalse();
    }

    @Test
    void disarmingLowersTheLine() {
        timers.program(b.cpus[1], 100);
        timers.tick(100);
        timers.program(b.cpus[1], CpuTimers.NEVER);
        assertThat(isHigh(1)).isFalse();
        assertThat(timers.isArmed()).isFalse();
    }

    @Test
    void aDeadlineMovedIntoTheFutureLowersTheLine() {
        timers.program(b.cpus[1], 100);
        timers.tick(100);
        timers.program(b.cpus[1], 200);
        timers.tick(150);
        assertThat(isHigh(1)).isFalse();
    }

    @Test
    void impossibleGicsAreRefused() {
        assertThatThrownBy(() -> config(65, 4, 5, 25))
                .hasMessageContaining("lines")
                .hasMessageContaining("65");
        assertThatThrownBy(() -> config(1056, 4, 5, 25)).hasMessageContaining("lines");
        assertThatThrownBy(() -> config(64, 0, 5, 25)).hasMessageContaining("list registers");
        assertThatThrownBy(() -> config(64, 17, 5, 25)).hasMessageContaining("list registers");
        assertThatThrownBy(() -> config(64, 4, 4, 25)).hasMessageContaining("priority bits");
        assertThatThrownBy(() -> config(64, 4, 5, 32)).hasMessageContaining("maintenance interrupt");
    }

    private static GicConfig config(int lines, int lrs, int bits, int maintenance) {
        return new GicConfig(lines, lrs, bits, 0, new long[] {0x10000}, new long[] {0x20000}, GICR_SIZE, maintenance);
    }

    @Test
    void regionsThatAreTooSmallAreRefused() {
        assertThatThrownBy(() -> new GicHardware(config(64, 4, 5, 25), List.of(b.cpus), RegisterLog.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("hold 1 redistributors, but there are 2 CPUs");
    }

    @Test
    void anAddressOutsideTheGicIsABugOfTheCaller() {
        assertThatThrownBy(() -> b.hw.read(b.cpus[0], 0x1000, 4)).isInstanceOf(ModelBug.class);
    }
}

package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.gic.GicBench;

/** Comparators, and the limits of what a GIC can be built as. */
class GenericTimersTest {
    private final GicBench b = GicBench.booted(2);
    private final GenericTimers timers = new GenericTimers(b.hw, GicBench.HYP_TIMER);

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

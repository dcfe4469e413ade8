package org.smpvisor.gic.hw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Outcome;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/** Two pCPUs route the same SPI, each to itself, and the hardware takes its time over either write, in every order. */
class RouteStepsTest {
    private static final int SPI = 40;
    private static final long GICD = 0x8000000L;
    private final ControlledEngine engine = new ControlledEngine(2, true);
    private final Pcpu[] cpus = new Pcpu[2];

    RouteStepsTest() {
        LockValidator validator = new LockValidator(false);
        for (int i = 0; i < 2; i++) {
            cpus[i] = new Pcpu(i, i, 2, engine, validator, new EventRing("cpu" + i, 0, engine));
            cpus[i].connect(cpu -> false, null, cpu -> {});
        }
        engine.attach(cpus);
    }

    /** Runs every schedule; in each the target must be the one that the image of the register names. */
    private void assertTargetFollows(IntSupplier image, IntSupplier target, ControlledEngine.Body writes) {
        Set<Integer> last = new HashSet<>();
        BoundedSearch s = new BoundedSearch(BoundedSearch.UNBOUNDED, 0);
        do {
            assertThat(engine.run(s, writes, 100, null).end()).isEqualTo(Outcome.End.QUIESCENT);
            assertThat(target.getAsInt()).as("what the register says").isEqualTo(image.getAsInt());
            last.add(target.getAsInt());
        } while (s.end());
        assertThat(s.schedules()).as("also with the steps in reverse order").isGreaterThan(4);
        assertThat(last).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void aTargetIsWhatItsByteSaysInWhateverOrderTheWritesTakeEffect() {
        GicV2Config config = new GicV2Config(64, 4, 5, GICD, 0x8010000L, 0x8030000L, 25);
        GicV2Hardware hw = new GicV2Hardware(config, List.of(cpus), RegisterLog.NONE, DeactivationRule.ANYWHERE);
        assertTargetFollows(
                () -> Long.numberOfTrailingZeros(hw.distributor().read(GICD_ITARGETSR + SPI, 1)),
                () -> hw.distributor().target(SPI),
                cpu -> hw.write(cpu, GICD + GICD_ITARGETSR + SPI, 1, 1 << cpu.id()));
    }

    @Test
    void aRouteIsWhatIrouterSaysInWhateverOrderTheWritesTakeEffect() {
        GicConfig config =
                new GicConfig(64, 4, 5, GICD, new long[] {0x80a0000L}, new long[] {0x1000000L}, GICR_SIZE, 25);
        GicHardware hw = new GicHardware(config, List.of(cpus), RegisterLog.NONE);
        assertTargetFollows(
                () -> (int) hw.distributor().read(GICD_IROUTER + 8 * SPI, 8),
                () -> hw.distributor().target(SPI),
                cpu -> hw.write(cpu, GICD + GICD_IROUTER + 8 * SPI, 8, cpu.id()));
    }
}

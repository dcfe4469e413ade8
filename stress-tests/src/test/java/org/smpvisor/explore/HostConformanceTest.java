package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.gic.hw.SystemRegister.ICC_DIR_EL1;
import static org.smpvisor.gic.hw.SystemRegister.ICC_EOIR1_EL1;
import static org.smpvisor.gic.hw.SystemRegister.ICC_IAR1_EL1;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.lock.LockClass;

/** The conformance scenarios T23 and T27, which need no guest, each on real threads and under the controlled engine. */
class HostConformanceTest {
    private static final int SPI = 40;
    private static final int EVENT_CHECK = 0;
    private static final int SPIS = 60;
    private static final long BUDGET_NANOS = 10_000_000_000L;

    /**
     * T23: secondaries set up their redistributors and interfaces at the same time, while cpu0 gives SPIs to Xen: each access to a
     * redistributor is made under the host GIC lock.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void t23RedistributorsAreSetUpOneAfterTheOtherUnderTheHostGicLock(boolean controlled) {
        boolean contended = false;
        long end = System.nanoTime() + BUDGET_NANOS;
        for (int seed = 0; System.nanoTime() < end && !contended; seed++) {
            Rig rig = new Rig(4, controlled);
            int[] configured = new int[1];
            rig.run(seed, cpu -> bringUp(rig, cpu, configured));
            assertThat(configured[0])
                    .as("by cpu0, which has seen all others online")
                    .isEqualTo(SPIS);
            assertThat(rig.validator.violations()).isEmpty();
            assertThat(rig.accesses)
                    .filteredOn(a -> a.cpu() != 0 && a.component() == RegisterLog.Component.GICR)
                    .isNotEmpty()
                    .allMatch(Rig.Access::underHostGic);
            long waits = 0;
            for (Pcpu p : rig.cpus) {
                assertThat(p.held().depth()).isZero();
                waits += p.held().contentions(LockClass.HOST_GIC);
            }
            contended = waits > 0;
        }
        assertThat(contended).as("they have met at the lock").isTrue();
    }

    private static void bringUp(Rig rig, Pcpu cpu, int[] configured) {
        if (cpu.id() != 0) {
            rig.awaitGate(cpu);
            rig.gic.initSecondary(cpu);
            cpu.setOnline(true);
            rig.gic.setupLocalInterrupts(cpu);
            return;
        }
        rig.bootFirst(cpu);
        for (Pcpu next : rig.cpus) {
            if (next != cpu) {
                rig.irq.prepare(cpu, next);
            }
        }
        rig.gate.setRelease(cpu, 1);
        for (int spi = SPI; spi < SPI + SPIS; spi++) {
            configured[0] += claim(rig, cpu, spi, (c, i) -> {}) == 0 ? 1 : 0;
        }
        rig.awaitOnline(cpu);
        cpu.localIrqDisable();
    }

    private static int claim(Rig rig, Pcpu cpu, int spi, IrqDesc.Handler handler) {
        rig.irq.setType(cpu, spi, IrqDesc.Type.EDGE);
        return rig.irq.setupIrq(cpu, spi, IrqDesc.Action.xen("handler", handler));
    }

    /** T27: an SGI interrupts the handler of an SPI, whose end comes after that of the SGI and under its retaken lock. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void t27AnSgiInterruptsAHandlerOfXensAndIsEndedBeforeIt(boolean controlled) {
        Rig rig = new Rig(2, controlled);
        boolean[] inHandler = new boolean[2];
        rig.run(1, cpu -> {
            if (cpu.id() == 0) {
                interruptOneself(rig, cpu, inHandler);
            }
        });
        assertThat(inHandler)
                .as("interrupts open and the lock dropped, and nested")
                .containsExactly(true, true);
        List<SystemRegister> order = rig.accesses.stream()
                .filter(a -> a.cpu() == 0
                        && Set.of(ICC_IAR1_EL1, ICC_EOIR1_EL1, ICC_DIR_EL1)
                                .contains(a.register() == null ? ICC_IAR1_EL1 : a.register()))
                .filter(a -> a.register() != null)
                .map(Rig.Access::register)
                .toList();
        assertThat(order)
                .as("SPI; SGI and its end, and nothing more; the end of the SPI, and nothing more")
                .containsExactly(
                        ICC_IAR1_EL1,
                        ICC_IAR1_EL1,
                        ICC_EOIR1_EL1,
                        ICC_DIR_EL1,
                        ICC_IAR1_EL1,
                        ICC_EOIR1_EL1,
                        ICC_DIR_EL1,
                        ICC_IAR1_EL1);
        List<Rig.Access> ends =
                rig.accesses.stream().filter(a -> a.register() == ICC_EOIR1_EL1).toList();
        assertThat(ends).extracting(Rig.Access::underLock).as("SGI, SPI").containsExactly(false, true);
        assertThat(rig.validator.violations()).isEmpty();
    }

    private static void interruptOneself(Rig rig, Pcpu cpu, boolean[] inHandler) {
        rig.bootFirst(cpu);
        claim(rig, cpu, SPI, (c, i) -> {
            inHandler[0] = !c.isIrqMasked() && c.held().depth() == 0;
            long before = c.counter(Counter.IRQS_IN_XEN);
            rig.driver.sendSgi(c, c, EVENT_CHECK);
            for (int turn = 0; c.counter(Counter.IRQS_IN_XEN) == before; turn++) {
                c.engine().relax(c, turn);
            }
            inHandler[1] = true;
        });
        rig.accesses.clear();
        rig.hardware.distributor().raise(SPI);
        long before = cpu.counter(Counter.HOST_IRQS);
        for (int turn = 0; cpu.counter(Counter.HOST_IRQS) == before; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.localIrqDisable();
    }
}

package org.smpvisor.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.variant.Variant;

class WatchdogTest {
    private final SpinLock rank = new SpinLock(LockClass.RANK, "d1.rank1.lock", 1);
    private final SpinLock vgic = new SpinLock(LockClass.VGIC_CPU, "d1v0.vgic.lock", 0);
    private final AtomicInteger first = new AtomicInteger();

    private void takeBoth(Pcpu cpu, SpinLock outer, SpinLock inner) {
        int flags = outer.lockIrqSave(cpu);
        first.incrementAndGet();
        for (int turn = 0; first.get() < 2; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        inner.lock(cpu);
        inner.unlock(cpu);
        outer.unlockIrqRestore(cpu, flags);
    }

    @Test
    void aCircleIsADeadlockAndTheReportSaysWhoHoldsAndWhoWaitsForWhat() {
        Machine machine =
                new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(2), Variant.allFixed()));
        machine.start();
        Watchdog watchdog = new Watchdog(machine, 30);
        machine.post(0, cpu -> takeBoth(cpu, rank, vgic));
        machine.post(1, cpu -> takeBoth(cpu, vgic, rank));

        Watchdog.Hang hang = null;
        while (hang == null) {
            LockSupport.parkNanos(10_000_000);
            hang = watchdog.look();
        }

        assertThat(hang.isDeadlock()).isTrue();
        assertThat(hang.circle())
                .contains("cpu0 waits for d1v0.vgic.lock, held by cpu1")
                .contains("cpu1 waits for d1.rank1.lock, held by cpu0");
        assertThat(hang.blockers())
                .containsExactlyInAnyOrder(
                        new Watchdog.Blocker(0, false, LockClass.RANK),
                        new Watchdog.Blocker(1, false, LockClass.VGIC_CPU));
        assertThat(hang.report()).contains("cpu0 runs idle0, interrupts masked, holds d1.rank1.lock, waits for");
        assertThat(machine.validator().violations())
                .as("the validator needs no collision to see it")
                .anySatisfy(v -> assertThat(v.rule()).isEqualTo(LockViolation.Rule.ORDER));
        machine.close();
    }

    @Test
    void manyShortWaitsForOneLockAreNoHangAndOneLongWaitIs() {
        Machine machine =
                new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(1), Variant.allFixed()));
        Pcpu cpu = machine.pcpu(0);
        Watchdog watchdog = new Watchdog(machine, 0.05);
        for (int i = 0; i < 10; i++) {
            cpu.beginWait(rank, i);
            cpu.count(Counter.TRAPS);
            assertThat(watchdog.look()).isNull();
            LockSupport.parkNanos(20_000_000);
            cpu.endWait();
        }
        cpu.beginWait(rank, 10);
        watchdog.look();
        LockSupport.parkNanos(100_000_000);
        cpu.count(Counter.TRAPS);
        assertThat(watchdog.look())
                .isNotNull()
                .satisfies(h -> assertThat(h.isDeadlock()).isFalse());
    }

    @Test
    void aMachineAtRestIsNoHang() {
        try (Machine machine =
                new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(2), Variant.allFixed()))) {
            machine.start();
            Watchdog watchdog = new Watchdog(machine, 0.05);
            for (int i = 0; i < 20; i++) {
                LockSupport.parkNanos(10_000_000);
                assertThat(watchdog.look()).isNull();
            }
        }
    }
}

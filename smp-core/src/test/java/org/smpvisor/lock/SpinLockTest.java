package org.smpvisor.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;

class SpinLockTest {
    private final BarePcpus b = new BarePcpus(4);
    private final Pcpu cpu = b.cpus[0];
    private final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "d1v0.vgic.lock", 0);

    @Test
    void waitersAreServedInTheOrderOfTheirArrival() {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        lock.lock(cpu);
        Thread[] waiters = new Thread[4];
        for (int i = 3; i > 0; i--) {
            Pcpu p = b.cpus[i];
            waiters[i] = BarePcpus.start(() -> {
                lock.lock(p);
                order.add(p.id());
                lock.unlock(p);
            });
            BarePcpus.await(() -> p.waitingFor() == lock);
            pause(); // past the moment between the record of the wait and the ticket, if their order ever changes
        }
        lock.unlock(cpu);
        for (int i = 1; i < 4; i++) {
            BarePcpus.join(waiters[i]);
        }
        assertThat(order).containsExactly(3, 2, 1);
        assertThat(b.cpus[1].held().contentions(LockClass.VGIC_CPU)).isEqualTo(1);
        assertThat(b.cpus[1].held().acquisitions(LockClass.VGIC_CPU)).isEqualTo(1);
    }

    private static void pause() {
        long end = System.nanoTime() + 1_000_000;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    @Test
    void tryLockFailsOnAHeldLockAndLeavesItAlone() {
        assertThat(lock.tryLock(cpu)).isTrue();
        assertThat(lock.tryLock(b.cpus[1])).isFalse();
        assertThat(lock.owner()).isEqualTo(cpu);
        lock.unlock(cpu);
        assertThat(lock.isLocked()).isFalse();
        assertThat(lock.tryLock(b.cpus[1])).isTrue();
    }

    @Test
    void irqsaveMasksAndRestoresWhatWasThere() {
        cpu.localIrqEnable();
        int outer = lock.lockIrqSave(cpu);
        assertThat(cpu.isIrqMasked()).isTrue();
        SpinLock inner = new SpinLock(LockClass.HOST_GIC, "gicv3.lock", 0);
        int flags = inner.lockIrqSave(cpu);
        inner.unlockIrqRestore(cpu, flags);
        assertThat(cpu.isIrqMasked()).as("masked before, masked after").isTrue();
        lock.unlockIrqRestore(cpu, outer);
        assertThat(cpu.isIrqMasked()).isFalse();
    }

    @Test
    void unlockIrqOpensInterruptsAndTakesWhatIsPending() {
        cpu.localIrqEnable();
        lock.lockIrq(cpu);
        b.wires[0].pull();
        assertThat(b.wires[0].taken).isZero();
        lock.unlockIrq(cpu);
        assertThat(b.wires[0].taken).isEqualTo(1);
        assertThat(lock.isLocked()).isFalse();
    }

    @Test
    void theAssertionKnowsTheOwner() {
        assertThatThrownBy(() -> lock.assertHeldBy(cpu)).isInstanceOf(ModelBug.class);
        lock.lock(cpu);
        lock.assertHeldBy(cpu);
        assertThat(lock.isHeldBy(b.cpus[1])).isFalse();
        assertThatThrownBy(() -> lock.assertHeldBy(b.cpus[1])).hasMessageContaining("held by cpu0");
    }

    @Test
    void manyIncrementsUnderTheLockAreAllThere() {
        int turns = 3_000;
        int[] counter = new int[1];
        Thread[] t = new Thread[3];
        for (int i = 0; i < t.length; i++) {
            Pcpu p = b.cpus[i];
            t[i] = BarePcpus.start(() -> {
                for (int n = 0; n < turns; n++) {
                    int flags = lock.lockIrqSave(p);
                    counter[0]++;
                    lock.unlockIrqRestore(p, flags);
                }
            });
        }
        for (Thread x : t) {
            BarePcpus.join(x);
        }
        assertThat(counter[0]).isEqualTo(3 * turns);
        assertThat(b.validator.violations()).isEmpty();
    }
}

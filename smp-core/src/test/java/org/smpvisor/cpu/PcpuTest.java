package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.openjdk.jol.info.ClassLayout;
import org.openjdk.jol.info.FieldLayout;
import org.smpvisor.cell.IntCell;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

/** Interrupts come at any point at which they are open, and at no other. */
class PcpuTest {
    private static final int CACHE_LINE = 64;
    private final BarePcpus b = new BarePcpus(2);
    private final Pcpu cpu = b.cpus[0];
    private final BarePcpus.Wire wire = b.wires[0];

    @Test
    void interruptsAreMaskedAtReset() {
        wire.pull();
        cpu.point(Point.LOAD, null);
        assertThat(cpu.isIrqMasked()).isTrue();
        assertThat(wire.taken).isZero();
        assertThat(cpu.hasPendingInterrupt())
                .as("signalled all the same, so that WFI ends")
                .isTrue();
    }

    @Test
    void aPendingInterruptIsTakenWhenInterruptsAreOpened() {
        wire.pull();
        cpu.localIrqEnable();
        assertThat(wire.taken).isEqualTo(1);
    }

    @Test
    void aPendingInterruptSeenWhileMaskedIsTakenWhenInterruptsAreOpened() {
        wire.pull();
        cpu.point(Point.LOAD, null);
        cpu.localIrqEnable();
        assertThat(wire.taken).isEqualTo(1);
    }

    @Test
    void anyOperationOnACellIsAPoint() {
        IntCell cell = new IntCell("cell");
        Runnable[] operations = {
            () -> cell.getOpaque(cpu),
            () -> cell.setOpaque(cpu, 1),
            () -> cell.getAcquire(cpu),
            () -> cell.setRelease(cpu, 1),
            () -> cell.setBit(cpu, 3),
            () -> cell.clearBit(cpu, 3),
            () -> cell.testAndSetBit(cpu, 3),
            () -> cell.testAndClearBit(cpu, 3),
            () -> cell.getAndAdd(cpu, 3),
            cpu::smpMb,
            cpu::smpWmb,
            cpu::smpRmb
        };
        cpu.localIrqEnable();
        for (int i = 0; i < operations.length; i++) {
            wire.pull();
            operations[i].run();
            assertThat(wire.taken).as("operation %d", i).isEqualTo(i + 1);
        }
    }

    @Test
    void anInterruptComesOnTopOfAHeldLock() {
        SpinLock lock = new SpinLock(LockClass.IO, "lock", 0);
        cpu.localIrqEnable();
        lock.lock(cpu);
        wire.pull();
        cpu.point(Point.LOAD, null);
        assertThat(wire.taken).isEqualTo(1);
        assertThat(lock.isHeldBy(cpu)).isTrue();
        assertThat(cpu.counter(Counter.IRQS_UNDER_LOCK)).isEqualTo(1);
        lock.unlock(cpu);
    }

    @Test
    void acquiringAndReleasingALockArePoints() {
        SpinLock lock = new SpinLock(LockClass.IO, "lock", 0);
        cpu.localIrqEnable();
        wire.pull();
        lock.lock(cpu);
        assertThat(wire.taken).isEqualTo(1);
        wire.pull();
        lock.unlock(cpu);
        assertThat(wire.taken).isEqualTo(2);
        wire.pull();
        assertThat(lock.tryLock(cpu)).isTrue();
        assertThat(wire.taken).isEqualTo(3);
        lock.unlock(cpu);
    }

    @Test
    void anInterruptIsTakenInsideAWaitForALock() {
        SpinLock lock = new SpinLock(LockClass.IO, "lock", 0);
        Pcpu other = b.cpus[1];
        lock.lock(other);
        cpu.localIrqEnable();
        Thread t = BarePcpus.start(() -> lock.lock(cpu));
        BarePcpus.await(() -> cpu.waitingFor() == lock);
        wire.pull();
        BarePcpus.await(() -> wire.taken == 1);
        assertThat(lock.isHeldBy(other)).isTrue();
        lock.unlock(other);
        BarePcpus.join(t);
        assertThat(lock.isHeldBy(cpu)).isTrue();
    }

    @Test
    void aHandlerRunsWithInterruptsMaskedAndFindsThemOpenAgainAfterwards() {
        cpu.localIrqEnable();
        wire.pull();
        cpu.point(Point.LOAD, null);
        assertThat(wire.maskedInHandler).isTrue();
        assertThat(cpu.isIrqMasked()).isFalse();
    }

    @Test
    void aHandlerThatOpensInterruptsCanBeInterrupted() {
        wire.handler = () -> {
            if (wire.taken == 1) {
                wire.pull();
                cpu.point(Point.LOAD, null);
                assertThat(wire.taken).as("still masked").isEqualTo(1);
                cpu.localIrqEnable();
                assertThat(wire.taken).isEqualTo(2);
                cpu.localIrqDisable();
            }
        };
        cpu.localIrqEnable();
        wire.pull();
        cpu.point(Point.LOAD, null);
        assertThat(wire.taken).isEqualTo(2);
        assertThat(cpu.isIrqMasked()).isFalse();
    }

    @Test
    void disablingTakesWhatIsPendingFirst() {
        cpu.localIrqEnable();
        wire.pull();
        cpu.localIrqDisable();
        assertThat(wire.taken).isEqualTo(1);
        assertThat(cpu.isIrqMasked()).isTrue();
    }

    @Test
    void savedMasksNest() {
        cpu.localIrqEnable();
        int outer = cpu.localIrqSave();
        int inner = cpu.localIrqSave();
        cpu.localIrqRestore(inner);
        assertThat(cpu.isIrqMasked()).isTrue();
        wire.pull();
        cpu.point(Point.LOAD, null);
        assertThat(wire.taken).isZero();
        cpu.localIrqRestore(outer);
        assertThat(cpu.isIrqMasked()).isFalse();
        assertThat(wire.taken).isEqualTo(1);
    }

    @Test
    void waitForInterruptEndsWithASignalledInterruptAlsoWhileMasked() {
        Thread t = BarePcpus.start(() -> b.engine.waitForInterrupt(cpu));
        BarePcpus.await(() -> cpu.parkedThread() != null);
        wire.pull();
        BarePcpus.join(t);
        assertThat(wire.taken).as("masked: not taken").isZero();
        assertThat(cpu.hasPendingInterrupt()).isTrue();
    }

    @Test
    void waitForInterruptEndsWhenTheRunIsStopped() {
        Thread t = BarePcpus.start(() -> b.engine.waitForInterrupt(cpu));
        BarePcpus.await(() -> cpu.parkedThread() != null);
        b.engine.stop();
        cpu.signal();
        BarePcpus.join(t);
        assertThat(cpu.hasPendingInterrupt()).isFalse();
    }

    @Test
    void aPcpuHasOneDriverAtATime() {
        cpu.enterThread();
        Thread[] refused = new Thread[1];
        Throwable[] thrown = new Throwable[1];
        refused[0] = BarePcpus.start(() -> {
            try {
                cpu.enterThread();
            } catch (ModelBug e) {
                thrown[0] = e;
            }
        });
        BarePcpus.join(refused[0]);
        assertThat(thrown[0]).isInstanceOf(ModelBug.class).hasMessageContaining("cpu0 is driven by");
        cpu.enterThread();
        cpu.leaveThread();
        assertThat(cpu.driver()).isNull();
    }

    @Test
    void whatOthersWriteIsACacheLineAwayFromWhatTheOwnerWrites() {
        System.setProperty("jol.skipDynamicAttach", "true"); // offsets are all that is asked for
        System.setProperty("jol.skipHotspotSAAttach", "true");
        long attention = -1;
        long parked = -1;
        for (FieldLayout f : ClassLayout.parseClass(Pcpu.class).fields()) {
            attention = f.name().equals("attention") ? f.offset() : attention;
            parked = f.name().equals("parked") ? f.offset() : parked;
        }
        assertThat(attention).isPositive();
        for (FieldLayout f : ClassLayout.parseClass(Pcpu.class).fields()) {
            if (f.hostClass().equals(Pcpu.class.getName()) || f.hostClass().equals("Pcpu")) {
                assertThat(Math.abs(f.offset() - attention)).as(f.name()).isGreaterThanOrEqualTo(CACHE_LINE);
                assertThat(Math.abs(f.offset() - parked)).as(f.name()).isGreaterThanOrEqualTo(CACHE_LINE);
            }
        }
        assertThat(attention).as("and from the object in front").isGreaterThanOrEqualTo(CACHE_LINE);
    }

    @Test
    void softirqsOfAnotherPcpuAreNotRaisedAsOnesOwn() {
        assertThatThrownBy(() -> b.cpus[1].softirqs().raise(cpu, Softirqs.TIMER))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("cpu0 raises a softirq of cpu1");
    }
}

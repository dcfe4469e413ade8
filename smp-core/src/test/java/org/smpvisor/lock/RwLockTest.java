package org.smpvisor.lock;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Pcpu;

class RwLockTest {
    private final BarePcpus b = new BarePcpus(3);
    private final Pcpu a = b.cpus[0];
    private final Pcpu c = b.cpus[2];
    private final RwLock lock = new RwLock(LockClass.IO, "d1.vmmio.lock");

    @Test
    void readersShare() {
        lock.readLock(a);
        lock.readLock(c);
        assertThat(lock.readers()).isEqualTo(2);
        assertThat(lock.tryWriteLock(b.cpus[1])).isFalse();
        lock.readUnlock(a);
        lock.readUnlock(c);
        assertThat(lock.readers()).isZero();
    }

    @Test
    void aWriterExcludesReadersAndWriters() {
        lock.writeLock(a);
        assertThat(lock.writer()).isZero();
        assertThat(lock.tryReadLock(c)).isFalse();
        assertThat(lock.tryWriteLock(c)).isFalse();
        lock.writeUnlock(a);
        assertThat(lock.writer()).isEqualTo(-1);
        assertThat(lock.tryReadLock(c)).isTrue();
    }

    @Test
    void aReaderOnThePcpuThatWritesIsLetThrough() {
        lock.writeLock(a);
        assertThat(lock.tryReadLock(a)).isTrue();
        lock.readUnlock(a);
        assertThat(lock.writer()).isZero();
        lock.writeUnlock(a);
        assertThat(lock.tryWriteLock(c)).isTrue();
    }

    @Test
    void aWaitingWriterHoldsBackNewReadersAlsoOneThatReadsAlready() {
        lock.readLock(a);
        Pcpu w = b.cpus[1];
        Thread writer = BarePcpus.start(() -> lock.writeLock(w));
        BarePcpus.await(() -> !tryAndUndo(c));
        assertThat(lock.tryReadLock(a)).as("nested read of a present reader").isFalse();
        assertThat(lock.writer()).isEqualTo(-1);
        lock.readUnlock(a);
        BarePcpus.join(writer);
        assertThat(lock.writer()).isEqualTo(1);
        lock.writeUnlock(w);
    }

    private boolean tryAndUndo(Pcpu p) {
        boolean got = lock.tryReadLock(p);
        if (got) {
            lock.readUnlock(p);
        }
        return got;
    }

    @Test
    void aReaderThatWaitsGoesOnWhenTheWriterLeaves() {
        lock.writeLock(a);
        Thread reader = BarePcpus.start(() -> lock.readLock(c));
        BarePcpus.await(() -> c.waitingFor() == lock);
        lock.writeUnlock(a);
        BarePcpus.join(reader);
        assertThat(lock.readers()).isEqualTo(1);
        assertThat(c.held().contentions(LockClass.IO)).isEqualTo(1);
    }

    @Test
    void irqFormsMaskAndRestore() {
        a.localIrqEnable();
        int r = lock.readLockIrqSave(a);
        assertThat(a.isIrqMasked()).isTrue();
        lock.readUnlockIrqRestore(a, r);
        assertThat(a.isIrqMasked()).isFalse();
        lock.writeLockIrq(a);
        assertThat(a.isIrqMasked()).isTrue();
        lock.writeUnlockIrq(a);
        assertThat(a.isIrqMasked()).isFalse();
        int w = lock.writeLockIrqSave(a);
        lock.writeUnlockIrqRestore(a, w);
        lock.readLockIrq(a);
        lock.readUnlockIrq(a);
        assertThat(lock.readers()).isZero();
    }

    @Test
    void writersNeverOverlapWithAnybody() {
        int turns = 2_000;
        int[] pair = new int[2];
        int[] torn = new int[1];
        Thread writer = BarePcpus.start(() -> {
            for (int i = 0; i < turns; i++) {
                lock.writeLock(a);
                pair[0]++;
                pair[1]++;
                lock.writeUnlock(a);
            }
        });
        Thread reader = BarePcpus.start(() -> {
            for (int i = 0; i < turns; i++) {
                lock.readLock(c);
                torn[0] += pair[0] == pair[1] ? 0 : 1;
                lock.readUnlock(c);
            }
        });
        BarePcpus.join(writer);
        BarePcpus.join(reader);
        assertThat(torn[0]).isZero();
    }
}

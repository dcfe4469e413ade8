package org.smpvisor.lock;

import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.trace.EventRing;

/** Every interleaving of a few critical sections, as far as the budget goes. Objects are made inside the checked block. */
class SpinLockLincheckTest {
    private static final int INVOCATIONS = 400;

    private static Pcpu pcpu(int id, NativeEngine engine, LockValidator validator) {
        Pcpu p = new Pcpu(id, id, 2, engine, validator, new EventRing("cpu", 0));
        p.connect(cpu -> false, null, cpu -> {});
        return p;
    }

    private static void join(Thread t) {
        try {
            t.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void twoCriticalSectionsNeverOverlap() {
        Lincheck.runConcurrentTest(INVOCATIONS, SpinLockLincheckTest::count);
    }

    private static void count() {
        NativeEngine engine = new NativeEngine(2);
        LockValidator validator = new LockValidator(false);
        Pcpu a = pcpu(0, engine, validator);
        Pcpu b = pcpu(1, engine, validator);
        SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
        int[] counter = new int[1];
        Thread other = new Thread(() -> {
            lock.lock(b);
            counter[0]++;
            lock.unlock(b);
        });
        other.start();
        lock.lock(a);
        counter[0]++;
        lock.unlock(a);
        join(other);
        if (counter[0] != 2) {
            throw new AssertionError("counted " + counter[0]);
        }
    }

    @Test
    void aTryLockGetsInOnlyWhenNobodyIsInside() {
        Lincheck.runConcurrentTest(INVOCATIONS, SpinLockLincheckTest::attempt);
    }

    private static void attempt() {
        NativeEngine engine = new NativeEngine(2);
        LockValidator validator = new LockValidator(false);
        Pcpu a = pcpu(0, engine, validator);
        Pcpu b = pcpu(1, engine, validator);
        SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "v", 0);
        int[] state = new int[2];
        Thread other = new Thread(() -> {
            if (lock.tryLock(b)) {
                state[1] = state[0];
                lock.unlock(b);
            }
        });
        other.start();
        lock.lock(a);
        state[0] = 1;
        state[0] = 2;
        lock.unlock(a);
        join(other);
        if (state[1] == 1 || lock.isLocked()) {
            throw new AssertionError("saw " + state[1] + (lock.isLocked() ? ", and the lock is still taken" : ""));
        }
    }
}

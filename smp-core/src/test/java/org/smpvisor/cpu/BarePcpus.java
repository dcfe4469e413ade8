package org.smpvisor.cpu;

import java.util.function.BooleanSupplier;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.engine.RunAborted;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/** pCPUs without a GIC: each has an interrupt wire that a test pulls, and a vector that counts what it takes. */
public final class BarePcpus {
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    public final NativeEngine engine;
    public final LockValidator validator = new LockValidator(true);
    public final Pcpu[] cpus;
    public final Wire[] wires;

    /** A level-sensitive interrupt wire and the vector behind it. */
    public static final class Wire implements InterruptLine, IrqEntry {
        private volatile boolean high;
        private final Pcpu cpu;
        public volatile int taken;
        public volatile boolean maskedInHandler;
        public Runnable handler = () -> {};

        Wire(Pcpu cpu) {
            this.cpu = cpu;
        }

        /** Raises the wire; from any thread. */
        public void pull() {
            high = true;
            cpu.signal();
        }

        @Override
        public boolean sample(Pcpu c) {
            return high;
        }

        @Override
        public void hypIrq(Pcpu c) {
            high = false;
            c.setInterruptSignalled(false);
            maskedInHandler = c.isIrqMasked();
            taken++;
            handler.run();
        }
    }

    public BarePcpus(int n) {
        engine = new NativeEngine(n);
        cpus = new Pcpu[n];
        wires = new Wire[n];
        for (int i = 0; i < n; i++) {
            cpus[i] = new Pcpu(i, i, n, engine, validator, new EventRing("cpu" + i, 0, engine));
            wires[i] = new Wire(cpus[i]);
            cpus[i].connect(wires[i], null, wires[i]);
        }
    }

    /** A thread that runs {@code body}; an abort by the engine is its orderly end. */
    public static Thread start(Runnable body) {
        Thread t = new Thread(() -> {
            try {
                body.run();
            } catch (RunAborted e) {
                // stopped while it waited, as the test intended
            }
        });
        t.setDaemon(true);
        t.start();
        return t;
    }

    /** Waits until {@code condition} holds; ten seconds at most. */
    public static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited in vain");
            }
            Thread.onSpinWait();
        }
    }

    public static void join(Thread t) {
        try {
            t.join(PATIENCE_NANOS / 1_000_000);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (t.isAlive()) {
            throw new AssertionError("the thread does not end");
        }
    }
}

package org.smpvisor.engine;

import java.util.concurrent.locks.LockSupport;

/**
 * A platform thread per pCPU and a baton: works on any JDK, a hundred times slower than continuations. The same decisions
 * give the same run.
 */
final class ThreadVehicle implements Vehicle {
    private static final int CARRIER = -1;
    private static final long STACK_BYTES = 1L << 20;

    private volatile int baton = CARRIER;
    private volatile boolean ended;
    private volatile Throwable broken;
    private Thread carrier;
    private Thread[] threads = new Thread[0];

    @Override
    public void run(int pcpus, Body body, int first) {
        ended = false;
        broken = null;
        carrier = Thread.currentThread();
        threads = new Thread[pcpus];
        for (int i = 0; i < pcpus; i++) {
            int k = i;
            threads[i] = new Thread(null, () -> drive(k, body), "cpu" + i, STACK_BYTES);
            threads[i].setDaemon(true);
        }
        baton = first;
        for (Thread t : threads) {
            t.start();
        }
        while (!ended) {
            LockSupport.park(this);
        }
        boolean interrupted = false;
        for (Thread t : threads) {
            for (boolean joined = false; !joined; ) {
                try {
                    LockSupport.unpark(t);
                    t.join();
                    joined = true;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (broken instanceof RuntimeException e) {
            throw e;
        } else if (broken instanceof Error e) {
            throw e;
        }
    }

    private void drive(int k, Body body) {
        try {
            await(k);
            give(body.run(k));
        } catch (RunAborted e) {
            // The run ended while this pCPU waited for the baton.
        } catch (Throwable e) {
            broken = e;
            give(CARRIER);
        }
    }

    private void await(int k) {
        while (baton != k) {
            if (ended) {
                throw RunAborted.INSTANCE;
            }
            LockSupport.park(this);
        }
    }

    private void give(int to) {
        if (to < 0) {
            ended = true;
            for (Thread t : threads) {
                LockSupport.unpark(t);
            }
            LockSupport.unpark(carrier);
        } else {
            baton = to;
            LockSupport.unpark(threads[to]);
        }
    }

    @Override
    public void switchTo(int from, int to) {
        give(to);
        await(from);
    }

    @Override
    public void end(int from) {
        give(CARRIER);
        throw RunAborted.INSTANCE;
    }

    @Override
    public String name() {
        return "threads";
    }
}

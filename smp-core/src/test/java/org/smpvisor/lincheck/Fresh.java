package org.smpvisor.lincheck;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/**
 * pCPUs for the subject of a Lincheck test, which is built anew for every schedule: bare, and without the lock validator, which
 * would judge each chain of locks as new each time and cost most of the time.
 */
public final class Fresh {
    /**
     * What a method is called whose insides Lincheck does not see, in any class of ours. Whatever has loops in its constructor
     * is built in such a method: Lincheck takes a longer loop for a wait loop.
     */
    static final String METHOD = "fresh";

    private Fresh() {}

    /** {@code n} pCPUs for which no interrupt comes. */
    public static Pcpu[] fresh(int n) {
        NativeEngine engine = new NativeEngine(n);
        LockValidator validator = new LockValidator(false);
        Pcpu[] cpus = new Pcpu[n];
        for (int i = 0; i < n; i++) {
            cpus[i] = new Pcpu(i, i, n, engine, validator, new EventRing("cpu" + i, 0, engine));
            cpus[i].connect(cpu -> false, null, cpu -> {});
        }
        return cpus;
    }
}

package org.smpvisor.engine;

import java.util.Set;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;

/**
 * A random walk that leans towards a circle of locks that is known to be possible: a pCPU that holds one of its locks is
 * likely to be interrupted there, or to be left there while others go on.
 */
public final class Towards implements Strategy {
    private static final int LEAN = 4;
    private static final int PATIENCE = 64;

    private final Rng rng;
    private final Set<LockClass> classes;
    private ControlledEngine engine;

    /**
     * @param seed of all choices
     * @param classes classes of the circle's locks
     */
    public Towards(long seed, Set<LockClass> classes) {
        this.rng = new Rng(seed);
        this.classes = Set.copyOf(classes);
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
    }

    @Override
    public int choose(long enabled, int current) {
        long holders = 0;
        long interrupts = 0;
        long inside = 0;
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            int k = engine.pcpuOf(a);
            inside |= k >= 0 ? 1L << a : 0;
            if (k >= 0 && holdsOne(engine.pcpu(k))) {
                holders |= 1L << a;
                interrupts |= engine.isIrq(a) ? 1L << a : 0;
            }
        }
        if (interrupts != 0 && rng.below(LEAN) != 0) {
            return rng.element(interrupts);
        }
        if (holders != 0 && holders != enabled && rng.below(LEAN) != 0) {
            return rng.element(enabled & ~holders);
        }
        // What comes from outside is kept for the moment at which somebody holds a lock of the circle.
        return rng.element(holders == 0 && inside != 0 && rng.below(PATIENCE) != 0 ? inside : enabled);
    }

    private boolean holdsOne(Pcpu p) {
        for (int i = 0; i < p.held().depth(); i++) {
            if (classes.contains(p.held().classAt(i))) {
                return true;
            }
        }
        return false;
    }
}

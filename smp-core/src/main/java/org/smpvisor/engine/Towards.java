package org.smpvisor.engine;

import java.util.Set;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;

/**
 * A random walk that leans towards a deadlock on locks of which that is known to be possible: a pCPU that holds one of them is
 * likely to be interrupted there, or to be left there while others go on. What comes from outside is kept back for such a
 * moment; in every other run for one at which interrupts are open, since one that is masked can wait a long time.
 */
public final class Towards implements Strategy {
    private static final int LEAN = 4;
    private static final int PATIENCE = 64;

    private final Rng rng;
    private final Set<LockClass> classes;
    private ControlledEngine engine;
    private boolean waitsForOpen;

    /**
     * @param seed of all choices
     * @param classes classes of the locks
     */
    public Towards(long seed, Set<LockClass> classes) {
        this.rng = new Rng(seed);
        this.classes = Set.copyOf(classes);
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        waitsForOpen = !waitsForOpen;
    }

    @Override
    public int choose(long enabled, int current) {
        long holders = 0;
        long interrupts = 0;
        long inside = 0;
        boolean open = false;
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            int k = engine.pcpuOf(a);
            inside |= k >= 0 ? 1L << a : 0;
            if (k >= 0 && holdsOne(engine.pcpu(k))) {
                holders |= 1L << a;
                interrupts |= engine.isIrq(a) ? 1L << a : 0;
                open |= !engine.pcpu(k).isIrqMasked();
            }
        }
        long outside = enabled & ~inside;
        if (interrupts != 0 && rng.below(LEAN) != 0) {
            return rng.element(interrupts);
        }
        if (open && outside != 0 && waitsForOpen && rng.below(LEAN) != 0) {
            return rng.element(outside);
        }
        boolean isMoment = waitsForOpen ? open : holders != 0;
        long now = isMoment || inside == 0 || rng.below(PATIENCE) == 0 ? enabled : inside;
        if ((holders & now) != 0 && (now & ~holders) != 0 && rng.below(LEAN) != 0) {
            return rng.element(now & ~holders);
        }
        return rng.element(now);
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

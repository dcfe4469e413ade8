package org.smpvisor.engine;

/**
 * Spreads what comes from outside (devices, timers, the arrival of SGIs) evenly over the run, where a walk that gives every
 * actor the same chance would have all of it happen within the first steps. Between, a pCPU mostly goes on for a while.
 */
public final class Spread implements Strategy {
    private static final int FIRST_LENGTH = 200;
    private static final int GO_ON = 8;

    private final Rng rng;
    private final int[] due = new int[ControlledEngine.MAX_ACTORS];
    private ControlledEngine engine;
    private int length = FIRST_LENGTH;
    private int inside;

    /** @param seed of all choices */
    public Spread(long seed) {
        rng = new Rng(seed);
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        inside = 3 * e.pcpus();
        for (int a = inside; a < e.actors(); a++) {
            due[a] = rng.below(length);
        }
    }

    @Override
    public int choose(long enabled, int current) {
        long outside = enabled & -1L << inside;
        int first = -1;
        for (long s = outside; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            if (first < 0 || due[a] < due[first]) {
                first = a;
            }
        }
        if (first >= 0 && (due[first] <= engine.steps() || outside == enabled)) {
            due[first] = engine.steps() + rng.below(Math.max(length - engine.steps(), length / 4));
            return first;
        }
        long rest = enabled & ~outside;
        return (rest >>> current & 1) != 0 && rng.below(GO_ON) != 0 ? current : rng.element(rest);
    }

    @Override
    public boolean end() {
        length = (7 * length + Math.max(FIRST_LENGTH / 4, engine.steps())) / 8;
        return true;
    }
}

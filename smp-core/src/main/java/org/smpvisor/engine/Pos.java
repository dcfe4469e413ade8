package org.smpvisor.engine;

/**
 * Partial-order sampling: each announced step has a random priority, the most urgent one is done, and steps that race with
 * it draw anew. Orders of steps that do not touch the same thing are not sampled again and again, as a random walk does.
 */
public final class Pos implements Strategy {
    private static final int NONE = -1;

    private final Rng rng;
    private final int[] priority = new int[ControlledEngine.MAX_ACTORS];
    private ControlledEngine engine;

    /** @param seed of all choices */
    public Pos(long seed) {
        rng = new Rng(seed);
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        for (int i = 0; i < priority.length; i++) {
            priority[i] = NONE;
        }
    }

    @Override
    public int choose(long enabled, int current) {
        int best = -1;
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            if (priority[a] == NONE) {
                priority[a] = rng.priority();
            }
            if (best < 0 || priority[a] > priority[best]) {
                best = a;
            }
        }
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            if (a != best && races(a, best)) {
                priority[a] = NONE;
            }
        }
        priority[best] = NONE;
        return best;
    }

    private boolean races(int a, int b) {
        int i = engine.pcpuOf(a);
        int j = engine.pcpuOf(b);
        if (i < 0 || j < 0) {
            return true; // the hardware and the environment may touch anything
        }
        Object x = engine.pendingObject(i);
        return i != j
                && x != null
                && x == engine.pendingObject(j)
                && (engine.pendingPoint(i).writes() || engine.pendingPoint(j).writes());
    }
}

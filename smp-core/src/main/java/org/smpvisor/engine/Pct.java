package org.smpvisor.engine;

import java.util.Arrays;

/**
 * Probabilistic concurrency testing: actors have random priorities, the most urgent one that can go on always does, and at
 * {@code depth - 1} random steps the one that runs becomes the least urgent. A bug that needs the order of {@code d} events
 * is found by one run with probability of at least {@code 1 / (n * k^(d-1))}, for {@code n} actors and {@code k} steps.
 */
public final class Pct implements Strategy {
    private static final int FIRST_LENGTH = 100;

    private final Rng rng;
    private final int depth;
    private final int[] priority = new int[ControlledEngine.MAX_ACTORS];
    private final int[] changes;
    private ControlledEngine engine;
    private int changed;
    private int length = FIRST_LENGTH;
    private int actors = 1;
    private long runs;
    private double missed = 1;

    /**
     * @param seed of all choices
     * @param depth number of ordered events that a bug may need, at least 1
     */
    public Pct(long seed, int depth) {
        this.rng = new Rng(seed);
        this.depth = depth;
        this.changes = new int[depth - 1];
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        actors = e.actors();
        for (int i = 0; i < actors; i++) {
            priority[i] = depth + rng.priority() / 2;
        }
        for (int i = 0; i < changes.length; i++) {
            changes[i] = rng.below(length);
        }
        Arrays.sort(changes);
        changed = 0;
    }

    @Override
    public int choose(long enabled, int current) {
        while (changed < changes.length && engine.steps() >= changes[changed]) {
            priority[most(enabled)] = changes.length - changed;
            changed++;
        }
        return most(enabled);
    }

    private int most(long enabled) {
        int best = -1;
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            if (best < 0 || priority[a] > priority[best]) {
                best = a;
            }
        }
        return best;
    }

    @Override
    public boolean end() {
        runs++;
        if (engine.steps() <= length) { // in a longer one no change could come at the end: it earns nothing
            missed *= 1 - 1 / (actors * Math.pow(length, depth - 1.0));
        } else if (engine.steps() < ControlledEngine.FAIR_AFTER) {
            length = engine.steps();
        }
        return true;
    }

    public int depth() {
        return depth;
    }

    /** Runs so far. */
    public long runs() {
        return runs;
    }

    /** Upper bound for the probability that a bug of this depth exists and all runs so far missed it. */
    public double missed() {
        return missed;
    }
}

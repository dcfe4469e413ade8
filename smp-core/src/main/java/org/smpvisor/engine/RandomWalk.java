package org.smpvisor.engine;

/** Every actor that can go on is equally likely at every step: the honest baseline. */
public final class RandomWalk implements Strategy {
    private final Rng rng;

    /** @param seed of all choices */
    public RandomWalk(long seed) {
        rng = new Rng(seed);
    }

    @Override
    public void begin(ControlledEngine engine) {
        // Each run goes on with the same stream of random numbers.
    }

    @Override
    public int choose(long enabled, int current) {
        return rng.element(enabled);
    }
}

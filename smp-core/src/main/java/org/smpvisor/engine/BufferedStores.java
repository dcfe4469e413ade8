package org.smpvisor.engine;

/** Another strategy with store buffers. */
public final class BufferedStores implements Strategy {
    private final Strategy strategy;

    public BufferedStores(Strategy strategy) {
        this.strategy = strategy;
    }

    @Override
    public void begin(ControlledEngine engine) {
        strategy.begin(engine);
    }

    @Override
    public int choose(long enabled, int current) {
        return strategy.choose(enabled, current);
    }

    @Override
    public boolean buffersStores() {
        return true;
    }

    @Override
    public boolean end() {
        return strategy.end();
    }
}

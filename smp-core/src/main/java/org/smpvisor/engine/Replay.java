package org.smpvisor.engine;

/**
 * Repeats recorded decisions. Strictly: a decision that cannot be taken ends the run with a divergence. Loosely: it is
 * skipped, and whoever runs goes on; so a shrunk list of decisions still leads somewhere.
 */
public final class Replay implements Strategy {
    private final byte[] decisions;
    private final boolean strict;
    private ControlledEngine engine;
    private int at;
    private int done;
    private int divergedAt = -1;

    /** @param strict whether to stop at the first decision that cannot be taken */
    public Replay(byte[] decisions, boolean strict) {
        this.decisions = decisions.clone();
        this.strict = strict;
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        at = 0;
        done = 0;
        divergedAt = -1;
    }

    @Override
    public int choose(long enabled, int current) {
        if (strict) {
            int step = engine.steps();
            int a = step < decisions.length ? decisions[step] : -1;
            if (a >= 0 && (enabled >>> a & 1) != 0) {
                return a;
            }
            if (divergedAt < 0 && step < decisions.length) {
                divergedAt = step;
            }
            return -1;
        }
        for (; done < engine.steps(); done++) { // steps that were forced, or are the answer to the last question
            if (at < decisions.length && decisions[at] == engine.decision(done)) {
                at++;
            }
        }
        for (; at < decisions.length; at++) {
            if ((enabled >>> decisions[at] & 1) != 0) {
                return decisions[at];
            }
        }
        return (enabled >>> current & 1) != 0 ? current : Long.numberOfTrailingZeros(enabled);
    }

    /** A run with store buffers has steps of theirs, unless it stores nothing; one without has none. */
    @Override
    public boolean buffersStores() {
        for (byte d : decisions) {
            if (engine.isStoreBuffer(d)) {
                return true;
            }
        }
        return false;
    }

    /** Step at which a decision could not be taken, -1 for none; strict replays only. */
    public int divergedAt() {
        return divergedAt;
    }
}

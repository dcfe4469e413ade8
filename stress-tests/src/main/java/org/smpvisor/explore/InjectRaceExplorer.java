package org.smpvisor.explore;

import java.util.Set;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Strategy;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.variant.Variant;

/** Explores {@link InjectRace} with the strategies that {@code explore} uses. For one thread at a time. */
public final class InjectRaceExplorer {
    private static final int MAX_STEPS = 10_000;

    private final ControlledEngine engine = new ControlledEngine(InjectRace.CPUS, true);
    private final InjectRace race;
    private final Snapshot snapshot;
    private final long seed;
    private Portfolio portfolio;
    private long schedules;
    private long misrouted;

    /** Sets the race up, up to the moment from which every schedule starts. */
    public InjectRaceExplorer(Variant variant, long seed) {
        this.seed = seed;
        race = new InjectRace(engine, variant, true);
        race.attach(engine);
        oneAfterTheOther();
        portfolio = new Portfolio("portfolio", seed, true);
        snapshot =
                new Snapshot(Set.of(ControlledEngine.class, LockValidator.class, Memory.class), engine.memory(), race);
    }

    private void oneAfterTheOther() {
        Outcome o = engine.run(new BoundedSearch(0, 0), race::setUp, MAX_STEPS, null);
        if (o.end() != Outcome.End.QUIESCENT) {
            throw new IllegalStateException("setting up: " + o, o.failure());
        }
    }

    /** Runs {@code n} schedules; each must keep the SPI on one list. */
    public void explore(int n) {
        for (int i = 0; i < n; i++) {
            Portfolio.Arm arm = portfolio.next();
            if (arm == null) { // every schedule has been tried: once more from the start
                portfolio = new Portfolio("portfolio", seed + schedules, true);
                arm = portfolio.next();
            }
            one(arm.strategy());
            portfolio.ended(arm); // an arm that is over is not given out again
        }
    }

    private void one(Strategy strategy) {
        snapshot.restore();
        Outcome o = engine.run(strategy, race::race, MAX_STEPS, null);
        schedules++;
        if (o.end() == Outcome.End.CUT) {
            return;
        }
        if (o.end() != Outcome.End.QUIESCENT || race.isLostOrDoubled()) {
            throw new IllegalStateException("schedule " + schedules + ": " + o, o.failure());
        }
        misrouted += race.isMisrouted() ? 1 : 0;
    }

    /** Schedules so far. */
    public long schedules() {
        return schedules;
    }

    /** Schedules after which the SPI was on the list of a vCPU that was no longer its target. */
    public long misrouted() {
        return misrouted;
    }

    /** Points that the model has reported so far, while the race was set up included. */
    public long points() {
        return engine.totalPoints();
    }
}

package org.smpvisor.bench;

import java.util.Locale;
import org.smpvisor.explore.InjectRaceExplorer;
import org.smpvisor.variant.Variant;

/** Schedules, or points, a second of the controlled engine on one thread: an injection against a change of the route. */
final class ScheduleJob implements Subject {
    private static final long SEED = 4711;
    private static final int BATCH = 64;
    private static final int MOST_TO_FIND = 100_000;

    private final boolean points;
    private final InjectRaceExplorer explorer = new InjectRaceExplorer(Variant.allFixed(), SEED);

    /** @param points whether points are counted, instead of schedules */
    ScheduleJob(boolean points) {
        this.points = points;
    }

    @Override
    public double rate(double seconds) {
        return Pace.rate(seconds, this::batch);
    }

    private long batch() {
        long before = explorer.points();
        try {
            explorer.explore(BATCH);
        } catch (IllegalStateException e) {
            throw new BenchFailure(e.getMessage(), e);
        }
        return points ? explorer.points() - before : BATCH;
    }

    @Override
    public String note() {
        InjectRaceExplorer xen = new InjectRaceExplorer(Variant.xen(), SEED);
        while (xen.misrouted() == 0 && xen.schedules() < MOST_TO_FIND) {
            xen.explore(1);
        }
        return String.format(
                Locale.ROOT,
                "%.1f points per schedule; finds H2 after %d schedules",
                (double) explorer.points() / explorer.schedules(),
                xen.schedules());
    }
}

package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.BufferedStores;
import org.smpvisor.engine.Pct;
import org.smpvisor.engine.Pos;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.Spread;
import org.smpvisor.engine.Strategy;

/**
 * The strategies that one worker tries in turn on one scenario, a slice of schedules each. The bounded search deepens when it
 * has tried everything within its bounds.
 */
final class Portfolio {
    /** One strategy with what is known of its work. */
    static final class Arm {
        private final String name;
        private Strategy strategy;
        private long schedules;

        Arm(String name, Strategy strategy) {
            this.name = name;
            this.strategy = strategy;
        }

        String name() {
            return name;
        }

        Strategy strategy() {
            return strategy;
        }

        /** Schedules that this arm has tried, those of earlier bounds included. */
        long schedules() {
            return schedules;
        }
    }

    /** Bounds of the search in the order in which it deepens: preemptions, interrupts. */
    private static final int[][] BOUNDS = {
        {0, 0},
        {0, 1},
        {1, 0},
        {1, 1},
        {1, 2},
        {2, 1},
        {2, 2},
        {3, 2},
        {3, 3},
        {4, 4},
        {BoundedSearch.UNBOUNDED, BoundedSearch.UNBOUNDED}
    };

    /** Names that {@code --strategy} understands. */
    static final List<String> NAMES = List.of("portfolio", "random", "spread", "pos", "pct", "buffers", "search");

    private final List<Arm> arms = new ArrayList<>();
    private final List<String> exhausted = new ArrayList<>();
    private int at;
    private int bound;
    private boolean over;
    private boolean complete;
    private boolean truncated;

    /**
     * @param name one of {@link #NAMES}
     * @param searches whether this worker does the bounded search, which several workers would only repeat
     */
    Portfolio(String name, long seed, boolean searches) {
        boolean all = name.equals("portfolio");
        if ((all || name.equals("search")) && searches) {
            arms.add(new Arm("search", search()));
        }
        if (all || name.equals("spread")) {
            arms.add(new Arm("spread", new Spread(seed)));
        }
        if (all || name.equals("pos")) {
            arms.add(new Arm("pos", new Pos(seed)));
        }
        if (all || name.equals("random")) {
            arms.add(new Arm("random", new RandomWalk(seed)));
        }
        if (all || name.equals("buffers")) {
            arms.add(new Arm("pos with store buffers", new BufferedStores(new Pos(seed))));
            arms.add(new Arm("random with store buffers", new BufferedStores(new RandomWalk(seed))));
        }
        if (all || name.equals("pct")) {
            for (int depth = 2; depth <= 4; depth++) {
                arms.add(new Arm("pct" + depth, new Pct(seed + depth, depth)));
            }
        }
        over = arms.isEmpty();
    }

    private Strategy search() {
        return new BoundedSearch(BOUNDS[bound][0], BOUNDS[bound][1]);
    }

    /** The strategy whose slice comes next; {@code null} when there is nothing left to try. */
    Arm next() {
        if (over) {
            return null;
        }
        Arm a = arms.get(at);
        at = (at + 1) % arms.size();
        return a;
    }

    /** A schedule of {@code arm} has ended; returns whether the arm has more to try. */
    boolean ended(Arm arm) {
        arm.schedules++;
        if (arm.strategy.end()) {
            return true;
        }
        BoundedSearch s = (BoundedSearch) arm.strategy;
        exhausted.add(
                s.schedules() + s.cuts() == 1
                        ? "the one schedule with " + s.bound()
                        : String.format(
                                Locale.ROOT,
                                "all schedules with %s (%,d run to their end, %,d as far as a state seen before)",
                                s.bound(),
                                s.schedules(),
                                s.cuts()));
        bound++;
        truncated |= s.isTruncated();
        if (bound < BOUNDS.length) {
            arm.strategy = search();
            return true;
        }
        complete = !truncated;
        arms.remove(arm);
        at = 0;
        over = arms.isEmpty();
        return false;
    }

    /** Whether the search has tried every schedule; those with store buffers are not among them. */
    boolean isComplete() {
        return complete;
    }

    /** Whether nothing is left to try. */
    boolean isOver() {
        return over;
    }

    /** What the search has exhausted, in words, the widest bound last. */
    List<String> exhausted() {
        return exhausted;
    }

    /** Bound on the probability of having missed a bug of the given depth, 1 when that depth was not tried. */
    double missed(int depth) {
        double p = 1;
        for (Arm a : arms) {
            if (a.strategy instanceof Pct s && s.depth() == depth) {
                p *= s.missed();
            }
        }
        return p;
    }
}

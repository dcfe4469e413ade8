package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.BufferedStores;
import org.smpvisor.engine.PartialOrderSearch;
import org.smpvisor.engine.Pct;
import org.smpvisor.engine.Pos;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.Search;
import org.smpvisor.engine.Spread;
import org.smpvisor.engine.Strategy;
import org.smpvisor.engine.Towards;
import org.smpvisor.lock.LockClass;

/**
 * The strategies that one worker tries in turn on one scenario, a slice of schedules each. The bounded search deepens when it
 * has tried everything within its bounds.
 */
final class Portfolio {
    /** One strategy with what is known of its work. */
    static final class Arm {
        private final String name;
        private final Iterator<Search> deeper;
        private Strategy strategy;
        private long schedules;

        Arm(String name, Strategy strategy) {
            this.name = name;
            this.strategy = strategy;
            this.deeper = Collections.emptyIterator();
        }

        /** An arm that goes on with the next search when it has exhausted one. */
        Arm(String name, Iterator<Search> searches) {
            this.name = name;
            this.strategy = searches.next();
            this.deeper = searches;
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

    /** Interrupts that each pCPU takes where it could go on, in the order in which the partial-order search deepens. */
    private static final int[] INTERRUPTS = {0, 1, 2, 3, PartialOrderSearch.UNBOUNDED};

    /** Names that {@code --strategy} understands. */
    static final List<String> NAMES =
            List.of("portfolio", "random", "spread", "pos", "pct", "buffers", "search", "dpor");

    /** Those of them that try everything in an order of their own, so that a second worker would repeat the first. */
    private static final Set<String> SEARCHES = Set.of("search", "dpor");

    private final List<Arm> arms = new ArrayList<>();
    private final Map<String, String> exhausted = new LinkedHashMap<>();
    private int at;
    private boolean over;
    private boolean complete;

    /**
     * @param name one of {@link #NAMES}
     * @param searches whether this worker does the bounded search, which several workers would only repeat
     */
    Portfolio(String name, long seed, boolean searches) {
        boolean all = name.equals("portfolio");
        if ((all || name.equals("search")) && searches) {
            arms.add(new Arm(
                    "search",
                    Arrays.stream(BOUNDS)
                            .<Search>map(b -> new BoundedSearch(b[0], b[1]))
                            .iterator()));
        }
        if ((all || name.equals("dpor")) && searches) {
            arms.add(new Arm(
                    "dpor",
                    Arrays.stream(INTERRUPTS)
                            .<Search>mapToObj(PartialOrderSearch::new)
                            .iterator()));
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

    /** Whether workers of that strategy would all do the same. */
    static boolean isSearch(String name) {
        return SEARCHES.contains(name);
    }

    /** A single strategy. */
    private Portfolio(Arm arm) {
        arms.add(arm);
    }

    /** Schedules that lean towards a deadlock on locks of these classes, and nothing else. */
    static Portfolio towards(Set<LockClass> classes, long seed) {
        return new Portfolio(new Arm("towards", new Towards(seed, classes)));
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
        Search s = (Search) arm.strategy;
        exhausted.put(
                arm.name,
                s.schedules() + s.cuts() == 1
                        ? s.bound() + " (one)"
                        : String.format(
                                Locale.ROOT,
                                "%s (%,d run to their end, %,d cut where what follows had been tried)",
                                s.bound(),
                                s.schedules(),
                                s.cuts()));
        complete |= s.isUnbounded() && !s.isTruncated();
        if (!complete && arm.deeper.hasNext()) {
            arm.strategy = arm.deeper.next();
            return true;
        }
        arms.removeIf(x -> x == arm || complete && x.strategy instanceof Search);
        at = 0;
        over = arms.isEmpty();
        return false;
    }

    /** Whether a search has tried every schedule; those with store buffers are not among them. */
    boolean isComplete() {
        return complete;
    }

    /** Whether nothing is left to try. */
    boolean isOver() {
        return over;
    }

    /** What each search has exhausted, in words: the widest bound. */
    List<String> exhausted() {
        return List.copyOf(exhausted.values());
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

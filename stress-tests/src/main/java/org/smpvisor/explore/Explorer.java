package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.smpvisor.cpu.Counter;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Point;
import org.smpvisor.engine.Strategy;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** One worker's exploration of one small scenario: schedule after schedule, each judged, failures grouped. */
public final class Explorer {
    private static final int SLICE = 64;
    private static final int SAMPLED = 97;

    /** What is known of one kind of failure. */
    public static final class Group {
        private final Failure first;
        private final Quirk explainedBy;
        private final long schedule;
        private Failure shortest;
        private long count = 1;

        Group(Failure first, Quirk explainedBy, long schedule) {
            this.first = first;
            this.shortest = first;
            this.explainedBy = explainedBy;
            this.schedule = schedule;
        }

        /** What makes two groups of different workers the same. */
        public String key() {
            return explainedBy + " " + first.signature();
        }

        /** The failure as it was found first. */
        public Failure first() {
            return first;
        }

        /** The one with the fewest switches. */
        public Failure shortest() {
            return shortest;
        }

        /** The weak spot that explains it, or {@code null}. */
        public Quirk explainedBy() {
            return explainedBy;
        }

        /** Schedules tried on the scenario when it was found first. */
        public long schedule() {
            return schedule;
        }

        public long count() {
            return count;
        }
    }

    private final Subject subject;
    private final Portfolio portfolio;
    private final long seed;
    private final Map<String, Group> groups = new LinkedHashMap<>();
    private final Map<Counter, Long> seen = new EnumMap<>(Counter.class);
    private final Set<String> kinds = new HashSet<>();
    private Portfolio.Arm arm;
    private int slice;
    private long schedules;
    private long steps;

    /**
     * @param strategy one of {@link Portfolio#NAMES}
     * @param searches whether this worker does the bounded search
     */
    public Explorer(SmallScenario scenario, Variant variant, String strategy, long seed, boolean searches) {
        this(new Subject(scenario, variant, true), strategy, seed, searches);
    }

    /** The same on a subject that is there already. */
    Explorer(Subject subject, String strategy, long seed, boolean searches) {
        this(subject, new Portfolio(strategy, seed, searches), seed);
    }

    /** The same with strategies of the caller's. */
    Explorer(Subject subject, Portfolio portfolio, long seed) {
        this.subject = subject;
        this.portfolio = portfolio;
        this.seed = seed;
        for (Counter c : subject.scenario().promises()) {
            seen.put(c, 0L);
        }
    }

    /** Tries schedules until {@code enough} says so or nothing is left to try; it is asked after each schedule. */
    public void explore(BooleanSupplier enough) {
        while (!portfolio.isOver()) {
            if (slice == 0) {
                arm = portfolio.next();
                slice = SLICE;
                if (arm == null) {
                    return;
                }
            }
            slice--;
            one(arm.strategy());
            if (!portfolio.ended(arm)) {
                slice = 0;
            }
            if (enough.getAsBoolean()) {
                return;
            }
        }
    }

    private void one(Strategy strategy) {
        boolean sampled = schedules % SAMPLED == 0;
        Outcome o = subject.run(strategy, sampled ? this::sample : null);
        schedules++;
        steps += subject.engine().steps();
        if (o.end() == Outcome.End.CUT) {
            found(subject.notice());
            return;
        }
        List<Violation> violations = subject.judge(o);
        for (Map.Entry<Counter, Long> e : seen.entrySet()) {
            e.setValue(e.getValue() + (subject.total(e.getKey()) > subject.atMark(e.getKey()) ? 1 : 0));
        }
        found(violations);
    }

    private void sample(int step, int actor, Point what, Object on) {
        kinds.add(what + " " + on);
    }

    private void found(List<Violation> violations) {
        if (violations.isEmpty()) {
            return;
        }
        byte[] decisions = subject.engine().decisions();
        for (Violation v : violations) {
            Failure f = new Failure(
                    subject.scenario().name(), v, decisions, arm.name() + " seed " + seed + " schedule " + schedules);
            Quirk by = subject.explain(v);
            String key = by + " " + f.signature();
            Group g = groups.get(key);
            if (g == null) {
                groups.put(key, new Group(f, by, schedules));
                continue;
            }
            g.count++;
            if (f.switches() < g.shortest.switches()) {
                g.shortest = f;
            }
        }
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    public Subject subject() {
        return subject;
    }

    /** The groups that were added after the first {@code known} ones. */
    List<Group> groupsFrom(int known) {
        return groups.size() == known ? List.of() : new ArrayList<>(groups.values()).subList(known, groups.size());
    }

    /** Different steps that were seen in a sample of the schedules: kind and object. */
    Set<String> kinds() {
        return kinds;
    }

    /** What this worker has seen so far, in words: kinds of step in a sample of its schedules, and nestings of locks. */
    String coverage() {
        return String.format(
                Locale.ROOT,
                "%,4d kinds of step, %3d edges",
                kinds.size(),
                subject.machine().validator().edges().size());
    }

    /** Failures by kind, in the order in which they were found. */
    public List<Group> groups() {
        return new ArrayList<>(groups.values());
    }

    /** Schedules tried. */
    public long schedules() {
        return schedules;
    }

    /** Steps of all schedules. */
    public long steps() {
        return steps;
    }

    /** Points that the model reported in all schedules. */
    public long points() {
        return subject.engine().totalPoints();
    }

    /** In how many schedules each promised thing happened. */
    public Map<Counter, Long> promises() {
        return seen;
    }

    /** What each search has exhausted, in words: the widest bound. */
    public List<String> exhausted() {
        return portfolio.exhausted();
    }

    /** Whether the search has tried every schedule. */
    public boolean isComplete() {
        return portfolio.isComplete();
    }

    /** Whether nothing is left to try. */
    public boolean isOver() {
        return portfolio.isOver();
    }

    /** Bound on the probability of having missed a bug of the given depth, 1 when that depth was not tried. */
    public double missed(int depth) {
        return portfolio.missed(depth);
    }
}

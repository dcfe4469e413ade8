package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * Looks for historical bugs: puts one back into a model whose quirks are fixed, and explores all small scenarios, a slice of
 * schedules each in turn, until a tool reports something that the same model without the bug never shows. For one thread.
 */
public final class BugHunt {
    /** Schedules of one scenario before the next one has its turn; a multiple of what a strategy tries in a row. */
    private static final int SLICE = 128;

    private static final long NANOS = 1_000_000_000L;

    /** How a hunt ended. */
    public enum Verdict {
        /** A tool that must find it reported it. */
        FOUND,
        /** Its window was reached, and none of those tools noticed. */
        MISSED,
        /** No schedule reached its window, so that nothing was tested. */
        NOT_EXERCISED
    }

    /**
     * One report of a tool.
     *
     * @param tool which kind of tool
     * @param scenario where
     * @param schedules tried on all scenarios until then
     * @param seconds since the hunt began, machines built included
     * @param failure the schedule
     */
    public record Catch(Bug.Tool tool, String scenario, long schedules, double seconds, Failure failure) {}

    /**
     * What came of one hunt.
     *
     * @param bug what was hunted
     * @param seed of all choices
     * @param verdict how it ended
     * @param catches the first report of each kind of tool, in order
     * @param schedules tried on all scenarios
     * @param seconds that it took
     * @param windows schedules that reached the bug's window
     * @param twinSchedules tried without the bug on the same scenarios
     * @param twinFindings what is wrong without the bug, by signature; empty when it is clean
     */
    public record Result(
            Bug bug,
            long seed,
            Verdict verdict,
            List<Catch> catches,
            long schedules,
            double seconds,
            long windows,
            long twinSchedules,
            Set<String> twinFindings) {
        public Result {
            catches = List.copyOf(catches);
            twinFindings = Set.copyOf(twinFindings);
        }

        /** The first report of a tool that must find it, or else of another; {@code null} if there was none. */
        public Catch first() {
            return catches.stream()
                    .filter(c -> bug.tools().contains(c.tool()))
                    .findFirst()
                    .orElse(catches.isEmpty() ? null : catches.get(0));
        }
    }

    /** The model without a bug, explored as far as a hunt went; shared by the hunts of one seed that this object does. */
    private static final class Twin {
        private final Variant variant;
        private final long seed;
        private final Map<SmallScenario, Explorer> explorers = new HashMap<>();

        Twin(Variant variant, long seed) {
            this.variant = variant;
            this.seed = seed;
        }

        /** Explores {@code s} until {@code schedules} were tried; returns what is unexplained, by signature. */
        Set<String> explore(SmallScenario s, long schedules) {
            Explorer e = explorers.computeIfAbsent(
                    s, k -> new Explorer(new Subject(k, variant, true), "portfolio", seed, true));
            if (e.schedules() < schedules) {
                e.explore(() -> e.schedules() >= schedules);
            }
            Set<String> out = new TreeSet<>();
            for (Explorer.Group g : e.groups()) {
                if (g.explainedBy() == null) {
                    out.add(s.name() + ": " + g.first().signature());
                }
            }
            return out;
        }

        long schedules(SmallScenario s) {
            return explorers.containsKey(s) ? explorers.get(s).schedules() : 0;
        }
    }

    private final List<SmallScenario> scenarios;
    private final double seconds;
    private final Map<String, Twin> twins = new HashMap<>();

    /**
     * @param scenarios where to look
     * @param seconds for each hunt
     */
    public BugHunt(List<SmallScenario> scenarios, double seconds) {
        this.scenarios = List.copyOf(scenarios);
        this.seconds = seconds;
    }

    /** The model in which {@code bug} is hunted, without it. */
    public static Variant background(Bug bug) {
        Variant v = Variant.allFixed();
        for (Quirk q : bug.asInXen()) {
            v = v.with(q, false);
        }
        return v;
    }

    /** Which kind of tool reports a violation. */
    public static Bug.Tool toolOf(Violation.Kind kind) {
        return switch (kind) {
            case LOCKING -> Bug.Tool.LOCKS;
            case DEADLOCK, LIVELOCK -> Bug.Tool.DEADLOCK;
            case LOST, DUPLICATED, WRONG_TARGET -> Bug.Tool.HISTORY;
            case LEFT_BEHIND, INCONSISTENT, CORRUPTED -> Bug.Tool.AUDIT;
            case RACE -> Bug.Tool.RACE;
            default -> Bug.Tool.MODEL;
        };
    }

    /** Hunts one bug; {@code giveUp} is asked after each schedule. */
    public Result hunt(Bug bug, long seed, BooleanSupplier giveUp) {
        return new Hunt(bug, seed, giveUp).run();
    }

    private final class Hunt {
        private final Bug bug;
        private final long seed;
        private final BooleanSupplier giveUp;
        private final Variant variant;
        private final Twin twin;
        private final List<SmallScenario> suitable = new ArrayList<>();
        private final Map<SmallScenario, Explorer> explorers = new HashMap<>();
        private final Map<SmallScenario, Long> tried = new HashMap<>();
        private final Map<SmallScenario, Long> hitsAtMark = new HashMap<>();
        private final EnumMap<Bug.Tool, Catch> catches = new EnumMap<>(Bug.Tool.class);
        private final List<Catch> inOrder = new ArrayList<>();
        private final Set<String> twinFindings = new TreeSet<>();
        private final long began = System.nanoTime();
        private long twinNanos;
        private long schedules;
        private long windows;
        private boolean validates;
        private Set<Bug.Tool> tools;

        Hunt(Bug bug, long seed, BooleanSupplier giveUp) {
            this.bug = bug;
            this.seed = seed;
            this.giveUp = giveUp;
            this.variant = background(bug).with(bug);
            scenarios.stream().filter(s -> s.madeFor() == bug).forEach(suitable::add);
            scenarios.stream().filter(s -> s.madeFor() == null).forEach(suitable::add);
            this.twin = twins.computeIfAbsent(bug.asInXen() + " " + seed, k -> new Twin(background(bug), seed));
        }

        /** The time that the hunt itself took, that of its twin left out. */
        private double elapsed() {
            return (System.nanoTime() - began - twinNanos) / (double) NANOS;
        }

        /**
         * A validator and a deadlock prove different things about a lock: where both are due, both are looked for, the deadlock in
         * what time is left and without a validator that reports the same again and again. Either is enough.
         */
        Result run() {
            boolean both = bug.tools().containsAll(List.of(Bug.Tool.LOCKS, Bug.Tool.DEADLOCK));
            if (both) {
                phase(true, Set.of(Bug.Tool.LOCKS));
                phase(false, Set.of(Bug.Tool.DEADLOCK));
            } else {
                phase(true, EnumSet.copyOf(bug.tools()));
            }
            double took = elapsed();
            long twinSchedules = 0;
            for (Map.Entry<SmallScenario, Long> e : tried.entrySet()) {
                compare(e.getKey(), e.getValue());
                twinSchedules += twin.schedules(e.getKey());
            }
            boolean found = bug.tools().stream().anyMatch(catches::containsKey);
            Verdict v = windows == 0 ? Verdict.NOT_EXERCISED : found ? Verdict.FOUND : Verdict.MISSED;
            return new Result(bug, seed, v, inOrder, schedules, took, windows, twinSchedules, twinFindings);
        }

        private void phase(boolean validate, Set<Bug.Tool> awaited) {
            validates = validate;
            tools = awaited;
            explorers.clear();
            boolean over = false;
            while (!over && !isEnough() && elapsed() < seconds && !giveUp.getAsBoolean()) {
                over = true;
                for (SmallScenario s : suitable) {
                    over &= slice(s);
                    if (isEnough() || elapsed() >= seconds || giveUp.getAsBoolean()) {
                        break;
                    }
                }
            }
        }

        private boolean isEnough() {
            return tools.stream().anyMatch(catches::containsKey);
        }

        private Set<String> compare(SmallScenario s, long n) {
            long t = System.nanoTime();
            Set<String> known = twin.explore(s, n);
            twinFindings.addAll(known);
            twinNanos += System.nanoTime() - t;
            return known;
        }

        /** One scenario's turn; returns whether every schedule of it has been tried. */
        private boolean slice(SmallScenario s) {
            Explorer e = explorers.computeIfAbsent(s, this::prepare);
            long before = e.schedules();
            long hits = hitsAtMark.get(s);
            int[] groups = {e.groups().size()};
            e.explore(() -> {
                schedules++;
                windows += e.subject().marks().hits(bug) > hits ? 1 : 0;
                if (e.groups().size() != groups[0]) {
                    look(s, e, groups[0]);
                    groups[0] = e.groups().size();
                }
                return isEnough() || e.schedules() - before >= SLICE || elapsed() >= seconds || giveUp.getAsBoolean();
            });
            tried.merge(s, e.schedules(), Math::max);
            return e.isOver();
        }

        private Explorer prepare(SmallScenario s) {
            Explorer e = new Explorer(new Subject(s, variant, true, validates), "portfolio", seed, true);
            hitsAtMark.put(s, e.subject().marks().hits(bug));
            return e;
        }

        /** New kinds of failure have turned up: those that the twin does not show, even in more schedules, are the bug's. */
        private void look(SmallScenario s, Explorer e, int from) {
            Set<String> known = compare(s, Math.max(e.schedules(), 2 * SLICE));
            List<Explorer.Group> groups = e.groups();
            for (Explorer.Group g : groups.subList(from, groups.size())) {
                Failure f = g.first();
                Bug.Tool tool = toolOf(f.violation().kind());
                if (g.explainedBy() == null
                        && !known.contains(s.name() + ": " + f.signature())
                        && !catches.containsKey(tool)) {
                    Catch c = new Catch(tool, s.name(), schedules, elapsed(), f);
                    catches.put(tool, c);
                    inOrder.add(c);
                }
            }
        }
    }
}

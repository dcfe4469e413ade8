package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.smpvisor.lock.LockClass;
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
            twinFindings = Collections.unmodifiableSet(new TreeSet<>(twinFindings)); // the same order in every run
        }

        /** The first report of a tool that must find it, or else of another; {@code null} if there was none. */
        public Catch first() {
            return catches.stream()
                    .filter(c -> bug.tools().contains(c.tool()))
                    .findFirst()
                    .orElse(catches.isEmpty() ? null : catches.get(0));
        }
    }

    /**
     * Where and how schedules are looked for: in a scenario, by the portfolio or, with classes of locks, leaning towards a
     * deadlock on those.
     */
    private record Way(SmallScenario scenario, Set<LockClass> towards) {
        Explorer explorer(Variant variant, boolean validates, long seed) {
            Subject s = new Subject(scenario, variant, true, validates);
            return towards.isEmpty()
                    ? new Explorer(s, "portfolio", seed, true)
                    : new Explorer(s, Portfolio.towards(towards, seed), seed);
        }
    }

    /** The model without a bug, explored in each way as far as the longest hunt went; shared by all hunts of one seed. */
    private static final class Twin {
        private final Variant variant;
        private final long seed;
        private final Map<Way, Explorer> explorers = new HashMap<>();
        private final Lock busy = new ReentrantLock();

        Twin(Variant variant, long seed) {
            this.variant = variant;
            this.seed = seed;
        }

        /** Explores until {@code schedules} were tried in that way; what was tried for another hunt counts. */
        void explore(Way way, long schedules) {
            whileAlone(() -> {
                Explorer e = explorers.computeIfAbsent(way, w -> w.explorer(variant, true, seed));
                if (e.schedules() < schedules) {
                    e.explore(() -> e.schedules() >= schedules);
                }
                return null;
            });
        }

        /** What is unexplained in a scenario, by signature, in whatever way it was found. */
        Set<String> findings(SmallScenario s) {
            return whileAlone(() -> {
                Set<String> out = new TreeSet<>();
                explorers.forEach((way, e) -> {
                    if (way.scenario() == s) {
                        for (Explorer.Group g : e.groups()) {
                            if (g.explainedBy() == null) {
                                out.add(s.name() + ": " + g.first().signature());
                            }
                        }
                    }
                });
                return out;
            });
        }

        Set<String> findings() {
            return whileAlone(() -> {
                Set<String> out = new TreeSet<>();
                explorers.keySet().forEach(w -> out.addAll(findings(w.scenario())));
                return out;
            });
        }

        long schedules(Way way) {
            return whileAlone(
                    () -> explorers.containsKey(way) ? explorers.get(way).schedules() : 0);
        }

        /** Not by {@code synchronized}: who holds a monitor while continuations run wrecks the JVM's account of its locks. */
        private <T> T whileAlone(Supplier<T> work) {
            busy.lock();
            try {
                return work.get();
            } finally {
                busy.unlock();
            }
        }
    }

    private final List<SmallScenario> scenarios;
    private final double seconds;

    /** By seed, then by the quirks that are as in Xen. */
    private final Map<Long, Map<Set<Quirk>, Twin>> twins = new ConcurrentHashMap<>();

    /**
     * @param scenarios where to look
     * @param seconds for each hunt
     */
    public BugHunt(List<SmallScenario> scenarios, double seconds) {
        this.scenarios = List.copyOf(scenarios);
        this.seconds = seconds;
    }

    /** Weak spots by which nothing goes wrong that anybody judges; some bugs show themselves through what Xen does there. */
    private static final Set<Quirk> UNJUDGED = EnumSet.of(
            Quirk.H8, Quirk.H14, Quirk.H15, Quirk.H16, Quirk.H17, Quirk.H19, Quirk.H20, Quirk.H25, Quirk.H26, Quirk.U3,
            Quirk.U5, Quirk.U6, Quirk.U7, Quirk.U8, Quirk.U9, Quirk.U10, Quirk.U11);

    private Twin twin(Bug bug, long seed) {
        return twins.computeIfAbsent(seed, s -> new ConcurrentHashMap<>())
                .computeIfAbsent(bug.asInXen(), q -> new Twin(background(bug), seed));
    }

    /** The model in which {@code bug} is hunted, without it: every weak spot corrected that could be taken for it. */
    public static Variant background(Bug bug) {
        Variant v = Variant.allFixed();
        for (Quirk q : UNJUDGED) {
            v = v.with(q, false);
        }
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
            case LEFT_BEHIND, LEFT_ACTIVE, INCONSISTENT, CORRUPTED -> Bug.Tool.AUDIT;
            case RACE -> Bug.Tool.RACE;
            default -> Bug.Tool.MODEL;
        };
    }

    /** Hunts one bug; {@code giveUp} is asked after each schedule. Several threads may hunt at a time. */
    public Result hunt(Bug bug, long seed, BooleanSupplier giveUp) {
        return new Hunt(bug, seed, giveUp).run();
    }

    /**
     * The same result judged again by all that the twin has shown until now: other hunts of the seed may have had it explored
     * further. What it shows is no catch.
     */
    public Result judgeAgain(Result r) {
        Twin twin = twin(r.bug(), r.seed());
        Set<String> known = twin.findings();
        List<Catch> left = r.catches().stream()
                .filter(c -> !known.contains(c.scenario() + ": " + c.failure().signature()))
                .toList();
        return new Result(
                r.bug(),
                r.seed(),
                verdict(r.bug(), r.windows(), left),
                left,
                r.schedules(),
                r.seconds(),
                r.windows(),
                r.twinSchedules(),
                known);
    }

    /** Nothing more is hunted with that seed. */
    public void forget(long seed) {
        twins.remove(seed);
    }

    private static Verdict verdict(Bug bug, long windows, List<Catch> catches) {
        if (windows == 0) {
            return Verdict.NOT_EXERCISED;
        }
        return catches.stream().anyMatch(c -> bug.tools().contains(c.tool())) ? Verdict.FOUND : Verdict.MISSED;
    }

    private final class Hunt {
        private final Bug bug;
        private final long seed;
        private final BooleanSupplier giveUp;
        private final Variant variant;
        private final Twin twin;
        private final List<SmallScenario> suitable = new ArrayList<>();
        private final Map<Way, Explorer> explorers = new HashMap<>();
        private final Lock busy = new ReentrantLock();
        private final Map<Way, Long> tried = new HashMap<>();
        private final Map<Way, Long> hitsAtMark = new HashMap<>();
        private final EnumMap<Bug.Tool, Catch> catches = new EnumMap<>(Bug.Tool.class);
        private final List<Catch> inOrder = new ArrayList<>();
        private final Set<LockClass> closable = EnumSet.noneOf(LockClass.class);
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
            this.twin = twin(bug, seed);
        }

        /** The time that the hunt itself took, that of its twin left out. */
        private double elapsed() {
            return (System.nanoTime() - began - twinNanos) / (double) NANOS;
        }

        /**
         * A validator and a deadlock prove different things about a lock: where both are due, both are looked for, the deadlock in
         * what time is left and without a validator that reports the same again and again, but where its report leads. Either is
         * enough.
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
            for (Map.Entry<Way, Long> e : tried.entrySet()) {
                twin.explore(e.getKey(), e.getValue());
                twinSchedules += twin.schedules(e.getKey());
            }
            return judgeAgain(
                    new Result(bug, seed, Verdict.MISSED, inOrder, schedules, took, windows, twinSchedules, Set.of()));
        }

        private void phase(boolean validate, Set<Bug.Tool> awaited) {
            validates = validate;
            tools = awaited;
            explorers.clear();
            List<Way> ways = ways();
            boolean over = false;
            while (!over && !isOver()) {
                over = true;
                for (Way w : ways) {
                    over &= slice(w);
                    if (isOver()) {
                        break;
                    }
                }
            }
        }

        private List<Way> ways() {
            List<Way> out = new ArrayList<>();
            for (SmallScenario s : suitable) {
                out.add(new Way(s, Set.of()));
                if (!closable.isEmpty()) {
                    out.add(new Way(s, Set.copyOf(closable)));
                }
            }
            return out;
        }

        private boolean isOver() {
            return tools.stream().anyMatch(catches::containsKey) || elapsed() >= seconds || giveUp.getAsBoolean();
        }

        /** One scenario's turn; returns whether every schedule of it has been tried. */
        private boolean slice(Way w) {
            Explorer e = explorers.computeIfAbsent(w, this::prepare);
            long before = e.schedules();
            long hits = hitsAtMark.get(w);
            int[] groups = {e.groups().size()};
            e.explore(() -> {
                schedules++;
                windows += e.subject().marks().hits(bug) > hits ? 1 : 0;
                if (e.groups().size() != groups[0]) {
                    look(w, e, groups[0]);
                    groups[0] = e.groups().size();
                }
                return e.schedules() - before >= SLICE || isOver();
            });
            tried.merge(w, e.schedules(), Math::max);
            return e.isOver();
        }

        private Explorer prepare(Way w) {
            Explorer e = w.explorer(variant, validates, seed);
            hitsAtMark.put(w, e.subject().marks().hits(bug));
            return e;
        }

        /** New kinds of failure have turned up: those that the twin does not show, even in more schedules, are the bug's. */
        private void look(Way w, Explorer e, int from) {
            long t = System.nanoTime();
            twin.explore(w, Math.max(e.schedules(), 2 * SLICE));
            Set<String> known = twin.findings(w.scenario());
            twinNanos += System.nanoTime() - t;
            for (Explorer.Group g : e.groupsFrom(from)) {
                Failure f = g.first();
                Bug.Tool tool = toolOf(f.violation().kind());
                if (g.explainedBy() != null || known.contains(w.scenario().name() + ": " + f.signature())) {
                    continue;
                }
                closable.addAll(e.subject().closable(f.violation()));
                if (!catches.containsKey(tool)) {
                    Catch c = new Catch(tool, w.scenario().name(), schedules, elapsed(), f);
                    catches.put(tool, c);
                    inOrder.add(c);
                }
            }
        }
    }
}

package org.smpvisor.explore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.smpvisor.cpu.Counter;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Strategy;
import org.smpvisor.engine.Towards;
import org.smpvisor.lock.LockClass;
import org.smpvisor.oracle.Violation;
import org.smpvisor.scenario.Verdict;

/** An exploration of several small scenarios by several workers: searches, shrinks what it finds, and keeps it in files. */
public final class ExploreRun {
    private static final int SHRINK_SCHEDULES = 4_000;
    private static final int KEPT = 40;
    private static final int REALISE_SCHEDULES = 20_000;

    /** Hears of progress; called from the workers. */
    public interface Listener {
        /** A schedule has ended; {@code schedules} have in this scenario, {@code failures} kinds of failure are known. */
        void progress(String scenario, long schedules, int failures, Supplier<String> coverage);

        /** A kind of failure was seen for the first time. */
        void found(Explorer.Group group);
    }

    private final ExploreOptions options;
    private final Listener listener;
    private final AtomicBoolean interrupted = new AtomicBoolean();
    private final List<ExploreRecord.Explored> explored = new ArrayList<>();
    private final List<ExploreRecord.Found> found = new ArrayList<>();
    private String vehicle = "";

    public ExploreRun(ExploreOptions options, Listener listener) {
        this.options = options;
        this.listener = listener;
    }

    /** Ends the exploration early; callable from any thread. */
    public void interrupt() {
        interrupted.set(true);
    }

    /** Explores and returns what was found. */
    public ExploreRecord run() {
        long start = System.nanoTime();
        double share = options.seconds() / options.scenarios().size();
        for (SmallScenario s : options.scenarios()) {
            if (!interrupted.get()) {
                explore(s, share);
            }
        }
        return new ExploreRecord(options, verdict(), seconds(start), vehicle, explored, found);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private void explore(SmallScenario scenario, double share) {
        long start = System.nanoTime();
        AtomicLong schedules = new AtomicLong();
        Map<String, Double> firstSeen = new LinkedHashMap<>();
        List<Explorer> explorers = new ArrayList<>();
        for (int w = 0; w < options.threads(); w++) {
            boolean searches = w == 0 || Portfolio.isSearch(options.strategy());
            if (searches && w > 0) {
                break; // a second search would repeat the first
            }
            explorers.add(new Explorer(scenario, options.variant(), options.strategy(), options.seed() + w, searches));
        }
        AtomicReference<Throwable> broken = new AtomicReference<>();
        AtomicBoolean over = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (Explorer e : explorers) {
            Thread t = new Thread(
                    () -> {
                        try {
                            int[] known = {0};
                            Supplier<String> coverage = e::coverage;
                            e.explore(() -> {
                                long n = schedules.incrementAndGet();
                                List<Explorer.Group> groups = e.groupsFrom(known[0]);
                                known[0] += groups.size();
                                synchronized (firstSeen) {
                                    for (Explorer.Group g : groups) {
                                        if (firstSeen.putIfAbsent(g.key(), seconds(start)) == null) {
                                            listener.found(g);
                                        }
                                    }
                                }
                                listener.progress(scenario.name(), n, firstSeen.size(), coverage);
                                boolean spent =
                                        options.schedules() > 0 ? n >= options.schedules() : seconds(start) >= share;
                                return spent || over.get() || interrupted.get();
                            });
                            if (e.isOver()) {
                                over.set(true);
                            }
                        } catch (Throwable x) {
                            broken.compareAndSet(null, x);
                            over.set(true);
                        }
                    },
                    "explorer");
            threads.add(t);
            t.start();
        }
        for (Thread t : threads) {
            join(t);
        }
        if (broken.get() != null) {
            throw new IllegalStateException("exploring " + scenario.name() + " broke: " + broken.get(), broken.get());
        }
        double took = seconds(start);
        note(scenario, explorers, took);
        keep(scenario, explorers, firstSeen);
    }

    private void join(Thread t) {
        while (true) {
            try {
                t.join();
                return;
            } catch (InterruptedException e) {
                interrupt();
            }
        }
    }

    private void note(SmallScenario scenario, List<Explorer> explorers, double took) {
        vehicle = explorers.get(0).subject().engine().vehicle();
        Map<String, Long> promises = new LinkedHashMap<>();
        Set<String> kinds = new TreeSet<>();
        Set<String> edges = new TreeSet<>();
        double missed = 1;
        List<String> exhausted = new ArrayList<>();
        long schedules = 0;
        long steps = 0;
        long points = 0;
        boolean complete = false;
        for (Explorer e : explorers) {
            for (Map.Entry<Counter, Long> p : e.promises().entrySet()) {
                promises.merge(p.getKey().name(), p.getValue(), Long::sum);
            }
            kinds.addAll(e.kinds());
            edges.addAll(e.subject().machine().validator().edges());
            missed *= e.missed(3);
            exhausted.addAll(e.exhausted());
            complete |= e.isComplete();
            schedules += e.schedules();
            steps += e.steps();
            points += e.points();
        }
        explored.add(new ExploreRecord.Explored(
                scenario.name(),
                schedules,
                steps,
                points,
                took,
                exhausted,
                complete,
                missed,
                kinds.size(),
                edges.size(),
                promises));
    }

    // ---- failures ---------------------------------------------------------------------------------------------------

    private void keep(SmallScenario scenario, List<Explorer> explorers, Map<String, Double> firstSeen) {
        Map<String, List<Explorer.Group>> byKey = new LinkedHashMap<>();
        for (Explorer e : explorers) {
            for (Explorer.Group g : e.groups()) {
                byKey.computeIfAbsent(g.key(), k -> new ArrayList<>()).add(g);
            }
        }
        int n = 0;
        for (List<Explorer.Group> groups : byKey.values()) {
            Explorer.Group best = groups.get(0);
            long count = 0;
            long schedule = Long.MAX_VALUE;
            for (Explorer.Group g : groups) {
                count += g.count();
                schedule = Math.min(schedule, g.schedule());
                best = g.shortest().switches() < best.shortest().switches() ? g : best;
            }
            n++;
            Violation.Kind kind = best.first().violation().kind();
            // What the lock validator finds comes from what several schedules did, and is told once.
            boolean replayable = kind != Violation.Kind.LOCKING && n <= KEPT;
            Set<LockClass> closable = new HashSet<>();
            for (Explorer e : explorers) {
                closable.addAll(e.subject().closable(best.first().violation()));
            }
            Kept kept = replayable
                    ? shrunk(scenario, best.shortest(), n)
                    : closable.isEmpty() ? Kept.without(best.shortest(), "") : realised(scenario, best, closable, n);
            found.add(new ExploreRecord.Found(
                    kept.failure,
                    best.explainedBy(),
                    count,
                    schedule,
                    firstSeen.getOrDefault(best.key(), 0.0),
                    kept.file,
                    kept.switches,
                    kept.story,
                    kept.note));
        }
    }

    /** A failure in its shortest form, with its file. */
    private record Kept(Failure failure, String file, int switches, List<String> story, String note) {
        static Kept without(Failure f, String note) {
            return new Kept(f, null, 0, List.of(), note);
        }
    }

    /**
     * Hands what the validator has found to the scheduler: looks for a schedule in which pCPUs wait for locks of these classes
     * alone, for ever.
     */
    private Kept realised(SmallScenario scenario, Explorer.Group group, Set<LockClass> classes, int number) {
        Subject s = new Subject(scenario, options.variant(), true, false);
        Strategy towards = new Towards(options.seed(), classes);
        int tried = 0;
        while (tried < REALISE_SCHEDULES && !interrupted.get()) {
            Outcome o = s.run(towards, null);
            tried++;
            byte[] decisions = s.engine().decisions();
            boolean met = o.end() == Outcome.End.DEADLOCK && classes.containsAll(s.awaited());
            for (Violation v : s.judge(o)) {
                if (met && v.kind() == Violation.Kind.DEADLOCK) {
                    Failure f = new Failure(scenario.name(), v, decisions, "towards seed " + options.seed());
                    Kept k = shrunk(scenario, f, number);
                    String note = String.format(Locale.ROOT, "realised in schedule %,d: %s", tried, v.text());
                    return new Kept(group.shortest(), k.file, k.switches, k.story, note);
                }
            }
        }
        return Kept.without(
                group.shortest(), String.format(Locale.ROOT, "not realised in %,d schedules of this scenario", tried));
    }

    private Kept shrunk(SmallScenario scenario, Failure f, int number) {
        Evidence e = Evidence.of(scenario, options.variant(), f, SHRINK_SCHEDULES);
        String file = null;
        if (options.runs() != null) {
            file = write(scenario.name() + "-" + number + ".replay", e.file().text());
        }
        return new Kept(e.failure(), file, e.failure().switches(), e.story(), "");
    }

    private String write(String name, String text) {
        try {
            Path file = options.runs().resolve(name);
            Files.createDirectories(options.runs());
            Files.writeString(file, text);
            return file.toString();
        } catch (IOException e) {
            throw new UncheckedIOException("the replay file cannot be written: " + e.getMessage(), e);
        }
    }

    // ---- verdict ----------------------------------------------------------------------------------------------------

    private Verdict verdict() {
        boolean unexplained = false;
        boolean deadlock = false;
        for (ExploreRecord.Found f : found) {
            if (f.failure().violation().kind() == Violation.Kind.MODEL_BUG) {
                return Verdict.MODEL_BUG;
            }
            boolean is = f.explainedBy() == null;
            unexplained |= is;
            deadlock |= is && f.failure().violation().kind() == Violation.Kind.DEADLOCK;
        }
        if (deadlock) {
            return Verdict.DEADLOCK;
        }
        if (unexplained) {
            return Verdict.VIOLATION;
        }
        if (interrupted.get()) {
            return Verdict.INTERRUPTED;
        }
        if (!explored.stream().allMatch(ExploreRecord.Explored::isExercised)) {
            return Verdict.NOT_EXERCISED;
        }
        return found.isEmpty() ? Verdict.CLEAN : Verdict.KNOWN;
    }
}

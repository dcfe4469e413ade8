package org.smpvisor.report;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smpvisor.explore.BugHunt;
import org.smpvisor.variant.Bug;

/** Shows what came of hunts for historical bugs, each with several seeds: median and worst. */
public final class HuntReport {
    private final List<List<BugHunt.Result>> all;
    private final long seed;
    private final double seconds;
    private final Map<Bug, Path> kept;

    /**
     * @param all by bug, then by seed; at least one seed
     * @param seed the first one
     * @param seconds that each hunt was given
     * @param kept replay files
     */
    public HuntReport(List<List<BugHunt.Result>> all, long seed, double seconds, Map<Bug, Path> kept) {
        this.all = List.copyOf(all);
        this.seed = seed;
        this.seconds = seconds;
        this.kept = Map.copyOf(kept);
    }

    private int seeds() {
        return all.get(0).size();
    }

    /** One hunt in one line, as soon as it has ended. */
    public static String line(BugHunt.Result r) {
        String how = word(r);
        if (r.verdict() == BugHunt.Verdict.FOUND) {
            BugHunt.Catch c = r.first();
            how = String.format(
                    Locale.ROOT,
                    "found by %s in %s after %,d schedules, %.2f s",
                    c.tool(),
                    c.scenario(),
                    c.schedules(),
                    c.seconds());
        }
        return "seed " + r.seed() + ": " + r.bug().id() + " " + how;
    }

    /** Prints the table. */
    public void print(PrintWriter out) {
        head(out);
        all.forEach(r -> row(out, r));
        List<BugHunt.Result> flat = all.stream().flatMap(List::stream).toList();
        List<BugHunt.Catch> firsts = firsts(flat);
        out.printf(
                Locale.ROOT,
                "%n%d bugs, %d %s: %d of %d hunts found their bug",
                all.size(),
                seeds(),
                seeds() == 1 ? "seed" : "seeds each",
                firsts.size(),
                flat.size());
        if (!firsts.isEmpty()) {
            out.printf(
                    Locale.ROOT,
                    "; schedules until then, median (worst): %s; seconds: %s",
                    spread(schedules(firsts), "%,.0f"),
                    spread(seconds(firsts), "%.2f"));
        }
        out.println();
        out.flush();
    }

    /** The report that settles it, of each hunt that found its bug. */
    private static List<BugHunt.Catch> firsts(List<BugHunt.Result> results) {
        return results.stream()
                .filter(r -> r.verdict() == BugHunt.Verdict.FOUND)
                .map(BugHunt.Result::first)
                .toList();
    }

    private static double[] schedules(List<BugHunt.Catch> some) {
        return some.stream().mapToDouble(BugHunt.Catch::schedules).toArray();
    }

    private static double[] seconds(List<BugHunt.Catch> some) {
        return some.stream().mapToDouble(BugHunt.Catch::seconds).toArray();
    }

    private void head(PrintWriter out) {
        out.printf(
                "%-8s %-10s %-12s %-16s %22s %20s  %s%n",
                "bug",
                "found by",
                "verdict",
                "scenario",
                seeds() == 1 ? "schedules" : "schedules (worst)",
                seeds() == 1 ? "seconds" : "seconds (worst)",
                "again");
        out.flush();
    }

    private void row(PrintWriter out, List<BugHunt.Result> results) {
        Bug bug = results.get(0).bug();
        BugHunt.Result bad = results.stream()
                .filter(r -> r.verdict() != BugHunt.Verdict.FOUND)
                .findFirst()
                .orElse(null);
        boolean first = true;
        for (Bug.Tool t : Bug.Tool.values()) {
            List<BugHunt.Catch> some = results.stream()
                    .flatMap(r -> r.catches().stream())
                    .filter(c -> c.tool() == t)
                    .toList();
            if (some.isEmpty()) {
                continue;
            }
            out.printf(
                    Locale.ROOT,
                    "%-8s %-10s %-12s %-16s %22s %20s  %s%n",
                    first ? bug.id() : "",
                    t,
                    some.size() == results.size() ? "found" : some.size() + "/" + results.size() + " found",
                    some.get(0).scenario(),
                    spread(schedules(some), "%,.0f"),
                    spread(seconds(some), "%.2f"),
                    first ? again(results.get(0)) : "");
            first = false;
        }
        if (bad != null) {
            out.printf("%-8s %-10s %s%n", first ? bug.id() : "", "-", word(bad));
        }
        if (!bug.asInXen().isEmpty()) {
            out.printf("         with %s as in Xen%n", bug.asInXen());
        }
        for (BugHunt.Result r : results) {
            for (String s : r.twinFindings()) {
                out.printf("         without the bug, seed %d: %s%n", r.seed(), s);
            }
        }
        out.flush();
    }

    private static String word(BugHunt.Result r) {
        return r.verdict() == BugHunt.Verdict.MISSED
                ? String.format(Locale.ROOT, "missed in %,d schedules (seed %d)", r.schedules(), r.seed())
                : "notExercised: no schedule reached its window (seed " + r.seed() + ")";
    }

    /** One number, or median and worst of several. */
    private static String spread(double[] values, String format) {
        String median = String.format(Locale.ROOT, format, median(values));
        return values.length == 1 ? median : median + " (" + String.format(Locale.ROOT, format, worst(values)) + ")";
    }

    /** The lower one of the two in the middle, if there are two. */
    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(sorted.length - 1) / 2];
    }

    private static double worst(double[] values) {
        return Arrays.stream(values).max().orElseThrow();
    }

    /** All of it, for programs. */
    public Map<String, Object> json() {
        List<BugHunt.Result> flat = all.stream().flatMap(List::stream).toList();
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("format", "smpvisor-bugs-1");
        m.put("seed", seed);
        m.put("seeds", seeds());
        m.put("secondsEach", seconds);
        List<Map<String, Object>> bugs = new ArrayList<>();
        for (List<BugHunt.Result> r : all) {
            Map<String, Object> k = new LinkedHashMap<>();
            k.put("bug", r.get(0).bug().id());
            k.putAll(summary(r, firsts(r)));
            Map<String, Object> tools = new LinkedHashMap<>();
            for (Bug.Tool t : Bug.Tool.values()) {
                List<BugHunt.Catch> some = r.stream()
                        .flatMap(x -> x.catches().stream())
                        .filter(c -> c.tool() == t)
                        .toList();
                if (!some.isEmpty()) {
                    tools.put(t.toString(), summary(r, some));
                }
            }
            k.put("tools", tools);
            bugs.add(k);
        }
        m.put("bugs", bugs);
        m.put("overall", summary(flat, firsts(flat)));
        m.put("hunts", flat.stream().map(this::map).toList());
        return m;
    }

    private static Map<String, Object> summary(List<BugHunt.Result> hunts, List<BugHunt.Catch> some) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("hunts", hunts.size());
        m.put("found", some.size());
        if (!some.isEmpty()) {
            m.put("schedulesMedian", (long) median(schedules(some)));
            m.put("schedulesWorst", (long) worst(schedules(some)));
            m.put("secondsMedian", median(seconds(some)));
            m.put("secondsWorst", worst(seconds(some)));
        }
        return m;
    }

    private Map<String, Object> map(BugHunt.Result r) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("bug", r.bug().id());
        m.put("seed", r.seed());
        m.put(
                "verdict",
                r.verdict() == BugHunt.Verdict.NOT_EXERCISED
                        ? "notExercised"
                        : r.verdict().name().toLowerCase(Locale.ROOT));
        m.put("again", again(r));
        List<Map<String, Object>> catches = new ArrayList<>();
        for (BugHunt.Catch c : r.catches()) {
            Map<String, Object> k = new LinkedHashMap<>();
            k.put("tool", c.tool().toString());
            k.put("scenario", c.scenario());
            k.put("schedules", c.schedules());
            k.put("seconds", c.seconds());
            k.put(
                    "violation",
                    c.failure().violation().kind() + " "
                            + c.failure().violation().text());
            catches.add(k);
        }
        m.put("catches", catches);
        m.put("schedules", r.schedules());
        m.put("seconds", r.seconds());
        m.put("windows", r.windows());
        m.put("twinSchedules", r.twinSchedules());
        m.put("twinFindings", r.twinFindings());
        m.put("asInXen", r.bug().asInXen().stream().map(Enum::name).sorted().toList());
        return m;
    }

    private String again(BugHunt.Result r) {
        Path file = kept.get(r.bug());
        return file != null && r.seed() == seed
                ? "./smpvisor replay " + file
                : "./smpvisor bugs hunt " + r.bug().id() + " --seed " + r.seed();
    }
}

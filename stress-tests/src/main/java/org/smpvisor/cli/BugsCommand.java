package org.smpvisor.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.smpvisor.explore.BugHunt;
import org.smpvisor.explore.Evidence;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Variant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Historical bugs of Xen: which can be put back, and whether the tools find them. */
@Command(
        name = "bugs",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Bugs that Xen once had and that can be put back into the model, to measure the tools that look for such bugs.",
            ""
        },
        subcommands = {BugsCommand.ListBugs.class, BugsCommand.HuntBugs.class})
public final class BugsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "Missing command: list or hunt");
    }

    private static String status(Bug b) {
        if (!b.isSwitchable()) {
            return "waits for " + b.waitsFor();
        }
        return b.waitsFor() == null ? "switchable" : "switchable, open: " + b.waitsFor();
    }

    private static String tools(Bug b) {
        return b.tools().stream().map(Bug.Tool::toString).collect(Collectors.joining(", "));
    }

    private static void print(PrintWriter out, Object json) {
        try {
            out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        out.flush();
    }

    /** {@code bugs list}. */
    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = {
                "Lists the bugs: the commit of Xen that mended each, what is wrong, which tools must find it.",
                ""
            })
    static final class ListBugs implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(names = "--json", description = "Print JSON.")
        private boolean json;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                List<Map<String, Object>> all = new ArrayList<>();
                for (Bug b : Bug.values()) {
                    Map<String, Object> m = new LinkedHashMap<>();
                    m.put("id", b.id());
                    m.put("commit", b.commit());
                    m.put("what", b.what());
                    m.put("tools", b.tools().stream().map(Bug.Tool::toString).toList());
                    m.put("switchable", b.isSwitchable());
                    m.put("waitsFor", b.waitsFor());
                    all.add(m);
                }
                print(out, all);
                return Main.OK;
            }
            for (Bug b : Bug.values()) {
                out.printf(Locale.ROOT, "%-8s %s  %s%n", b.id(), b.commit(), b.what());
                out.printf(Locale.ROOT, "         found by: %s; %s%n", tools(b), status(b));
            }
            out.flush();
            return Main.OK;
        }
    }

    /** {@code bugs hunt}. */
    @Command(
            name = "hunt",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = {
                "Puts back one bug after the other and explores the small scenarios until a tool finds it. All weak spots are"
                        + " corrected meanwhile, but those that a bug needs, and what the model shows without the bug does not"
                        + " count.",
                ""
            },
            footer = {
                "",
                "Exit status 0: every bug was found, and nothing without it. 1: otherwise. 2: wrong use.",
                "",
                "Example:",
                "  smpvisor bugs hunt XB-001 XB-039 --seeds 20"
            })
    static final class HuntBugs implements Callable<Integer> {
        private static final int SHRINK_SCHEDULES = 4_000;

        @Spec
        private CommandSpec spec;

        @Parameters(
                paramLabel = "ID",
                arity = "0..*",
                description = "Bugs to hunt; without any, all that can be found.")
        private List<String> ids = new ArrayList<>();

        @Option(
                names = "--seconds",
                paramLabel = "N",
                defaultValue = "60",
                description = "Time for each bug and seed (60).")
        private double seconds;

        @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Bugs hunted at a time (1).")
        private int threads;

        @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "First seed of all choices (1).")
        private long seed;

        @Option(names = "--seeds", paramLabel = "N", defaultValue = "1", description = "Number of seeds (1).")
        private int seeds;

        @Option(
                names = "--runs",
                paramLabel = "DIR",
                defaultValue = "runs",
                description = "Where replay files go, in DIR/bugs-SEED (runs).")
        private Path runs;

        @Option(names = "--json", description = "Print JSON.")
        private boolean json;

        /** Replay file of each bug that was found by a schedule. */
        private final Map<Bug, Path> kept = new ConcurrentHashMap<>();

        @Override
        public Integer call() throws Exception {
            check(seconds > 0 && seconds <= 86_400, "--seconds must be more than 0 and at most 86400");
            check(threads > 0 && threads <= 256, "--threads must be 1 to 256");
            check(seeds > 0 && seeds <= 1000, "--seeds must be 1 to 1000");
            List<Bug> bugs = bugs();
            try {
                Files.createDirectories(runs);
            } catch (IOException e) {
                check(false, "--runs: " + runs + " cannot be made: " + e.getMessage());
            }
            ExecutorService pool = Executors.newFixedThreadPool(threads, r -> {
                Thread t = new Thread(r, "hunter");
                t.setDaemon(true);
                return t;
            });
            PrintWriter out = spec.commandLine().getOut();
            List<List<BugHunt.Result>> all = new ArrayList<>();
            try {
                List<Future<List<BugHunt.Result>>> work = new ArrayList<>();
                for (Bug b : bugs) {
                    work.add(pool.submit(() -> hunt(b)));
                }
                if (!json) {
                    head(out);
                }
                for (Future<List<BugHunt.Result>> f : work) {
                    List<BugHunt.Result> r = f.get();
                    all.add(r);
                    if (!json) {
                        row(out, r);
                    }
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception x ? x : e;
            } finally {
                pool.shutdownNow();
            }
            if (json) {
                print(out, all.stream().flatMap(List::stream).map(this::map).toList());
            }
            boolean fine = all.stream().flatMap(List::stream).allMatch(HuntBugs::isFine);
            return fine ? Main.OK : Main.FAILED;
        }

        private static boolean isFine(BugHunt.Result r) {
            return r.verdict() == BugHunt.Verdict.FOUND && r.twinFindings().isEmpty();
        }

        private void check(boolean isRight, String message) {
            if (!isRight) {
                throw new ParameterException(spec.commandLine(), message);
            }
        }

        private List<Bug> bugs() {
            Set<Bug> out = new LinkedHashSet<>();
            for (String id : ids) {
                List<Bug> some = new ArrayList<>();
                for (Bug b : Bug.values()) {
                    if (b.id().equalsIgnoreCase(id)
                            || b.id().length() == id.length() + 1
                                    && b.id().toUpperCase(Locale.ROOT).startsWith(id.toUpperCase(Locale.ROOT))) {
                        some.add(b);
                    }
                }
                check(!some.isEmpty(), "there is no bug '" + id + "'; 'smpvisor bugs list' names them");
                for (Bug b : some) {
                    check(b.isSwitchable(), b.id() + " cannot be switched on yet: it waits for " + b.waitsFor());
                }
                out.addAll(some);
            }
            if (ids.isEmpty()) {
                for (Bug b : Bug.values()) {
                    if (b.isHunted()) {
                        out.add(b);
                    }
                }
            }
            return List.copyOf(out);
        }

        private List<BugHunt.Result> hunt(Bug b) {
            List<BugHunt.Result> out = new ArrayList<>();
            for (int i = 0; i < seeds; i++) {
                BugHunt h = new BugHunt(SmallScenarios.all(), seconds);
                out.add(h.hunt(b, seed + i, () -> Thread.currentThread().isInterrupted()));
            }
            keep(out.get(0));
            return out;
        }

        /** What the lock validator reports needs no schedule: a report of another tool is kept, if there is one. */
        private void keep(BugHunt.Result r) {
            for (BugHunt.Catch c : r.catches()) {
                if (c.tool() != Bug.Tool.LOCKS && r.bug().tools().contains(c.tool())) {
                    SmallScenario scenario = SmallScenarios.named(c.scenario()).orElseThrow();
                    Variant v = BugHunt.background(r.bug()).with(r.bug());
                    String text = Evidence.of(scenario, v, c.failure(), SHRINK_SCHEDULES)
                            .file()
                            .text();
                    Path file = runs.resolve("bugs-" + r.seed()).resolve(r.bug().id() + ".replay");
                    try {
                        Files.createDirectories(file.getParent());
                        Files.writeString(file, text);
                    } catch (IOException e) {
                        throw new UncheckedIOException("the replay file cannot be written: " + e.getMessage(), e);
                    }
                    kept.put(r.bug(), file);
                    return;
                }
            }
        }

        private String again(BugHunt.Result r) {
            Path file = kept.get(r.bug());
            return file != null
                    ? "./smpvisor replay " + file
                    : "./smpvisor bugs hunt " + r.bug().id() + " --seed " + r.seed();
        }

        // ---- what is printed ----------------------------------------------------------------------------------------

        private void head(PrintWriter out) {
            out.printf(
                    "%-8s %-10s %-12s %-16s %22s %20s  %s%n",
                    "bug",
                    "found by",
                    "verdict",
                    "scenario",
                    seeds == 1 ? "schedules" : "schedules (worst)",
                    seeds == 1 ? "seconds" : "seconds (worst)",
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
                        spread(
                                some.stream()
                                        .mapToDouble(BugHunt.Catch::schedules)
                                        .toArray(),
                                "%,.0f"),
                        spread(some.stream().mapToDouble(BugHunt.Catch::seconds).toArray(), "%.2f"),
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
            double[] sorted = values.clone();
            java.util.Arrays.sort(sorted);
            String median = String.format(Locale.ROOT, format, sorted[(sorted.length - 1) / 2]);
            return sorted.length == 1
                    ? median
                    : median + " (" + String.format(Locale.ROOT, format, sorted[sorted.length - 1]) + ")";
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
    }
}

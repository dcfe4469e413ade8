package org.smpvisor.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.smpvisor.mutate.Family;
import org.smpvisor.mutate.MutationRun;
import org.smpvisor.mutate.Site;
import org.smpvisor.mutate.Trial;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes one small defect after another in the model, and sees whether the tools notice. */
@Command(
        name = "mutate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Makes one small defect after another in the model: a lock that is not taken, a kick that is left out. Each"
                    + " mutant is explored in a JVM of its own, all small scenarios with every weak spot corrected, until"
                    + " something notices or its time is up. The score says how much of what could go wrong the tools"
                    + " would see.",
            ""
        },
        footer = {
            "",
            "Exit status: 0, whatever the score; 2 for wrong use.",
            "",
            "Examples:",
            "  smpvisor mutate --family drop-lock --seconds 3",
            "  smpvisor mutate --site 'RankVgic' --json > mutants.json"
        })
public final class MutateCommand implements Callable<Integer> {
    private static final double MAX_SECONDS = 24 * 3600.0;
    private static final int MAX_THREADS = 256;
    private static final int SHOWN = 110;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--family",
            paramLabel = "NAME",
            completionCandidates = FamilyNames.class,
            description = "Only this kind of defect; may be repeated. One of ${COMPLETION-CANDIDATES}.")
    private List<String> families = new ArrayList<>();

    @Option(
            names = "--site",
            paramLabel = "PATTERN",
            description = "Only sites whose name contains a match of this regular expression.")
    private String site;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "5",
            description = "How long to explore a mutant that nothing kills (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--schedules",
            paramLabel = "N",
            description =
                    "How many schedules of each small scenario to try, instead of --seconds: the same on any host.")
    private Long schedules;

    @Option(names = "--threads", paramLabel = "N", description = "Mutants at a time (default: one per core).")
    private Integer threads;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of all choices (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--list", description = "Lists the sites, and ends.")
    private boolean list;

    @Option(
            names = "--json",
            description = "Prints one JSON object on standard output; progress goes to standard error.")
    private boolean json;

    /** Names for help and completion. */
    static final class FamilyNames implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Family.labels().iterator();
        }
    }

    @Override
    public Integer call() throws InterruptedException, JsonProcessingException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<Site> sites = sites();
        if (list) {
            sites.forEach(s -> out.printf("%-70s line %d, %s%n", s.name(), s.line(), s.what()));
            out.flush();
            return Main.OK;
        }
        int workers = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (workers < 1 || workers > MAX_THREADS) {
            throw wrong("--threads: " + workers + " is not between 1 and " + MAX_THREADS);
        }
        if (!(seconds > 0) || seconds > MAX_SECONDS) {
            throw wrong("--seconds: " + seconds + " is not between 0 and a day");
        }
        if (schedules != null && schedules < 1) {
            throw wrong("--schedules: " + schedules + " is not 1 or more");
        }
        Trial.Budget budget = new Trial.Budget(schedules == null ? seconds : schedules, schedules != null);
        int[] done = {0};
        MutationRun run = new MutationRun(budget, seed, workers, r -> {
            err.printf("%d of %d  %s%n", ++done[0], sites.size(), line(r));
            err.flush();
        });
        List<Trial.Result> results = run.run(sites);
        if (json) {
            out.println(new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(document(results)));
        } else {
            print(out, results);
        }
        out.flush();
        return Main.OK;
    }

    private List<Site> sites() {
        List<Family> chosen = new ArrayList<>();
        for (String f : families) {
            chosen.add(Family.named(f)
                    .orElseThrow(() -> wrong("--family: there is no family '" + f + "'; there are "
                            + String.join(", ", Family.labels()))));
        }
        try {
            Pattern p = Pattern.compile(site == null ? "" : site);
            List<Site> sites = MutationRun.sites(s -> (chosen.isEmpty() || chosen.contains(s.family()))
                    && p.matcher(s.name()).find());
            if (sites.isEmpty()) {
                throw wrong("no site of the model is meant");
            }
            return sites;
        } catch (PatternSyntaxException e) {
            throw wrong("--site: " + e.getDescription() + " in '" + site + "'");
        }
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    private static String line(Trial.Result r) {
        String by = r.isKilled() ? "killed by " + r.tool() + " in " + r.scenario() : r.status();
        String s = String.format(Locale.ROOT, "%-60s %s, schedule %,d", r.site().name(), by, r.schedules());
        String text = s + (r.text().isEmpty() ? "" : ": " + r.text());
        return text.length() > 2 * SHOWN ? text.substring(0, 2 * SHOWN) + "..." : text;
    }

    private static void print(PrintWriter out, List<Trial.Result> results) {
        out.printf("%n%-16s %8s %8s %8s %12s  %s%n", "family", "sites", "reached", "killed", "survived", "killed by");
        Map<Family, List<Trial.Result>> by = new TreeMap<>();
        results.forEach(r ->
                by.computeIfAbsent(r.site().family(), f -> new ArrayList<>()).add(r));
        by.forEach((f, all) -> row(out, f.label(), all));
        row(out, "all", results);
        List<Trial.Result> survivors =
                results.stream().filter(r -> r.isReached() && !r.isKilled()).toList();
        if (!survivors.isEmpty()) {
            out.printf("%nreached, and nothing noticed:%n");
            survivors.forEach(r -> out.printf(
                    "  %-60s line %d, %s%n",
                    r.site().name(), r.site().line(), r.site().what()));
        }
    }

    private static void row(PrintWriter out, String name, List<Trial.Result> all) {
        long reached = all.stream().filter(Trial.Result::isReached).count();
        long killed = all.stream().filter(Trial.Result::isKilled).count();
        Map<String, Integer> tools = new TreeMap<>();
        all.stream().filter(Trial.Result::isKilled).forEach(r -> tools.merge(r.tool(), 1, Integer::sum));
        StringBuilder b = new StringBuilder();
        tools.forEach((t, n) ->
                b.append(b.isEmpty() ? "" : ", ").append(t).append(' ').append(n));
        out.printf("%-16s %8d %8d %8d %12d  %s%n", name, all.size(), reached, killed, reached - killed, b);
    }

    private Map<String, Object> document(List<Trial.Result> results) {
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("format", "smpvisor-mutate-1");
        d.put("seconds", schedules == null ? seconds : null);
        d.put("schedules", schedules);
        d.put("seed", seed);
        d.put("sites", results.size());
        d.put("reached", results.stream().filter(Trial.Result::isReached).count());
        d.put("killed", results.stream().filter(Trial.Result::isKilled).count());
        d.put("mutants", results.stream().map(Trial.Result::document).toList());
        return d;
    }
}

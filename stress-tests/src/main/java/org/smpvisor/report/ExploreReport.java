package org.smpvisor.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smpvisor.explore.ExploreOptions;
import org.smpvisor.explore.ExploreRecord;
import org.smpvisor.scenario.Verdict;

/** Shows a finished exploration, to people and to programs, from its record alone. */
public final class ExploreReport {
    private static final int STORIES = 2;
    private static final int STORY_LINES = 60;

    private final ExploreRecord record;

    public ExploreReport(ExploreRecord record) {
        this.record = record;
    }

    // ---- for people -------------------------------------------------------------------------------------------------

    /** Prints the summary. */
    public void print(PrintWriter out) {
        out.println();
        failures(out);
        out.printf(
                Locale.ROOT,
                "%,d schedules in %.1f s (%,.0f a second, on %s)%n",
                record.schedules(),
                record.seconds(),
                rate(),
                record.vehicle());
        out.println();
        out.printf(
                "  %-16s %11s %9s %7s %6s %6s  %s%n",
                "scenario", "schedules", "a second", "steps", "kinds", "edges", "");
        for (ExploreRecord.Explored e : record.scenarios()) {
            out.printf(
                    Locale.ROOT,
                    "  %-16s %,11d %,9.0f %,7.0f %6d %6d  %s%n",
                    e.name(),
                    e.schedules(),
                    e.schedules() / e.seconds(),
                    (double) e.steps() / Math.max(1, e.schedules()),
                    e.kinds(),
                    e.lockEdges(),
                    reach(e));
            e.promises().forEach((c, n) -> {
                if (n == 0) {
                    out.println("      never happened: " + c);
                }
            });
        }
        out.println();
        out.println("verdict: " + record.verdict().text() + " (" + explanation() + ")");
        if (record.verdict() != Verdict.CLEAN) {
            out.println("run it again: " + record.options().commandLine());
        }
        out.flush();
    }

    private double rate() {
        return record.schedules() / Math.max(1e-9, record.seconds());
    }

    /** How much of the scenario is known: what was exhausted, else the bound of the random search. */
    private static String reach(ExploreRecord.Explored e) {
        if (e.complete()) {
            return reachOfSearch(e);
        }
        List<String> parts = new ArrayList<>();
        if (!e.exhausted().isEmpty()) {
            parts.add(reachOfSearch(e));
        }
        if (e.missed() < 0.995) {
            parts.add(
                    String.format(Locale.ROOT, "any bug of depth 3 missed with probability < %.2g", 1.05 * e.missed()));
        }
        return String.join("; ", parts);
    }

    /** What was tried completely; empty for nothing. */
    private static String reachOfSearch(ExploreRecord.Explored e) {
        if (e.complete()) {
            return "complete: a schedule of each kind tried, stores in order, timers early at most three times";
        }
        return String.join("; ", e.exhausted());
    }

    private void failures(PrintWriter out) {
        int stories = 0;
        for (ExploreRecord.Found f : record.failures()) {
            String cause = f.explainedBy() == null
                    ? "NOT EXPLAINED by any known weak spot"
                    : "explained by " + f.explainedBy();
            out.printf(
                    Locale.ROOT,
                    "%s in %s, %s%n  %s%n",
                    f.failure().violation().kind(),
                    f.failure().scenario(),
                    cause,
                    f.failure().violation().text());
            if (f.explainedBy() != null) {
                out.println("  " + f.explainedBy() + ": " + f.explainedBy().weakness());
            }
            out.printf(
                    Locale.ROOT,
                    "  first in schedule %,d after %.2f s, by %s; seen in %,d schedules%n",
                    f.schedule(),
                    f.secondsIn(),
                    f.failure().foundBy(),
                    f.count());
            if (!f.note().isEmpty()) {
                out.println("  " + f.note());
            }
            if (f.file() != null) {
                out.printf(Locale.ROOT, "  with %d switches: ./smpvisor replay %s%n", f.switches(), f.file());
            } else {
                f.failure().violation().history().forEach(l -> out.println("      " + l));
            }
            if (f.file() != null && stories < STORIES && f.explainedBy() == null) {
                stories++;
                f.story().stream().limit(STORY_LINES).forEach(l -> out.println("    " + l));
                if (f.story().size() > STORY_LINES) {
                    out.println("    ... " + (f.story().size() - STORY_LINES) + " more lines; see the replay");
                }
            }
            out.println();
        }
    }

    private String explanation() {
        return switch (record.verdict()) {
            case CLEAN -> "nothing went wrong, and all that was promised happened";
            case KNOWN -> "every failure is explained by a known weak spot of Xen whose window was reached there";
            case VIOLATION -> "something went wrong that no known weak spot explains";
            case DEADLOCK -> "pCPUs wait for each other in a circle";
            case NOT_EXERCISED ->
                "nothing went wrong that is not known, but something that was promised never happened";
            case INTERRUPTED -> "ended by the user";
            case MODEL_BUG -> "an invariant of the model is broken; the exploration proves nothing";
            default -> record.verdict().text();
        };
    }

    // ---- for programs -----------------------------------------------------------------------------------------------

    /** The exploration as one JSON object. */
    public String json() {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(document());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, Object> document() {
        ExploreOptions o = record.options();
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("format", "smpvisor-explore-1");
        d.put("verdict", record.verdict().text());
        d.put("explanation", explanation());
        d.put("strategy", o.strategy());
        d.put("threads", o.threads());
        d.put("seed", o.seed());
        d.put("vehicle", record.vehicle());
        d.put("seconds", record.seconds());
        d.put("schedules", record.schedules());
        d.put("schedulesPerSecond", rate());
        Map<String, String> exhausted = new LinkedHashMap<>();
        record.scenarios().forEach(e -> exhausted.put(e.name(), reachOfSearch(e)));
        d.put("exhausted", exhausted);
        d.put(
                "fixedQuirks",
                o.variant().fixed().stream().map(Enum::name).sorted().toList());
        d.put("bugs", o.variant().bugs().stream().map(Enum::name).sorted().toList());
        d.put(
                "scenarios",
                record.scenarios().stream().map(ExploreReport::scenario).toList());
        d.put("failures", record.failures().stream().map(ExploreReport::failure).toList());
        d.put("command", o.commandLine());
        return d;
    }

    private static Map<String, Object> scenario(ExploreRecord.Explored e) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("name", e.name());
        m.put("schedules", e.schedules());
        m.put("schedulesPerSecond", e.schedules() / e.seconds());
        m.put("steps", e.steps());
        m.put("points", e.points());
        m.put("seconds", e.seconds());
        m.put("exhausted", e.exhausted());
        m.put("complete", e.complete());
        m.put("missedDepth3", e.missed());
        m.put("kindsOfStep", e.kinds());
        m.put("lockEdges", e.lockEdges());
        m.put("promises", e.promises());
        return m;
    }

    private static Map<String, Object> failure(ExploreRecord.Found f) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("scenario", f.failure().scenario());
        m.put("kind", f.failure().violation().kind().name());
        m.put("text", f.failure().violation().text());
        m.put("signature", f.failure().signature());
        m.put("explainedBy", f.explainedBy() == null ? null : f.explainedBy().name());
        m.put("count", f.count());
        m.put("schedule", f.schedule());
        m.put("secondsIn", f.secondsIn());
        m.put("foundBy", f.failure().foundBy());
        m.put("note", f.note());
        m.put("switches", f.switches());
        m.put("file", f.file());
        m.put("command", f.file() == null ? null : "./smpvisor replay " + f.file());
        return m;
    }
}

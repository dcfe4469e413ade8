package org.smpvisor.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.smpvisor.explore.Replayed;
import org.smpvisor.oracle.Violation;

/** Shows a replay. */
public final class ReplayReport {
    private final Path file;
    private final Replayed replay;

    public ReplayReport(Path file, Replayed replay) {
        this.file = file;
        this.replay = replay;
    }

    /** Prints the story and what went wrong. */
    public void print(PrintWriter out) {
        out.println("scenario " + replay.file().scenario() + ", "
                + (replay.file().fixed().isEmpty()
                        ? "weak spots as Xen has them"
                        : "corrected: "
                                + replay.file().fixed().stream().sorted().toList())
                + ", " + replay.file().steps().size() + " steps on " + replay.vehicle());
        out.println("recorded failure: " + replay.file().failure());
        out.println();
        replay.story().forEach(out::println);
        out.println();
        for (int i = 0; i < replay.violations().size(); i++) {
            Violation v = replay.violations().get(i);
            String by = replay.causes().get(i) == null
                    ? "not explained"
                    : "explained by " + replay.causes().get(i);
            out.println(v.kind() + " (" + by + "): " + v.text());
        }
        if (replay.violations().isEmpty()) {
            out.println("nothing went wrong");
        }
        out.println(
                replay.difference() == null
                        ? "every step is as recorded"
                        : "DIVERGED: " + replay.difference() + "; the program has changed since " + file
                                + " was written");
    }

    /** The replay as one JSON object. */
    public String json() {
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("format", "smpvisor-replay-1");
        d.put("file", file.toString());
        d.put("scenario", replay.file().scenario());
        d.put("vehicle", replay.vehicle());
        d.put("steps", replay.file().steps().size());
        d.put("end", replay.end().name());
        d.put("difference", replay.difference());
        d.put(
                "violations",
                replay.violations().stream()
                        .map(v -> v.kind() + ": " + v.text())
                        .toList());
        d.put(
                "explainedBy",
                replay.causes().stream().map(q -> q == null ? null : q.name()).toList());
        d.put("story", replay.story());
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(d);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}

package org.smpvisor.jcstress;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A judged run, for other programs to read. */
record Summary(List<Subject> subjects, RunLog log, Function<Subject, String> reason) {
    /** Twins that ran and have not shown what they have lost, or could not run. */
    List<Subject> unproven() {
        return subjects.stream()
                .filter(s -> s.pattern() != null && !seen(s).isInteresting())
                .toList();
    }

    private RunLog.Seen seen(Subject s) {
        return log.of(s.planned().name());
    }

    /** {@code tests}, {@code planned}, {@code passed} and {@code unproven}. */
    String json() {
        return "{\n  \"tests\": [\n"
                + subjects.stream().map(this::test).collect(Collectors.joining(",\n"))
                + "\n  ],\n  \"planned\": " + log.planned() + ",\n  \"passed\": " + log.passed()
                + ",\n  \"unproven\": "
                + unproven().stream().map(s -> quoted(s.planned().name())).collect(Collectors.joining(", ", "[", "]"))
                + "\n}\n";
    }

    private String test(Subject s) {
        RunLog.Seen seen = seen(s);
        String json = "    {\"name\": " + quoted(s.planned().name()) + ", \"result\": " + quoted(result(s))
                + ", \"reason\": " + quoted(reason.apply(s)) + ", \"runs\": "
                + (isSkipped(s) ? 0 : Math.max(seen.verdicts().size(), log.configurations())) + ", \"outcomes\": "
                + seen.rows().stream().map(Summary::outcome).collect(Collectors.joining(", ", "[", "]"));
        if (s.pattern() != null) {
            json += ", \"twinOf\": " + quoted(s.twinOf()) + ", \"pattern\": "
                    + quoted(s.pattern().name()) + ", \"shown\": " + shown(s);
        }
        return json + "}";
    }

    private boolean isSkipped(Subject s) {
        return !reason.apply(s).isEmpty();
    }

    private String result(Subject s) {
        if (isSkipped(s)) {
            return "skipped";
        }
        if (log.planned() < 0) {
            return "error"; // jcstress did not come to its end
        }
        List<String> verdicts = seen(s).verdicts();
        if (verdicts.stream().allMatch(v -> v.equals("OK"))) {
            return "passed";
        }
        return verdicts.contains("FAILED") ? "failed" : "error";
    }

    private String shown(Subject s) {
        if (seen(s).isInteresting()) {
            return "true";
        }
        return s.sight() == Pattern.Sight.SEEN && !isSkipped(s) ? "false" : "\"notExpected\"";
    }

    private static String outcome(RunLog.Row r) {
        return "{\"id\": " + quoted(r.id()) + ", \"count\": " + r.count() + ", \"expect\": " + quoted(r.expect())
                + ", \"desc\": " + quoted(r.what()) + "}";
    }

    private static String quoted(String s) {
        return '"' + s.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}

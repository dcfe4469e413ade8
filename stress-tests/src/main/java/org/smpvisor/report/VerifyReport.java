package org.smpvisor.report;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smpvisor.verify.TestResult;
import org.smpvisor.verify.VerifyRecord;

/** Shows what came of the tests of jcstress and Lincheck. */
public final class VerifyReport {
    private final VerifyRecord record;

    public VerifyReport(VerifyRecord record) {
        this.record = record;
    }

    /** Prints what failed or was left out, and a line for each tool. */
    public void print(PrintWriter out) {
        for (VerifyRecord.ToolRun run : record.runs()) {
            for (TestResult r : run.results()) {
                if (r.result() != TestResult.Result.PASSED) {
                    out.println(run.tool() + ": " + r.name() + " " + r.result().text() + ": " + r.reason());
                    r.outcomes().stream()
                            .filter(TestResult.Outcome::wasForbidden)
                            .forEach(o ->
                                    out.printf(Locale.ROOT, "    %s, %,d times: %s%n", o.id(), o.count(), o.desc()));
                }
            }
            run.problems().forEach(p -> out.println(run.tool() + ": " + p));
            run.unproven().forEach(u -> out.println(run.tool() + ": not shown on this machine: " + u));
        }
        record.runs().forEach(run -> out.println(line(run)));
        out.printf(
                Locale.ROOT,
                "verdict: %s after %.0f s; %s%n",
                record.isFine() ? "fine" : "failed",
                record.seconds(),
                record.folder().resolve("summary.html"));
        out.flush();
    }

    /** One tool's part in one line. */
    static String line(VerifyRecord.ToolRun run) {
        StringBuilder b = new StringBuilder(String.format(
                Locale.ROOT, "%s %s: %d of %d tests ran", run.tool(), run.version(), run.ran(), run.classes()));
        for (TestResult.Result r : TestResult.Result.values()) {
            if (run.count(r) > 0) {
                b.append(", ").append(run.count(r)).append(' ').append(r.text());
            }
        }
        if (!run.unproven().isEmpty()) {
            b.append(", ").append(run.unproven().size()).append(" weak twins unproven");
        }
        return b.append(String.format(Locale.ROOT, ", %.0f s", run.seconds())).toString();
    }

    /** All of it, for programs. */
    public Map<String, Object> json() {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("format", "smpvisor-verify-1");
        m.put("fine", record.isFine());
        m.put("mode", record.mode());
        m.put("command", record.command());
        m.put("host", record.host());
        m.put("seconds", record.seconds());
        List<Map<String, Object>> tools = new ArrayList<>();
        for (VerifyRecord.ToolRun run : record.runs()) {
            Map<String, Object> k = new LinkedHashMap<>();
            k.put("tool", run.tool());
            k.put("version", run.version());
            k.put("fine", run.isFine());
            k.put("classes", run.classes());
            k.put("ran", run.ran());
            k.put("seconds", run.seconds());
            k.put("problems", run.problems());
            k.put("unproven", run.unproven());
            k.put("tests", run.results().stream().map(VerifyReport::json).toList());
            tools.add(k);
        }
        m.put("tools", tools);
        return m;
    }

    private static Map<String, Object> json(TestResult r) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("name", r.name());
        m.put("result", r.result().text());
        m.put("reason", r.reason());
        m.put("seconds", r.seconds() < 0 ? null : r.seconds());
        m.put("log", r.log());
        m.put("note", r.note());
        m.put("outcomes", r.outcomes());
        return m;
    }
}

package org.smpvisor.jcstress;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;

/** What the console log of a run of jcstress says: of each test the runs that it prints, and the sums. */
final class RunLog {
    /** One row of a table of results. */
    record Row(String id, long count, String expect, String what) {}

    /** All that is known of one test. */
    static final class Seen {
        private final List<String> verdicts = new ArrayList<>();
        private final Map<String, Row> rows = new LinkedHashMap<>();

        /** The verdict on each of its runs: OK, FAILED, ERROR and so on. */
        List<String> verdicts() {
            return verdicts;
        }

        /** What was observed, all runs together. */
        List<Row> rows() {
            return List.copyOf(rows.values());
        }

        private void add(Row r) {
            rows.merge(r.id(), r, (a, b) -> new Row(a.id(), a.count() + b.count(), a.expect(), a.what()));
        }

        /** Whether an interesting outcome was observed. */
        boolean isInteresting() {
            return rows.values().stream()
                    .anyMatch(r -> r.count() > 0 && r.expect().equals("interesting"));
        }

        private void addAll(Seen other) {
            verdicts.addAll(other.verdicts);
            other.rows.values().forEach(this::add);
        }
    }

    private static final java.util.regex.Pattern VERDICT =
            java.util.regex.Pattern.compile("^\\.+ \\[([A-Z ]+)] (org\\.smpvisor[\\w.]*)");
    private static final java.util.regex.Pattern ROW = java.util.regex.Pattern.compile(
            "^\\s*(\\S.*?)\\s+([\\d,]+)\\s+<?[\\d.,]+%\\s+(Acceptable|Interesting|Forbidden|Unknown)\\s+(.*)$");
    private static final java.util.regex.Pattern RESULTS = java.util.regex.Pattern.compile(
            "Results: (\\d+) planned; (\\d+) passed, (\\d+) failed, (\\d+) soft errs, (\\d+) hard errs");
    private static final java.util.regex.Pattern CONFIGURATION =
            java.util.regex.Pattern.compile("^-+ \\[OK] \\[(.*)]$");
    private static final java.util.regex.Pattern CORES =
            java.util.regex.Pattern.compile("Hardware CPUs in use: (\\d+)");

    private static final java.util.regex.Pattern SELECTION =
            java.util.regex.Pattern.compile("Test selection: \"(.*)\"");

    private final Map<String, Seen> tests = new LinkedHashMap<>();
    private int planned = -1;
    private int passed = -1;
    private int cores = -1;
    private int configurations;
    private String jvmArgs = "";
    private java.util.regex.Pattern selection = java.util.regex.Pattern.compile("");

    /** Reads a log. */
    static RunLog of(List<String> lines) {
        RunLog log = new RunLog();
        log.read(lines);
        return log;
    }

    private void read(List<String> lines) {
        Seen current = null;
        boolean isSummary = false;
        for (String line : lines) {
            Matcher m = VERDICT.matcher(line);
            if (m.find()) {
                current = isSummary ? null : tests.computeIfAbsent(m.group(2), n -> new Seen());
                if (current != null) {
                    current.verdicts.add(m.group(1));
                }
                continue;
            }
            m = ROW.matcher(line);
            if (current != null && m.find()) {
                long count = Long.parseLong(m.group(2).replace(",", ""));
                current.add(new Row(m.group(1), count, m.group(3).toLowerCase(java.util.Locale.ROOT), m.group(4)));
                continue;
            }
            isSummary |= line.startsWith("RUN RESULTS:");
            numbers(line);
        }
    }

    private void numbers(String line) {
        Matcher m = RESULTS.matcher(line);
        if (m.find()) {
            planned = Integer.parseInt(m.group(1));
            passed = Integer.parseInt(m.group(2));
        }
        m = CORES.matcher(line);
        if (m.find()) {
            cores = Integer.parseInt(m.group(1));
        }
        m = SELECTION.matcher(line);
        if (m.find()) {
            selection = java.util.regex.Pattern.compile(m.group(1));
        }
        m = CONFIGURATION.matcher(line);
        if (m.find()) {
            configurations++;
            jvmArgs = m.group(1)
                    .replace(", ", " ")
                    .replaceAll("-XX:[+-]UseBiasedLocking", "")
                    .strip();
        }
    }

    /** Adds what a second run has shown. */
    void add(RunLog other) {
        other.tests.forEach(
                (name, seen) -> tests.computeIfAbsent(name, n -> new Seen()).addAll(seen));
    }

    /** What is known of a test; nothing if the log does not name it. */
    Seen of(String test) {
        return tests.getOrDefault(test, new Seen());
    }

    /** Whether a test is among those that were to run. */
    boolean selects(String test) {
        return selection.matcher(test).find();
    }

    /** Runs that were planned, -1 if the log does not say. */
    int planned() {
        return planned;
    }

    int passed() {
        return passed;
    }

    /** Cores that jcstress used, -1 if the log does not say. */
    int cores() {
        return cores;
    }

    /** Configurations of the JVM in which every test ran. */
    int configurations() {
        return Math.max(1, configurations);
    }

    /** Options of the JVMs in which the tests ran. */
    String jvmArgs() {
        return jvmArgs;
    }
}

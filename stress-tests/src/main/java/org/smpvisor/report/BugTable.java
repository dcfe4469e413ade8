package org.smpvisor.report;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smpvisor.variant.Bug;
import org.smpvisor.verify.BugRecord;
import org.smpvisor.verify.BugRecord.Cell;
import org.smpvisor.verify.BugRecord.State;
import org.smpvisor.verify.BugRecord.Tool;

/** Shows which tool finds which historical bug. */
public final class BugTable {
    private static final String CONTROL = "no bug";

    private final BugRecord record;

    public BugTable(BugRecord record) {
        this.record = record;
    }

    /** Prints the table. */
    public void print(PrintWriter out) {
        row(out, "bug", t -> t.text());
        record.rows()
                .forEach(r -> row(out, r.bug().id(), t -> detailed(r.cells().get(t))));
        row(out, CONTROL, t -> control(record.control().get(t)));
        for (Bug b : waiting()) {
            out.printf(Locale.ROOT, "%-8s waits for %s%n", b.id(), b.waitsFor());
        }
        complaints().forEach(out::println);
        out.println();
        out.println(summary());
        out.flush();
    }

    private interface Text {
        String of(Tool t);
    }

    private static void row(PrintWriter out, String head, Text cells) {
        StringBuilder b = new StringBuilder(String.format("%-8s", head));
        for (Tool t : Tool.values()) {
            b.append(String.format(" %-37s", cells.of(t)));
        }
        out.println(b.toString().stripTrailing());
    }

    private static String detailed(Cell c) {
        return c.state() == State.FOUND && !c.how().isEmpty() ? c.text() + " (" + c.how() + ")" : c.text();
    }

    private static String control(Cell c) {
        return switch (c.state()) {
            case FOUND -> "REPORTS " + c.how();
            case NOT_FOUND -> "nothing";
            default -> c.text();
        };
    }

    /** Bugs that are not hunted. */
    private static List<Bug> waiting() {
        return Arrays.stream(Bug.values()).filter(b -> !b.isHunted()).toList();
    }

    private List<String> complaints() {
        List<String> all = new ArrayList<>();
        for (BugRecord.Row r : record.rows()) {
            if (!r.isFound()) {
                all.add(r.bug().id() + ": found by nothing");
            }
            r.cells().forEach((t, c) -> complain(all, r.bug().id(), t, c));
        }
        record.control().forEach((t, c) -> {
            complain(all, CONTROL, t, c);
            if (c.state() == State.FOUND) {
                all.add(CONTROL + ": " + t.text() + " reports " + c.how());
            }
        });
        return all;
    }

    private static void complain(List<String> all, String what, Tool t, Cell c) {
        if (c.state() == State.BROKEN) {
            all.add(what + ": " + t.text() + " broke down: " + c.how());
        }
    }

    private String summary() {
        StringBuilder b = new StringBuilder();
        for (Tool t : Tool.values()) {
            b.append(String.format(
                    "%s%s %d of %d",
                    b.isEmpty() ? "found: " : ", ",
                    t.text(),
                    record.rows().stream()
                            .filter(r -> r.cells().get(t).state() == State.FOUND)
                            .count(),
                    record.rows().stream()
                            .filter(r -> r.cells().get(t).state() != State.NO_TEST)
                            .count()));
        }
        return b + "; by at least one tool "
                + record.rows().stream().filter(BugRecord.Row::isFound).count() + " of "
                + record.rows().size();
    }

    /** The table for a page. */
    public String markdown() {
        StringBuilder b = new StringBuilder("Made by `" + record.command() + "` on " + record.host() + ".\n\n| bug |");
        for (Tool t : Tool.values()) {
            b.append(' ').append(t.text()).append(" |");
        }
        b.append("\n|---|").append("---|".repeat(Tool.values().length)).append('\n');
        record.rows()
                .forEach(r -> line(
                        b,
                        "`" + r.bug().id() + "` " + r.bug().what(),
                        t -> marked(r.cells().get(t))));
        line(b, CONTROL, t -> control(record.control().get(t)));
        b.append("\nOf those with a test, or within reach: ")
                .append(summary().replaceFirst("^found: ", ""))
                .append(".\n");
        complaints().forEach(c -> b.append("\n- ").append(c));
        b.append("\n\nNot put back yet, or not hunted:\n\n");
        for (Bug w : waiting()) {
            b.append("- `")
                    .append(w.id())
                    .append("` ")
                    .append(w.what())
                    .append(": waits for ")
                    .append(w.waitsFor())
                    .append('\n');
        }
        return b.toString();
    }

    private static String marked(Cell c) {
        return c.state() == State.FOUND ? "**" + c.text() + "**" + (c.how().isEmpty() ? "" : " " + c.how()) : c.text();
    }

    private static void line(StringBuilder b, String head, Text cells) {
        b.append("| ").append(head).append(" |");
        for (Tool t : Tool.values()) {
            b.append(' ').append(cells.of(t).replace("|", "\\|")).append(" |");
        }
        b.append('\n');
    }

    /** All of it, for programs. */
    public Map<String, Object> json() {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("format", "smpvisor-verify-bugs-1");
        m.put("fine", record.isFine());
        m.put("command", record.command());
        m.put("host", record.host());
        m.put("secondsEach", record.secondsEach());
        List<Map<String, Object>> bugs = new ArrayList<>();
        for (BugRecord.Row r : record.rows()) {
            Map<String, Object> k = new LinkedHashMap<>();
            k.put("bug", r.bug().id());
            k.put("what", r.bug().what());
            k.put("found", r.isFound());
            k.put("tools", cells(r.cells()));
            bugs.add(k);
        }
        m.put("bugs", bugs);
        m.put("control", cells(record.control()));
        Map<String, Object> waits = new LinkedHashMap<>();
        waiting().forEach(b -> waits.put(b.id(), b.waitsFor()));
        m.put("waiting", waits);
        return m;
    }

    private static Map<String, Object> cells(Map<Tool, Cell> cells) {
        Map<String, Object> m = new LinkedHashMap<>();
        for (Tool t : Tool.values()) {
            Cell c = cells.get(t);
            Map<String, Object> k = new LinkedHashMap<>();
            k.put(
                    "state",
                    switch (c.state()) {
                        case FOUND -> "found";
                        case NOT_FOUND -> "notFound";
                        case NO_TEST -> "noTest";
                        case BROKEN -> "broken";
                    });
            k.put("seconds", c.seconds());
            k.put("how", c.how());
            m.put(t.text(), k);
        }
        return m;
    }
}

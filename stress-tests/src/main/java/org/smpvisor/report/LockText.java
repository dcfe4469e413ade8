package org.smpvisor.report;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockContext;
import org.smpvisor.lock.LockCycle;
import org.smpvisor.lock.LockEdge;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.lock.LockReport;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.XenEdge;
import org.smpvisor.variant.Quirk;

/** A study of the order of locks as tables for people. */
public final class LockText {
    private final LockStudy study;

    public LockText(LockStudy study) {
        this.study = study;
    }

    public void print(PrintWriter out) {
        classes(out);
        nestings(out);
        table(out);
        circles(out);
        violations(out);
        out.println();
        out.println(conclusion());
        out.flush();
    }

    private void classes(PrintWriter out) {
        out.println();
        out.println("Locks, outermost first. Times in microseconds: those that had to wait, and all that held.");
        out.printf(
                "  %-10s %12s %11s %11s %11s %10s   %-28s %-28s%n",
                "class",
                "taken",
                "open",
                "masked",
                "in an IRQ",
                "contended",
                "waited min / mean / max",
                "held min / mean / max");
        for (LockRecord.Use u : study.locks().uses()) {
            if (u.acquisitions() == 0) {
                out.printf("  %-10s %12s%n", u.lock(), "never");
                continue;
            }
            Map<LockContext, Long> t = u.taken();
            out.printf(
                    Locale.ROOT,
                    "  %-10s %,12d %,11d %,11d %,11d %,10d   %-28s %-28s%n",
                    u.lock(),
                    u.acquisitions(),
                    t.getOrDefault(LockContext.OPEN, 0L),
                    t.getOrDefault(LockContext.MASKED, 0L),
                    t.getOrDefault(LockContext.HARD, 0L) + t.getOrDefault(LockContext.HARD_OPEN, 0L),
                    u.contended(),
                    micros(u.waits()),
                    micros(u.holds()));
        }
    }

    static String micros(Histogram h) {
        if (h.getTotalCount() == 0) {
            return "-";
        }
        return String.format(
                Locale.ROOT, "%.2f / %.2f / %,.0f", h.getMinValue() / 1e3, h.getMean() / 1e3, h.getMaxValue() / 1e3);
    }

    private void nestings(PrintWriter out) {
        out.println();
        out.println("Nestings seen");
        out.printf(
                "  %-24s %12s  %-38s %s%n",
                "outer -> inner", "times", "interrupts while the inner was taken", "which is");
        for (LockStudy.Pair p : study.pairs()) {
            out.printf(
                    Locale.ROOT,
                    "  %-24s %,12d  %-38s %s%n",
                    p.outer() + " -> " + p.inner(),
                    p.count(),
                    contexts(p.edges()),
                    standing(p));
        }
        List<String> idle = undeclaredUse();
        if (!idle.isEmpty()) {
            out.println("  declared and not seen: " + String.join(", ", idle));
        }
    }

    /** Declared direct edges that nothing has used. */
    private List<String> undeclaredUse() {
        List<String> out = new ArrayList<>();
        for (LockClass inner : LockClass.values()) {
            for (LockClass outer : inner.inside()) {
                if (study.pairs().stream().noneMatch(p -> p.outer() == outer && p.inner() == inner)) {
                    out.add(outer + " -> " + inner);
                }
            }
        }
        return out;
    }

    static String contexts(List<LockEdge> edges) {
        return Arrays.stream(LockContext.values())
                .map(c -> Map.entry(
                        c,
                        edges.stream()
                                .mapToLong(e -> e.counts().getOrDefault(c, 0L))
                                .sum()))
                .filter(e -> e.getValue() > 0)
                .map(e -> word(e.getKey()) + " " + String.format(Locale.ROOT, "%,d", e.getValue()))
                .collect(Collectors.joining(", "));
    }

    static String word(LockContext c) {
        return switch (c) {
            case OPEN -> "open";
            case MASKED -> "masked";
            case HARD -> "in an IRQ";
            case HARD_OPEN -> "in an open IRQ";
        };
    }

    static String standing(LockStudy.Pair p) {
        String rows = p.rows().stream().map(XenEdge::name).collect(Collectors.joining(" + "));
        boolean inverted =
                LockClass.inversions().stream().anyMatch(i -> i.outer() == p.outer() && i.inner() == p.inner());
        String text = switch (p.standing()) {
            case IN_TABLE -> "Xen's " + rows.replace(" + ", ", ");
            case COMPOSED -> "composed of " + rows;
            case ORDERED -> "inside the class, ascending " + p.outer().nesting();
            case NOT_IN_TABLE -> "NOT IN THE TABLE";
            case FORBIDDEN -> "FORBIDDEN";
        };
        return text + (inverted ? "; accepted inversion" : "");
    }

    private void table(PrintWriter out) {
        out.println();
        out.println("Nestings that Xen makes");
        for (XenEdge x : XenEdge.values()) {
            List<LockEdge> seen = study.matching(x);
            String what = study.state(x).text();
            out.printf("  %-4s %-34s %-13s %s%n", x.name(), shorten(x.arrow()), what, x.when());
            boolean hard = seen.stream().flatMap(e -> e.contexts().stream()).anyMatch(LockContext::isHard);
            if (hard
                    && !x.isHard()
                    && seen.stream()
                            .allMatch(e -> study.pairs().stream()
                                    .filter(p -> p.outer() == e.outer() && p.inner() == e.inner())
                                    .allMatch(p -> p.rows().stream().noneMatch(XenEdge::isHard)))) {
                out.println("       also in a hard interrupt, where Xen does not do it");
            }
        }
    }

    private static String shorten(String arrow) {
        return arrow.length() <= 34 ? arrow : arrow.substring(0, 31) + "...";
    }

    private void circles(PrintWriter out) {
        if (study.harmless().isEmpty()) {
            return;
        }
        out.println();
        out.println("Circles that are no deadlock");
        for (LockCycle c : study.harmless()) {
            out.println("  " + c.standing() + ": " + c.path());
            out.println("    " + c.reason());
        }
    }

    private void violations(PrintWriter out) {
        List<LockViolation> all = new ArrayList<>(study.locks().violations());
        all.sort(Comparator.comparing((LockViolation v) -> study.explained().get(v) != null));
        for (LockViolation v : all) {
            Quirk q = study.explained().get(v);
            out.println();
            out.println(
                    q == null ? "Violation, explained by nothing" : "Violation, known as " + q + ": " + q.weakness());
            out.print(LockReport.of(v, study.source(v)).indent(2));
        }
    }

    /** The verdict in a sentence. */
    public String conclusion() {
        List<String> bad = new ArrayList<>();
        int broken = study.unexplained().size();
        if (broken > 0) {
            bad.add(broken + " violation(s) of the rules that nothing explains");
        }
        long strange = study.pairs().stream()
                .filter(p ->
                        p.standing() == LockStudy.Standing.FORBIDDEN || p.standing() == LockStudy.Standing.NOT_IN_TABLE)
                .count();
        if (strange > 0) {
            bad.add(strange + " nesting(s) that Xen does not make");
        }
        study.runs().stream()
                .filter(LockStudy.Run::failed)
                .forEach(r ->
                        bad.add("scenario " + r.scenario() + " ended with " + r.verdict() + " (" + r.text() + ")"));
        int known = study.locks().violations().size() - broken;
        if (!bad.isEmpty()) {
            return "Not sound: " + String.join("; ", bad) + ".";
        }
        return known == 0
                ? "Sound: no rule was broken."
                : "Sound but for known weak spots, which explain " + known + " violation(s).";
    }
}

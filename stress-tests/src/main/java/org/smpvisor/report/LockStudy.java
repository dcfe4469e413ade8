package org.smpvisor.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockCycle;
import org.smpvisor.lock.LockEdge;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.XenEdge;
import org.smpvisor.variant.Quirk;

/**
 * What runs over several scenarios showed of the order of locks, set against what is declared and what Xen is known to do.
 *
 * @param runs the runs, in order
 * @param locks what the validator knows, over all of them
 * @param sources where each violation and each circle was first seen
 * @param explained violations that a known weak spot explains
 */
public record LockStudy(
        List<Run> runs, LockRecord locks, Map<Object, String> sources, Map<LockViolation, Quirk> explained) {
    /** A run: scenario, inputs, how it ended. */
    public record Run(
            String scenario, int pcpus, long seed, double seconds, String verdict, boolean failed, String text) {
        /** What a report names as its source. */
        public String source() {
            return "scenario " + scenario + ", " + pcpus + " pCPUs, seed " + seed;
        }
    }

    /** What became of a row of Xen's table. */
    public enum RowState {
        SEEN("seen"),
        NOT_SEEN("not seen"),
        NOT_MODELLED("not modelled");

        private final String text;

        RowState(String text) {
            this.text = text;
        }

        /** In words. */
        public String text() {
            return text;
        }
    }

    /** A nesting between two classes, over all modes, and how it stands to the table. */
    public record Pair(LockClass outer, LockClass inner, List<LockEdge> edges, List<XenEdge> rows, Standing standing) {
        /** How often it was seen. */
        public long count() {
            return edges.stream().mapToLong(LockEdge::count).sum();
        }

        /** Whether it was seen with nothing taken in between. */
        public boolean isDirect() {
            return edges.stream().anyMatch(LockEdge::direct);
        }
    }

    /** How a nesting that was seen stands to what Xen does. */
    public enum Standing {
        /** The table has it. */
        IN_TABLE,
        /** It is made of nestings that the table has. */
        COMPOSED,
        /** Inside one class, in that class's declared order. */
        ORDERED,
        /** The table does not have it. */
        NOT_IN_TABLE,
        /** Xen never does it. */
        FORBIDDEN
    }

    /** Adds the study of one more run. */
    public LockStudy plus(LockStudy o) {
        List<Run> all = new ArrayList<>(runs);
        all.addAll(o.runs);
        Map<Object, String> from = new LinkedHashMap<>(o.sources);
        from.putAll(sources);
        Map<LockViolation, Quirk> known = new LinkedHashMap<>(explained);
        known.putAll(o.explained);
        return new LockStudy(all, locks.plus(o.locks), from, known);
    }

    /** Where that violation or circle was seen. */
    public String source(Object finding) {
        return sources.getOrDefault(finding, runs.get(0).source());
    }

    /** Violations that nothing explains. */
    public List<LockViolation> unexplained() {
        return locks.violations().stream().filter(v -> explained.get(v) == null).toList();
    }

    /** The circles that are held to be harmless. */
    public List<LockCycle> harmless() {
        return locks.cycles().stream()
                .filter(c -> c.standing() != LockCycle.Standing.DEADLOCK)
                .toList();
    }

    /** Whether something is wrong with the locks, or a run went wrong. */
    public boolean failed() {
        return runs.stream().anyMatch(Run::failed)
                || !unexplained().isEmpty()
                || pairs().stream()
                        .anyMatch(p -> p.standing() == Standing.FORBIDDEN || p.standing() == Standing.NOT_IN_TABLE);
    }

    // ---- against the table ------------------------------------------------------------------------------------------

    /** The nestings seen, outer classes first. */
    public List<Pair> pairs() {
        Map<List<LockClass>, List<LockEdge>> byPair = new LinkedHashMap<>();
        for (LockClass o : LockClass.values()) {
            for (LockClass i : LockClass.values()) {
                List<LockEdge> edges = nested(o, i);
                if (!edges.isEmpty()) {
                    byPair.put(List.of(o, i), edges);
                }
            }
        }
        List<Pair> out = new ArrayList<>();
        byPair.forEach((p, e) -> out.add(pair(p.get(0), p.get(1), e)));
        return out;
    }

    private List<LockEdge> nested(LockClass o, LockClass i) {
        return locks.edges().stream()
                .filter(e -> e.kind() == LockEdge.Kind.NESTED && e.outer() == o && e.inner() == i)
                .toList();
    }

    private Pair pair(LockClass o, LockClass i, List<LockEdge> edges) {
        List<XenEdge> rows = new ArrayList<>();
        for (XenEdge x : XenEdge.values()) {
            if (x.joins(o, i) && state(x) == RowState.SEEN) {
                rows.add(x);
            }
        }
        boolean direct = edges.stream().anyMatch(LockEdge::direct);
        Standing standing;
        if (XenEdge.never().stream().anyMatch(n -> n.forbids(o, i))) {
            standing = Standing.FORBIDDEN;
        } else if (direct && joined(o, i)) {
            standing = Standing.IN_TABLE;
        } else if (o == i && o.nesting() != LockClass.Nesting.NEVER) {
            standing = Standing.ORDERED;
        } else if (!direct) {
            rows = composition(o, i);
            standing = rows.isEmpty() ? Standing.NOT_IN_TABLE : Standing.COMPOSED;
        } else {
            standing = Standing.NOT_IN_TABLE;
        }
        return new Pair(o, i, edges, rows, standing);
    }

    private static boolean joined(LockClass o, LockClass i) {
        for (XenEdge x : XenEdge.values()) {
            if (x.joins(o, i)) {
                return true;
            }
        }
        return false;
    }

    /** Rows of the table that lead from one class to the other, the fewest; empty if there are none. */
    static List<XenEdge> composition(LockClass from, LockClass to) {
        Map<LockClass, List<XenEdge>> ways = new LinkedHashMap<>();
        ways.put(from, List.of());
        List<LockClass> queue = new ArrayList<>(List.of(from));
        for (int at = 0; at < queue.size(); at++) {
            LockClass c = queue.get(at);
            for (LockClass next : LockClass.values()) {
                for (XenEdge x : XenEdge.values()) {
                    if (x.joins(c, next) && !ways.containsKey(next)) {
                        List<XenEdge> way = new ArrayList<>(ways.get(c));
                        way.add(x);
                        ways.put(next, way);
                        queue.add(next);
                    }
                }
            }
        }
        return ways.getOrDefault(to, List.of());
    }

    /** What became of a row. Rows that join the same locks are told apart by the functions below which they were seen. */
    public RowState state(XenEdge row) {
        if (!matching(row).isEmpty()) {
            return RowState.SEEN;
        }
        return row.isModelled() ? RowState.NOT_SEEN : RowState.NOT_MODELLED;
    }

    /** The edges that a row accounts for. */
    public List<LockEdge> matching(XenEdge row) {
        return locks.edges().stream()
                .filter(e -> row == XenEdge.E36 ? e.inner() == null && e.outer() != null : isNesting(e))
                .filter(e -> row.joins(e.outer(), e.inner()))
                .filter(e -> row == XenEdge.E36 || isAlone(row, e) || below(row, e))
                .toList();
    }

    private static boolean isNesting(LockEdge e) {
        return e.kind() == LockEdge.Kind.NESTED && e.direct();
    }

    private static boolean isAlone(XenEdge row, LockEdge e) {
        for (XenEdge x : XenEdge.values()) {
            if (x != row && x.joins(e.outer(), e.inner())) {
                return false;
            }
        }
        return true;
    }

    private static boolean below(XenEdge row, LockEdge e) {
        return row.functions().stream().anyMatch(e.functions()::contains);
    }
}

package org.smpvisor.lock;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.HdrHistogram.Histogram;

/**
 * What the lock validator knows at the end of a run, or of several.
 *
 * @param edges the nestings seen, and what follows from how the classes are used
 * @param cycles the circles, harmless ones included
 * @param violations the rules broken
 * @param uses one for each class, in order
 */
public record LockRecord(List<LockEdge> edges, List<LockCycle> cycles, List<LockViolation> violations, List<Use> uses) {
    /**
     * How a class was used.
     *
     * @param taken acquisitions by context
     * @param contended acquisitions that had to wait
     * @param waits how long they waited, in nanoseconds; empty unless measured
     * @param holds how long locks of the class were held, in nanoseconds; empty unless measured
     */
    public record Use(LockClass lock, Map<LockContext, Long> taken, long contended, Histogram waits, Histogram holds) {
        public Use {
            taken = Map.copyOf(taken);
        }

        /** Acquisitions in all contexts. */
        public long acquisitions() {
            return taken.values().stream().mapToLong(Long::longValue).sum();
        }

        private Use plus(Use o) {
            Map<LockContext, Long> sum = new HashMap<>(taken);
            o.taken.forEach((c, n) -> sum.merge(c, n, Long::sum));
            Histogram w = waits.copy();
            w.add(o.waits);
            Histogram h = holds.copy();
            h.add(o.holds);
            return new Use(lock, sum, contended + o.contended, w, h);
        }
    }

    public LockRecord {
        edges = List.copyOf(edges);
        cycles = List.copyOf(cycles);
        violations = List.copyOf(violations);
        uses = List.copyOf(uses);
    }

    /** Both together: counts are added, findings that are the same are kept once. */
    public LockRecord plus(LockRecord o) {
        Map<String, LockEdge> all = new LinkedHashMap<>();
        edges.forEach(e -> all.merge(e.arrow(), e, LockRecord::sum));
        o.edges.forEach(e -> all.merge(e.arrow(), e, LockRecord::sum));
        Map<String, LockCycle> circles = new LinkedHashMap<>();
        cycles.forEach(c -> circles.putIfAbsent(c.path(), c));
        o.cycles.forEach(c -> circles.merge(c.path(), c, (a, b) -> a.standing().compareTo(b.standing()) <= 0 ? a : b));
        List<LockViolation> broken = new ArrayList<>(violations);
        Set<String> seen = new HashSet<>();
        violations.forEach(v -> seen.add(v.rule() + " " + v.lock() + " " + v.other()));
        for (LockViolation v : o.violations) {
            if (seen.add(v.rule() + " " + v.lock() + " " + v.other())) {
                broken.add(v);
            }
        }
        List<Use> sums = new ArrayList<>();
        for (int i = 0; i < uses.size(); i++) {
            sums.add(uses.get(i).plus(o.uses.get(i)));
        }
        return new LockRecord(List.copyOf(all.values()), List.copyOf(circles.values()), broken, sums);
    }

    private static LockEdge sum(LockEdge a, LockEdge b) {
        Map<LockContext, Long> counts = new HashMap<>(a.counts());
        b.counts().forEach((c, n) -> counts.merge(c, n, Long::sum));
        Set<Integer> pcpus = new TreeSet<>(a.pcpus());
        pcpus.addAll(b.pcpus());
        List<String> gates = new ArrayList<>(a.gates());
        gates.retainAll(b.gates());
        Set<String> functions = new TreeSet<>(a.functions());
        functions.addAll(b.functions());
        return new LockEdge(
                a.kind(),
                a.outer(),
                a.inner(),
                a.outerLock(),
                a.innerLock(),
                a.outerRead(),
                a.innerRead(),
                counts,
                List.copyOf(pcpus),
                gates,
                a.direct() || b.direct(),
                functions,
                a.outerStack(),
                a.stack());
    }
}

package org.smpvisor.lock;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.smpvisor.cell.GuardedBy;

/**
 * What was seen to be waited for while what was held, and the circles in it. Nodes are the lock classes and, beside them, "the
 * interrupts of another pCPU are open": a pCPU that waits for an acknowledgement waits for that, and a pCPU that waits for a
 * lock with interrupts masked holds it up. Guarded by the validator; touched on first sights only.
 */
final class LockGraph {
    /** Index of the node that is no lock. */
    static final int IRQS_OPEN = LockClass.values().length;

    private static final int SEARCH_BUDGET = 50_000;

    /** How a class is used: first sights. */
    static final class Use {
        final boolean read;
        final String lock;
        final LockStack stack;

        Use(boolean read, String lock, LockStack stack) {
            this.read = read;
            this.lock = lock;
            this.stack = stack;
        }
    }

    record Key(LockEdge.Kind kind, int outer, int inner, boolean outerRead, boolean innerRead) {}

    /** An edge while it is being learnt. */
    static final class Edge {
        final Key key;
        final String outerLock;
        final String innerLock;
        final String outerStack;
        final LockStack stack;
        final Map<LockContext, Long> counts = new EnumMap<>(LockContext.class);
        final BitSet pcpus = new BitSet();
        final Set<String> functions = new TreeSet<>();

        /** Locks held every time, by identity. */
        @GuardedBy("validator")
        Set<Object> gates;

        @GuardedBy("validator")
        boolean direct;

        Edge(Key key, String outerLock, String innerLock, String outerStack, LockStack stack) {
            this.key = key;
            this.outerLock = outerLock;
            this.innerLock = innerLock;
            this.outerStack = outerStack;
            this.stack = stack;
        }

        LockClass outer() {
            return classAt(key.outer);
        }

        LockClass inner() {
            return classAt(key.inner);
        }

        LockEdge copy() {
            List<String> gateNames = new ArrayList<>();
            if (gates != null) {
                gates.forEach(g -> gateNames.add(g.toString()));
            }
            Collections.sort(gateNames);
            return new LockEdge(
                    key.kind,
                    outer(),
                    inner(),
                    outerLock,
                    innerLock,
                    key.outerRead,
                    key.innerRead,
                    counts,
                    pcpus.stream().boxed().toList(),
                    gateNames,
                    direct,
                    functions,
                    outerStack,
                    stack.text());
        }
    }

    private final Map<Key, Edge> edges = new LinkedHashMap<>();
    private final List<List<Edge>> outgoing = new ArrayList<>();
    /** First sights: held with interrupts open, wanted in a hard interrupt, wanted with interrupts masked; then by mode. */
    private final Use[][] open = new Use[IRQS_OPEN + 1][2];

    private final Use[][] hard = new Use[IRQS_OPEN + 1][2];
    private final Use[][] masked = new Use[IRQS_OPEN + 1][2];
    private final BitSet written = new BitSet();
    private final Map<String, LockCycle.Standing> known = new HashMap<>();
    private final Set<Edge> suspended = Collections.newSetFromMap(new IdentityHashMap<>());

    @GuardedBy("validator")
    private int budget;

    LockGraph() {
        for (int i = 0; i <= IRQS_OPEN; i++) {
            outgoing.add(new ArrayList<>());
        }
    }

    static LockClass classAt(int node) {
        return node == IRQS_OPEN ? null : LockClass.values()[node];
    }

    Collection<Edge> edges() {
        return edges.values();
    }

    // ---- learning ---------------------------------------------------------------------------------------------------

    /** The edge, and whether it is new. */
    record Noted(Edge edge, boolean isNew) {}

    Noted note(
            LockEdge.Kind kind,
            int outer,
            int inner,
            boolean outerRead,
            boolean innerRead,
            String outerLock,
            String innerLock,
            String outerStack,
            LockStack stack) {
        Key key = new Key(kind, outer, inner, outerRead, innerRead);
        Edge e = edges.get(key);
        if (e != null) {
            return new Noted(e, false);
        }
        e = new Edge(key, outerLock, innerLock, outerStack, stack);
        edges.put(key, e);
        if (outer != inner || kind != LockEdge.Kind.NESTED) { // nesting inside one class has a rule of its own
            outgoing.get(outer).add(e);
        }
        return new Noted(e, true);
    }

    /** A lock of {@code node} is held with interrupts open. Returns the edges that follow. */
    List<Edge> heldOpen(int node, Use use) {
        List<Edge> out = new ArrayList<>();
        if (first(open, node, use)) {
            for (int i = 0; i <= IRQS_OPEN; i++) {
                for (Use h : hard[i]) {
                    if (h != null) {
                        out.add(interrupted(node, use, i, h));
                    }
                }
            }
        }
        return out;
    }

    /** {@code node} is waited for in a hard interrupt. Returns the edges that follow. */
    List<Edge> wantedInInterrupt(int node, Use use) {
        List<Edge> out = new ArrayList<>();
        if (first(hard, node, use)) {
            for (int i = 0; i <= IRQS_OPEN; i++) {
                for (Use o : open[i]) {
                    if (o != null) {
                        out.add(interrupted(i, o, node, use));
                    }
                }
            }
        }
        return out;
    }

    /** {@code node} is waited for with interrupts masked. Returns the edges that follow. */
    List<Edge> wantedMasked(int node, Use use) {
        if (!first(masked, node, use)) {
            return List.of();
        }
        return List.of(note(
                        LockEdge.Kind.AWAITED,
                        IRQS_OPEN,
                        node,
                        false,
                        use.read,
                        "interrupts masked",
                        use.lock,
                        "",
                        use.stack)
                .edge());
    }

    /** A lock of {@code node} is wanted for writing. Returns whether that is news. */
    boolean wantedForWriting(int node) {
        boolean news = !written.get(node);
        written.set(node);
        return news;
    }

    private static boolean first(Use[][] seen, int node, Use use) {
        int mode = use.read ? 1 : 0;
        boolean first = seen[node][mode] == null;
        if (first) {
            seen[node][mode] = use;
        }
        return first;
    }

    private Edge interrupted(int outer, Use held, int inner, Use wanted) {
        return note(
                        LockEdge.Kind.INTERRUPTED,
                        outer,
                        inner,
                        held.read,
                        wanted.read,
                        held.lock,
                        wanted.lock,
                        held.stack.text(),
                        wanted.stack)
                .edge();
    }

    /** Edges to look at again because something that stood in a circle's way has gone. */
    List<Edge> suspended() {
        return List.copyOf(suspended);
    }

    /** The inner classes of edges whose gates must be watched at every acquisition, as a set of bits. */
    long gated() {
        long bits = 0;
        for (Edge e : suspended) {
            for (LockCycle c : search(e)) {
                if (c.standing() == LockCycle.Standing.GATED) {
                    for (LockEdge g : c.edges()) {
                        bits |= 1L << g.inner().ordinal();
                    }
                }
            }
        }
        return bits;
    }

    // ---- circles ----------------------------------------------------------------------------------------------------

    /** The circles through {@code e} that are news: of each sort the shortest. */
    List<LockCycle> close(Edge e) {
        List<LockCycle> out = new ArrayList<>();
        suspended.remove(e);
        for (LockCycle c : search(e)) {
            if (c.standing() == LockCycle.Standing.GATED
                    || c.standing() == LockCycle.Standing.SAME_CPU
                    || c.standing() == LockCycle.Standing.READERS) {
                suspended.add(e);
            }
            if (known.put(sort(c) + classSet(c), c.standing()) != c.standing()) {
                out.add(c);
            }
        }
        return out;
    }

    /** A path of nestings from {@code inner} back to {@code outer}, empty if there is none. */
    List<LockEdge> back(int inner, int outer) {
        List<List<Edge>> paths = new ArrayList<>();
        budget = SEARCH_BUDGET;
        walk(inner, outer, new ArrayList<>(), new BitSet(), paths, true);
        return paths.stream()
                .min(Comparator.comparingInt(List::size))
                .map(p -> p.stream().map(Edge::copy).toList())
                .orElse(List.of());
    }

    private Collection<LockCycle> search(Edge closing) {
        List<List<Edge>> paths = new ArrayList<>();
        budget = SEARCH_BUDGET;
        if (closing.key.inner == closing.key.outer) {
            paths.add(List.of());
        } else {
            walk(closing.key.inner, closing.key.outer, new ArrayList<>(), new BitSet(), paths, false);
        }
        Map<String, LockCycle> shortest = new LinkedHashMap<>();
        for (List<Edge> path : paths) {
            List<Edge> all = new ArrayList<>();
            all.add(closing);
            all.addAll(path);
            LockCycle c = judge(all);
            shortest.merge(
                    sort(c) + c.standing(),
                    c,
                    (a, b) -> a.edges().size() <= b.edges().size() ? a : b);
        }
        return shortest.values();
    }

    private void walk(int from, int to, List<Edge> path, BitSet passed, List<List<Edge>> out, boolean nestedOnly) {
        passed.set(from);
        for (Edge e : outgoing.get(from)) {
            if (budget-- <= 0) {
                break;
            }
            if (nestedOnly && e.key.kind != LockEdge.Kind.NESTED) {
                continue;
            }
            path.add(e);
            if (e.key.inner == to) {
                out.add(List.copyOf(path));
            } else if (!passed.get(e.key.inner)) {
                walk(e.key.inner, to, path, passed, out, nestedOnly);
            }
            path.remove(path.size() - 1);
        }
        passed.clear(from);
    }

    /** Circles of one sort are one finding: which class is held open and which is wanted in the interrupt; or what closes it. */
    private static String sort(LockCycle c) {
        for (LockEdge e : c.edges()) {
            if (e.kind() == LockEdge.Kind.INTERRUPTED) {
                return "irq " + e.outerName() + " " + e.innerName() + " ";
            }
        }
        if (c.has(LockEdge.Kind.AWAITED)) {
            return "ipi "
                    + c.edges().stream()
                            .filter(e -> e.inner() == null)
                            .map(LockEdge::outerName)
                            .findFirst()
                            .orElse("");
        }
        return "nested ";
    }

    private static String classSet(LockCycle c) {
        return c.has(LockEdge.Kind.NESTED) && !c.has(LockEdge.Kind.INTERRUPTED) && !c.has(LockEdge.Kind.AWAITED)
                ? new TreeSet<>(c.edges().stream().map(LockEdge::outerName).toList()).toString()
                : "";
    }

    private LockCycle judge(List<Edge> circle) {
        boolean nestedOnly = circle.stream().allMatch(e -> e.key.kind == LockEdge.Kind.NESTED);
        LockCycle.Standing standing = LockCycle.Standing.DEADLOCK;
        String reason = accepted(circle);
        if (!reason.isEmpty()) {
            standing = LockCycle.Standing.ACCEPTED;
        } else if (needsWriter(circle)) {
            standing = LockCycle.Standing.READERS;
            reason = "readers do not exclude each other, and no writer was seen";
        } else if (nestedOnly && gate(circle) != null) {
            standing = LockCycle.Standing.GATED;
            reason = gate(circle) + " was held every time";
        } else if (nestedOnly && onOnePcpu(circle)) {
            standing = LockCycle.Standing.SAME_CPU;
            reason = "only cpu" + circle.get(0).pcpus.nextSetBit(0) + " has done any of it";
        }
        return new LockCycle(standing, circle.stream().map(Edge::copy).toList(), reason);
    }

    /** The reason, if every nesting is legal and one is an accepted inversion. */
    private static String accepted(List<Edge> circle) {
        String reason = "";
        for (Edge e : circle) {
            if (e.key.kind == LockEdge.Kind.NESTED && e.inner() != null) {
                if (!e.outer().mayContain(e.inner())) {
                    return "";
                }
                for (LockClass.Inversion i : LockClass.inversions()) {
                    if (i.outer() == e.outer() && i.inner() == e.inner()) {
                        reason = i.reason();
                    }
                }
            }
        }
        return reason;
    }

    private boolean needsWriter(List<Edge> circle) {
        for (int i = 0; i < circle.size(); i++) {
            Edge in = circle.get(i);
            Edge out = circle.get((i + 1) % circle.size());
            if (in.key.innerRead && out.key.outerRead && !written.get(in.key.inner)) {
                return true;
            }
        }
        return false;
    }

    private static Object gate(List<Edge> circle) {
        Set<Object> common = Collections.newSetFromMap(new IdentityHashMap<>());
        common.addAll(circle.get(0).gates);
        for (Edge e : circle) {
            common.retainAll(e.gates);
        }
        return common.isEmpty() ? null : common.iterator().next();
    }

    private static boolean onOnePcpu(List<Edge> circle) {
        BitSet all = new BitSet();
        circle.forEach(e -> all.or(e.pcpus));
        return all.cardinality() == 1;
    }
}

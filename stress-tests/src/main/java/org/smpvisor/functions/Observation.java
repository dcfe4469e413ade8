package org.smpvisor.functions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.smpvisor.engine.Pct;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.Strategy;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.explore.Subject;
import org.smpvisor.explore.Tour;
import org.smpvisor.lock.LockEdge;
import org.smpvisor.lock.XenEdge;
import org.smpvisor.variant.Variant;

/**
 * Boots every small scenario on both versions of the GIC, with the weak spots as Xen has them and corrected, and runs
 * schedules of each, always the same ones. Runs in a class loader that records, and is called from outside by name: what it saw
 * is lines of text.
 */
public final class Observation {
    /** Weak spots as Xen has them. */
    static final String FAITHFUL = "xen";

    /** All weak spots corrected. */
    static final String CORRECTED = "fixed";

    private static final String ON_GICV2 = "-gicv2";
    private static final long SEED = 1;
    private static final int STEPS = 600;
    private static final int DEPTH = 3;

    private final int schedules;
    private final List<List<String>> functions;
    private final Map<XenEdge, TreeSet<String>> edges = new TreeMap<>();

    private Observation(int schedules, List<List<String>> functions) {
        this.schedules = schedules;
        this.functions = functions;
    }

    /**
     * Lines that begin with the variant; after a tab comes one of {@link Recorder#lines}, or {@code edge}, a row of
     * {@link XenEdge} and the scenarios that show it, or {@code class}, a class of locks and how interrupts stood when one was
     * taken.
     *
     * @param schedules of each scenario
     * @param functions of each method that is recorded, the functions of Xen that it stands for
     */
    public static List<String> observe(int schedules, List<List<String>> functions) {
        List<String> out = new ArrayList<>();
        Map<String, Variant> variants = new TreeMap<>(Map.of(FAITHFUL, Variant.xen(), CORRECTED, Variant.allFixed()));
        variants.forEach((name, variant) -> {
            Recorder.clear();
            Observation o = new Observation(schedules, functions);
            for (SmallScenario s : scenarios()) {
                o.play(s, variant);
            }
            Recorder.lines().forEach(l -> out.add(name + "\t" + l));
            Recorder.contexts()
                    .forEach((c, uses) -> uses.stream().forEach(u -> out.add(name + "\tclass\t" + c + "\t" + u)));
            o.edges.forEach((e, s) -> out.add(name + "\tedge\t" + e + "\t" + String.join(" ", s)));
        });
        return out;
    }

    private static List<SmallScenario> scenarios() {
        List<SmallScenario> out = new ArrayList<>(SmallScenarios.all());
        for (SmallScenario s : SmallScenarios.all()) {
            Optional<SmallScenario> other = SmallScenarios.named(s.name() + ON_GICV2);
            other.ifPresent(out::add);
        }
        out.addAll(Tour.all());
        return out;
    }

    private void play(SmallScenario scenario, Variant variant) {
        Recorder.abandon();
        Subject s = new Subject(scenario, variant, true);
        Strategy walk = new RandomWalk(SEED);
        for (int i = 0; i < schedules; i++) {
            Recorder.abandon();
            s.run(i % 4 == 0 ? walk : new Pct(SEED + i, DEPTH), null);
        }
        Map<Recorder.Nesting, BitSet> nestings = Recorder.nestings();
        boolean awaited = s.machine().validator().record(s.machine().pcpus()).edges().stream()
                .anyMatch(e -> e.kind() == LockEdge.Kind.AWAITED && e.outer() != null);
        for (XenEdge e : XenEdge.values()) {
            if (e == XenEdge.E36 ? awaited : isShown(e, nestings)) {
                edges.computeIfAbsent(e, k -> new TreeSet<>()).add(scenario.name());
            }
        }
    }

    /** Rows that join the same locks are told apart by the functions below which they are seen. */
    private boolean isShown(XenEdge row, Map<Recorder.Nesting, BitSet> nestings) {
        return nestings.entrySet().stream()
                .filter(n -> row.joins(n.getKey().outer(), n.getKey().inner()))
                .anyMatch(n -> isAlone(row, n.getKey())
                        || n.getValue().stream()
                                .anyMatch(m -> functions.get(m).stream().anyMatch(row.functions()::contains)));
    }

    private static boolean isAlone(XenEdge row, Recorder.Nesting n) {
        return Arrays.stream(XenEdge.values()).noneMatch(x -> x != row && x.joins(n.outer(), n.inner()));
    }
}

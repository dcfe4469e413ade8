package org.smpvisor.functions;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.XenEdge;

/**
 * The functions of Xen that the model has, with the locks expected of them beside those that they were seen to take, and the
 * nestings of Xen's locks beside where they were seen. Made by scanning the model, running it, and comparing with the table.
 */
public final class FunctionsReport {
    /** Schedules of each scenario: what the page shows was seen in so many. */
    public static final int SCHEDULES = 100;

    private static final Set<String> FILES =
            Set.of("vgic.c", "gic-vgic.c", "gic.c", "irq.c", "gic-v3.c", "gic-v2.c", "vgic-v3.c", "vgic-v2.c");

    /** What was seen of a function in one variant. */
    private static final class Seen {
        final Set<String> locks = new TreeSet<>();
        final Set<String> held = new TreeSet<>();
        final Set<String> irqs = new TreeSet<>();
    }

    private final FunctionTable table = new FunctionTable();
    private final List<ModelMethod> methods = ModelMethods.all();
    private final Map<String, List<ModelMethod>> byFunction = new LinkedHashMap<>();
    private final Map<String, Map<String, Seen>> seen = new TreeMap<>();
    private final Map<XenEdge, Set<String>> edges = new TreeMap<>();
    private final Map<String, Map<LockClass, BitSet>> contexts = new TreeMap<>();
    private final List<String> problems = new ArrayList<>();

    /** Runs the model, which takes some seconds. */
    public FunctionsReport() {
        for (ModelMethod m : methods) {
            m.xen()
                    .forEach(x -> byFunction
                            .computeIfAbsent(x, k -> new ArrayList<>())
                            .add(m));
        }
        for (String line : observe()) {
            String[] f = line.split("\t", -1);
            switch (f[1]) {
                case "edge" ->
                    edges.computeIfAbsent(XenEdge.valueOf(f[2]), k -> new TreeSet<>())
                            .addAll(List.of(f[3].split(" ")));
                case "class" -> contexts(f[0], LockClass.valueOf(f[2])).set(Integer.parseInt(f[3]));
                default -> methods.get(Integer.parseInt(f[1])).xen().forEach(x -> note(f[0], x, f[2], f[3]));
            }
        }
        table.rows().values().forEach(this::judge);
        methods.forEach(this::judge);
        for (LockClass c : LockClass.values()) {
            judge(c);
        }
        for (XenEdge e : XenEdge.values()) {
            boolean isSeen = edges.containsKey(e);
            boolean hasReason = table.unseenEdges().containsKey(e);
            if (isSeen == hasReason) {
                problems.add(e
                        + (isSeen ? " is seen, although edges.tsv says why not" : " is not seen, and no reason given"));
            }
        }
    }

    private BitSet contexts(String variant, LockClass c) {
        return contexts.computeIfAbsent(variant, k -> new EnumMap<>(LockClass.class))
                .computeIfAbsent(c, k -> new BitSet());
    }

    @SuppressWarnings("unchecked")
    private List<String> observe() {
        try {
            return (List<String>) new RecordingLoader(methods)
                    .loadClass(Observation.class.getName())
                    .getMethod("observe", int.class, List.class)
                    .invoke(
                            null,
                            SCHEDULES,
                            methods.stream().map(ModelMethod::xen).toList());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e.getCause() == null ? e : e.getCause());
        }
    }

    private void note(String variant, String function, String what, String value) {
        Seen s = seen.computeIfAbsent(function, k -> new TreeMap<>()).computeIfAbsent(variant, k -> new Seen());
        switch (what) {
            case "locks" -> s.locks.add(value);
            case "held" -> s.held.add(value);
            default -> s.irqs.add(value);
        }
    }

    // ---- judging ----------------------------------------------------------------------------------------------------

    private void judge(FunctionTable.Row r) {
        String name = r.function();
        boolean isReached = seen.containsKey(name);
        if (!byFunction.containsKey(name) && r.reason().isEmpty()) {
            problems.add(name + " is no method's, and no reason is given");
        } else if (byFunction.containsKey(name) && !isReached && r.reason().isEmpty()) {
            problems.add(name + " is not reached, and no reason is given");
        } else if (isReached && !r.reason().isEmpty()) {
            problems.add(name + " is reached: the reason that functions.tsv gives why not is out of date");
        }
        seen.getOrDefault(name, Map.of()).forEach((variant, s) -> judge(r, variant, s));
    }

    private void judge(FunctionTable.Row r, String variant, Seen s) {
        String where = r.function() + " (" + variant + ") ";
        for (String locks : s.locks) {
            if (!table.allows(r.function(), variant.equals(Observation.FAITHFUL), locks)) {
                problems.add(where + "takes " + LockSequence.readable(locks) + ", which is not " + r.takes());
            }
        }
        for (String held : s.held) {
            if (!Set.of(held.split(" ")).containsAll(r.needs())) {
                problems.add(where + "is called with " + (held.isEmpty() ? "no lock" : held) + ", needs " + r.needs());
            }
        }
        if (!r.irqs().equals("any") && !s.irqs.isEmpty() && !s.irqs.equals(Set.of(r.irqs()))) {
            problems.add(where + "is called with interrupts " + s.irqs + ", expected " + r.irqs());
        }
    }

    /** How interrupts stand is Xen's intent; with the weak spots corrected it is kept everywhere. */
    private void judge(LockClass c) {
        boolean open = isTaken(Observation.CORRECTED, c, false);
        boolean masked = isTaken(Observation.CORRECTED, c, true);
        boolean kept = switch (c.irqMode()) {
            case OFF -> !open;
            case ON -> !masked;
            case ANY -> !isTakenInInterrupt(Observation.CORRECTED, c);
        };
        if (!kept) {
            problems.add(c + " is declared " + c.irqMode() + " and taken otherwise with all weak spots corrected");
        }
    }

    private boolean isTaken(String variant, LockClass c, boolean masked) {
        return contexts(variant, c).stream().anyMatch(u -> (u & Recorder.MASKED) != 0 == masked);
    }

    private boolean isTakenInInterrupt(String variant, LockClass c) {
        return contexts(variant, c).stream().anyMatch(u -> (u & Recorder.HARD) != 0);
    }

    private void judge(ModelMethod m) {
        for (String x : m.xen()) {
            boolean isFunction = x.matches("\\w+"); // a field or a structure is none
            if (isFunction && FILES.contains(m.file()) && !table.rows().containsKey(x)) {
                problems.add(m.text() + " stands for " + x + " of " + m.file() + ", which functions.tsv does not have");
            }
        }
    }

    /** What does not agree; nothing if all is well. */
    public List<String> problems() {
        return List.copyOf(problems);
    }

    // ---- the page ---------------------------------------------------------------------------------------------------

    /** As a page of the documentation. */
    public String page() {
        StringBuilder b = new StringBuilder("""
                # Functions and their locks

                This page is made by `./smpvisor functions --markdown docs/functions.md`, and a test compares it with what that makes. It lists
                Xen's functions around interrupts with the methods that model them, which are found by their `@Xen` annotations, and sets
                what each is expected to do with locks ([`functions.tsv`](../stress-tests/src/main/resources/org/smpvisor/functions/functions.tsv))
                beside what it was seen to do.

                What was seen: every small scenario of `explore` and three tours (registers that are only read, requests of a toolstack and debug
                keys, the end of a domain), each on a GICv3 and on a GICv2, from the boot on, and """);
        b.append(' ')
                .append(SCHEDULES)
                .append(" schedules of each from the mark on; once with the weak spots as Xen has\n");
        b.append("""
                them and once with all corrected. Calls are woven into the model's byte code as it is loaded: at the beginning and the end of each
                method with an annotation, at each acquisition and release of a lock, and around interrupts, whose locks are not those of
                the function that they interrupt. A sequence goes from a function's beginning to its end and has the locks of its callees.
                The check fails on a sequence that is not expected, on a caller without the locks that are needed, on another state of
                interrupts, and on a function without a method, or without a call, for which no reason is given.

                | | |
                |---|---|
                | `RANK` | taken with interrupts masked, and dropped |
                | `RANK{VGIC_CPU}` | one inside of the other |
                | `HOST_GIC:on` | taken with interrupts open; `:any` masked or open |
                | `IO:r` | taken for reading |
                | `A B`, `A \\| B`, `[A]`, `A*`, `A+` | one after the other; either; perhaps; any number; at least one |
                | `<name>` | what that function takes, or one of the fragments below |
                | `-` | no lock |

                | fragment | |
                |---|---|
                """);
        table.fragments().forEach((n, s) -> b.append("| `<" + n + ">` | " + code(s) + " |\n"));
        String file = "";
        for (FunctionTable.Row r : table.rows().values()) {
            if (!seen.containsKey(r.function())) {
                continue;
            }
            if (!r.file().equals(file)) {
                file = r.file();
                b.append("\n## ").append(file).append("\n\n");
                b.append("| function | in the model | callers hold | interrupts | expected | seen | lock-free |\n");
                b.append("|---|---|---|---|---|---|---|\n");
            }
            row(r, b);
        }
        unreached(b);
        interrupts(b);
        nestings(b);
        return b.toString();
    }

    private void row(FunctionTable.Row r, StringBuilder b) {
        List<String> model = new ArrayList<>();
        byFunction.get(r.function()).forEach(m -> model.add("`" + m.text() + "`"));
        String expected = code(r.takes());
        if (!r.corrected().equals(r.takes())) {
            expected += "<br>corrected: " + code(r.corrected());
        }
        Seen xen = seen.get(r.function()).getOrDefault(Observation.FAITHFUL, new Seen());
        Seen fixed = seen.get(r.function()).getOrDefault(Observation.CORRECTED, new Seen());
        Set<String> faithful = readable(xen);
        Set<String> only = readable(fixed);
        only.removeAll(faithful);
        List<String> shown = new ArrayList<>();
        faithful.forEach(s -> shown.add(code(s)));
        if (!only.isEmpty()) {
            List<String> more = new ArrayList<>();
            only.forEach(s -> more.add(code(s)));
            shown.add("corrected: " + String.join(", ", more));
        }
        Set<String> irqs = new TreeSet<>(xen.irqs);
        irqs.addAll(fixed.irqs);
        b.append("| `").append(r.function()).append("` | ");
        b.append(String.join(", ", new TreeSet<>(model))).append(" | ");
        b.append(r.needs().isEmpty() ? "" : code(String.join(" ", new TreeSet<>(r.needs()))))
                .append(" | ");
        b.append(irqs.size() > 1 ? "any" : String.join("", irqs)).append(" | ");
        b.append(expected).append(" | ").append(String.join("<br>", shown)).append(" | ");
        b.append(r.lockFree()).append(" |\n");
    }

    private static Set<String> readable(Seen s) {
        Set<String> out = new TreeSet<>();
        s.locks.forEach(l -> out.add(LockSequence.readable(l)));
        return out;
    }

    private void unreached(StringBuilder b) {
        b.append(
                "\n## Not there, or not reached\n\n| function | file | in the model | takes | why |\n|---|---|---|---|---|\n");
        for (FunctionTable.Row r : table.rows().values()) {
            if (!seen.containsKey(r.function())) {
                List<String> model = new ArrayList<>();
                byFunction.getOrDefault(r.function(), List.of()).forEach(m -> model.add("`" + m.text() + "`"));
                b.append(String.format(
                        "| `%s` | %s | %s | %s | %s |%n",
                        r.function(),
                        r.file(),
                        String.join(", ", model),
                        r.takes().equals(FunctionTable.NOT_TOLD) ? "" : code(r.takes()),
                        r.reason()));
            }
        }
    }

    private void interrupts(StringBuilder b) {
        b.append("\n## How interrupts stand when a lock is taken\n\n");
        b.append("| class | intended | seen masked | seen open | in a hard interrupt | open, weak spots corrected |\n");
        b.append("|---|---|---|---|---|---|\n");
        for (LockClass c : LockClass.values()) {
            String xen = Observation.FAITHFUL;
            b.append(String.format(
                    "| `%s` | `%s` | %s | %s | %s | %s |%n",
                    c,
                    c.irqMode(),
                    yes(isTaken(xen, c, true)),
                    yes(isTaken(xen, c, false)),
                    yes(isTakenInInterrupt(xen, c) || isTakenInInterrupt(Observation.CORRECTED, c)),
                    yes(isTaken(Observation.CORRECTED, c, false))));
        }
    }

    private static String yes(boolean b) {
        return b ? "yes" : "";
    }

    private void nestings(StringBuilder b) {
        b.append("\n## The nestings that Xen makes\n\n");
        b.append(
                "The rows of [locks.md](locks.md#the-nestings-that-xen-makes), with what of the runs above shows each.\n\n");
        b.append("| | nesting | seen in | not seen because |\n|---|---|---|---|\n");
        for (XenEdge e : XenEdge.values()) {
            Set<String> in = edges.getOrDefault(e, Set.of());
            String where = in.size() > 3
                    ? in.stream().limit(3).reduce((x, y) -> x + ", " + y).orElse("") + " and " + (in.size() - 3)
                            + " more"
                    : String.join(", ", in);
            b.append(String.format(
                    "| %s | `%s` | %s | %s |%n",
                    e, e.arrow(), where, table.unseenEdges().getOrDefault(e, "")));
        }
    }

    private static String code(String s) {
        return "`" + s.replace("|", "\\|") + "`";
    }
}

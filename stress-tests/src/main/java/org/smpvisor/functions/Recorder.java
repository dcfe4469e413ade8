package org.smpvisor.functions;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;

/**
 * What woven code tells: methods that stand for functions of Xen are entered and left, locks are taken and dropped. Keeps, for
 * each method, the different sequences of locks between the two, those of callees included; what an interrupt does that comes
 * in between belongs to the interrupt alone. Under a controlled engine one pCPU runs at a time, which is what the plain fields
 * here rest on. Lives once in each class loader that weaves.
 */
public final class Recorder {
    /** Bits of a use of a lock, as {@code HeldLocks} has them. */
    static final int MASKED = 1;

    static final int HARD = 2;
    static final int READ = 4;

    private static final int TAKEN = 0x100;
    private static final int USES = 8;
    private static final char DROPPED = '}';

    /** One pCPU: what it has done since its outermost function was entered, and the functions that it is in. */
    private static final class Track {
        final StringBuilder trace = new StringBuilder();
        final List<int[]> frames = new ArrayList<>();
        final List<int[]> interrupted = new ArrayList<>();
    }

    /** What was seen of one method. */
    private static final class Seen {
        final Set<String> sequences = new HashSet<>();
        final Set<String> held = new HashSet<>();
        final Set<String> masks = new HashSet<>();
    }

    private static final Map<Pcpu, Track> TRACKS = new HashMap<>();
    private static final Map<Integer, Seen> METHODS = new HashMap<>();
    private static final Map<Nesting, BitSet> NESTINGS = new HashMap<>();
    private static final Map<LockClass, BitSet> CONTEXTS = new EnumMap<>(LockClass.class);

    /** A lock was taken while another one was the last that was held. */
    record Nesting(LockClass outer, LockClass inner) {}

    private Recorder() {}

    /** Forgets what pCPUs were doing: their stacks are dropped, and nothing is left that was entered. */
    public static void abandon() {
        TRACKS.clear();
    }

    /** Forgets everything. */
    public static void clear() {
        TRACKS.clear();
        METHODS.clear();
        NESTINGS.clear();
        CONTEXTS.clear();
    }

    /** A method begins that does not know its pCPU, and so can take no lock. */
    public static void touched(int method) {
        seen(method).sequences.add("");
    }

    public static void entered(Pcpu cpu, int method) {
        Track t = track(cpu);
        t.frames.add(new int[] {method, t.trace.length()});
        Seen s = seen(method);
        s.masks.add(cpu.isIrqMasked() ? "masked" : "open");
        StringBuilder held = new StringBuilder();
        for (int i = cpu.held().base(); i < cpu.held().depth(); i++) {
            held.append(held.isEmpty() ? "" : " ").append(cpu.held().classAt(i));
        }
        s.held.add(held.toString());
    }

    public static void left(Pcpu cpu, int method) {
        Track t = track(cpu);
        int last = t.frames.size() - 1;
        if (last < 0 || t.frames.get(last)[0] != method) {
            throw new IllegalStateException(cpu + " leaves a method that it has not entered");
        }
        int from = t.frames.remove(last)[1];
        seen(method).sequences.add(t.trace.substring(from));
        if (last == 0) {
            t.trace.setLength(0);
        }
    }

    /** An interrupt is taken on top of what the pCPU does. */
    public static void interrupted(Pcpu cpu) {
        Track t = track(cpu);
        t.interrupted.add(new int[] {t.frames.size(), t.trace.length()});
    }

    /** The interrupt is over, and leaves no trace in what it interrupted. */
    public static void resumed(Pcpu cpu) {
        Track t = track(cpu);
        int[] at = t.interrupted.remove(t.interrupted.size() - 1);
        t.trace.setLength(at[1]);
        while (t.frames.size() > at[0]) {
            t.frames.remove(t.frames.size() - 1);
        }
    }

    /** Woven into the beginning of {@code HeldLocks.push}. */
    public static void taken(Pcpu cpu, int lockClass, int use) {
        CONTEXTS.computeIfAbsent(LockClass.values()[lockClass], c -> new BitSet())
                .set(use & (MASKED | HARD));
        Track t = track(cpu);
        t.trace.append((char) (TAKEN + lockClass * USES + (use & (MASKED | READ))));
        int last = cpu.held().depth() - 1;
        if (last >= cpu.held().base()) {
            Nesting n = new Nesting(cpu.held().classAt(last), LockClass.values()[lockClass]);
            BitSet below = NESTINGS.computeIfAbsent(n, k -> new BitSet());
            int from = t.interrupted.isEmpty() ? 0 : t.interrupted.get(t.interrupted.size() - 1)[0];
            for (int i = from; i < t.frames.size(); i++) {
                below.set(t.frames.get(i)[0]);
            }
        }
    }

    /** The nestings since they were asked for last, each with the methods below which it was seen. */
    static Map<Nesting, BitSet> nestings() {
        Map<Nesting, BitSet> out = new HashMap<>(NESTINGS);
        NESTINGS.clear();
        return out;
    }

    /** Woven into the beginning of {@code HeldLocks.pop}. */
    public static void dropped(Pcpu cpu) {
        track(cpu).trace.append(DROPPED);
    }

    private static Track track(Pcpu cpu) {
        return TRACKS.computeIfAbsent(cpu, c -> new Track());
    }

    private static Seen seen(int method) {
        return METHODS.computeIfAbsent(method, m -> new Seen());
    }

    // ---- what was seen ----------------------------------------------------------------------------------------------

    /**
     * All that was seen, a line each: method, what the line is about ({@code locks}, {@code held} on entry, {@code irqs} on
     * entry) and one different value of it, with tabs in between.
     */
    public static List<String> lines() {
        List<String> out = new ArrayList<>();
        new TreeMap<>(METHODS).forEach((method, s) -> {
            s.sequences.stream()
                    .map(Recorder::text)
                    .distinct()
                    .sorted()
                    .forEach(x -> out.add(method + "\tlocks\t" + x));
            s.held.stream().sorted().forEach(x -> out.add(method + "\theld\t" + x));
            s.masks.stream().sorted().forEach(x -> out.add(method + "\tirqs\t" + x));
        });
        return out;
    }

    /** For each class of lock that was taken, how interrupts stood: {@link #MASKED} and {@link #HARD}, as a number. */
    static Map<LockClass, BitSet> contexts() {
        return CONTEXTS;
    }

    /** As words: {@code RANK{ VGIC_CPU{ } }}, with {@code :on} for interrupts open and {@code :r} for a reader. */
    private static String text(String trace) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < trace.length(); i++) {
            char c = trace.charAt(i);
            b.append(b.isEmpty() ? "" : " ");
            if (c == DROPPED) {
                b.append('}');
            } else {
                int use = (c - TAKEN) % USES;
                b.append(LockClass.values()[(c - TAKEN) / USES])
                        .append((use & READ) != 0 ? ":r" : "")
                        .append((use & MASKED) == 0 ? ":on" : "")
                        .append('{');
            }
        }
        return b.toString();
    }
}

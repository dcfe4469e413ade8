package org.smpvisor.lock;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.smpvisor.cpu.Pcpu;

/**
 * The part of lock checking that all pCPUs of a machine share: usage of each class, violations found, edges seen. It is
 * consulted only for combinations that a pCPU has not met before, so that its cost is that of one hash lookup per
 * acquisition. It needs each path once, never the collision.
 */
public final class LockValidator {
    private static final int IN_HARD_IRQ = 1;
    private static final int WITH_IRQS_ON = 2;
    private static final int STACK_DEPTH = 24;

    private final boolean enabled;
    private final int[] usage = new int[LockClass.values().length];
    private final String[][] usageStack = new String[LockClass.values().length][3];
    private final boolean[][] nested = new boolean[LockClass.values().length][LockClass.values().length];
    private final List<LockViolation> violations = new ArrayList<>();
    private final Set<String> reported = new HashSet<>();
    private final Set<String> edges = ConcurrentHashMap.newKeySet();

    /** @param enabled whether acquisitions are checked at all; off only to measure what the checking costs */
    public LockValidator(boolean enabled) {
        this.enabled = enabled;
    }

    public boolean isEnabled() {
        return enabled;
    }

    /** What was found so far, in order of discovery. */
    public synchronized List<LockViolation> violations() {
        return List.copyOf(violations);
    }

    /** How many violations were found so far, cheap enough to poll. */
    public synchronized int count() {
        return violations.size();
    }

    /** The nestings seen, as {@code OUTER->INNER}. */
    public Set<String> edges() {
        return Set.copyOf(edges);
    }

    /** First meeting of this pCPU with {@code inner} under the locks it holds: checks usage and order. */
    synchronized void check(Pcpu cpu, HeldLocks held, LockClass inner, Object lock, long order, boolean hardIrq) {
        noteUsage(cpu, inner, hardIrq);
        for (int i = held.base(); i < held.depth(); i++) {
            LockClass outer = held.classAt(i);
            edges.add(outer + "->" + inner);
            noteNesting(outer, inner);
            if (held.lockAt(i) == lock) {
                add(
                        LockViolation.Rule.RECURSION,
                        inner,
                        outer,
                        cpu + " acquires " + lock + ", which it holds already",
                        "");
            } else if (outer == inner) {
                checkNesting(cpu, held, i, inner, lock, order);
            } else if (!outer.mayContain(inner)) {
                add(
                        LockViolation.Rule.ORDER,
                        inner,
                        outer,
                        cpu + " acquires " + lock + " (" + inner + ") while it holds " + held.lockAt(i) + " (" + outer
                                + "): the declared order has no path " + outer + " -> " + inner,
                        "");
            }
        }
    }

    private void checkNesting(Pcpu cpu, HeldLocks held, int i, LockClass c, Object lock, long order) {
        boolean legal = c.nesting() != LockClass.Nesting.NEVER && held.orderAt(i) < order;
        if (!legal) {
            add(
                    LockViolation.Rule.NESTING,
                    c,
                    c,
                    cpu + " acquires " + lock + " while it holds " + held.lockAt(i) + ": nesting inside " + c + " is "
                            + (c.nesting() == LockClass.Nesting.NEVER
                                    ? "never allowed"
                                    : "allowed in ascending order of " + c.nesting() + " only"),
                    "");
        }
    }

    private void noteUsage(Pcpu cpu, LockClass c, boolean hardIrq) {
        int bit = hardIrq ? IN_HARD_IRQ : cpu.isIrqMasked() ? 0 : WITH_IRQS_ON;
        int had = usage[c.ordinal()];
        if ((had & bit) == bit) {
            return;
        }
        usage[c.ordinal()] = had | bit;
        usageStack[c.ordinal()][bit] = stack();
        checkIrqChains();
        if ((had | bit) == (IN_HARD_IRQ | WITH_IRQS_ON)) {
            add(
                    LockViolation.Rule.IRQ_SAFETY,
                    c,
                    null,
                    c + " (" + c.xenName()
                            + ") is taken in a hard interrupt and also with interrupts open: an interrupt"
                            + " that comes while the latter holds it waits for itself, or for somebody who waits for it",
                    usageStack[c.ordinal()][bit == IN_HARD_IRQ ? WITH_IRQS_ON : IN_HARD_IRQ]);
        }
    }

    /** Keeps the transitive closure of the nestings seen. */
    private void noteNesting(LockClass outer, LockClass inner) {
        if (nested[outer.ordinal()][inner.ordinal()]) {
            return;
        }
        for (int a = 0; a < nested.length; a++) {
            for (int b = 0; b < nested.length; b++) {
                boolean reaches = a == outer.ordinal() || nested[a][outer.ordinal()];
                boolean reached = b == inner.ordinal() || nested[inner.ordinal()][b];
                nested[a][b] |= reaches && reached;
            }
        }
        checkIrqChains();
    }

    /**
     * A class that hard interrupts take must not lead, through nestings, to one that is taken with interrupts open: an
     * interrupt that comes while the latter is held may wait for the former, whose holder waits for the latter.
     */
    private void checkIrqChains() {
        for (LockClass safe : LockClass.values()) {
            for (LockClass open : LockClass.values()) {
                if ((usage[safe.ordinal()] & IN_HARD_IRQ) != 0
                        && (usage[open.ordinal()] & WITH_IRQS_ON) != 0
                        && safe != open
                        && nested[safe.ordinal()][open.ordinal()]) {
                    add(
                            LockViolation.Rule.IRQ_SAFETY,
                            open,
                            safe,
                            open + " (" + open.xenName() + ") is taken with interrupts open and also inside " + safe
                                    + " ("
                                    + safe.xenName()
                                    + "), which hard interrupts take: an interrupt that comes while the"
                                    + " former is held may wait for the latter, whose holder waits for the former",
                            usageStack[open.ordinal()][WITH_IRQS_ON]);
                }
            }
        }
    }

    /** Records a violation, once for each rule and pair. */
    synchronized void add(LockViolation.Rule rule, LockClass lock, LockClass other, String text, String there) {
        if (reported.add(rule + " " + lock + " " + other)) {
            violations.add(new LockViolation(rule, lock, other, text, stack(), there));
        }
    }

    private static String stack() {
        StringBuilder b = new StringBuilder();
        Arrays.stream(Thread.currentThread().getStackTrace())
                .dropWhile(f -> !f.getClassName().startsWith("org.smpvisor.lock"))
                .dropWhile(f -> f.getClassName().startsWith("org.smpvisor.lock"))
                .limit(STACK_DEPTH)
                .forEach(f -> b.append("    at ")
                        .append(f.getClassName().replace("org.smpvisor.", ""))
                        .append('.')
                        .append(f.getMethodName())
                        .append(':')
                        .append(f.getLineNumber())
                        .append('\n'));
        return b.toString();
    }
}

package org.smpvisor.variant;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Set;

/**
 * Which weak spots a machine has. Immutable; chosen before the machine is assembled and turned there into the small
 * objects that the model calls at its variant points.
 *
 * @param xenVersion the Xen that is modelled
 * @param fixed quirks for which the corrected rule is used
 * @param fault a planted fault, or {@code null}
 * @param bugs historical bugs that are put back
 */
public record Variant(XenVersion xenVersion, Set<Quirk> fixed, Fault fault, Set<Bug> bugs) {
    /** Released versions whose differences the model knows. */
    public enum XenVersion {
        /** Xen 4.17, for comparison with traces of real machines. */
        V4_17,
        /** The development head that the model follows by default. */
        HEAD
    }

    public Variant {
        fixed = fixed.isEmpty() ? Set.of() : Set.copyOf(fixed);
        bugs = bugs.isEmpty() ? Set.of() : Set.copyOf(bugs);
        check(bugs);
    }

    /** A variant without historical bugs. */
    public Variant(XenVersion xenVersion, Set<Quirk> fixed, Fault fault) {
        this(xenVersion, fixed, fault, Set.of());
    }

    private static void check(Set<Bug> bugs) {
        EnumMap<Bug.Place, Bug> taken = new EnumMap<>(Bug.Place.class);
        for (Bug b : bugs.stream().sorted().toList()) {
            if (!b.isSwitchable()) {
                throw new IllegalArgumentException(b.id() + " cannot be switched on yet: it waits for " + b.waitsFor());
            }
            Bug other = taken.put(b.place(), b);
            if (other != null) {
                throw new IllegalArgumentException(
                        other.id() + " and " + b.id() + " cannot be switched on together: both change " + b.place());
            }
        }
    }

    /** Xen as it is. */
    public static Variant xen() {
        return new Variant(XenVersion.HEAD, EnumSet.noneOf(Quirk.class), null);
    }

    /** Every quirk replaced by its corrected rule. */
    public static Variant allFixed() {
        return new Variant(XenVersion.HEAD, EnumSet.allOf(Quirk.class), null);
    }

    /** Whether the corrected rule of {@code quirk} is in force. */
    public boolean isFixed(Quirk quirk) {
        return fixed.contains(quirk);
    }

    /** The same variant with one quirk set. */
    public Variant with(Quirk quirk, boolean isFixed) {
        EnumSet<Quirk> next = EnumSet.noneOf(Quirk.class);
        next.addAll(fixed);
        if (isFixed) {
            next.add(quirk);
        } else {
            next.remove(quirk);
        }
        return new Variant(xenVersion, next, fault, bugs);
    }

    /** The same variant with a planted fault. */
    public Variant with(Fault planted) {
        return new Variant(xenVersion, fixed, planted, bugs);
    }

    /** The same variant of another Xen. */
    public Variant with(XenVersion version) {
        return new Variant(version, fixed, fault, bugs);
    }

    /**
     * The same variant with one more historical bug.
     *
     * @throws IllegalArgumentException if it cannot be switched on, or not together with one that is switched on already
     */
    public Variant with(Bug bug) {
        EnumSet<Bug> next = EnumSet.of(bug);
        next.addAll(bugs);
        return new Variant(xenVersion, fixed, fault, next);
    }

    /** Whether {@code bug} is put back. */
    public boolean has(Bug bug) {
        return bugs.contains(bug);
    }
}

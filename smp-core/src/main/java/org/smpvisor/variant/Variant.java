package org.smpvisor.variant;

import java.util.EnumSet;
import java.util.Set;

/**
 * Which weak spots a machine has. Immutable; chosen before the machine is assembled and turned there into the small
 * objects that the model calls at its variant points.
 *
 * @param xenVersion the Xen that is modelled
 * @param fixed quirks for which the corrected rule is used
 * @param fault a planted fault, or {@code null}
 */
public record Variant(XenVersion xenVersion, Set<Quirk> fixed, Fault fault) {
    /** Released versions whose differences the model knows. */
    public enum XenVersion {
        /** Xen 4.17, for comparison with traces of real machines. */
        V4_17,
        /** The development head that the model follows by default. */
        HEAD
    }

    public Variant {
        fixed = fixed.isEmpty() ? Set.of() : Set.copyOf(fixed);
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
        return new Variant(xenVersion, next, fault);
    }

    /** The same variant with a planted fault. */
    public Variant with(Fault planted) {
        return new Variant(xenVersion, fixed, planted);
    }

    /** The same variant of another Xen. */
    public Variant with(XenVersion version) {
        return new Variant(version, fixed, fault);
    }
}

package org.smpvisor.variant;

import java.util.Arrays;
import java.util.List;

/**
 * Bugs that are put back into the machines of tests which others start, such as those of jcstress and Lincheck: named by the
 * system property {@value #PROPERTY}, ids with commas between them. Nothing is put back where it is not set.
 */
public final class PutBack {
    /** Such as {@code XB-026,XB-049}. */
    public static final String PROPERTY = "smpvisor.bugs";

    private PutBack() {}

    /**
     * The bugs that the property names.
     *
     * @throws IllegalArgumentException if it names something else
     */
    public static List<Bug> bugs() {
        return Arrays.stream(System.getProperty(PROPERTY, "").split(","))
                .map(String::trim)
                .filter(id -> !id.isEmpty())
                .map(id -> Bug.named(id)
                        .orElseThrow(() -> new IllegalArgumentException("-D" + PROPERTY + ": there is no bug '" + id
                                + "'; 'smpvisor bugs list' has their names")))
                .toList();
    }

    /**
     * {@code v} with these bugs, and with Xen's rule for each quirk whose corrected one would hide them.
     *
     * @throws IllegalArgumentException if the property names something else, or bugs that cannot be switched on together
     */
    public static Variant into(Variant v) {
        Variant out = v;
        for (Bug b : bugs()) {
            out = with(out, b);
        }
        return out;
    }

    /** {@code v} with one bug, and with Xen's rule for each quirk whose corrected one would hide it. */
    public static Variant with(Variant v, Bug bug) {
        Variant out = v.with(bug);
        for (Quirk q : bug.asInXen()) {
            out = out.with(q, false);
        }
        return out;
    }
}

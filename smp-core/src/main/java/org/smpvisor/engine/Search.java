package org.smpvisor.engine;

import java.util.Locale;

/** A strategy that tries everything within some bounds, and knows when it has. */
public interface Search extends Strategy {
    /** Schedules run to their end. */
    long schedules();

    /** Schedules that were cut, since what would have followed had been tried. */
    long cuts();

    /** Whether everything has been tried. */
    boolean isExhausted();

    /**
     * Whether schedules were met that are longer than {@link ControlledEngine#FAIR_AFTER}: beyond that there was no choice, and of
     * those only all beginnings have been tried.
     */
    boolean isTruncated();

    /** What {@link #isExhausted} speaks of, in words. */
    String bound();

    /** What is true of {@code all} that a search was to try, if schedules were met that were too long for it. */
    static String within(String all, boolean isTruncated) {
        return isTruncated
                ? all + String.format(Locale.ROOT, ", for their first %,d steps", ControlledEngine.FAIR_AFTER)
                : all;
    }

    /** Whether that is every schedule. */
    boolean isUnbounded();
}

package org.smpvisor.bench;

/**
 * How a job is held against its reference.
 *
 * @param name what the ratio counts
 * @param unit what the reference counts
 * @param atMost true: reference operations in the time of one of the job's, which may be at most {@code limit}; false: the
 *     job's rate as a part of the reference's, which must be at least {@code limit}
 * @param limit the target, or NaN when there is none and the reference only tells whether the host was quiet
 */
public record Ratio(String name, String unit, boolean atMost, double limit) {
    double of(double reference, double subject) {
        return atMost ? reference / subject : subject / reference;
    }

    /** Whether the ratio has a target. */
    public boolean hasLimit() {
        return !Double.isNaN(limit);
    }

    boolean isMet(double value) {
        return atMost ? value <= limit : value >= limit;
    }
}

package org.smpvisor.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What came out of one job. Rates are operations a second; NaN where there is no such figure.
 *
 * @param runs runs that count
 * @param discarded pairs of runs thrown away since the reference was disturbed
 * @param reference median of the reference
 * @param ratio median over the pairs
 * @param note what else is worth knowing, may be empty
 */
public record JobResult(
        Job job,
        double median,
        double min,
        double max,
        int runs,
        int discarded,
        double reference,
        double ratio,
        String note) {
    static JobResult of(Job job, Samples samples, String note) {
        double[] s = samples.subjects();
        return new JobResult(
                job,
                Samples.median(s),
                Arrays.stream(s).min().orElse(Double.NaN),
                Arrays.stream(s).max().orElse(Double.NaN),
                s.length,
                samples.discarded(),
                Samples.median(samples.references()),
                Samples.median(samples.ratios(job.ratio())),
                note);
    }

    JobResult withoutReference() {
        return new JobResult(job, median, min, max, runs, discarded, Double.NaN, Double.NaN, note);
    }

    /** Whether the target is reached in operations a second. */
    public boolean holdsAbsolutely() {
        return median >= job.target();
    }

    /** Whether the target is reached in terms of the reference. */
    public boolean holdsAsRatio() {
        return job.ratio().hasLimit() && job.ratio().isMet(ratio);
    }

    /** Whether the target is reached in one way or the other. */
    public boolean holds() {
        return holdsAbsolutely() || holdsAsRatio();
    }

    /** The result in a line, for progress. */
    public String oneLine() {
        return String.format(
                Locale.ROOT,
                "%-15s %,15.0f %-15s  %,8.2f %s%s",
                job.label(),
                median,
                job.unit(),
                ratio,
                job.ratio().name(),
                discarded == 0 ? "" : "  (" + discarded + " disturbed runs thrown away)");
    }

    /** The result as a JSON object; figures that do not exist are null. */
    public Map<String, Object> document() {
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("name", job.label());
        d.put("what", job.what());
        d.put("unit", job.unit());
        d.put("median", figure(median));
        d.put("min", figure(min));
        d.put("max", figure(max));
        d.put("runs", runs);
        d.put("discarded", discarded);
        d.put("target", figure(job.target()));
        d.put("holdsAbsolutely", holdsAbsolutely());
        d.put("reference", figure(reference));
        d.put("ratioName", job.ratio().name());
        d.put("ratio", figure(ratio));
        d.put("ratioTarget", figure(job.ratio().limit()));
        d.put("ratioIs", job.ratio().atMost() ? "at most" : "at least");
        d.put("holdsAsRatio", holdsAsRatio());
        d.put("holds", holds());
        d.put("xen", figure(job.xen()));
        d.put("note", note);
        return d;
    }

    private static Double figure(double v) {
        return Double.isNaN(v) ? null : v;
    }
}

package org.smpvisor.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Pairs of a reference run and the run of the subject that followed it. */
final class Samples {
    private final double factor;
    private final List<double[]> pairs = new ArrayList<>();

    /** @param factor a reference run that is that much faster or slower than their median was disturbed */
    Samples(double factor) {
        this.factor = factor;
    }

    void add(double reference, double subject) {
        pairs.add(new double[] {reference, subject});
    }

    /** All pairs, the disturbed included. */
    int size() {
        return pairs.size();
    }

    /** Pairs thrown away since their reference run was disturbed. */
    int discarded() {
        return size() - kept();
    }

    /** Pairs that count. */
    int kept() {
        return undisturbed().size();
    }

    private List<double[]> undisturbed() {
        double median = median(pairs.stream().mapToDouble(p -> p[0]).toArray());
        return pairs.stream()
                .filter(p -> p[0] * factor >= median && p[0] <= median * factor)
                .toList();
    }

    double[] references() {
        return undisturbed().stream().mapToDouble(p -> p[0]).toArray();
    }

    double[] subjects() {
        return undisturbed().stream().mapToDouble(p -> p[1]).toArray();
    }

    /** The ratio of each pair that was kept. */
    double[] ratios(Ratio ratio) {
        return undisturbed().stream().mapToDouble(p -> ratio.of(p[0], p[1])).toArray();
    }

    /** Median; of an even number the mean of the two in the middle. */
    static double median(double[] values) {
        double[] v = values.clone();
        Arrays.sort(v);
        int n = v.length;
        if (n == 0) {
            return Double.NaN;
        }
        return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
    }
}

package org.smpvisor.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Measures jobs: reference, subject, reference, subject, until enough undisturbed pairs have come together. */
public final class Bench {
    /** A reference run that deviates from their median by more than this was disturbed. */
    static final double DISTURBED = 1.5;

    static final int WARM_UPS = 3;
    private static final double WARM_UP_LENGTH = 2;
    static final int MOST_ATTEMPTS = 3;

    private final int runs;
    private final double seconds;
    private final Consumer<String> progress;

    /**
     * @param runs undisturbed pairs wanted of each job
     * @param seconds length of a run
     * @param progress told what happens
     */
    public Bench(int runs, double seconds, Consumer<String> progress) {
        this.runs = runs;
        this.seconds = seconds;
        this.progress = progress;
    }

    /** Measures {@code jobs} in order. */
    public List<JobResult> run(List<Job> jobs) {
        List<JobResult> out = new ArrayList<>();
        for (Job j : jobs) {
            out.add(run(j));
        }
        return out;
    }

    private JobResult run(Job job) {
        JobResult result;
        try (Subject reference = job.newReference();
                Subject subject = job.newSubject()) {
            String missing = reference.missing();
            Samples samples = measure(missing == null ? reference : length -> 1, subject);
            String notes = Stream.of(missing == null ? reference.note() : missing, subject.note())
                    .filter(n -> !n.isEmpty())
                    .collect(Collectors.joining("; "));
            result = missing == null
                    ? JobResult.of(job, samples, notes)
                    : JobResult.of(job, samples, notes).withoutReference();
        } catch (BenchFailure e) {
            throw new BenchFailure(job.label() + ": " + e.getMessage(), e);
        }
        progress.accept(result.oneLine());
        return result;
    }

    /** Warms both up, then runs them in turn. Gives up when the host does not become quiet. */
    Samples measure(Subject reference, Subject subject) {
        for (int i = 0; i < WARM_UPS; i++) {
            reference.rate(seconds);
            subject.rate(seconds * WARM_UP_LENGTH);
        }
        Samples samples = new Samples(DISTURBED);
        while (samples.kept() < runs && samples.size() < MOST_ATTEMPTS * runs) {
            double r = reference.rate(seconds);
            samples.add(r, subject.rate(seconds));
        }
        return samples;
    }
}

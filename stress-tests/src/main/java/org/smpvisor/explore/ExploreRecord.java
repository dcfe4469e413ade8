package org.smpvisor.explore;

import java.util.List;
import java.util.Map;
import org.smpvisor.scenario.Verdict;
import org.smpvisor.variant.Quirk;

/**
 * What an exploration found; reports are made from this alone.
 *
 * @param options what was asked
 * @param verdict of all scenarios together
 * @param seconds that it took
 * @param vehicle what carried the stacks
 * @param scenarios what was done, one entry per scenario
 * @param failures what was found, one entry per scenario, cause and signature
 */
public record ExploreRecord(
        ExploreOptions options,
        Verdict verdict,
        double seconds,
        String vehicle,
        List<Explored> scenarios,
        List<Found> failures) {
    /**
     * One scenario.
     *
     * @param name of the scenario
     * @param schedules tried
     * @param steps of all schedules
     * @param points that the model reported
     * @param seconds that it took
     * @param exhausted what was tried completely, the widest bound of each search
     * @param complete whether every schedule there is has been tried
     * @param missed bound on the probability of having missed a bug of depth 3
     * @param kinds different steps that were seen: kind and object
     * @param lockEdges nestings of locks that were seen
     * @param promises in how many schedules each promised thing happened, by counter
     */
    public record Explored(
            String name,
            long schedules,
            long steps,
            long points,
            double seconds,
            List<String> exhausted,
            boolean complete,
            double missed,
            int kinds,
            int lockEdges,
            Map<String, Long> promises) {
        public Explored {
            exhausted = List.copyOf(exhausted);
        }

        /** Whether everything that was promised happened. */
        public boolean isExercised() {
            return promises.values().stream().allMatch(n -> n > 0);
        }
    }

    /**
     * One kind of failure.
     *
     * @param failure the shortest schedule that shows it
     * @param explainedBy weak spot that explains it, or {@code null}
     * @param count schedules that showed it
     * @param schedule how many schedules had been tried when it was found first
     * @param secondsIn time from the scenario's start to the first
     * @param file replay file, or {@code null} when it cannot be replayed by itself
     * @param switches switches between actors in that file, 0 without one
     * @param story the schedule told, one line per element; empty without a file
     * @param note what became of a circle of locks that was handed to the scheduler, else empty
     */
    public record Found(
            Failure failure,
            Quirk explainedBy,
            long count,
            long schedule,
            double secondsIn,
            String file,
            int switches,
            List<String> story,
            String note) {
        public Found {
            story = List.copyOf(story);
        }
    }

    public ExploreRecord {
        scenarios = List.copyOf(scenarios);
        failures = List.copyOf(failures);
    }

    /** Schedules tried in all scenarios. */
    public long schedules() {
        return scenarios.stream().mapToLong(Explored::schedules).sum();
    }
}

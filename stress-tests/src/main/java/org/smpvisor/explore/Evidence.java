package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.engine.Replay;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Variant;

/**
 * A failure made as short as possible, as it is shown to people.
 *
 * @param failure with the shortest schedule that was found
 * @param file that schedule, ready to be written
 * @param story that schedule, told
 */
public record Evidence(Failure failure, ReplayFile file, List<String> story) {
    public Evidence {
        story = List.copyOf(story);
    }

    /**
     * Shortens, records and tells a failure on a machine of its own.
     *
     * @param variant the model that it was found on
     * @param schedules to try at most while it is shortened
     */
    public static Evidence of(SmallScenario scenario, Variant variant, Failure f, int schedules) {
        Subject fresh = new Subject(scenario, variant, true);
        byte[] decisions = new Shrinker(fresh, f.signature(), schedules).shrink(f.decisions());
        List<Violation> violations = new ArrayList<>();
        List<Recording.Step> steps = Recording.of(fresh, decisions, violations);
        Violation same = violations.stream()
                .filter(v -> Failure.signature(v).equals(f.signature()))
                .findFirst()
                .orElse(f.violation());
        ReplayFile file = new ReplayFile(
                scenario.name(), variant.fixed(), variant.bugs(), f.foundBy(), same.kind() + ": " + same.text(), steps);
        return new Evidence(
                new Failure(scenario.name(), same, decisions, f.foundBy()),
                file,
                Story.of(fresh, new Replay(decisions, true)).lines());
    }
}

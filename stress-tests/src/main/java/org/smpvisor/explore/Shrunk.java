package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.oracle.Violation;

/**
 * A recorded schedule made shorter.
 *
 * @param file the shorter schedule
 * @param switchesBefore switches between actors in the schedule as it was
 * @param switchesAfter and as it is now
 * @param tried schedules that were tried
 */
public record Shrunk(ReplayFile file, int switchesBefore, int switchesAfter, int tried) {
    /** Shrinks a schedule; {@code null} if it shows nothing wrong. */
    public static Shrunk of(ReplayFile file, Subject subject, byte[] decisions, int limit) {
        List<Violation> violations = new ArrayList<>();
        Recording.of(subject, decisions, violations);
        if (violations.isEmpty()) {
            return null;
        }
        Violation worst = violations.stream()
                .filter(v -> file.failure().equals(v.kind() + ": " + v.text()))
                .findFirst()
                .orElse(violations.get(0));
        String signature = Failure.signature(worst);
        Shrinker shrinker = new Shrinker(subject, signature, limit);
        byte[] best = shrinker.shrink(decisions);
        violations.clear();
        List<Recording.Step> steps = Recording.of(subject, best, violations);
        Violation same = violations.stream()
                .filter(v -> Failure.signature(v).equals(signature))
                .findFirst()
                .orElse(worst);
        ReplayFile out = new ReplayFile(
                file.scenario(), file.fixed(), file.bugs(), file.foundBy(), same.kind() + ": " + same.text(), steps);
        return new Shrunk(
                out,
                new Failure(file.scenario(), worst, decisions, "").switches(),
                new Failure(file.scenario(), worst, best, "").switches(),
                shrinker.tried());
    }
}

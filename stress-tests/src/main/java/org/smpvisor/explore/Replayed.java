package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Replay;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;

/**
 * A replay file and what came of it.
 *
 * @param file the file
 * @param vehicle what carried the stacks
 * @param end how the run ended
 * @param difference the first step that differs from the file, in words, or {@code null}
 * @param violations what was wrong
 * @param causes the weak spot that explains each of them, or {@code null}
 * @param story the run told, one line per element
 */
public record Replayed(
        ReplayFile file,
        String vehicle,
        Outcome.End end,
        String difference,
        List<Violation> violations,
        List<Quirk> causes,
        List<String> story) {
    /** Replays a file. */
    public static Replayed of(ReplayFile file, Subject subject, byte[] decisions, boolean allSteps) {
        List<Recording.Step> seen = Recording.of(subject, decisions, new ArrayList<>());
        Story story = Story.of(subject, new Replay(decisions, true));
        List<Quirk> causes = new ArrayList<>();
        for (Violation v : story.violations()) {
            causes.add(subject.explain(v));
        }
        return new Replayed(
                file,
                subject.engine().vehicle(),
                story.outcome().end(),
                difference(file, seen, story),
                story.violations(),
                causes,
                story.lines(allSteps));
    }

    private static String difference(ReplayFile file, List<Recording.Step> seen, Story story) {
        String steps = file.difference(seen);
        if (steps != null) {
            return steps;
        }
        if (story.outcome().end() == Outcome.End.CUT) {
            return "step " + seen.size() + ": the file is at its end, but the run would go on";
        }
        return file.isShownBy(story.violations()) ? null : "every step is as recorded, but the failure does not show";
    }

    /** Whether something went wrong that no weak spot explains. */
    public boolean isUnexplained() {
        return causes.contains(null);
    }
}

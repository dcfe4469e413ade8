package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smpvisor.engine.Replay;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * The shortest schedules known that show what a weak spot does, kept as replay files: each must still be met step for step,
 * show its failure, and lose it with the corrected rule. When a change of the model moves their steps on purpose, {@link #main}
 * finds them anew.
 */
class WeakSpotReplaysTest {
    private static final int SEARCH = 60_000;
    private static final int SHRINK = 20_000;

    /** What is kept: where it was found, what else must be as in Xen for it, and what it looks like. */
    private enum Kept {
        DEAD_LINE(
                Quirk.H27,
                "linux-move",
                Violation.Kind.LOST,
                "is active in the GIC without a list register",
                Quirk.H3,
                Quirk.H8),
        DROPPED_ASSERTION(Quirk.H3, "retarget-eoi", Violation.Kind.LOST, "without a list register"),
        STALE_TARGET(Quirk.H2, "virtual-move", Violation.Kind.CORRUPTED, "does not end"),
        WRONG_VCPU(Quirk.H1, "virtual-move", Violation.Kind.WRONG_TARGET, "ceased to be its target"),
        EDGE_BEFORE_DISABLE(
                Quirk.H11, "virtual-move", Violation.Kind.LEFT_BEHIND, "is marked QUEUED that is on no list"),
        EARLIER_TARGET(Quirk.H10, "virtual-move", Violation.Kind.WRONG_TARGET, "ceased to be its target"),
        SLEEPER_NOT_WOKEN(Quirk.SV1, "enable-inject", Violation.Kind.LOST, "raised"),
        SLEEPER_OVER_A_LOADED_LR(Quirk.SV2, "linux-move", Violation.Kind.LEFT_BEHIND, "enabled and undelivered"),
        NO_WAY_OUT(Quirk.SV3, "lr-pressure", Violation.Kind.LIVELOCK, "does not get out"),
        LATE_CALLBACK(Quirk.SV5, "timer-move", Violation.Kind.LOST, "the timer was armed");

        final Quirk quirk;
        final String scenario;
        final Violation.Kind kind;
        final String text;
        final Variant variant;

        Kept(Quirk quirk, String scenario, Violation.Kind kind, String text, Quirk... needed) {
            this.quirk = quirk;
            this.scenario = scenario;
            this.kind = kind;
            this.text = text;
            Variant v = Variant.allFixed().with(quirk, false);
            for (Quirk q : needed) {
                v = v.with(q, false);
            }
            this.variant = v;
        }

        Path file(Path folder) {
            return folder.resolve(name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + ".replay");
        }

        boolean isIn(List<Violation> violations) {
            return violations.stream().anyMatch(this::is);
        }

        boolean is(Violation v) {
            return v.kind() == kind && v.text().contains(text);
        }

        Subject subject(Variant v, boolean continuations) {
            return new Subject(SmallScenarios.named(scenario).orElseThrow(), v, continuations);
        }
    }

    private static final String STORY = "dead-line.story";
    private static final Path FOLDER = Path.of("src", "test", "resources", "replays");

    @ParameterizedTest
    @EnumSource(Kept.class)
    void theScheduleIsStillMetStepForStepAndShowsItsFailure(Kept kept) {
        ReplayFile f = ReplayFile.read(kept.file(FOLDER));
        for (boolean continuations : new boolean[] {true, false}) {
            Subject s = kept.subject(f.variant(), continuations);
            Replayed r = Replayed.of(f, s, f.decisions(s), false);
            assertThat(r.difference()).as("see main() for how to find it anew").isNull();
            int i = 0;
            for (; !kept.is(r.violations().get(i)); i++) {}
            assertThat(r.causes().get(i)).isEqualTo(kept.quirk);
        }
    }

    /** The same choices, as far as they can be made, with the corrected rule. */
    @ParameterizedTest
    @EnumSource(Kept.class)
    void theCorrectedRuleLeavesNothingOfIt(Kept kept) {
        ReplayFile f = ReplayFile.read(kept.file(FOLDER));
        Subject s = kept.subject(f.variant().with(kept.quirk, true), true);
        List<Violation> violations = s.judge(s.run(new Replay(f.decisions(s), false), null));
        assertThat(kept.isIn(violations)).as("%s", violations).isFalse();
    }

    /** Finds all of them anew and writes them to the folder that is named; best on a JDK that has continuations. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        for (Kept kept : Kept.values()) {
            ReplayFile f = found(kept);
            Files.writeString(kept.file(folder), f.text());
            if (kept == Kept.DEAD_LINE) {
                Files.write(folder.resolve(STORY), story(kept, f));
            }
        }
    }

    private static List<String> story(Kept kept, ReplayFile f) {
        Subject s = kept.subject(f.variant(), true);
        return Story.of(s, new Replay(f.decisions(s), true)).lines().stream()
                .map(String::stripTrailing)
                .toList();
    }

    /** The form of a story: a column for each pCPU, numbers of steps, what became of the interrupt between them. */
    @Test
    void theStoryOfTheDeadLineIsToldAsItAlwaysWas() throws IOException {
        ReplayFile f = ReplayFile.read(Kept.DEAD_LINE.file(FOLDER));
        assertThat(story(Kept.DEAD_LINE, f)).isEqualTo(Files.readAllLines(FOLDER.resolve(STORY)));
    }

    private static ReplayFile found(Kept kept) {
        Subject s = kept.subject(kept.variant, true);
        Portfolio portfolio = new Portfolio("portfolio", 1, true);
        byte[] best = null;
        Violation seen = null;
        for (int i = 0; i < SEARCH && best == null; ) {
            Portfolio.Arm arm = portfolio.next();
            if (arm.strategy().buffersStores()) {
                continue; // its stories are long
            }
            for (int slice = 0; slice < 64 && best == null; slice++, i++) {
                List<Violation> violations = s.judge(s.run(arm.strategy(), null));
                for (Violation v : violations) {
                    if (kept.is(v) && s.explain(v) == kept.quirk) {
                        best = s.engine().decisions();
                        seen = v;
                    }
                }
                portfolio.ended(arm);
            }
        }
        if (best == null) {
            throw new AssertionError(kept + " was not found in " + SEARCH + " schedules");
        }
        byte[] shrunk = new Shrinker(s, Failure.signature(seen), SHRINK).shrink(best);
        List<Violation> violations = new ArrayList<>();
        List<Recording.Step> steps = Recording.of(s, shrunk, violations);
        Violation same = violations.stream().filter(kept::is).findFirst().orElseThrow();
        return new ReplayFile(
                kept.scenario,
                kept.variant.fixed(),
                Set.of(),
                "portfolio seed 1",
                same.kind() + ": " + same.text(),
                steps);
    }
}

package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.Strategy;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

class ReplayFileTest {
    private static final SmallScenario SCENARIO =
            SmallScenarios.named("linux-move").orElseThrow();

    private static byte[] failing(Subject s) {
        Strategy random = new RandomWalk(3);
        for (int i = 0; i < 3_000; i++) {
            if (!s.judge(s.run(random, null)).isEmpty()) {
                return s.engine().decisions();
            }
        }
        throw new AssertionError("no failing schedule in 3,000 of seed 3");
    }

    private static ReplayFile file(Subject s, byte[] decisions) {
        List<Violation> violations = new ArrayList<>();
        List<Recording.Step> steps = Recording.of(s, decisions, violations);
        Violation v = violations.get(0);
        return new ReplayFile(SCENARIO.name(), Set.of(Quirk.H2), Set.of(), "test", v.kind() + ": " + v.text(), steps);
    }

    @Test
    void whatIsWrittenIsReadBackAndReplaysStepForStepOnBothVehicles() {
        Variant variant = Variant.xen().with(Quirk.H2, true);
        Subject s = new Subject(SCENARIO, variant, true);
        byte[] decisions = failing(s);
        ReplayFile written = file(s, decisions);
        ReplayFile read = ReplayFile.parse("f", written.text().lines().toList());

        for (boolean continuations : new boolean[] {true, false}) {
            Subject again = new Subject(SCENARIO, read.variant(), continuations);
            Replayed r = Replayed.of(read, again, read.decisions(again), false);
            assertThat(r.difference()).isNull();
            assertThat(r.violations().stream().map(v -> v.kind() + ": " + v.text()))
                    .contains(read.failure());
        }
    }

    @Test
    void aStepThatIsNotAsRecordedIsNamed() {
        Subject s = new Subject(SCENARIO, Variant.xen(), true);
        byte[] decisions = failing(s);
        ReplayFile f = file(s, decisions);
        List<Recording.Step> other = new ArrayList<>(f.steps());
        Recording.Step was = other.get(40);
        other.set(40, new Recording.Step(was.actor(), was.hash() ^ 1, "LOAD something.else"));
        assertThat(f.difference(other)).startsWith("step 40: expected ").contains("LOAD something.else");
        assertThat(f.difference(f.steps().subList(0, 10))).startsWith("step 10: the file goes on with");
        assertThat(f.difference(f.steps())).isNull();
    }

    @Test
    void shrinkingKeepsTheFailureAndMakesItShorter() {
        Subject s = new Subject(SCENARIO, Variant.xen(), true);
        byte[] decisions = failing(s);
        ReplayFile f = file(s, decisions);
        Shrunk shrunk = Shrunk.of(f, s, decisions, 3_000);
        assertThat(shrunk.switchesAfter()).isLessThan(shrunk.switchesBefore()).isLessThan(20);
        Replayed r = Replayed.of(shrunk.file(), s, shrunk.file().decisions(s), false);
        assertThat(r.difference()).isNull();
        assertThat(r.violations()).isNotEmpty();
    }

    private static final String GOOD = """
            smpvisor replay 1
            scenario: linux-move
            fixed: H2 H3
            bugs: XB-001
            found by: somebody
            failure: LOST: something
            steps: 3
            cpu0*2 [START] 0a1b2c3d
            cpu1*1 [LOAD vcpu] ffff
            end
            """;

    @Test
    void aGoodFileIsRead() {
        ReplayFile f = ReplayFile.parse("f", GOOD.lines().toList());
        assertThat(f.fixed()).containsExactlyInAnyOrder(Quirk.H2, Quirk.H3);
        assertThat(f.steps()).hasSize(3);
        assertThat(f.text()).isEqualTo(GOOD);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            smpvisor replay 1 | smpvisor replay 9 | f, line 1: a replay file begins with 'smpvisor replay 1'
            scenario: linux   | scene: linux      | f, line 2: 'scenario: ...' is expected here
            H2 H3             | H2 H99            | f, line 3: there is no quirk 'H99'
            XB-001            | XB-999            | f, line 4: there is no bug 'XB-999'
            steps: 3          | steps: 4          | f, line 7: the header announces 4 steps, but there are 3
            cpu0*2 [          | cpu0 2 [          | f, line 8: 'cpu0 2 [START] 0a1b2c3d' is not of the form
            0a1b2c3d          | 0a1b2c            | f, line 8: 2 steps need 8 digits, not 6
            end               | en                | f, line 10: 'en' is not of the form
            """)
    void aDamagedFileIsRefusedWithThePlace(String good, String bad, String message) {
        assertThatThrownBy(() ->
                        ReplayFile.parse("f", GOOD.replace(good, bad).lines().toList()))
                .isInstanceOf(BadReplayFile.class)
                .hasMessageContaining(message);
    }

    @Test
    void aFileThatIsCutOffSaysSo() {
        List<String> lines = GOOD.lines().toList();
        assertThatThrownBy(() -> ReplayFile.parse("f", lines.subList(0, 9)))
                .isInstanceOf(BadReplayFile.class)
                .hasMessageContaining("the file is cut off");
    }

    @Test
    void anActorThatTheScenarioDoesNotHaveIsNamed() {
        Subject s = new Subject(SCENARIO, Variant.xen(), true);
        ReplayFile f =
                ReplayFile.parse("f", GOOD.replace("cpu1", "cpu9").lines().toList());
        assertThatThrownBy(() -> f.decisions(s))
                .isInstanceOf(BadReplayFile.class)
                .hasMessage("step 2: scenario linux-move has no actor 'cpu9' any more");
    }
}

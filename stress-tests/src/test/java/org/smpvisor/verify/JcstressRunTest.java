package org.smpvisor.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.smpvisor.verify.TestResult.Result;

class JcstressRunTest {
    private static final String GATE = """
            {"planned": 4, "passed": 2, "unproven": ["LoadBuffering"], "tests": [
              {"name": "org.smpvisor.a.Fine", "result": "passed", "reason": "", "twinOf": null, "pattern": "MP",
               "shown": null, "outcomes": [{"id": "0, 1", "count": 12, "expect": "ACCEPTABLE", "desc": "before"}]},
              {"name": "org.smpvisor.a.FineWeak", "result": "passed", "reason": "", "twinOf": "org.smpvisor.a.Fine",
               "pattern": "MP", "shown": "notExpected", "outcomes": [
               {"id": "0, 0", "count": 12, "expect": "acceptable", "desc": "before"}]},
              {"name": "org.smpvisor.a.Bad", "result": "failed", "reason": "1, 1 was seen", "outcomes": [
               {"id": "1, 1", "count": 3, "expect": "FORBIDDEN", "desc": "lost"}]},
              {"name": "org.smpvisor.a.Wide", "result": "skipped", "reason": "4 actors on 2 CPUs", "outcomes": []}]}
            """;

    private static List<TestResult> read(String... names) throws IOException {
        return JcstressRun.read(new ObjectMapper().readTree(GATE), List.of(names));
    }

    @Test
    void whatTheGateSaysOfEachTestIsKept() throws IOException {
        List<TestResult> all =
                read("org.smpvisor.a.Fine", "org.smpvisor.a.FineWeak", "org.smpvisor.a.Bad", "org.smpvisor.a.Wide");
        assertThat(all)
                .extracting(TestResult::result)
                .containsExactly(Result.PASSED, Result.PASSED, Result.FAILED, Result.SKIPPED);
        assertThat(all.get(0).outcomes()).containsExactly(new TestResult.Outcome("0, 1", 12, "ACCEPTABLE", "before"));
        assertThat(all.get(1).note())
                .isEqualTo("weak twin of Fine (MP), and is not expected to show it on this machine");
        assertThat(all.get(3).reason()).isEqualTo("4 actors on 2 CPUs");
    }

    @Test
    void aTestThatTheGateDoesNotKnowDidNotRun() throws IOException {
        assertThat(read("org.smpvisor.a.Forgotten").get(0).result()).isEqualTo(Result.MISSING);
    }

    @Test
    void aTestOfWhichNothingWasObservedDidNotRunWhateverIsSaid() throws IOException {
        String silent = "{\"tests\":[{\"name\":\"x.Y\",\"result\":\"passed\",\"outcomes\":[]}]}";
        assertThat(JcstressRun.read(new ObjectMapper().readTree(silent), List.of("x.Y"))
                        .get(0)
                        .result())
                .isEqualTo(Result.MISSING);
    }

    @Test
    void anUnknownWordIsAnError() throws IOException {
        assertThat(JcstressRun.read(
                                new ObjectMapper().readTree("{\"tests\":[{\"name\":\"x.Y\",\"result\":\"maybe\"}]}"),
                                List.of("x.Y"))
                        .get(0)
                        .result())
                .isEqualTo(Result.ERROR);
    }

    @Test
    void theSelectorFindsTheNamedTestsOnly() {
        Pattern p = Pattern.compile(JcstressRun.selector(List.of("a.B", "a.C")));
        assertThat(p.matcher("a.B").find()).isTrue();
        assertThat(p.matcher("a.C").find()).isTrue();
        assertThat(p.matcher("a.BWeak").find()).isFalse();
        assertThat(p.matcher("aXB").find()).isFalse();
    }

    @Test
    void iterationsAreMadeToFitTheTimeAndNeverVanish() {
        Settings s = new Settings("quick", 215, 0, null, "");
        assertThat(JcstressRun.iterationMillis(20, s)).isEqualTo(800);
        assertThat(JcstressRun.iterationMillis(20, s.within(30))).isEqualTo(10);
        assertThat(JcstressRun.iterationMillis(1, s.within(100_000))).isEqualTo(10_000);
    }
}

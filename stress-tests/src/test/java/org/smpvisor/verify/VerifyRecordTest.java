package org.smpvisor.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.report.VerifyPage;
import org.smpvisor.report.VerifyReport;
import org.smpvisor.verify.TestResult.Result;
import org.smpvisor.verify.VerifyRecord.ToolRun;

class VerifyRecordTest {
    private static TestResult test(Result result) {
        return new TestResult(
                "jcstress",
                "org.smpvisor.a.Some",
                result,
                result == Result.PASSED ? "" : "because of <this>",
                -1,
                "log",
                List.of(new TestResult.Outcome("1, 1", 3, "FORBIDDEN", "lost")),
                "");
    }

    private static VerifyRecord record(int classes, List<String> problems, TestResult... results) {
        ToolRun run = new ToolRun("jcstress", "0.16", classes, 1, List.of(results), problems, List.of());
        return new VerifyRecord(Path.of("runs"), "quick", "./smpvisor verify", "here", 1, List.of(run));
    }

    @Test
    void allThatPassedOrSaysWhyItWasLeftOutIsFine() {
        assertThat(record(2, List.of(), test(Result.PASSED), test(Result.SKIPPED))
                        .isFine())
                .isTrue();
    }

    @Test
    void anythingElseFails() {
        for (Result r : List.of(Result.FAILED, Result.ERROR, Result.TIMEOUT, Result.MISSING)) {
            assertThat(record(2, List.of(), test(Result.PASSED), test(r)).isFine())
                    .as(r.text())
                    .isFalse();
        }
    }

    @Test
    void fewerResultsThanClassesFail() {
        assertThat(record(2, List.of(), test(Result.PASSED)).isFine()).isFalse();
    }

    @Test
    void aProblemBesideTheTestsFails() {
        assertThat(record(1, List.of("nothing was planned"), test(Result.PASSED))
                        .isFine())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({"org.smpvisor.a.Some, Some, org.smpvisor.a", "org.a.Some.Nested, Some.Nested, org.a", "Some, Some, ''"})
    void aNestedTestIsNamedWithWhatItIsNestedIn(String name, String shortName, String packageName) {
        TestResult r = new TestResult("jcstress", name, Result.PASSED, "", -1, "", List.of(), "");
        assertThat(r.shortName()).isEqualTo(shortName);
        assertThat(r.packageName()).isEqualTo(packageName);
    }

    @Test
    void thePageIsSafeAndNeedsNothingFromOutside() {
        String html = new VerifyPage(record(2, List.of("a < b"), test(Result.FAILED))).html();
        assertThat(html)
                .contains("because of &lt;this&gt;", "a &lt; b", "failed", "forbidden")
                .doesNotContain("http://", "https://", "<script", "<this>");
    }

    @Test
    void theReportNamesWhatFailedAndWhatWasSeen() {
        StringWriter out = new StringWriter();
        new VerifyReport(record(1, List.of(), test(Result.FAILED))).print(new PrintWriter(out));
        assertThat(out.toString())
                .contains("org.smpvisor.a.Some failed: because of <this>", "1, 1, 3 times: lost", "verdict: failed");
    }
}

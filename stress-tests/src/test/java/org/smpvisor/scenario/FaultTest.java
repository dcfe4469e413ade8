package org.smpvisor.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Fault;
import org.smpvisor.variant.Variant;

class FaultTest {
    @ParameterizedTest
    @CsvSource({
        "DROP_KICK, spi-echo, LOST",
        "DROP_LR, spi-echo, LOST",
        "DUPLICATE_LR, spi-echo, DUPLICATED",
        "WRONG_ROUTE, spi-echo, WRONG_TARGET",
        "FORGET_RERAISE, spi-storm, LOST",
        "FORGET_TIMER, timers, LOST"
    })
    void aPlantedFaultIsReportedEveryTime(Fault fault, String scenario, Violation.Kind kind) {
        assertReported(Variant.allFixed().with(fault), fault, scenario, kind, 5);
    }

    @ParameterizedTest
    @CsvSource({
        "DROP_KICK, spi-echo, LOST",
        "DROP_LR, spi-echo, LOST",
        "DUPLICATE_LR, spi-echo, DUPLICATED",
        "WRONG_ROUTE, spi-echo, WRONG_TARGET",
        "FORGET_RERAISE, spi-storm, LOST",
        "FORGET_TIMER, timers, LOST"
    })
    void withXensWeakSpotsAFaultOnAnInterruptWhoseWindowsWereNotReachedIsStillNew(
            Fault fault, String scenario, Violation.Kind kind) {
        assertReported(Variant.xen().with(fault), fault, scenario, kind, 2);
    }

    private static void assertReported(Variant variant, Fault fault, String scenario, Violation.Kind kind, int seeds) {
        for (long seed = 1; seed <= seeds; seed++) {
            RunRecord run = Runs.run(scenario, variant, 6, seed);
            for (int again = 1; again <= 3 && run.verdict() == Verdict.NOT_EXERCISED; again++) {
                // Mended at once, and said so: its vCPU was just about to look. That proves nothing, so once more.
                run = Runs.run(scenario, variant, 6, seed + 100L * again);
            }

            assertThat(run.verdict())
                    .as("%s, seed %d: %s", fault, seed, run.explanation())
                    .isEqualTo(Verdict.VIOLATION);
            assertThat(run.findings()).as("%s, seed %d", fault, seed).anySatisfy(f -> {
                assertThat(f.violation().kind()).isEqualTo(kind);
                assertThat(f.violation().history()).isNotEmpty();
                assertThat(f.explainedBy()).isNull();
            });
        }
    }
}

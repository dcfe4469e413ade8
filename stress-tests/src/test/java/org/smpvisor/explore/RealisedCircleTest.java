package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Bug;

/** What the validator has seen is handed to the scheduler: circles of locks, and locks that interrupts want. */
class RealisedCircleTest {
    private static final ExploreRun.Listener SILENT = new ExploreRun.Listener() {
        @Override
        public void progress(String scenario, long schedules, int failures, Supplier<String> coverage) {}

        @Override
        public void found(Explorer.Group group) {}
    };

    @Test
    void aCircleThatCanCloseIsClosed() {
        assertRealised("two-retargets", Bug.XB_001);
    }

    @Test
    void anInterruptThatFindsItsLockTakenIsTaken() {
        assertRealised("enable-inject", Bug.XB_013);
    }

    private static void assertRealised(String scenario, Bug bug) {
        ExploreRecord r = new ExploreRun(
                        new ExploreOptions(
                                List.of(SmallScenarios.named(scenario).orElseThrow()),
                                BugHunt.background(bug).with(bug),
                                "pos",
                                1,
                                200,
                                1,
                                1,
                                null,
                                ""),
                        SILENT)
                .run();
        assertThat(r.failures())
                .filteredOn(f -> f.failure().violation().kind() == Violation.Kind.LOCKING)
                .anySatisfy(f -> assertThat(f.note()).startsWith("realised in schedule"));
    }
}

package org.smpvisor.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchTest {
    private static final double SHORT = 0.05;

    private final List<String> order = new ArrayList<>();

    private Bench bench(int runs) {
        return new Bench(runs, SHORT, line -> {});
    }

    private Subject named(String name, double... rates) {
        int[] next = {0};
        return seconds -> {
            order.add(name);
            return rates[next[0]++ % rates.length];
        };
    }

    @Test
    void referenceAndSubjectTakeTurnsAndTheWarmUpDoesNotCount() {
        Samples s = bench(2).measure(named("reference", 8), named("subject", 4));

        assertThat(s.size()).isEqualTo(2);
        assertThat(order).hasSize(2 * (2 + Bench.WARM_UPS));
        for (int i = 0; i < order.size(); i++) {
            assertThat(order.get(i)).isEqualTo(i % 2 == 0 ? "reference" : "subject");
        }
    }

    @Test
    void aRunThatIsThrownAwayIsRepeated() {
        double[] references = {1, 1, 1, 10, 10, 3, 10, 10};
        Samples s = bench(4).measure(named("reference", references), named("subject", 5));

        assertThat(s.kept()).isEqualTo(4);
        assertThat(s.discarded()).isEqualTo(1);
    }

    @Test
    void aHostThatNeverCalmsDownEndsTheMeasurementAllTheSame() {
        Samples s = bench(3).measure(named("reference", 1, 10, 100, 1_000, 10_000), named("subject", 5));

        assertThat(s.size()).isEqualTo(3 * Bench.MOST_ATTEMPTS);
        assertThat(s.kept()).isLessThan(3);
    }

    @ParameterizedTest
    @EnumSource(Job.class)
    void everyJobAndItsReferenceYieldARateOnACleanMachine(Job job) {
        if (job != Job.SCHEDULES) { // Lincheck takes half a minute to say its first word
            assertThat(job.newReference().rate(SHORT)).isPositive().isFinite();
        }
        assertThat(job.newSubject().rate(SHORT)).isPositive().isFinite();
    }

    @ParameterizedTest
    @EnumSource(Job.class)
    void aJobHasATargetOfOneKindAtLeast(Job job) {
        assertThat(job.hasTarget() || job.ratio().hasLimit()).isTrue();
        assertThat(Job.named(job.label())).contains(job);
    }

    @Test
    void theExploredRaceIsSmallAndXensRuleFailsInIt() {
        try (Subject s = Job.SCHEDULES.newSubject()) {
            s.rate(SHORT);

            assertThat(s.note()).matches("[1-9]\\d\\.\\d points per schedule; finds H2 after \\d{1,4} schedules");
        }
    }

    @Test
    void theReferenceLockCountsWhatItGuards() {
        TicketLock lock = new TicketLock();
        lock.rate(0.01);
        long before = lock.guarded();

        lock.rate(0.01);

        assertThat(lock.guarded()).isGreaterThan(before);
    }
}

package org.smpvisor.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SamplesTest {
    private static final Ratio AT_MOST_TEN = new Ratio("references", "references/s", true, 10);
    private static final Ratio AT_LEAST_HALF = new Ratio("part", "references/s", false, 0.5);

    @Test
    void theMedianIsTheMiddleOrTheMeanOfTheTwoMiddleOnes() {
        assertThat(Samples.median(new double[] {9, 1, 5})).isEqualTo(5);
        assertThat(Samples.median(new double[] {4, 1, 3, 100})).isEqualTo(3.5);
        assertThat(Samples.median(new double[] {})).isNaN();
    }

    @Test
    void aPairWhoseReferenceWasDisturbedIsThrownAwayAndCounted() {
        Samples s = new Samples(1.5);
        s.add(100, 10);
        s.add(110, 11);
        s.add(60, 1); // slower than 100 / 1.5
        s.add(90, 12);
        s.add(160, 99); // faster than 100 * 1.5

        assertThat(s.size()).isEqualTo(5);
        assertThat(s.kept()).isEqualTo(3);
        assertThat(s.discarded()).isEqualTo(2);
        assertThat(s.subjects()).containsExactly(10, 11, 12);
        assertThat(s.references()).containsExactly(100, 110, 90);
    }

    @Test
    void aDisturbedSubjectIsNoReasonToThrowARunAway() {
        Samples s = new Samples(1.5);
        s.add(100, 10);
        s.add(100, 0.1);

        assertThat(s.discarded()).isZero();
    }

    @Test
    void ratiosAreTakenPairByPair() {
        Samples s = new Samples(1.5);
        s.add(100, 10);
        s.add(120, 10);

        assertThat(s.ratios(AT_MOST_TEN)).containsExactly(10, 12);
        assertThat(s.ratios(AT_LEAST_HALF)).containsExactly(0.1, 10 / 120.0);
    }

    @Test
    void aRatioIsMetOnTheRightSideOfItsLimit() {
        assertThat(AT_MOST_TEN.isMet(10)).isTrue();
        assertThat(AT_MOST_TEN.isMet(10.1)).isFalse();
        assertThat(AT_LEAST_HALF.isMet(0.5)).isTrue();
        assertThat(AT_LEAST_HALF.isMet(0.49)).isFalse();
    }

    @Test
    void aJobHoldsByItsFigureOrByItsRatio() {
        assertThat(result(Job.SELF_SPI, 1_900_000, 50).holds()).isTrue();
        assertThat(result(Job.SELF_SPI, 1_000_000, 39).holds()).isTrue();
        assertThat(result(Job.SELF_SPI, 1_000_000, 41).holds()).isFalse();
        assertThat(result(Job.READ_TYPER, 9_000_000, 0.1).holds())
                .as("a ratio without a limit")
                .isFalse();
        assertThat(result(Job.HOST_SGI, 1e9, 7).holds())
                .as("a job without a figure")
                .isFalse();
    }

    private static JobResult result(Job job, double rate, double ratio) {
        return new JobResult(job, rate, rate, rate, 9, 0, rate * ratio, ratio, "");
    }
}

package org.smpvisor.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.variant.Variant;

/** The conformance scenario T13 on real threads: the windows are narrow, so that it takes a storm to hit them. */
class StormConformanceTest {
    private static final int STORMS = 12;

    /** Whatever goes wrong is explained by a weak spot whose window was hit. */
    @ParameterizedTest
    @CsvSource({"virtual-spi, H1 H2 H10", "spi-migration, H3"})
    void t13StormsHitTheWindowsAndWhatComesOfThemIsExplained(String scenario, String windows) {
        Set<String> missing = new HashSet<>(List.of(windows.split(" ")));
        for (int seed = 0; seed < STORMS && !missing.isEmpty(); seed++) {
            RunRecord r = Runs.run(scenario, Variant.xen(), 1, seed);
            assertThat(r.findings()).allMatch(f -> f.explainedBy() != null);
            missing.removeIf(q -> r.quirkHits().getOrDefault(q, 0L) > 0);
        }
        assertThat(missing).isEmpty();
    }
}

package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FunctionsCommandTest {
    /** What the command makes is compared with the page by another test, which has no second run to spare. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--markdown /no/such/folder/x.md | --markdown: /no/such/folder/x.md cannot be written",
                "--markdown / | --markdown: / is a directory",
                "--unknown | Unknown option: '--unknown'"
            })
    void wrongUseIsAnsweredBeforeAnythingRuns(String options, String message) {
        long start = System.nanoTime();
        Ending e = Ending.of("functions", options.trim().split(" "));
        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(message);
        assertThat(System.nanoTime() - start).isLessThan(4_000_000_000L);
    }
}

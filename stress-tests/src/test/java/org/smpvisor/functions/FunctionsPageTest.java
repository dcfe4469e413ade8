package org.smpvisor.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every function of the table takes the locks that are expected of it, and docs/functions.md says so. */
class FunctionsPageTest {
    @Test
    void whatIsSeenIsWhatIsExpectedAndThePageHasIt() throws IOException {
        FunctionsReport report = new FunctionsReport();
        assertThat(report.problems()).isEmpty();
        List<String> page = Files.readAllLines(Path.of("..", "docs", "functions.md"));
        assertThat(page)
                .as(
                        "docs/functions.md is out of date; it is made anew by: ./smpvisor functions --markdown docs/functions.md")
                .isEqualTo(report.page().lines().toList());
    }
}

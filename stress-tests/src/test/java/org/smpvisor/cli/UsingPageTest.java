package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.scenario.Scenario;
import org.smpvisor.scenario.Scenarios;
import org.smpvisor.variant.Quirk;

/** docs/using.md names what can be named on the command line, and what comes out of it. */
class UsingPageTest {
    private final String page = Files.readString(Path.of("..", "docs", "using.md"));

    UsingPageTest() throws IOException {}

    /** From one heading to the next. */
    private String section(String heading) {
        int from = page.indexOf('\n' + heading + '\n');
        assertThat(from).as(heading).isNotNegative();
        int to = page.indexOf("\n#", from + heading.length());
        return page.substring(from, to);
    }

    @Test
    void thePageHasARowForEachScenario() {
        String table = section("### Scenarios");
        for (Scenario s : Scenarios.all()) {
            assertThat(table).contains("\n| `" + s.name() + "` |");
        }
    }

    @Test
    void thePageHasARowForEachSmallScenario() {
        String table = section("### Small scenarios");
        for (SmallScenario s : SmallScenarios.all()) {
            assertThat(table).contains("\n| `" + s.name() + "` |");
        }
    }

    @Test
    void thePageHasARowForEachQuirk() {
        String table = section("### Quirks");
        for (Quirk q : Quirk.values()) {
            assertThat(table).contains("\n| `" + q + "` |");
        }
    }

    @Test
    void thePageNamesEachCounter() {
        String list = page.substring(page.indexOf("\nThe counters:"), page.indexOf("\n## explore"));
        for (Counter c : Counter.values()) {
            assertThat(list).contains('`' + c.name() + '`');
        }
    }

    @Test
    void theSampleOfAnUnknownQuirkListsTheFirstOnes() {
        String sample = page.substring(page.indexOf("there is no quirk 'H99'; there are "));
        String listed = sample.substring(sample.indexOf("are ") + 4, sample.indexOf(", ..."));
        StringBuilder first = new StringBuilder();
        for (Quirk q : Quirk.values()) {
            first.append(first.isEmpty() ? "" : ", ").append(q);
        }
        assertThat(first.toString()).startsWith(listed + ",");
    }
}

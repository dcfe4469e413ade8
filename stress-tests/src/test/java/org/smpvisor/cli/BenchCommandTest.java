package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.bench.Job;

class BenchCommandTest {
    private static Ending bench(String... args) {
        return Ending.of("bench", args);
    }

    @Test
    void theJsonObjectStandsAloneOnStandardOutputAndHasThePromisedFields() throws IOException {
        Ending e = bench("--only", "read-typer", "mailbox", "--runs", "2", "--seconds", "0.02", "--json");

        JsonNode d = new ObjectMapper().readTree(e.out());
        assertThat(e.status()).isZero();
        assertThat(d.get("machine").get("cores").asInt()).isPositive();
        assertThat(d.get("machine").get("cpu").asText()).isNotEmpty();
        assertThat(d.get("jdk").asText()).startsWith("" + Runtime.version().feature());
        assertThat(d.get("jobs")).hasSize(2);
        assertThat(d.get("jobs").get(0).fieldNames())
                .toIterable()
                .contains(
                        "name",
                        "unit",
                        "median",
                        "min",
                        "max",
                        "runs",
                        "discarded",
                        "target",
                        "ratioName",
                        "ratio",
                        "ratioTarget",
                        "holds",
                        "xen");
        assertThat(d.get("jobs").get(0).get("name").asText()).isEqualTo("read-typer");
        assertThat(d.get("jobs").get(0).get("target").asDouble()).isEqualTo(10_000_000);
        assertThat(d.get("jobs").get(1).get("target").isNull()).isTrue();
        assertThat(e.err()).contains("mailbox");
    }

    @Test
    void theTableNamesMachineJobsAndTargets() {
        Ending e = bench("--only", "self-spi,read-typer", "--runs", "1", "--seconds", "0.02");

        assertThat(e.status()).isZero();
        assertThat(e.out())
                .contains("JDK " + Runtime.version())
                .contains("self-spi", "1,800,000", "at most 40")
                .doesNotContain("host-sgi");
    }

    @Test
    void helpNamesEveryJob() {
        Ending e = bench("--help");

        assertThat(e.status()).isZero();
        assertThat(e.out()).contains(Job.labels());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--runs 0 | --runs: 0 is not between 1 and 999",
                "--runs 1000 | --runs: 1000 is not between 1 and 999",
                "--runs many | is not an int",
                "--seconds 0 | --seconds: 0.0 is not between 0 and 600",
                "--seconds -1 | --seconds: -1.0 is not between 0 and 600",
                "--seconds NaN | --seconds: NaN is not between 0 and 600",
                "--seconds 601 | --seconds: 601.0 is not between 0 and 600",
                "--only nothing | --only: there is no job 'nothing'; there are self-spi, ipi",
                "--only | --only",
                "--only self-spi,x | --only: there is no job 'x'",
                "--frobnicate | Unknown option: '--frobnicate'",
                "self-spi | Unmatched argument",
            })
    void wrongUseIsAnsweredWithASentenceAndExitCodeTwo(String arguments, String answer) {
        Ending e = bench(arguments.trim().split(" "));

        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(answer).doesNotContain("\tat ");
        assertThat(e.out()).isEmpty();
    }
}

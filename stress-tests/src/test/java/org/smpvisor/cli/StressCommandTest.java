package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.variant.Quirk;

class StressCommandTest {
    private static Ending stress(String... args) {
        return Ending.of("stress", args);
    }

    @Test
    void aGicv2IsStormedToo() {
        Ending end = stress(
                "--gic", "2", "--scenario", "spi-migration", "--quirks", "fixed", "--seconds", "1", "--seed", "1");

        assertThat(end.status()).as(end.out()).isZero();
        assertThat(end.out()).contains("verdict: clean");
    }

    @Test
    void aGicv2ServesEightCpusAndEightVcpus() {
        assertThat(stress("--gic", "2", "--pcpus", "9").err())
                .contains("--pcpus: a GICv2 serves 1 to 8 CPUs, not 9; take a tree with a GICv3");
        Ending end = stress("--gic", "2", "--vcpus", "9");
        assertThat(end.status()).isEqualTo(2);
        assertThat(end.err())
                .contains("a virtual GICv2, as domains get on a machine with a GICv2, serves at most 8 vCPUs");
    }

    @Test
    void correctedXenSurvivesTheDefaultStorm() throws IOException {
        Ending e = stress("--quirks", "fixed", "--seconds", "8", "--seed", "11", "--json");

        JsonNode run = e.json();
        assertThat(run.get("violations")).as(e.out()).isEmpty();
        assertThat(run.get("verdict").asText())
                .as(run.get("explanation").asText())
                .isIn("clean", "notExercised");
        long killedInHandler = run.get("counters").get("DOMAINS_DESTROYED").asLong()
                * run.get("vcpus").asLong();
        assertThat(run.get("delivered").asLong()).isPositive();
        assertThat(run.get("delivered").asLong() - run.get("ended").asLong()).isBetween(0L, killedInHandler);
        assertThat(run.get("lost").asLong()).isZero();
        assertThat(run.get("duplicated").asLong()).isZero();
    }

    @Test
    void theJsonObjectStandsAloneOnStandardOutputAndHasThePromisedFields() throws IOException {
        Ending e = stress("--scenario", "spi-echo", "--quirks", "fixed", "--seconds", "1", "--json");

        assertThat(e.json().fieldNames())
                .toIterable()
                .contains(
                        "verdict",
                        "raised",
                        "delivered",
                        "ended",
                        "lost",
                        "duplicated",
                        "deliveredPerSecond",
                        "seconds",
                        "pcpus",
                        "seed",
                        "violations");
        assertThat(e.err()).contains("spi-echo");
    }

    @Test
    void xenLosesAnSpiThatIsMovedInThreeWritesAndTheRunSaysWhichWeakSpotDidIt() throws IOException {
        JsonNode lost = null;
        for (int seed = 1; seed <= 10 && lost == null; seed++) {
            JsonNode run = stress("--scenario", "spi-migration", "--seconds", "4", "--seed", "" + seed, "--json")
                    .json();
            assertThat(run.get("verdict").asText()).isIn("known", "notExercised");
            for (JsonNode v : run.get("violations")) {
                if (v.get("kind").asText().equals("LOST")
                        && v.get("explainedBy").asText().equals("H27")) {
                    lost = v;
                }
            }
        }

        assertThat(lost).as("an SPI lost by H27 in 40 s of storm").isNotNull();
        assertThat(lost.get("history")).isNotEmpty();
        assertThat(lost.get("command").asText())
                .startsWith("./smpvisor stress --scenario spi-migration")
                .contains("--seed ");
    }

    @Test
    void knownCountsAsAFailureUnderStrict() {
        Ending e = stress("--scenario", "vcpu-migration", "--seconds", "3", "--strict");

        assertThat(e.out()).contains("verdict: known");
        assertThat(e.status()).isEqualTo(Main.FAILED);
    }

    @Test
    void aFullListOfWeakSpotsIsPrintedOnDemand() {
        Ending e = stress("--list-quirks");

        assertThat(e.status()).isZero();
        for (Quirk q : Quirk.values()) {
            assertThat(e.out()).contains(q + ": ").contains(q.corrected());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--scenario nowhere | there is no scenario 'nowhere'; there are all, spi-storm",
                "--pcpus 0 | --pcpus: 0 is not between 1 and 128",
                "--pcpus 129 | --pcpus: 129 is not between 1 and 128",
                "--domains 17 | --domains: 17 is not between 1 and 16",
                "--vcpus 0 | --vcpus: 0 is not between 1 and 128",
                "--seconds 0 | --seconds: 0.0 is not between 0 and a week",
                "--seconds NaN | --seconds: NaN is not between 0 and a week",
                "--seconds soon | 'soon' is not a double",
                "--quirks tidy | 'tidy' is neither 'xen' nor 'fixed'",
                "--quirk H99=xen | there is no quirk 'H99'; there are H1",
                "--quirk H1=maybe | 'maybe' is neither 'xen' nor 'fixed'",
                "--fault SOMETHING | there is no fault 'SOMETHING'; there are DROP_KICK",
                "--fault DROP_LR | could be blamed on H1, H2, H3, H5, H6, H7, H9, H10, H11, H25, H27, SV1",
                "--quirks fixed --quirk H3=xen --fault DROP_LR | could be blamed on H3",
                "--bug XB-999 | there is no bug 'XB-999'; 'smpvisor bugs list' lists them",
                "--bug XB-015 | XB-015 cannot be switched on yet: it waits for event channels",
                "--bug XB-001 --bug XB-001w | cannot be switched on together",
                "--quirks fixed --bug XB-001 --fault DROP_LR | could be blamed on --bug",
                "--dtb no-such-file.dtb | no-such-file.dtb",
                "--frobnicate | Unknown option: '--frobnicate'",
            })
    void wrongUseIsAnsweredWithASentenceAndExitCodeTwo(String arguments, String answer) {
        Ending e = stress(arguments.trim().split(" "));

        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(answer).doesNotContain("\tat ");
        assertThat(e.out()).isEmpty();
    }
}

package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExploreCommandTest {
    @TempDir
    private Path runs;

    private Ending explore(String... args) {
        String[] all = new String[args.length + 2];
        System.arraycopy(args, 0, all, 0, args.length);
        all[args.length] = "--runs";
        all[args.length + 1] = runs.toString();
        return Ending.of("explore", all);
    }

    @Test
    void whatIsFoundIsExplainedKeptReplayedAndShrunk() throws IOException {
        Ending e = explore("--scenario", "linux-move", "--schedules", "600", "--threads", "1", "--seed", "3", "--json");
        JsonNode d = e.json();
        assertThat(d.get("verdict").asText()).as(e.out()).isEqualTo("known");
        assertThat(e.status()).isZero();
        assertThat(d.get("schedules").asLong()).isEqualTo(600);
        assertThat(d.get("schedulesPerSecond").asDouble()).isPositive();
        assertThat(d.get("failures")).isNotEmpty();
        JsonNode failure = d.get("failures").get(0);
        assertThat(failure.get("explainedBy").asText()).matches("H\\d+|SV2");
        String file = failure.get("file").asText();
        assertThat(Path.of(file)).exists();

        Ending replay = Ending.of("replay", file);
        assertThat(replay.status()).as(replay.out() + replay.err()).isZero();
        assertThat(replay.out()).contains("every step is as recorded", "explained by", "hardware and devices");
        Ending threads = Ending.of("replay", file, "--vehicle", "threads", "--json");
        assertThat(threads.json().get("difference").isNull()).isTrue();
        assertThat(threads.json().get("vehicle").asText()).isEqualTo("threads");

        Ending shrink = Ending.of(
                "shrink",
                file,
                "--schedules",
                "500",
                "-o",
                runs.resolve("s.replay").toString());
        assertThat(shrink.status()).as(shrink.err()).isZero();
        assertThat(Ending.of("replay", runs.resolve("s.replay").toString()).out())
                .contains("every step is as recorded");
    }

    @Test
    void correctedXenIsClean() throws IOException {
        Ending e = explore("--schedules", "130", "--threads", "2", "--seed", "5", "--quirks", "fixed", "--json");
        assertThat(e.json().get("failures")).as(e.out()).isEmpty();
        assertThat(e.json().get("verdict").asText()).isIn("clean", "notExercised");
        assertThat(e.json().get("scenarios")).hasSizeGreaterThan(8);
    }

    @Test
    void theSameSeedAndOneWorkerGiveTheSameFailures() throws IOException {
        String[] args = {"--scenario", "two-retargets", "--schedules", "400", "--threads", "1", "--seed", "2", "--json"
        };
        JsonNode a = explore(args).json().get("failures");
        JsonNode b = explore(args).json().get("failures");
        assertThat(a).isNotEmpty();
        assertThat(b.findValuesAsText("schedule")).isEqualTo(a.findValuesAsText("schedule"));
        assertThat(b.findValuesAsText("signature")).isEqualTo(a.findValuesAsText("signature"));
    }

    @Test
    void theSearchSaysWhatItHasTriedCompletely() {
        Ending e = explore(
                "--scenario", "virtual-move", "--strategy", "search", "--schedules", "500", "--quirks", "fixed");
        assertThat(e.out()).contains("all schedules with up to 0 preemptions");
    }

    @Test
    void thePartialOrderSearchIsAStrategyLikeTheOthers() throws IOException {
        Ending e = explore(
                "--scenario",
                "host-handlers",
                "--strategy",
                "dpor",
                "--threads",
                "2",
                "--schedules",
                "300",
                "--quirks",
                "fixed",
                "--json");
        assertThat(e.json().get("strategy").asText()).isEqualTo("dpor");
        assertThat(e.json().get("threads").asInt()).isEqualTo(2);
        assertThat(e.json().get("schedules").asInt()).isEqualTo(300);
        assertThat(e.json().get("failures")).isEmpty();
    }

    @Test
    void theScenariosAreListed() {
        assertThat(explore("--list-scenarios").out()).contains("linux-move", "lr-pressure", "wfi-kick");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --scenario nowhere | there is no small scenario 'nowhere'
            --strategy luck    | there is no strategy 'luck'; there are portfolio, random
            --seconds 0        | --seconds: 0.0 is not between
            --schedules 0      | --schedules: 0 is not 1 or more
            --threads 0        | --threads: 0 is not between
            --quirk H99=xen    | there is no quirk 'H99'
            --quirks both      | neither 'xen' nor 'fixed'
            """)
    void wrongUseIsAnsweredWithASentenceAndExitCodeTwo(String arguments, String answer) {
        Ending e = explore(arguments.split(" "));
        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(answer).doesNotContain("Exception");
    }

    @Test
    void aFileThatIsNoReplayFileIsRefused() throws IOException {
        Path f = Files.writeString(runs.resolve("x.replay"), "hello\n");
        Ending e = Ending.of("replay", f.toString());
        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err())
                .contains("x.replay, line 1: a replay file begins with")
                .doesNotContain("Exception");
        assertThat(Ending.of("shrink", runs.resolve("none").toString()).err()).contains("there is no such file");
    }
}

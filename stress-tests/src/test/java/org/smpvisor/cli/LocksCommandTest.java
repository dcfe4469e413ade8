package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.XenEdge;

class LocksCommandTest {
    private static Ending locks(String... args) {
        return Ending.of("locks", args);
    }

    @TempDir
    Path dir;

    @Test
    void allScenariosShowWhatXenDoesAndNothingThatItNeverDoes() throws Exception {
        Path json = dir.resolve("locks.json");
        Path svg = dir.resolve("locks.svg");
        Path dot = dir.resolve("locks.dot");
        Ending e = locks(
                "--seconds",
                "2",
                "--seed",
                "5",
                "--quirks",
                "fixed",
                "--json",
                json.toString(),
                "--svg",
                svg.toString(),
                "--dot",
                dot.toString());

        assertThat(e.status()).as(e.out()).isZero();
        assertThat(e.out()).contains("Sound: no rule was broken").doesNotContain("FORBIDDEN", "NOT IN THE TABLE");
        JsonNode study = new ObjectMapper().readTree(json.toFile());
        assertThat(study.get("violations")).isEmpty();
        assertThat(study.get("cycles"))
                .isNotEmpty()
                .allMatch(c -> c.get("standing").asText().equals("ACCEPTED"));
        Set<String> rare = Set.of("E6", "E8", "E37"); // what does not come in every short run
        String pinned = "E38"; // there is no queue for a pCPU of one's own under this scheduler
        for (JsonNode row : study.get("xenEdges")) {
            if (row.get("modelled").asBoolean()
                    && !rare.contains(row.get("name").asText())
                    && !row.get("name").asText().equals(pinned)) {
                assertThat(row.get("state").asText()).as(row.toString()).isEqualTo("seen");
            }
        }
        JsonNode rank = study.get("classes").get(LockClass.RANK.ordinal());
        assertThat(rank.get("holdNanos").get("count").asLong())
                .as("each is released")
                .isEqualTo(rank.get("taken").asLong());
        thePictureIsWellFormedAndHasEveryClass(svg);
        assertThat(Files.readString(dot)).startsWith("digraph").contains("RANK -> DESC");
    }

    private static void thePictureIsWellFormedAndHasEveryClass(Path svg) throws Exception {
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(svg.toFile());
        String text = Files.readString(svg);
        for (LockClass c : LockClass.values()) {
            assertThat(text).contains(">" + c + "<");
        }
    }

    @Test
    void theWeakSpotOfTheHostGicLockIsShownAsKnownWithBothHalves() {
        Ending e = locks("--scenario", "all", "--seconds", "3", "--seed", "5");
        assertThat(e.status()).as(e.out()).isZero();
        assertThat(e.out())
                .contains("Violation, known as C1")
                .contains("HOST_GIC ~irq~> DESC")
                .contains("seen in scenario all, 4 pCPUs, seed 5")
                .contains("[arch_move_irqs")
                .contains("which closed the circle")
                .contains("is held here:")
                .contains("Sound but for known weak spots");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--scenario nosuch | --scenario: there is no scenario 'nosuch'; there are all, spi-storm",
                "--scenario all,nosuch | there is no scenario 'nosuch'",
                "--seconds 0 | --seconds: 0.0 is not between 0 and a day",
                "--seconds soon | Invalid value for option '--seconds'",
                "--pcpus 0 | --pcpus: 0 is not between 1 and 128",
                "--pcpus 129 | --pcpus: 129 is not between 1 and 128",
                "--seed x | Invalid value for option '--seed'",
                "--quirks both | --quirks: 'both' is neither 'xen' nor 'fixed'",
                "--svg /no/such/folder/x.svg | --svg: /no/such/folder/x.svg cannot be written",
                "--json / | --json: / is a directory",
                "--threads 3 | Unknown options: '--threads', '3'",
                "extra | Unmatched argument"
            })
    void badOptionsAreAnsweredWithASentence(String args, String text) {
        Ending e = locks(args.split(" "));
        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(text).doesNotContain("Exception", "\tat ");
    }

    @Test
    void oneFileCannotTakeTwoOutputs() throws IOException {
        Path file = dir.resolve("x");
        Ending e = locks("--dot", file.toString(), "--json", file.toString());
        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains("is named twice");
    }

    @Test
    void everyRowOfTheTableHasItsFunctions() {
        for (XenEdge x : XenEdge.values()) {
            assertThat(x.functions()).as(x.name()).isNotEmpty();
            assertThat(x.when()).isNotBlank();
            assertThat(x.outer()).isNotEmpty();
        }
    }
}

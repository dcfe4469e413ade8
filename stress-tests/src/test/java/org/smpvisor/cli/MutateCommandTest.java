package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MutateCommandTest {
    @Test
    void theSitesOfAFamilyAreListed() {
        Ending e = Ending.of("mutate", "--list", "--family", "skip-kick");

        assertThat(e.status()).isZero();
        assertThat(e.out())
                .contains("skip-kick:vgic.rank.PastRankRules$KickAlways.kick#0")
                .doesNotContain("drop-lock");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--family x | --family: there is no family 'x'; there are drop-lock, plain-lock",
                "--site nowhere | no site of the model is meant",
                "--site ( | --site: Unclosed group in '('",
                "--seconds 0 | --seconds: 0.0 is not between 0 and a day",
                "--schedules 0 | --schedules: 0 is not 1 or more",
                "--threads 0 | --threads: 0 is not between 1 and 256",
            })
    void wrongUseIsAnsweredWithASentenceAndExitCodeTwo(String arguments, String answer) {
        Ending e = Ending.of("mutate", arguments.trim().split(" "));

        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(answer).doesNotContain("\tat ");
    }
}

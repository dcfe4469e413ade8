package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerifyCommandTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --mode sanity              | --mode: there is no mode 'sanity'; there are quick, default, tough
            --jcstress --lincheck      | --jcstress and --lincheck exclude each other
            --seconds 0                | --seconds: 0.0 is not between
            --threads 0                | --threads: 0 is not between
            --test [                   | --test: '[' is not a regular expression
            --bug XB-001               | --bug goes with --bugs
            --markdown x.md            | --markdown goes with --bugs
            --seed 1                   | --seed goes with --bugs
            --bugs --lincheck          | --bugs runs all tools
            --bugs --mode quick        | --mode goes with the tests
            --bugs --test X            | --test goes with the tests
            --bugs --bug XB-999        | --bug: there is no bug 'XB-999'
            --bugs --bug XB-015        | XB-015 cannot be hunted yet: it waits for event channels
            --bugs --markdown none.md  | --markdown: none.md cannot be used: there is no such file
            """)
    void wrongUseIsAnsweredWithASentenceAndExitCodeTwo(String arguments, String answer) {
        Ending e = Ending.of("verify", ("--runs " + folder.resolve("runs") + " " + arguments).split(" "));
        assertThat(e.status()).isEqualTo(Main.WRONG_USE);
        assertThat(e.err()).contains(answer).doesNotContain("Exception");
        assertThat(folder.resolve("runs")).doesNotExist();
    }

    @Test
    void helpTellsWhatTheTimeMeans() {
        assertThat(Ending.of("verify", "--help").out()).contains("--seconds", "shorter or longer to fit", "--markdown");
    }
}

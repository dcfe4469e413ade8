package org.smpvisor.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.verify.TestResult.Result;

class LincheckRunTest {
    @TempDir
    private Path folder;

    private TestResult judged(String log, boolean timedOut) throws IOException {
        Path file = Files.writeString(folder.resolve("log"), log);
        return LincheckRun.judged("a.b.CLincheckTest", new Child.Ending(0, timedOut, 7), file);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            2 0 0 x | PASSED
            2 1 0 x | FAILED
            0 1 0 x | FAILED
            0 0 1 x | SKIPPED
            0 0 0 x | MISSING
            """)
    void theLastLineDecides(String counts, Result result) throws IOException {
        TestResult r = judged("noise\n" + LincheckMain.RESULT + counts.replace(' ', '\t') + "\n", false);
        assertThat(r.result()).isEqualTo(result);
        assertThat(r.log()).isEqualTo("lincheck/CLincheckTest.log");
        assertThat(r.seconds()).isEqualTo(7);
    }

    @Test
    void aJvmThatLeavesNoResultIsAnError() throws IOException {
        assertThat(judged("OutOfMemoryError\n", false).result()).isEqualTo(Result.ERROR);
    }

    @Test
    void aHangIsATimeoutWhateverTheLogSays() throws IOException {
        TestResult r = judged(LincheckMain.RESULT + "1\t0\t0\t\n", true);
        assertThat(r.result()).isEqualTo(Result.TIMEOUT);
        assertThat(r.result().isFine()).isFalse();
    }

    @Test
    void aProgramThatHangsIsEnded() throws Exception {
        Child.Ending e = Child.run(java("hang"), folder, folder.resolve("log"), 0.01);
        assertThat(e.timedOut()).isTrue();
    }

    @Test
    void aProgramEndsWithItsStatusAndLeavesItsLog() throws Exception {
        Child.Ending e = Child.run(java("3"), folder, folder.resolve("log"), 600);
        assertThat(e.timedOut()).isFalse();
        assertThat(e.status()).isEqualTo(3);
        assertThat(folder.resolve("log")).hasContent("said");
    }

    private static List<String> java(String argument) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                argument);
    }

    /** What the tests start. */
    static final class Program {
        private Program() {}

        public static void main(String[] args) throws InterruptedException {
            if (args[0].equals("hang")) {
                Thread.sleep(Long.MAX_VALUE);
            }
            System.out.println("said");
            System.exit(Integer.parseInt(args[0]));
        }
    }
}

package org.smpvisor.verify;

import java.nio.file.Path;
import java.util.List;

/**
 * What a verification leaves behind; reports are made from this alone.
 *
 * @param folder where logs and reports lie
 * @param mode quick, default or tough
 * @param command the command that runs it again
 * @param host the machine and its JDK
 * @param seconds how long all took
 * @param runs what was run, one entry for each tool
 */
public record VerifyRecord(Path folder, String mode, String command, String host, double seconds, List<ToolRun> runs) {
    /**
     * One tool's part.
     *
     * @param tool {@code jcstress} or {@code lincheck}
     * @param version of the tool
     * @param classes classes of tests that there are, and that were asked for
     * @param seconds how long all took
     * @param results of each test
     * @param problems what is wrong beside the tests themselves; a run with one has failed
     * @param unproven what the run says about tests that cannot show what they are for on this machine
     */
    public record ToolRun(
            String tool,
            String version,
            int classes,
            double seconds,
            List<TestResult> results,
            List<String> problems,
            List<String> unproven) {
        public ToolRun {
            results = List.copyOf(results);
            problems = List.copyOf(problems);
            unproven = List.copyOf(unproven);
        }

        /** Tests that ran to an end of their own. */
        public long ran() {
            return results.stream()
                    .filter(r -> r.result() == TestResult.Result.PASSED || r.result() == TestResult.Result.FAILED)
                    .count();
        }

        /** Tests with that result. */
        public long count(TestResult.Result result) {
            return results.stream().filter(r -> r.result() == result).count();
        }

        /** Whether nothing failed and everything ran or says why not. */
        public boolean isFine() {
            return problems.isEmpty()
                    && results.size() == classes
                    && results.stream().allMatch(r -> r.result().isFine());
        }
    }

    public VerifyRecord {
        runs = List.copyOf(runs);
    }

    /** Whether every tool's part is fine. */
    public boolean isFine() {
        return runs.stream().allMatch(ToolRun::isFine);
    }
}

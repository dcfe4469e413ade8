package org.smpvisor.verify;

import java.util.List;

/**
 * What became of one test.
 *
 * @param tool {@code jcstress} or {@code lincheck}
 * @param name full name of its class
 * @param result how it ended
 * @param reason why, if it did not pass; else empty
 * @param seconds how long it took, negative if it was not timed by itself
 * @param log its log, relative to the folder of the run
 * @param outcomes of jcstress: what was seen
 * @param note what else is to be known, such as the test that it is the weak twin of; may be empty
 */
public record TestResult(
        String tool,
        String name,
        Result result,
        String reason,
        double seconds,
        String log,
        List<Outcome> outcomes,
        String note) {
    /** How a test ended. */
    public enum Result {
        PASSED("passed"),
        FAILED("failed"),
        /** The tool, or the test, broke down. */
        ERROR("error"),
        TIMEOUT("timeout"),
        /** Left out for a reason that it tells. */
        SKIPPED("skipped"),
        /** It should have run and did not. */
        MISSING("did not run");

        private final String text;

        Result(String text) {
            this.text = text;
        }

        /** The word in reports. */
        public String text() {
            return text;
        }

        /** Whether a run with such a result can be fine. */
        public boolean isFine() {
            return this == PASSED || this == SKIPPED;
        }
    }

    /** One outcome of a test of jcstress and how often it was seen. */
    public record Outcome(String id, long count, String expect, String desc) {
        /** Whether it was seen and must not be. */
        public boolean wasForbidden() {
            return count > 0 && (expect.equalsIgnoreCase("forbidden") || expect.equalsIgnoreCase("unknown"));
        }
    }

    public TestResult {
        outcomes = List.copyOf(outcomes);
    }

    /** The name without its packages; with the class that it is nested in, if there is one. */
    public String shortName() {
        return name.substring(packageName().isEmpty() ? 0 : packageName().length() + 1);
    }

    /** Its package, by the custom that only classes begin with a capital; may be empty. */
    public String packageName() {
        int end = -1;
        for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
            if (Character.isUpperCase(name.charAt(end + 1))) {
                break;
            }
            end = dot;
        }
        return end < 0 ? "" : name.substring(0, end);
    }
}

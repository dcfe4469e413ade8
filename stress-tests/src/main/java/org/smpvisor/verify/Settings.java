package org.smpvisor.verify;

import java.util.regex.Pattern;

/**
 * How thoroughly the tests are run.
 *
 * @param mode {@code quick}, {@code default} or {@code tough}
 * @param seconds for the whole, or 0 for as long as the mode takes
 * @param threads CPUs that jcstress may use, or 0 for all
 * @param pattern what the name of a test must contain, or {@code null} for all tests
 * @param bugs ids of historical bugs to put back, with commas between; may be empty
 */
public record Settings(String mode, double seconds, int threads, Pattern pattern, String bugs) {
    /** Whether a test is wanted. */
    boolean wants(String name) {
        return pattern == null || pattern.matcher(name).find();
    }

    /** The same with other time. */
    Settings within(double time) {
        return new Settings(mode, time, threads, pattern, bugs);
    }
}

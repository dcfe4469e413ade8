package org.smpvisor.explore;

import org.smpvisor.oracle.Violation;

/**
 * A schedule that shows something wrong.
 *
 * @param scenario name of the small scenario
 * @param violation what is wrong, the worst of what the schedule shows
 * @param decisions the schedule
 * @param foundBy strategy, seed and number of the schedule, for reading
 */
public record Failure(String scenario, Violation violation, byte[] decisions, String foundBy) {
    /** What makes two failures the same, for grouping: kind and sentence without numbers. */
    public String signature() {
        return signature(violation);
    }

    /** Signature of a violation. */
    public static String signature(Violation v) {
        return withoutNumbers(v.kind() + " " + v.text());
    }

    /** A sentence with its numbers replaced. */
    static String withoutNumbers(String text) {
        return text.replaceAll("\\b[0-9]+\\b", "#").replaceAll("(?<=[a-z])[0-9]+", "#");
    }

    /** Times that another actor goes on than the one before: the length of the story. */
    public int switches() {
        int n = 0;
        for (int i = 1; i < decisions.length; i++) {
            n += decisions[i] != decisions[i - 1] ? 1 : 0;
        }
        return n;
    }
}

package org.smpvisor.scenario;

/** How a run ended. */
public enum Verdict {
    /** Nothing went wrong, and all that had to happen did. */
    CLEAN("clean", 0),
    /** Everything that went wrong is explained by a known weak spot of Xen whose window was reached there. */
    KNOWN("known", 0),
    /** Something went wrong that no weak spot explains. */
    VIOLATION("violation", 1),
    /** pCPUs wait for each other in a circle. */
    DEADLOCK("deadlock", 1),
    /** The machine no longer gets anywhere, without a circle. */
    STALLED("stalled", 1),
    /** Nothing went wrong, but something that had to be tried did not happen often enough. */
    NOT_EXERCISED("notExercised", 1),
    /** The user ended the run early. */
    INTERRUPTED("interrupted", 1),
    /** A guest took an exception that it has no handler for. */
    GUEST_DIED("guestDied", 1),
    /** The model broke one of its own invariants. */
    MODEL_BUG("modelBug", 1);

    private final String text;
    private final int exitCode;

    Verdict(String text, int exitCode) {
        this.text = text;
        this.exitCode = exitCode;
    }

    /** The word in reports. */
    public String text() {
        return text;
    }

    public int exitCode() {
        return exitCode;
    }
}

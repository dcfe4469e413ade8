package org.smpvisor.engine;

/**
 * Something besides the pCPUs that can happen next in a controlled run: an SGI arrives, a timer expires, a device moves its
 * line. Its step is atomic: it reports no point.
 */
public interface Actor {
    /** Name in stories and replay files, for example {@code env.line35}; no blanks, no asterisk. */
    String name();

    /** Whether it can happen now. No side effects. */
    boolean isEnabled();

    /** It happens. */
    void act();

    /**
     * Whether it lets others go first, a few times in a run excepted: a timer that expires as soon as it is armed, again and
     * again, would leave nobody time for anything.
     */
    default boolean isPatient() {
        return false;
    }

    /** What kind of step it is. */
    default Point what() {
        return Point.HARDWARE;
    }
}

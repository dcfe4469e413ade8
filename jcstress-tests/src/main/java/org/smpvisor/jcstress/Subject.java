package org.smpvisor.jcstress;

import java.util.Arrays;
import org.smpvisor.variant.Shows;

/**
 * A test of this module.
 *
 * @param planned how jcstress knows it
 * @param test its class
 */
record Subject(Planned planned, Class<?> test) {
    /** What it has lost if it is a weak twin, else {@code null}. */
    Pattern pattern() {
        WeakTwin twin = test.getAnnotation(WeakTwin.class);
        return twin == null ? null : twin.value();
    }

    /** Whether this host shows that; {@code null} if it is no twin. */
    Pattern.Sight sight() {
        return pattern() == null ? null : pattern().on(System.getProperty("os.arch"));
    }

    /** The name of the test that it is the twin of, {@code null} if it is none. */
    String twinOf() {
        return pattern() == null ? null : test.getEnclosingClass().getName();
    }

    /** Whether something shows that it can fail: a weak twin, a bug of the past; or it says why nothing does. */
    boolean canFail() {
        return pattern() != null
                || test.isAnnotationPresent(Shows.class)
                || test.isAnnotationPresent(NoTwin.class)
                || Arrays.stream(test.getDeclaredClasses()).anyMatch(c -> c.isAnnotationPresent(WeakTwin.class));
    }
}

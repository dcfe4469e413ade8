package org.smpvisor.jcstress;

import java.lang.management.ManagementFactory;

/**
 * An agent for the JVMs that jcstress starts. Where a JVM knows biased locking, jcstress runs every test with it and without; the
 * model has no Java monitors, so that this only takes twice the time. jcstress leaves out the configurations in which a
 * JVM does not start: with this agent that is the one with biased locking.
 */
public final class OneLockingMode {
    private OneLockingMode() {}

    /** Called before the main method of a JVM. */
    public static void premain(String options) {
        if (ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-XX:+UseBiasedLocking")) {
            Runtime.getRuntime().halt(1);
        }
    }
}

package org.smpvisor.engine;

/**
 * How a controlled run ended.
 *
 * @param end the way it ended
 * @param pcpu pCPU concerned, -1 for none
 * @param failure what was thrown, or {@code null}
 * @param text for {@link End#DEADLOCK} who waits for whom, for {@link End#TOO_LONG} who does not leave, empty if all did
 */
public record Outcome(End end, int pcpu, Throwable failure, String text) {
    /** Ways to end. */
    public enum End {
        /** Nothing can happen any more, and nobody waits for anything but an interrupt. */
        QUIESCENT,
        /** pCPUs wait for each other, or for something that never comes. */
        DEADLOCK,
        /** Model code threw. */
        FAILED,
        /** The limit of steps was reached. */
        TOO_LONG,
        /** {@link Engine#stop} was called and every pCPU has left. */
        STOPPED,
        /** The strategy broke the run off: what it would see from here on it has seen already. */
        CUT
    }
}

package org.smpvisor.engine;

/**
 * Chooses who goes on. An actor is a bit position: {@link ControlledEngine#actorName} says what it is. A strategy is asked
 * only where more than one actor can go on; it sees every decision, forced ones included, through the engine.
 */
public interface Strategy {
    /** A run begins. */
    void begin(ControlledEngine engine);

    /**
     * Picks one of the actors that can go on.
     *
     * @param enabled set of actors, at least two; bit n is actor n
     * @param current actor that ran last, whether or not it can go on
     * @return an element of {@code enabled}, or -1 to end the run here
     */
    int choose(long enabled, int current);

    /** Whether stores wait in buffers in the run that begins; asked after {@link #begin}. */
    default boolean buffersStores() {
        return false;
    }

    /** Whether {@link ControlledEngine#state} is wanted in the run that begins; asked after {@link #begin}. */
    default boolean comparesStates() {
        return false;
    }

    /** Whether {@link ControlledEngine#footprints} are wanted in the run that begins; asked after {@link #begin}. */
    default boolean tracesSteps() {
        return false;
    }

    /**
     * Whether it may choose that the pCPU takes an interrupt where it could go on; asked while steps are traced. Where it may
     * not, the pCPU's steps do not depend on what is signalled.
     */
    default boolean mayInterrupt(int pcpu) {
        return true;
    }

    /** Whether it matters to it, while steps are traced, that a pCPU that takes an interrupt could have gone on instead. */
    default boolean countsInterrupts() {
        return false;
    }

    /** A run has ended; returns whether there is anything left to try. */
    default boolean end() {
        return true;
    }
}

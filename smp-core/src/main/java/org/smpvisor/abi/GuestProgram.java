package org.smpvisor.abi;

/**
 * What a vCPU executes: a machine whose {@link #step} describes one instruction and returns. No frame of it is on the stack
 * while Xen runs, and all its per-vCPU state is in the {@link GuestCpu}, so that a vCPU can be preempted and moved anywhere.
 */
public abstract class GuestProgram {
    /** Program counter of the interrupt handler; the hardware enters it with interrupts masked. */
    public static final int VECTOR_IRQ = 1000;

    /**
     * Program counter of the handler of synchronous exceptions, entered with interrupts masked. The instruction that is to
     * blame has not completed; {@code elr} is its label.
     */
    public static final int VECTOR_SYNC = 2000;

    /** Program counter of the handler of SErrors, entered with interrupts masked. */
    public static final int VECTOR_SERROR = 3000;

    /** Whether the program has a handler at {@link #VECTOR_SERROR}; one without ends the run when it takes one. */
    public boolean handlesSerror() {
        return false;
    }

    /** Whether the program has a handler at {@link #VECTOR_SYNC}; one without ends the run when it takes an exception. */
    public boolean handlesSync() {
        return false;
    }

    /** Describes exactly one instruction of {@code c}, by {@code c.pc}. */
    public abstract void step(GuestCpu c);
}

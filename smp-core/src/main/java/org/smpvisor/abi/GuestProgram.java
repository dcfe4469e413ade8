package org.smpvisor.abi;

/**
 * What a vCPU executes: a machine whose {@link #step} describes one instruction and returns. No frame of it is on the stack
 * while Xen runs, and all its per-vCPU state is in the {@link GuestCpu}, so that a vCPU can be preempted and moved anywhere.
 */
public abstract class GuestProgram {
    /** Program counter of the interrupt handler; the hardware enters it with interrupts masked. */
    public static final int VECTOR_IRQ = 1000;

    /** Describes exactly one instruction of {@code c}, by {@code c.pc}. */
    public abstract void step(GuestCpu c);
}

package org.smpvisor.lock;

/**
 * A rule of locking that was broken.
 *
 * @param rule which one
 * @param lock class of the lock concerned
 * @param other class of the other lock involved, or {@code null}
 * @param text what happened, in one or two sentences
 * @param here stack of the pCPU that noticed
 * @param there stacks of the other half, or an empty string
 * @param cycle the circle of waits that it closes, or {@code null}
 */
public record LockViolation(
        Rule rule, LockClass lock, LockClass other, String text, String here, String there, LockCycle cycle) {
    /** The validator's rules. */
    public enum Rule {
        /** A pCPU acquires a lock that it holds already; a reader again, behind whom a writer may have queued. */
        RECURSION,
        /** Two classes are nested against the declared order. */
        ORDER,
        /** Nestings that were seen make a circle. */
        CYCLE,
        /** Two locks of one class are nested although the class forbids it, or in the wrong order. */
        NESTING,
        /** A class that hard interrupts take, or that is wanted inside of one, is held with interrupts open. */
        IRQ_SAFETY,
        /** A pCPU waits for an acknowledgement of one that may wait for it with interrupts masked. */
        RENDEZVOUS,
        /** An {@code _irq} form is used with interrupts masked already, or they are opened under a lock taken masked. */
        IRQ_MODE,
        /** A lock is released before one that was taken later, and that opens interrupts under the latter. */
        UNLOCK_ORDER,
        /** A lock is released by a pCPU that does not hold it, or not in that mode. */
        WRONG_CPU,
        /** A lock is still held where none may be: at guest entry, in WFI, at the end of an interrupt. */
        LEAK,
        /** A lock is held by somebody who is about to give up the pCPU. */
        BLOCKING,
        /** A guarded cell is touched without its lock. */
        GUARD
    }
}

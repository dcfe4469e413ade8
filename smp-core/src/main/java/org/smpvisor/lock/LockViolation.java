package org.smpvisor.lock;

/**
 * One broken rule of locking, reported once per run for each pair of classes or locks.
 *
 * @param rule which rule
 * @param lock the lock at which it was noticed
 * @param other the other class involved, or {@code null}
 * @param text what happened, in one or two sentences
 * @param here stack of the pCPU that noticed
 * @param there stack of the other half, or an empty string
 */
public record LockViolation(Rule rule, LockClass lock, LockClass other, String text, String here, String there) {
    /** The validator's rules. */
    public enum Rule {
        /** A pCPU acquires a lock that it holds already. */
        RECURSION,
        /** Two classes are nested against the declared order. */
        ORDER,
        /** Two locks of one class are nested although the class forbids it, or in the wrong order. */
        NESTING,
        /** A class is taken in a hard interrupt and also with interrupts open. */
        IRQ_SAFETY,
        /** An {@code _irq} form is used with interrupts masked already. */
        IRQ_MODE,
        /** A lock is released by a pCPU that does not hold it. */
        WRONG_CPU,
        /** A lock is still held where none may be: at guest entry, in WFI, at the end of an interrupt. */
        LEAK,
        /** A guarded cell is touched without its lock. */
        GUARD
    }
}

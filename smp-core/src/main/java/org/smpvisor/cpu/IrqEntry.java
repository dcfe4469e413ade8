package org.smpvisor.cpu;

/** Where a physical interrupt enters Xen when it hits Xen's own code. */
public interface IrqEntry {
    /** EL2h IRQ vector; called with interrupts masked, on top of whatever ran, returns with interrupts masked. */
    void hypIrq(Pcpu cpu);

    /** EL2h synchronous vector, for a warning: Xen's own code traps, says something and goes on. */
    default void hypWarning(Pcpu cpu) {
        // What is said goes nowhere.
    }
}

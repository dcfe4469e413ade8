package org.smpvisor.trace;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;

/**
 * Sees the events by which an oracle judges a run. Implementations keep exact ledgers without any read-modify-write or fence
 * that would order the model's own accesses, and without locks.
 */
public interface Witness {
    /** Sees nothing. */
    Witness NONE = new Witness() {};

    /** A guest sends an SGI, told in the form of ICC_SGI1R whatever the GIC; one that is refused is not told. */
    default void guestSgiBegins(Pcpu cpu, Vcpu sender, long sgir) {}

    /** A guest is about to store to a device or GIC register; only ISPENDR of virtual SPIs matters. */
    default void guestStoreBegins(Pcpu cpu, Vcpu v, long address, long value) {}

    /** The store is complete: what it set pending is pending now, or was already. */
    default void guestStoreEnds(Pcpu cpu, Vcpu v, long address, long value) {}

    /**
     * A guest acknowledged {@code virq}.
     *
     * @param physical INTID of the physical interrupt behind it, or -1
     * @param generation generation of the physical assertion
     */
    default void guestAck(Pcpu cpu, Vcpu v, int virq, int physical, long generation) {}

    /**
     * The current vCPU has written a register of one of its timers.
     *
     * @param ppi INTID of the timer's interrupt
     * @param armed whether the timer runs and its interrupt is not masked now
     * @param deadline when it expires, in nanoseconds of the engine's clock, without a sign
     */
    default void guestTimerWritten(Pcpu cpu, Vcpu v, int ppi, boolean armed, long deadline) {}

    /** Events have become pending for a vCPU that had none, which is about to be interrupted for them. */
    default void upcallRaised(Pcpu cpu, Vcpu v) {}

    /** A recorded assertion was forgotten; whoever tells stories may want to remember how it came about. */
    default void assertionDropped(int domain, int virq) {}

    /**
     * A guest is about to take back what is pending of {@code virq}; only where the corrected rule does that (U10).
     *
     * @param v vCPU whose interrupt it is, if it is a private one
     * @param physical INTID of the physical interrupt behind it, or -1
     */
    default void clearBegins(Pcpu cpu, Vcpu v, int virq, int physical) {}

    /** What was raised until now may have been taken back. */
    default void clearEnds(Pcpu cpu, Vcpu v, int virq, int physical) {}

    /** The virtual route of an SPI is about to change from {@code from} to {@code to}. */
    default void routeBegins(Pcpu cpu, int domain, int virq, int from, int to) {}

    /** The virtual route of an SPI has changed. */
    default void routeEnds(Pcpu cpu, int domain, int virq, int from, int to) {}

    /** A raise of {@code virq} ended legally without a delivery: its vCPU was down. */
    default void assertionEnded(Pcpu cpu, int domain, int virq, int physical) {}

    /** {@code v}, which was down, is about to run again, with nothing pending. */
    default void vcpuReset(Pcpu cpu, Vcpu v) {}

    /** A domain has been destroyed: nobody waits for its interrupts any more. */
    default void domainDestroyed(Pcpu cpu, Domain d) {}

    /** A device's line, which is disabled, is about to be given to a domain that is being created. */
    default void lineGiven(Pcpu cpu, Domain owner, int physical) {}
}

package org.smpvisor.entry;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/** The host's interrupt loop, implemented by the host GIC code. */
public interface HostInterrupts {
    /** Acknowledges and handles interrupts until none is left. Interrupts masked on entry and on return. */
    @Xen("gic_interrupt")
    void interrupt(Pcpu cpu);
}

package org.smpvisor.cpu;

/** The interrupt signal that the GIC's CPU interface drives into a pCPU; implemented by the hardware. */
public interface InterruptLine {
    /**
     * Takes in what has arrived at the redistributor (mailbox, routed SPIs, local lines).
     *
     * @return whether an interrupt of sufficient priority is signalled now
     */
    boolean sample(Pcpu cpu);
}

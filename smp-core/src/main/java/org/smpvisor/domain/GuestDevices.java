package org.smpvisor.domain;

import org.smpvisor.cpu.Pcpu;

/** Devices that a guest reaches without a trap, since they are mapped into it. */
public interface GuestDevices {
    /** A domain without devices. */
    GuestDevices NONE = (cpu, v, register, value) -> 0;

    /** One access of vCPU {@code v} on {@code cpu}; returns what a read yields. Touches lines and clocks only. */
    long access(Pcpu cpu, Vcpu v, long register, long value);
}

package org.smpvisor.domain;

import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/** What guest exits ask of the emulation of the physical timer. */
public interface VtimerOps {
    /** Emulates a trapped read of the current vCPU; interrupts open, no lock held. */
    @Xen("vtimer_emulate")
    long readTimer(Pcpu cpu, Vcpu v, SysReg reg);

    /** Emulates a trapped write of the current vCPU; interrupts open, no lock held. */
    @Xen("vtimer_emulate")
    void writeTimer(Pcpu cpu, Vcpu v, SysReg reg, long value);
}

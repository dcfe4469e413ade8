package org.smpvisor.cpu;

import org.smpvisor.variant.Arm;

/**
 * The virtual timer of a pCPU and its counter, as software on that pCPU reaches them: the guest without a trap, Xen when it
 * switches between vCPUs. The counter counts nanoseconds of the engine's clock; virtual and physical time are the same.
 */
@Arm("DDI 0487, D12.2")
public interface VirtualTimer {
    /** CNTVCT_EL0 and CNTPCT_EL0. */
    long readCounter(Pcpu cpu);

    /** CNTV_CTL_EL0, ISTATUS included. */
    int readControl(Pcpu cpu);

    /** CNTV_CTL_EL0: ENABLE and IMASK. */
    void writeControl(Pcpu cpu, int value);

    /** CNTV_CVAL_EL0. */
    long readCompare(Pcpu cpu);

    /** CNTV_CVAL_EL0. */
    void writeCompare(Pcpu cpu, long value);

    /** CNTV_TVAL_EL0: what is left until the compare value, 32 bits. */
    default long readLeft(Pcpu cpu) {
        return readCompare(cpu) - readCounter(cpu) & 0xffffffffL;
    }

    /** CNTV_TVAL_EL0: the compare value is so far from now, a signed number of 32 bits. */
    default void writeLeft(Pcpu cpu, long value) {
        writeCompare(cpu, readCounter(cpu) + (int) value);
    }
}

package org.smpvisor.cpu;

import org.smpvisor.variant.Arm;

/** The GIC's virtual CPU interface of one pCPU, as the guest that runs there reaches it without a trap. */
@Arm("IHI 0069, ICV_*_EL1")
public interface VirtualInterface {
    int SPURIOUS = 1023;

    /** Whether the virtual IRQ signal to the guest is asserted. */
    boolean isIrqAsserted();

    /** ICV_IAR1_EL1: acknowledges the most urgent pending interrupt; 1023 if there is none. */
    int acknowledge(Pcpu cpu);

    /** Physical INTID behind the last acknowledge, or -1 for a purely virtual interrupt. */
    int acknowledgedPhysical();

    /** Generation of the physical assertion behind the last acknowledge. */
    long acknowledgedGeneration();

    /** ICV_EOIR1_EL1: drops priority and, with EOImode 0, deactivates. */
    void end(Pcpu cpu, int intid);

    /** ICV_DIR_EL1: deactivates, with EOImode 1. */
    void deactivate(Pcpu cpu, int intid);

    /** ICV_PMR_EL1. */
    int readPriorityMask();

    /** ICV_CTLR_EL1: EOImode and the number of priority bits. */
    int readControl();

    /** ICV_IGRPEN1_EL1. */
    int readGroupEnable();

    /** ICV_BPR1_EL1. */
    int readBinaryPoint();

    /** ICV_PMR_EL1. */
    void writePriorityMask(int priority);

    /** ICV_CTLR_EL1.EOImode. */
    void writeControl(int value);

    /** ICV_IGRPEN1_EL1. */
    void writeGroupEnable(int value);

    /** ICV_BPR1_EL1. */
    void writeBinaryPoint(int value);
}

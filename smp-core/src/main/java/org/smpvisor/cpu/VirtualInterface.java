package org.smpvisor.cpu;

import org.smpvisor.variant.Arm;

/** The GIC's virtual CPU interface of one pCPU, as the guest that runs there reaches it without a trap. */
@Arm({"IHI 0069, ICV_*_EL1", "IHI 0048B, section 5.5"})
public interface VirtualInterface {
    int SPURIOUS = 1023;

    /** Whether the virtual IRQ signal to the guest is asserted. */
    boolean isIrqAsserted();

    /**
     * ICV_IAR1_EL1, GICV_IAR: acknowledges the most urgent pending interrupt; 1023 if there is none. In GICV_IAR the sender of an
     * SGI stands above its INTID.
     */
    int acknowledge(Pcpu cpu);

    /** Physical INTID behind the last acknowledge, or -1 for a purely virtual interrupt. */
    int acknowledgedPhysical();

    /** Generation of the physical assertion behind the last acknowledge. */
    long acknowledgedGeneration();

    /** ICV_EOIR1_EL1, GICV_EOIR: drops priority and, with EOImode 0, deactivates. */
    void end(Pcpu cpu, int intid);

    /** ICV_DIR_EL1, GICV_DIR: deactivates, with EOImode 1. */
    void deactivate(Pcpu cpu, int intid);

    /** ICV_PMR_EL1, GICV_PMR. */
    int readPriorityMask();

    /** ICV_CTLR_EL1: EOImode and the number of priority bits; GICV_CTLR. */
    int readControl();

    /** ICV_IGRPEN1_EL1, GICV_CTLR.EnableGrp0. */
    int readGroupEnable();

    /** ICV_BPR1_EL1, GICV_BPR. */
    int readBinaryPoint();

    /** ICV_PMR_EL1, GICV_PMR. */
    void writePriorityMask(int priority);

    /** ICV_CTLR_EL1.EOImode; GICV_CTLR. */
    void writeControl(int value);

    /** ICV_IGRPEN1_EL1, GICV_CTLR.EnableGrp0. */
    void writeGroupEnable(int value);

    /** ICV_BPR1_EL1, GICV_BPR. */
    void writeBinaryPoint(int value);

    /** Whether the guest reaches it through a frame of memory, as on a GICv2, and not through system registers. */
    default boolean isMemoryMapped() {
        return false;
    }

    /** Reads a register of that frame but those for acknowledge, end and deactivation. */
    default long readFrame(int offset) {
        return 0;
    }

    /** Writes such a register. */
    default void writeFrame(int offset, int value) {
        // There is no frame.
    }
}

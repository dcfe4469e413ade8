package org.smpvisor.abi;

import org.smpvisor.variant.Arm;

/** System registers that a guest program can name. Those of the CPU interface reach the virtual one without a trap. */
@Arm("IHI 0069, section 12.2")
public enum SysReg {
    ICC_IAR1_EL1(false),
    ICC_EOIR1_EL1(false),
    ICC_DIR_EL1(false),
    ICC_PMR_EL1(false),
    ICC_BPR1_EL1(false),
    ICC_CTLR_EL1(false),
    ICC_IGRPEN1_EL1(false),
    ICC_SGI1R_EL1(true),
    ICC_ASGI1R_EL1(true),
    ICC_SGI0R_EL1(true);

    private final boolean trapped;

    SysReg(boolean trapped) {
        this.trapped = trapped;
    }

    /** Whether Xen traps accesses. */
    public boolean isTrapped() {
        return trapped;
    }
}

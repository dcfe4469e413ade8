package org.smpvisor.abi;

import org.smpvisor.variant.Arm;

/**
 * System registers that a guest program can name. Those of the CPU interface reach the virtual one without a trap; of the timers
 * the virtual one and the counters are the pCPU's, and the physical one is Xen's.
 */
@Arm({"IHI 0069, section 12.2", "DDI 0487, D12.2"})
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
    ICC_SGI0R_EL1(true),
    CNTVCT_EL0(false),
    CNTPCT_EL0(false),
    CNTV_CTL_EL0(false),
    CNTV_CVAL_EL0(false),
    CNTV_TVAL_EL0(false),
    CNTP_CTL_EL0(true),
    CNTP_CVAL_EL0(true),
    CNTP_TVAL_EL0(true);

    private final boolean trapped;

    SysReg(boolean trapped) {
        this.trapped = trapped;
    }

    /** Whether Xen traps accesses. */
    public boolean isTrapped() {
        return trapped;
    }

    /** Whether it belongs to the generic timer, and not to the GIC. */
    public boolean isTimer() {
        return ordinal() >= CNTVCT_EL0.ordinal();
    }
}

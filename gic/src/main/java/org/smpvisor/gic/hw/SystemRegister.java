package org.smpvisor.gic.hw;

import org.smpvisor.variant.Arm;

/** System registers of the physical CPU interface and of the hypervisor interface that Xen uses. */
@Arm("IHI 0069, sections 12.2 and 12.4")
public enum SystemRegister {
    ICC_SRE_EL1,
    ICC_SRE_EL2,
    ICC_IAR1_EL1,
    ICC_EOIR1_EL1,
    ICC_DIR_EL1,
    ICC_SGI1R_EL1,
    ICC_BPR1_EL1,
    ICC_PMR_EL1,
    ICC_CTLR_EL1,
    ICC_IGRPEN1_EL1,
    ICH_VTR_EL2,
    ICH_VMCR_EL2,
    ICH_HCR_EL2,
    ICH_AP0R0_EL2,
    ICH_AP1R0_EL2,
    ICH_LR_EL2;

    /** Whether it belongs to the hypervisor interface. */
    public boolean isHypervisor() {
        return ordinal() >= ICH_VTR_EL2.ordinal();
    }
}

package org.smpvisor.entry;

import org.smpvisor.abi.GuestCpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Xen;

/** Exceptions that a guest takes at its own vector because of the instruction that it has described. */
final class GuestExceptions {
    private GuestExceptions() {}

    /** @throws GuestDied if the guest has no handler */
    @Xen("inject_undef64_exception")
    @Arm("DDI 0487, ESR_EL1, EC 0b000000")
    static void undefined(Vcpu v) {
        GuestCpu c = v.guest();
        if (!v.program().handlesSync()) {
            String access = c.op() == GuestCpu.Op.READ_SYSREG ? "read" : "write";
            throw new GuestDied(v, "an undefined instruction, the " + access + " of " + c.sysreg());
        }
        c.takeUndefined();
    }

    /** @throws GuestDied if the guest has no handler */
    @Xen("inject_dabt64_exception")
    @Arm("DDI 0487, ESR_EL1, EC 0b100101")
    static void dataAbort(Vcpu v) {
        GuestCpu c = v.guest();
        if (!v.program().handlesSync()) {
            String access = c.op() == GuestCpu.Op.READ_MMIO ? "read" : "write";
            throw new GuestDied(
                    v,
                    "a data abort, the " + access + " of " + c.bytes() + " bytes at 0x"
                            + Long.toHexString(c.address()));
        }
        c.takeDataAbort();
    }

    /** @throws GuestDied if the guest has no handler */
    @Xen("inject_vabt_exception")
    @Arm("DDI 0487, HCR_EL2.VSE; ESR_EL1, EC 0b101111")
    static void serror(Vcpu v) {
        if (!v.program().handlesSerror()) {
            throw new GuestDied(v, "an SError");
        }
        v.guest().takeSerror();
    }
}

package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.SysReg;

/** A kernel's driver of the GICv3: system registers for the CPU interface, a redistributor for each vCPU, IROUTER. */
final class GuestGicV3 extends GuestGic {
    static final GuestGicV3 INSTANCE = new GuestGicV3();

    private GuestGicV3() {}

    private static long sgiFrame(GuestCpu c) {
        return GUEST_GICR_BASE + (long) c.vcpuId() * GICR_SIZE + GICR_SGI_FRAME;
    }

    @Override
    GuestCpu openPriorities(GuestCpu c) {
        return c.writeSysreg(SysReg.ICC_PMR_EL1, 0xf8);
    }

    @Override
    GuestCpu enableInterface(GuestCpu c) {
        return c.writeSysreg(SysReg.ICC_IGRPEN1_EL1, 1);
    }

    @Override
    GuestCpu endsDeactivate(GuestCpu c) {
        return c.writeSysreg(SysReg.ICC_CTLR_EL1, 0);
    }

    @Override
    GuestCpu setLocalPriorities(GuestCpu c, int first, long priorities) {
        return c.write32(sgiFrame(c) + GICD_IPRIORITYR + first, priorities);
    }

    @Override
    GuestCpu enableLocals(GuestCpu c, long mask) {
        return c.write32(sgiFrame(c) + GICD_ISENABLER, mask);
    }

    @Override
    GuestCpu enableDistributor(GuestCpu c) {
        return c.write32(GUEST_GICD_BASE + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_G1A);
    }

    @Override
    GuestCpu acknowledge(GuestCpu c) {
        return c.readSysreg(SysReg.ICC_IAR1_EL1);
    }

    @Override
    GuestCpu end(GuestCpu c, long value) {
        return c.writeSysreg(SysReg.ICC_EOIR1_EL1, value);
    }

    @Override
    GuestCpu route(GuestCpu c, long line, int vcpu) {
        return c.write64(GUEST_GICD_BASE + GICD_IROUTER + 8 * line, vcpuAffinity(vcpu));
    }

    @Override
    GuestCpu readRoute(GuestCpu c, long line) {
        return c.read64(GUEST_GICD_BASE + GICD_IROUTER + 8 * line);
    }

    @Override
    boolean isRoutedTo(long value, int vcpu) {
        return value == vcpuAffinity(vcpu);
    }

    @Override
    boolean disablesToRoute() {
        return true;
    }

    @Override
    GuestCpu send(GuestCpu c, int sgi, int vcpu) {
        return c.writeSysreg(SysReg.ICC_SGI1R_EL1, (long) sgi << 24 | (long) (vcpu >> 4) << 16 | 1L << (vcpu & 0xf));
    }

    @Override
    GuestCpu sendToOthers(GuestCpu c, int sgi) {
        return c.writeSysreg(SysReg.ICC_SGI1R_EL1, 1L << 40 | (long) sgi << 24);
    }
}

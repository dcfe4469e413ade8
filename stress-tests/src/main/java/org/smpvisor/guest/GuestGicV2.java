package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.abi.GuestCpu;

/**
 * A kernel's driver of the GICv2: a memory-mapped CPU interface, which the guest reaches without a trap, and banked registers of
 * the distributor. Linux moves an SPI with one byte to ITARGETSR, and does not switch it off for that.
 */
final class GuestGicV2 extends GuestGic {
    static final GuestGicV2 INSTANCE = new GuestGicV2();

    private static final int ENABLE = 1;
    private static final int SGIR_LIST_SHIFT = 16;
    private static final long SGIR_OTHERS = 1L << 24;

    private GuestGicV2() {}

    @Override
    GuestCpu openPriorities(GuestCpu c) {
        return c.write32(GUEST_GICC_BASE + GICC_PMR, 0xf8);
    }

    @Override
    GuestCpu enableInterface(GuestCpu c) {
        return c.write32(GUEST_GICC_BASE + GICC_CTLR, ENABLE);
    }

    /** That is so as long as the control register says nothing else. */
    @Override
    GuestCpu endsDeactivate(GuestCpu c) {
        return c.read32(GUEST_GICC_BASE + GICC_CTLR);
    }

    @Override
    GuestCpu setLocalPriorities(GuestCpu c, int first, long priorities) {
        return c.write32(GUEST_GICD_BASE + GICD_IPRIORITYR + first, priorities);
    }

    @Override
    GuestCpu enableLocals(GuestCpu c, long mask) {
        return c.write32(GUEST_GICD_BASE + GICD_ISENABLER, mask);
    }

    @Override
    GuestCpu enableDistributor(GuestCpu c) {
        return c.write32(GUEST_GICD_BASE + GICD_CTLR, ENABLE);
    }

    @Override
    GuestCpu acknowledge(GuestCpu c) {
        return c.read32(GUEST_GICC_BASE + GICC_IAR);
    }

    @Override
    GuestCpu end(GuestCpu c, long value) {
        return c.write32(GUEST_GICC_BASE + GICC_EOIR, value);
    }

    @Override
    GuestCpu route(GuestCpu c, long line, int vcpu) {
        return c.write8(GUEST_GICD_BASE + GICD_ITARGETSR + line, 1L << vcpu);
    }

    @Override
    GuestCpu readRoute(GuestCpu c, long line) {
        return c.read8(GUEST_GICD_BASE + GICD_ITARGETSR + line);
    }

    @Override
    boolean isRoutedTo(long value, int vcpu) {
        return (value & 0xff) == 1L << vcpu;
    }

    @Override
    boolean disablesToRoute() {
        return false;
    }

    @Override
    GuestCpu send(GuestCpu c, int sgi, int vcpu) {
        return c.write32(GUEST_GICD_BASE + GICD_SGIR, 1L << SGIR_LIST_SHIFT + vcpu | sgi);
    }

    @Override
    GuestCpu sendToOthers(GuestCpu c, int sgi) {
        return c.write32(GUEST_GICD_BASE + GICD_SGIR, SGIR_OTHERS | sgi);
    }
}

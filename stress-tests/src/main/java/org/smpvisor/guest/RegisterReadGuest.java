package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.GUEST_GICD_BASE;

import org.smpvisor.abi.GuestCpu;

/** Reads one 32-bit register of its distributor over and over; each read traps. */
public final class RegisterReadGuest extends BareGuest {
    private final int register;

    /** @param register offset in the distributor */
    public RegisterReadGuest(GuestMemory memory, int register) {
        super(memory);
        this.register = register;
    }

    @Override
    void main(GuestCpu c) {
        c.read32(GUEST_GICD_BASE + register).then(MAIN);
    }

    @Override
    void ended(GuestCpu c, int intid) {
        c.eret();
    }
}

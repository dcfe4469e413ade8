package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.abi.GuestCpu;

/** Sets its own virtual SPI pending, takes, acknowledges and ends it, and sets it pending again. Never sleeps. */
public final class SelfPendingGuest extends BareGuest {
    private static final int SET = FREE;
    private static final int ENDED = FREE + 1;

    /** @param memory the first of its virtual lines is used */
    public SelfPendingGuest(GuestMemory memory) {
        super(memory);
    }

    @Override
    void main(GuestCpu c) {
        if (c.r[SET] == c.r[ENDED]) {
            c.r[SET]++;
            int line = virtualLine(0);
            c.write32(GUEST_GICD_BASE + GICD_ISPENDR + line / 32 * 4, 1L << line % 32)
                    .then(MAIN);
        } else {
            c.branch().then(MAIN);
        }
    }

    @Override
    void ended(GuestCpu c, int intid) {
        c.r[ENDED]++;
        c.eret();
    }
}

package org.smpvisor.guest;

import org.smpvisor.abi.GuestCpu;

/** Two vCPUs, both awake, that answer each other's SGI from the handler; vCPU 0 serves, and keeps the ball at rest. */
public final class PingPongGuest extends BareGuest {
    private static final int BALL = 1;
    private static final int SERVED = FREE;

    public PingPongGuest(GuestMemory memory) {
        super(memory);
    }

    @Override
    void main(GuestCpu c) {
        if (c.vcpuId() == 0 && c.r[SERVED] == 0) {
            c.r[SERVED] = 1;
            send(c, BALL, 1).then(MAIN);
        } else {
            c.branch().then(MAIN);
        }
    }

    @Override
    void ended(GuestCpu c, int intid) {
        if (c.vcpuId() == 0 && isResting()) {
            c.eret();
        } else {
            sendAndReturn(c, BALL, 1 - c.vcpuId());
        }
    }
}

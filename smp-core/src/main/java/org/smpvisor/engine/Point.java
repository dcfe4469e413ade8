package org.smpvisor.engine;

/** What a pCPU is about to do at a point where an engine may interpose. Reported before the operation. */
public enum Point {
    /** The pCPU's first step. */
    START(false),
    LOAD(false),
    STORE(true),
    RMW(true),
    FENCE(false),
    ACQUIRE(true),
    TRY_ACQUIRE(true),
    RELEASE(true),
    /** A wait, for a lock or for a condition that another pCPU brings about. */
    AWAIT(false),
    RELAX(false),
    MAILBOX_PUT(true),
    MAILBOX_TAKE(true),
    IRQ_ENABLE(false),
    IRQ_DISABLE(false),
    IRQ_DELIVER(false),
    WFI(false),
    /** A register of the GIC or another device. */
    HARDWARE(true),
    GUEST_STEP(true);

    private final boolean writes;

    Point(boolean writes) {
        this.writes = writes;
    }

    /** Whether others may see a difference afterwards. */
    public boolean writes() {
        return writes;
    }
}

package org.smpvisor.engine;

/** What a pCPU is about to do at a point where an engine may interpose. Reported before the operation. */
public enum Point {
    /** The pCPU's first step. */
    START(false),
    LOAD(false),
    STORE(true),
    /** An atomic read-modify-write with a full barrier. */
    RMW(true),
    /** An atomic read-modify-write without ordering. */
    UPDATE(true),
    /** A full fence. */
    FENCE(false),
    /** A fence between stores. */
    STORE_FENCE(false),
    /** A fence between loads. */
    LOAD_FENCE(false),
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

    /** Whether the stores before it have reached the memory when it is done. */
    public boolean drains() {
        return switch (this) {
            case RMW, FENCE, ACQUIRE, TRY_ACQUIRE, RELEASE -> true;
            default -> false;
        };
    }

    /** Whether others may see a difference afterwards. */
    public boolean writes() {
        return writes;
    }
}

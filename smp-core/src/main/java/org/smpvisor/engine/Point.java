package org.smpvisor.engine;

/** What a pCPU is about to do at a point where an engine may interpose. Reported before the operation. */
public enum Point {
    LOAD,
    STORE,
    RMW,
    FENCE,
    ACQUIRE,
    TRY_ACQUIRE,
    RELEASE,
    AWAIT,
    RELAX,
    MAILBOX_PUT,
    MAILBOX_TAKE,
    IRQ_ENABLE,
    IRQ_DISABLE,
    IRQ_DELIVER,
    WFI,
    HARDWARE,
    GUEST_STEP
}

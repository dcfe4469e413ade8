package org.smpvisor.entry;

import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Xen;

/** The sixteen entries of Xen's exception vector table at VBAR_EL2, through which {@link Entry#take} dispatches. */
@Xen("hyp_traps_vector")
@Arm("DDI 0487, VBAR_EL2")
public enum ExceptionVector {
    EL2T_SYNC(0x000, Handler.INVALID, Interrupts.MASKED),
    EL2T_IRQ(0x080, Handler.INVALID, Interrupts.MASKED),
    EL2T_FIQ(0x100, Handler.INVALID, Interrupts.MASKED),
    EL2T_SERROR(0x180, Handler.INVALID, Interrupts.MASKED),
    EL2H_SYNC(0x200, Handler.HYP_SYNC, Interrupts.INHERITED),
    EL2H_IRQ(0x280, Handler.HYP_IRQ, Interrupts.MASKED),
    EL2H_FIQ(0x300, Handler.INVALID, Interrupts.MASKED),
    EL2H_SERROR(0x380, Handler.HYP_ERROR, Interrupts.MASKED),
    GUEST64_SYNC(0x400, Handler.GUEST_SYNC, Interrupts.OPEN),
    GUEST64_IRQ(0x480, Handler.GUEST_IRQ, Interrupts.MASKED),
    GUEST64_FIQ(0x500, Handler.INVALID, Interrupts.MASKED),
    GUEST64_SERROR(0x580, Handler.GUEST_ERROR, Interrupts.OPEN),
    GUEST32_SYNC(0x600, Handler.GUEST_SYNC, Interrupts.OPEN),
    GUEST32_IRQ(0x680, Handler.GUEST_IRQ, Interrupts.MASKED),
    GUEST32_FIQ(0x700, Handler.INVALID, Interrupts.MASKED),
    GUEST32_SERROR(0x780, Handler.GUEST_ERROR, Interrupts.OPEN);

    /** What an entry branches to. */
    public enum Handler {
        INVALID,
        HYP_SYNC,
        HYP_IRQ,
        HYP_ERROR,
        GUEST_SYNC,
        GUEST_IRQ,
        GUEST_ERROR
    }

    /** How PSTATE.I stands when the handler runs; the hardware sets it on entry. */
    public enum Interrupts {
        MASKED,
        /** As in the context that was interrupted. */
        INHERITED,
        OPEN
    }

    private final int offset;
    private final Handler handler;
    private final Interrupts interrupts;

    ExceptionVector(int offset, Handler handler, Interrupts interrupts) {
        this.offset = offset;
        this.handler = handler;
        this.interrupts = interrupts;
    }

    /** Offset from VBAR_EL2. */
    public int offset() {
        return offset;
    }

    public Handler handler() {
        return handler;
    }

    public Interrupts interrupts() {
        return interrupts;
    }
}

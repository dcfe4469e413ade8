package org.smpvisor.abi;

import org.smpvisor.variant.Arm;

/** Bits of the generic timer's control registers, and the private interrupts of a guest that are not SGIs. */
@Arm("DDI 0487, CNTV_CTL_EL0, CNTP_CTL_EL0")
public final class TimerAbi {
    /** The timer runs. */
    public static final int CTL_ENABLE = 1;

    /** Its interrupt is masked. */
    public static final int CTL_IMASK = 1 << 1;

    /** The counter has come to the compare value; read-only. */
    public static final int CTL_ISTATUS = 1 << 2;

    /** INTID of a guest's virtual timer. */
    public static final int VIRT_PPI = 27;

    /** INTID of a guest's physical timer. */
    public static final int PHYS_PPI = 30;

    /** INTID by which a guest learns that events are pending. */
    public static final int EVTCHN_PPI = 31;

    private TimerAbi() {}

    /** Whether a timer with that control register raises its interrupt when its time has come. */
    public static boolean isArmed(int control) {
        return (control & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
    }
}

package org.smpvisor.guest;

import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.SysReg;
import org.smpvisor.abi.TimerAbi;

/** How a guest's kernel drives one of its two timers, as Linux does: each method describes one instruction. */
enum GuestTimer {
    VIRTUAL(TimerAbi.VIRT_PPI, SysReg.CNTV_CTL_EL0, SysReg.CNTV_CVAL_EL0, SysReg.CNTV_TVAL_EL0, SysReg.CNTVCT_EL0),
    PHYSICAL(TimerAbi.PHYS_PPI, SysReg.CNTP_CTL_EL0, SysReg.CNTP_CVAL_EL0, SysReg.CNTP_TVAL_EL0, SysReg.CNTPCT_EL0);

    private final int ppi;
    private final SysReg ctl;
    private final SysReg cval;
    private final SysReg tval;
    private final SysReg counter;

    GuestTimer(int ppi, SysReg ctl, SysReg cval, SysReg tval, SysReg counter) {
        this.ppi = ppi;
        this.ctl = ctl;
        this.cval = cval;
        this.tval = tval;
        this.counter = counter;
    }

    /** The timer with that interrupt, {@code null} if it is none of a timer. */
    static GuestTimer of(long intid) {
        return intid == TimerAbi.VIRT_PPI ? VIRTUAL : intid == TimerAbi.PHYS_PPI ? PHYSICAL : null;
    }

    int ppi() {
        return ppi;
    }

    /** Reads the control register. */
    GuestCpu readControl(GuestCpu c) {
        return c.readSysreg(ctl);
    }

    /** Whether the counter has come to the compare value, by a control register that was read. */
    static boolean hasExpired(long control) {
        return (control & TimerAbi.CTL_ISTATUS) != 0;
    }

    /** It runs, and interrupts when it expires. */
    GuestCpu enable(GuestCpu c) {
        return c.writeSysreg(ctl, TimerAbi.CTL_ENABLE);
    }

    /** It runs on and keeps quiet. */
    GuestCpu quiet(GuestCpu c) {
        return c.writeSysreg(ctl, TimerAbi.CTL_ENABLE | TimerAbi.CTL_IMASK);
    }

    /** It does not run. */
    GuestCpu disable(GuestCpu c) {
        return c.writeSysreg(ctl, 0);
    }

    /** Reads the time. */
    GuestCpu readCounter(GuestCpu c) {
        return c.readSysreg(counter);
    }

    /** Sets the time at which it expires. */
    GuestCpu expireAt(GuestCpu c, long time) {
        return c.writeSysreg(cval, time);
    }

    /** It expires so much later than now. */
    GuestCpu expireAfter(GuestCpu c, int ticks) {
        return c.writeSysreg(tval, ticks & 0xffffffffL);
    }
}

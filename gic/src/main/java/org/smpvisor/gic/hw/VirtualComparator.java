package org.smpvisor.gic.hw;

import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.HwWords;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualTimer;
import org.smpvisor.variant.Arm;

/**
 * The virtual timer of one pCPU: it raises its line while it is enabled, not masked, and the counter has come to its compare
 * value. Its registers belong to the pCPU; the clock only says how far the counter has come, so that the line never is what it
 * was before a write.
 */
@Arm("DDI 0487, CNTV_CTL_EL0, CNTV_CVAL_EL0")
final class VirtualComparator implements VirtualTimer {
    private final GicCpu gic;

    /** How far the counter has come, for all comparators. */
    private final HwWords reached;

    /** When the line will rise, for the clock; NEVER if it will not. */
    private final HwWords deadline = HwWords.padded(1);

    @OwnedBy("pcpu")
    private int control;

    @OwnedBy("pcpu")
    private long compare;

    VirtualComparator(GicCpu gic, HwWords reached) {
        this.gic = gic;
        this.reached = reached;
        deadline.setVolatile(0, CpuTimers.NEVER);
    }

    private boolean isDue() {
        return Long.compareUnsigned(reached.getVolatile(0), compare) >= 0;
    }

    /** The level of its line. */
    boolean isAsserted() {
        return TimerAbi.isArmed(control) && isDue();
    }

    /** When the line will rise, or has risen; NEVER if it will not. */
    long deadline() {
        return deadline.getVolatile(0);
    }

    @Override
    public long readCounter(Pcpu cpu) {
        return cpu.time();
    }

    @Override
    public int readControl(Pcpu cpu) {
        int v = control;
        if ((v & TimerAbi.CTL_ENABLE) != 0 && isDue()) {
            v |= TimerAbi.CTL_ISTATUS;
        }
        cpu.saw(v);
        return v;
    }

    @Override
    public void writeControl(Pcpu cpu, int value) {
        boolean before = isAsserted();
        control = value & (TimerAbi.CTL_ENABLE | TimerAbi.CTL_IMASK);
        changed(cpu, before);
    }

    @Override
    public long readCompare(Pcpu cpu) {
        cpu.saw(compare);
        return compare;
    }

    @Override
    public void writeCompare(Pcpu cpu, long value) {
        boolean before = isAsserted();
        compare = value;
        changed(cpu, before);
    }

    private void changed(Pcpu cpu, boolean before) {
        long at = TimerAbi.isArmed(control) && compare >= 0 ? compare : CpuTimers.NEVER;
        if (at != deadline.getVolatile(0)) {
            if (cpu.memory() != null) {
                cpu.memory().setsDeadline();
            }
            deadline.setVolatile(0, at); // then the look: pairs with the clock, which says how far it is and looks here
        }
        if (isAsserted() != before) {
            gic.pcpu().signal();
        }
    }
}

package org.smpvisor.gic.hw;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Arm;

/** The EL2 physical timers: a comparator per pCPU that drives the hypervisor timer PPI. */
@Arm("DDI 0487, CNTHP_CVAL_EL2")
public final class GenericTimers implements CpuTimers.Comparator {
    private final Gic gic;
    private final HwWords deadlines;
    private final int ppi;

    /** @param ppi INTID of the hypervisor timer, 16..31 */
    public GenericTimers(Gic gic, int ppi) {
        this.gic = gic;
        this.ppi = ppi;
        this.deadlines = HwWords.padded(gic.cpus());
        for (int i = 0; i < gic.cpus(); i++) {
            deadlines.setVolatile(i, CpuTimers.NEVER);
        }
    }

    @Override
    public void program(Pcpu cpu, long deadline) {
        deadlines.setVolatile(cpu.id(), deadline);
        gic.cpu(cpu.id()).setLocalLine(ppi, false); // the line is a level; the clock raises it again when it is due
    }

    /** Time has come to {@code now}: raises the lines of the timers that have expired. For the clock's one thread. */
    public void tick(long now) {
        for (int i = 0; i < gic.cpus(); i++) {
            if (deadlines.getVolatile(i) <= now) {
                gic.cpu(i).setLocalLine(ppi, true);
            }
        }
    }

    /** When the timer of that pCPU expires, NEVER for not at all. */
    long deadline(int cpu) {
        return deadlines.getVolatile(cpu);
    }

    /** Whether that pCPU's timer is armed, has not raised its line yet, and none expires before it. */
    boolean isNext(int cpu) {
        long mine = deadlines.getVolatile(cpu);
        if (mine == CpuTimers.NEVER || gic.cpu(cpu).isLocalLineHigh(ppi)) {
            return false;
        }
        for (int i = 0; i < gic.cpus(); i++) {
            if (deadlines.getVolatile(i) < mine && !gic.cpu(i).isLocalLineHigh(ppi)) {
                return false;
            }
        }
        return true;
    }

    /** Whether some timer is armed. */
    public boolean isArmed() {
        for (int i = 0; i < gic.cpus(); i++) {
            if (deadlines.getVolatile(i) != CpuTimers.NEVER) {
                return true;
            }
        }
        return false;
    }
}

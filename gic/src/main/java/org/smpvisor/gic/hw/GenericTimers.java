package org.smpvisor.gic.hw;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualTimer;
import org.smpvisor.variant.Arm;

/**
 * The generic timers of all pCPUs: the EL2 physical timer, which is Xen's, and the virtual timer, which belongs to the guest. Each
 * is a comparator that drives a PPI.
 */
@Arm("DDI 0487, CNTHP_CVAL_EL2, CNTV_CVAL_EL0")
public final class GenericTimers implements CpuTimers.Comparator {
    private final Gic gic;
    private final HwWords deadlines;
    private final int ppi;

    /** How far the counter has come as the virtual timers see it; written by the clock alone. */
    private final HwWords reached = HwWords.padded(1);

    private final VirtualComparator[] virtual;

    /**
     * Hypervisor timers alone.
     *
     * @param ppi INTID of the hypervisor timer, 16..31
     */
    public GenericTimers(Gic gic, int ppi) {
        this.gic = gic;
        this.ppi = ppi;
        this.virtual = new VirtualComparator[gic.cpus()];
        this.deadlines = HwWords.padded(gic.cpus());
        for (int i = 0; i < gic.cpus(); i++) {
            deadlines.setVolatile(i, CpuTimers.NEVER);
            virtual[i] = new VirtualComparator(gic.cpu(i), reached);
        }
    }

    /**
     * Both.
     *
     * @param ppi INTID of the hypervisor timer, 16..31
     * @param virtualPpi INTID of the virtual timer, 16..31
     */
    public GenericTimers(Gic gic, int ppi, int virtualPpi) {
        this(gic, ppi);
        for (int i = 0; i < gic.cpus(); i++) {
            gic.cpu(i).connect(virtual[i], virtualPpi);
        }
    }

    /** The virtual timer of that pCPU. */
    public VirtualTimer virtualTimer(int cpu) {
        return virtual[cpu];
    }

    @Override
    public void program(Pcpu cpu, long deadline) {
        deadlines.setVolatile(cpu.id(), deadline);
        gic.cpu(cpu.id()).setLocalLine(ppi, false); // the line is a level; the clock raises it again when it is due
    }

    /** Time has come to {@code now}: raises the lines of the timers that have expired. For the clock's one thread. */
    public void tick(long now) {
        reached.setVolatile(0, now);
        for (int i = 0; i < gic.cpus(); i++) {
            if (deadlines.getVolatile(i) <= now) {
                gic.cpu(i).setLocalLine(ppi, true);
            }
            if (virtual[i].deadline() <= now) { // else the pCPU sees how far it is when it arms the timer
                gic.cpu(i).pcpu().signalAfterRmw();
            }
        }
    }

    /** The clock of a controlled run begins anew at zero; while nobody drives the machine. */
    public void restartClock() {
        reached.setVolatile(0, 0);
    }

    /** When the next timer of that pCPU expires whose line is not high yet, NEVER for not at all. */
    long next(int cpu) {
        long hypervisor = gic.cpu(cpu).isLocalLineHigh(ppi) ? CpuTimers.NEVER : deadlines.getVolatile(cpu);
        long guest = virtual[cpu].deadline();
        return guest <= reached.getVolatile(0) ? hypervisor : Math.min(hypervisor, guest);
    }

    /** Whether a timer of that pCPU is armed, has not raised its line yet, and none expires before it. */
    boolean isNext(int cpu) {
        long mine = next(cpu);
        if (mine == CpuTimers.NEVER) {
            return false;
        }
        for (int i = 0; i < gic.cpus(); i++) {
            if (next(i) < mine) {
                return false;
            }
        }
        return true;
    }

    /** Whether some timer is armed. */
    public boolean isArmed() {
        for (int i = 0; i < gic.cpus(); i++) {
            if (deadlines.getVolatile(i) != CpuTimers.NEVER || virtual[i].deadline() != CpuTimers.NEVER) {
                return true;
            }
        }
        return false;
    }
}

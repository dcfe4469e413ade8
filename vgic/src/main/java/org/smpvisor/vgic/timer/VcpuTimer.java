package org.smpvisor.vgic.timer;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Xen;

/** One timer of a vCPU as Xen keeps it: its registers, and the timer of Xen's that stands in for it. */
@Xen("struct vtimer")
public final class VcpuTimer {
    /** What happens when the timer of Xen's expires. */
    interface Expiry {
        void expired(Pcpu cpu, VcpuTimer t);
    }

    private final Vcpu vcpu;
    private final int irq;
    private final CpuTimers.Timer timer;

    /**
     * The control register, of the virtual timer while its vCPU does not run. Plain in Xen: no lock guards it, though the callback
     * runs on the pCPU where the vCPU was last, and the vCPU may run elsewhere.
     */
    private final IntCell ctl;

    @OwnedBy("pcpu")
    private long cval;

    VcpuTimer(Vcpu vcpu, String name, int irq, Pcpu[] pcpus, int first, Expiry expiry) {
        this.vcpu = vcpu;
        this.irq = irq;
        this.ctl = new IntCell(vcpu + "." + name + ".ctl");
        this.timer = new CpuTimers.Timer(vcpu + "." + name, pcpus, first, cpu -> expiry.expired(cpu, this));
    }

    Vcpu vcpu() {
        return vcpu;
    }

    /** INTID of its interrupt in the guest. */
    public int irq() {
        return irq;
    }

    /** The timer of Xen's. */
    public CpuTimers.Timer timer() {
        return timer;
    }

    IntCell ctl() {
        return ctl;
    }

    /** The compare value; of the pCPU that runs the vCPU, or switches to or from it. */
    long cval() {
        return cval;
    }

    void setCval(long v) {
        cval = v;
    }
}

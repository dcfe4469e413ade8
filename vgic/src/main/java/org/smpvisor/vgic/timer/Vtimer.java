package org.smpvisor.vgic.timer;

import static org.smpvisor.abi.TimerAbi.CTL_ENABLE;
import static org.smpvisor.abi.TimerAbi.CTL_IMASK;
import static org.smpvisor.abi.TimerAbi.CTL_ISTATUS;

import org.smpvisor.abi.SysReg;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualTimer;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.domain.VtimerOps;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * The guests' timers. The virtual timer is in hardware while its vCPU runs, and a timer of Xen's stands in for it while it does not;
 * the physical timer is emulated with a timer of Xen's at all times. Neither has a line: Xen injects once and masks the virtual
 * timer, which the guest has to unmask.
 */
@Xen("vtimer.c")
@Deviation("virtual time begins with the machine and not with the domain, which nothing in the model could tell apart")
public final class Vtimer implements Scheduler.Context, VtimerOps {
    private final Pcpu[] pcpus;
    private final VgicOps vgic;
    private final Scheduler.Context gic;
    private final TimerRules rules;
    private final Witness witness;

    /** @param gic saves and restores the rest of what a vCPU has of its pCPU's interrupts */
    public Vtimer(Pcpu[] pcpus, VgicOps vgic, Scheduler.Context gic, TimerRules rules, Witness witness) {
        this.pcpus = pcpus.clone();
        this.vgic = vgic;
        this.gic = gic;
        this.rules = rules;
        this.witness = witness;
    }

    private static VcpuTimers of(Vcpu v) {
        return (VcpuTimers) v.timers();
    }

    // ---- a vCPU's life ----------------------------------------------------------------------------------------------

    /** Creates the timers of a vCPU, on the pCPU with number {@code first}; before the vCPU runs. */
    @Xen("vcpu_vtimer_init")
    public void createVcpu(Vcpu v, int first) {
        VcpuTimer virtual = new VcpuTimer(v, "virt_timer", TimerAbi.VIRT_PPI, pcpus, first, this::virtualExpired);
        VcpuTimer physical = new VcpuTimer(v, "phys_timer", TimerAbi.PHYS_PPI, pcpus, first, this::physicalExpired);
        v.setTimers(new VcpuTimers(virtual, physical));
    }

    /** Stops the timers of a vCPU for good, which does not run any more. Any context that may wait, no lock held. */
    @Xen("vcpu_timer_destroy")
    public void destroyVcpu(Pcpu cpu, Vcpu v) {
        of(v).virtual().timer().kill(cpu);
        of(v).physical().timer().kill(cpu);
    }

    // ---- expiries ---------------------------------------------------------------------------------------------------

    /** The virtual timer of the current vCPU has expired in hardware. Hard interrupt, open to more urgent ones, no lock held. */
    @Xen("vtimer_interrupt")
    public void interrupt(Pcpu cpu, int ppi) {
        Vcpu v = cpu.current();
        if (v.isIdle()) {
            return;
        }
        cpu.count(Counter.VTIMER_IRQS);
        VcpuTimer t = of(v).virtual();
        VirtualTimer hardware = cpu.virtualTimer();
        int ctl = hardware.readControl(cpu);
        t.ctl().setOpaque(cpu, ctl);
        hardware.writeControl(cpu, ctl | CTL_IMASK);
        inject(cpu, t);
    }

    /** The timer that stands in for a descheduled vCPU's has expired. TIMER softirq. */
    @Xen("virt_timer_expired")
    private void virtualExpired(Pcpu cpu, VcpuTimer t) {
        cpu.count(Counter.VTIMER_EXPIRIES);
        t.ctl().setOpaque(cpu, t.ctl().getOpaque(cpu) | CTL_IMASK);
        inject(cpu, t);
    }

    /** An emulated timer has expired. TIMER softirq. */
    @Xen("phys_timer_expired")
    private void physicalExpired(Pcpu cpu, VcpuTimer t) {
        cpu.count(Counter.PTIMER_EXPIRIES);
        int ctl = t.ctl().getOpaque(cpu) | CTL_ISTATUS;
        t.ctl().setOpaque(cpu, ctl);
        if ((ctl & CTL_IMASK) == 0) {
            inject(cpu, t);
        }
    }

    private void inject(Pcpu cpu, VcpuTimer t) {
        Vcpu v = t.vcpu();
        cpu.events().record(Event.TIMER, v.domain().id(), t.irq(), v.vcpuId());
        vgic.injectIrq(cpu, v.domain(), v, t.irq(), true);
    }

    // ---- context switch ---------------------------------------------------------------------------------------------

    @Override
    @Xen({"ctxt_switch_from", "virt_timer_save"})
    public void save(Pcpu cpu, Vcpu prev) {
        VcpuTimer t = of(prev).virtual();
        VirtualTimer hardware = cpu.virtualTimer();
        int ctl = hardware.readControl(cpu);
        t.ctl().setOpaque(cpu, ctl);
        hardware.writeControl(cpu, ctl & ~CTL_ENABLE);
        t.setCval(hardware.readCompare(cpu));
        if (TimerAbi.isArmed(ctl) && rules.handOver.arms(cpu, prev)) {
            t.timer().set(cpu, deadline(t.cval()));
        }
        gic.save(cpu, prev);
    }

    @Override
    @Xen({"ctxt_switch_to", "virt_timer_restore"})
    public void restore(Pcpu cpu, Vcpu next) {
        gic.restore(cpu, next);
        VcpuTimer virtual = of(next).virtual();
        VcpuTimer physical = of(next).physical();
        virtual.timer().stop(cpu);
        follow(cpu, virtual);
        follow(cpu, physical);
        VirtualTimer hardware = cpu.virtualTimer();
        hardware.writeCompare(cpu, virtual.cval());
        hardware.writeControl(cpu, virtual.ctl().getOpaque(cpu));
    }

    private void follow(Pcpu cpu, VcpuTimer t) {
        int from = rules.callback.moving(cpu, t);
        if (t.timer().migrate(cpu, cpu)) {
            cpu.count(Counter.TIMER_MOVES);
        }
        rules.callback.moved(cpu, t, from);
    }

    @Override
    public boolean hadFullListRegisters(Vcpu v) {
        return gic.hadFullListRegisters(v);
    }

    // ---- the physical timer -----------------------------------------------------------------------------------------

    @Override
    public long readTimer(Pcpu cpu, Vcpu v, SysReg reg) {
        VcpuTimer t = of(v).physical();
        return switch (reg) {
            case CNTP_CTL_EL0 -> t.ctl().getOpaque(cpu);
            case CNTP_CVAL_EL0 -> t.cval();
            case CNTP_TVAL_EL0 -> t.cval() - cpu.time() & 0xffffffffL;
            default -> throw new ModelBug(v + " trapped with a read of " + reg);
        };
    }

    @Override
    public void writeTimer(Pcpu cpu, Vcpu v, SysReg reg, long value) {
        VcpuTimer t = of(v).physical();
        switch (reg) {
            case CNTP_CTL_EL0 -> writeControl(cpu, t, (int) value);
            case CNTP_CVAL_EL0 -> writeCompare(cpu, t, value);
            case CNTP_TVAL_EL0 -> writeCompare(cpu, t, cpu.time() + (int) value);
            default -> throw new ModelBug(v + " trapped with a write of " + reg);
        }
        boolean armed = TimerAbi.isArmed(t.ctl().getOpaque(cpu));
        witness.guestTimerWritten(cpu, v, t.irq(), armed, t.cval());
    }

    /** An expiry stays on record as long as the timer is enabled; a timer that has expired expires again at once. */
    @Xen("vtimer_cntp_ctl")
    private void writeControl(Pcpu cpu, VcpuTimer t, int value) {
        int ctl = value & ~CTL_ISTATUS;
        if ((ctl & CTL_ENABLE) != 0) {
            ctl |= t.ctl().getOpaque(cpu) & CTL_ISTATUS;
        }
        t.ctl().setOpaque(cpu, ctl);
        if ((ctl & CTL_ENABLE) != 0) {
            t.timer().set(cpu, deadline(t.cval()));
        } else {
            t.timer().stop(cpu);
        }
    }

    @Xen({"vtimer_cntp_cval", "vtimer_cntp_tval"})
    private void writeCompare(Pcpu cpu, VcpuTimer t, long value) {
        t.setCval(value);
        int ctl = t.ctl().getOpaque(cpu);
        if ((ctl & CTL_ENABLE) != 0) {
            t.ctl().setOpaque(cpu, ctl & ~CTL_ISTATUS);
            t.timer().set(cpu, deadline(value));
        }
    }

    /** When the counter comes to that value, as a deadline of a timer of Xen's. */
    private static long deadline(long cval) {
        return cval >= 0 ? cval : CpuTimers.NEVER; // without a sign it is later than any time that can be told
    }
}

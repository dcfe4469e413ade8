package org.smpvisor.vgic.rank;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.variant.Fault;
import org.smpvisor.vgic.timer.TimerRules;
import org.smpvisor.vgic.timer.VcpuTimers;

/** Plants one fault, once, the first time that it is armed and an opportunity comes by. */
public final class FaultPlan implements Scheduler.KickRule, TimerRules.HandOver {
    private static final long IDLE = 0;
    private static final long ARMED = 1;
    private static final long FIRED = 2;

    private final Fault fault;
    private final HwWords state = new HwWords(1);

    /** @param fault what to plant, {@code null} for nothing */
    public FaultPlan(Fault fault) {
        this.fault = fault;
    }

    /** From now on the next opportunity is taken. */
    public void arm() {
        state.compareAndSet(0, IDLE, ARMED);
    }

    /** Whether the fault has happened. */
    public boolean hasFired() {
        return state.getOpaque(0) == FIRED;
    }

    /** Whether it makes an injection take the wrong vCPU's lock. */
    boolean misroutes() {
        return fault == Fault.WRONG_ROUTE;
    }

    boolean fires(Fault f) {
        return fault == f && state.getOpaque(0) == ARMED && state.compareAndSet(0, ARMED, FIRED);
    }

    @Override
    public boolean mayKick(Pcpu cpu, Vcpu v) {
        boolean sleeps = (v.pauseFlags().peek(cpu) & 1 << Vcpu.VPF_BLOCKED) != 0
                && v.running().peek(cpu) == 0;
        return fault != Fault.DROP_KICK || !sleeps || !fires(Fault.DROP_KICK);
    }

    /** Only one that nothing is about to wake is forgotten: a vCPU that runs again mends it. */
    @Override
    public boolean arms(Pcpu cpu, Vcpu v) {
        boolean sleeps = (v.pauseFlags().peek(cpu) & 1 << Vcpu.VPF_BLOCKED) != 0
                && !((VcpuTimers) v.timers()).physical().timer().isSet();
        return fault != Fault.FORGET_TIMER || !sleeps || !fires(Fault.FORGET_TIMER);
    }
}

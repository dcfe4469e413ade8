package org.smpvisor.vgic.timer;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** The variant points of the virtual timers. */
public final class TimerRules {
    /** What is done about callbacks of a vCPU's timers that still run when the vCPU is about to. */
    interface CallbackRule {
        /** The timer is about to be moved here; interrupts masked, no lock held. Returns the pCPU to wait for, or -1. */
        int moving(Pcpu cpu, VcpuTimer t);

        /** It has been. */
        default void moved(Pcpu cpu, VcpuTimer t, int from) {}
    }

    /** Decides whether a timer of Xen's stands in for a virtual timer whose vCPU is descheduled; a variant point for a fault. */
    public interface HandOver {
        /** Xen: always. */
        HandOver ALWAYS = (cpu, v) -> true;

        boolean arms(Pcpu cpu, Vcpu v);
    }

    final CallbackRule callback;
    final HandOver handOver;

    /** The rules of {@code variant}; reached windows go to {@code marks}. */
    public TimerRules(Variant variant, Marks marks, HandOver handOver) {
        this.handOver = handOver;
        this.callback = variant.isFixed(Quirk.SV5) ? new WaitForIt(marks) : new GoOn(marks);
    }

    private static void mark(Pcpu cpu, VcpuTimer t, Marks marks) {
        if (t.timer().peekRunning(cpu)) {
            Vcpu v = t.vcpu();
            marks.reached(cpu, Quirk.SV5, v.domain().id(), v.vcpuId(), t.irq());
        }
    }

    /** Xen: nothing. */
    private record GoOn(Marks marks) implements CallbackRule {
        @Override
        public int moving(Pcpu cpu, VcpuTimer t) {
            mark(cpu, t, marks);
            return -1;
        }
    }

    /** The corrected rule: it is waited for on the pCPU whose timer it was until now. */
    private record WaitForIt(Marks marks) implements CallbackRule {
        @Override
        public int moving(Pcpu cpu, VcpuTimer t) {
            mark(cpu, t, marks);
            return t.timer().pcpu(cpu);
        }

        @Override
        public void moved(Pcpu cpu, VcpuTimer t, int from) {
            t.timer().awaitCallback(cpu, from); // it cannot begin there any more
        }
    }
}

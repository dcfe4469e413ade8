package org.smpvisor.sched;

import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.evtchn.EventUpcalls;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;

/** The variant points of the scheduler at which bugs of Xen's past can be put back. */
public final class PastSchedRules {
    /** Whether a kick sends an SGI to the pCPU where the vCPU runs. */
    interface SgiRule {
        boolean sends(Pcpu cpu, Vcpu v);
    }

    /** Between the saving of one vCPU and the loading of the next; interrupts masked before and after. */
    interface SwitchMask {
        void between(Pcpu cpu, Vcpu next);
    }

    /** Says that the current vCPU blocks, and looks whether it may not. */
    interface BlockRule {
        void block(Pcpu cpu, Scheduler s, VgicOps vgic, Vcpu v);
    }

    final SgiRule sgi;
    final SwitchMask switchMask;
    final BlockRule block;

    /** The rules of {@code variant}; reached windows go to {@code marks}. */
    public PastSchedRules(Variant variant, Marks marks) {
        sgi = variant.has(Bug.XB_071A) ? (cpu, v) -> silent(cpu, marks) : (cpu, v) -> true;
        switchMask = variant.has(Bug.XB_039) ? (cpu, next) -> opened(cpu, next, marks) : (cpu, next) -> {};
        block = variant.has(Bug.XB_073)
                ? new LookFirst(marks)
                : variant.has(Bug.XB_073W) ? new PlainStore(marks) : new FlagFirst();
    }

    /** Xen as it is. */
    static PastSchedRules none() {
        return new PastSchedRules(Variant.xen(), null);
    }

    private static boolean silent(Pcpu cpu, Marks marks) {
        marks.reached(cpu, Bug.XB_071A);
        return false;
    }

    private static void opened(Pcpu cpu, Vcpu next, Marks marks) {
        long taken = cpu.counter(Counter.IRQS_IN_XEN);
        cpu.localIrqEnable();
        cpu.localIrqDisable();
        if (!next.isIdle() && cpu.counter(Counter.IRQS_IN_XEN) != taken) {
            marks.reached(cpu, Bug.XB_039);
        }
    }

    /** Whether {@code v}, which is current, may take an interrupt that is there. */
    private static boolean mayTake(Pcpu cpu, VgicOps vgic, Vcpu v) {
        return !v.guest().isIrqMasked() && EventUpcalls.needDelivery(cpu, vgic, v);
    }

    /** Xen: the flag, a barrier, the look; and once more, whatever the guest masks. */
    private static class FlagFirst implements BlockRule {
        @Override
        public void block(Pcpu cpu, Scheduler s, VgicOps vgic, Vcpu v) {
            announce(cpu, v);
            if (mayTake(cpu, vgic, v)) {
                v.pauseFlags().clearBit(cpu, Vcpu.VPF_BLOCKED);
            } else {
                cpu.softirqs().raise(cpu, Softirqs.SCHEDULE);
            }
            if (EventUpcalls.needDelivery(cpu, vgic, v)) {
                s.unblock(cpu, v);
            }
        }

        void announce(Pcpu cpu, Vcpu v) {
            v.pauseFlags().setBit(cpu, Vcpu.VPF_BLOCKED);
            cpu.smpMb(); // pairs with the test-and-clear in unblock: the injector sees the flag, or we see its
            // interrupt
        }
    }

    /** The flag is a store that nothing orders before the look. */
    private static final class PlainStore extends FlagFirst {
        private final Marks marks;

        PlainStore(Marks marks) {
            this.marks = marks;
        }

        @Override
        void announce(Pcpu cpu, Vcpu v) {
            marks.reached(cpu, Bug.XB_073W);
            v.pauseFlags().setOpaque(cpu, v.pauseFlags().getOpaque(cpu) | 1 << Vcpu.VPF_BLOCKED);
        }
    }

    /** Both looks first, then the flag. */
    private static final class LookFirst implements BlockRule {
        private final Marks marks;

        LookFirst(Marks marks) {
            this.marks = marks;
        }

        @Override
        public void block(Pcpu cpu, Scheduler s, VgicOps vgic, Vcpu v) {
            marks.reached(cpu, Bug.XB_073);
            if (EventUpcalls.needDelivery(cpu, vgic, v)) {
                return;
            }
            v.pauseFlags().setBit(cpu, Vcpu.VPF_BLOCKED);
            cpu.smpMb();
            cpu.softirqs().raise(cpu, Softirqs.SCHEDULE);
        }
    }
}

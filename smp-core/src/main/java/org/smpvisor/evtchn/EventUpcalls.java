package org.smpvisor.evtchn;

import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Xen;

/** How a guest learns that events are pending: a word that it shares with Xen, and a private interrupt. */
@Xen("event_channel.c")
public final class EventUpcalls {
    private final VgicOps vgic;
    private final Witness witness;

    public EventUpcalls(VgicOps vgic, Witness witness) {
        this.vgic = vgic;
        this.witness = witness;
    }

    /**
     * Events have become pending for {@code v}: the guest is interrupted unless the word says so already. Any interrupt state, no
     * vGIC lock held.
     */
    @Xen("vcpu_mark_events_pending")
    public void markPending(Pcpu cpu, Vcpu v) {
        if (v.upcallPending().testAndSetBit(cpu, 0)) {
            return; // who clears the word looks for events after that
        }
        cpu.count(Counter.EVENT_UPCALLS);
        cpu.events().record(Event.UPCALL, v.domain().id(), TimerAbi.EVTCHN_PPI, v.vcpuId());
        witness.upcallRaised(cpu, v);
        vgic.injectIrq(cpu, v.domain(), v, TimerAbi.EVTCHN_PPI, true);
    }

    /**
     * Whether {@code v}, which is current, has something to be woken for, whatever it masks: an interrupt that can be taken, or
     * events whose interrupt is not on its way.
     */
    @Xen("local_events_need_delivery_nomask")
    public static boolean needDelivery(Pcpu cpu, VgicOps vgic, Vcpu v) {
        return vgic.pendingIrq(cpu, v) || v.upcallPending().getOpaque(cpu) != 0 && vgic.evtchnIrqPending(cpu, v);
    }
}

package org.smpvisor.domain;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/** What the lower modules ask of the virtual GIC: entry and exit, injection, emulation, vCPU moves. */
@Xen("vgic.h")
public interface VgicOps {
    /**
     * Makes {@code virq} of {@code d} pending. No vGIC lock held; any interrupt state; may be called with an irq_desc lock.
     *
     * @param v the vCPU of an SGI or PPI; {@code null} for an SPI, whose target is looked up
     * @param level false is a falling edge, which is ignored
     */
    @Xen("vgic_inject_irq")
    void injectIrq(Pcpu cpu, Domain d, Vcpu v, int virq, boolean level);

    /**
     * On a trap from the guest, interrupts masked: they are about to be opened, and the list registers are synced after that.
     *
     * @return whether {@link #irqsWereOpened} is to be told when that is done
     */
    @Xen("enter_hypervisor_from_guest_preirq")
    default boolean beforeIrqsOpen(Pcpu cpu) {
        return false;
    }

    /** Interrupts have been opened, and what waited was taken; the sync is next. */
    default void irqsWereOpened(Pcpu cpu) {}

    /** On every guest exit: takes back what the guest finished. {@code v} is current. */
    @Xen("vgic_sync_from_lrs")
    void syncFromLrs(Pcpu cpu, Vcpu v);

    /** Before guest entry, interrupts masked: fills list registers of the current vCPU. */
    @Xen("vgic_sync_to_lrs")
    void syncToLrs(Pcpu cpu);

    /** Whether an enabled interrupt of the current vCPU could be taken now. */
    @Xen("vgic_vcpu_pending_irq")
    boolean pendingIrq(Pcpu cpu, Vcpu v);

    /** A vCPU that is down is about to be switched on: what was pending for it is forgotten. No vGIC lock held. */
    @Xen("vgic_clear_pending_irqs")
    default void clearPendingIrqs(Pcpu cpu, Vcpu v) {}

    /**
     * Takes every hardware interrupt from a domain that is dying and does not run any more. Softirq context, no lock held.
     *
     * @return 0, or the negative errno of the last that could not be taken
     */
    default int freeDomain(Pcpu cpu, Domain d) {
        return 0;
    }

    /**
     * Whether the interrupt that tells {@code v} of events is <em>not</em> on its way, so that events that are pending have to be
     * looked for in another way; without a lock.
     */
    @Xen("vgic_evtchn_irq_pending")
    default boolean evtchnIrqPending(Pcpu cpu, Vcpu v) {
        return false;
    }

    /** Follows a vCPU to its new pCPU with the physical routes of its SPIs. Interrupts on, no lock held. */
    @Xen("arch_move_irqs")
    void moveIrqs(Pcpu cpu, Vcpu v);

    /** Emulates a trapped load or store of the current vCPU; false means a data abort into the guest. */
    @Xen("try_handle_mmio")
    boolean mmio(Pcpu cpu, Vcpu v, MmioAccess io);

    /** Emulates a trapped system-register write; false means an undefined instruction in the guest. */
    @Xen("vgic_emulate")
    boolean sysregWrite(Pcpu cpu, Vcpu v, org.smpvisor.abi.SysReg reg, long value);
}

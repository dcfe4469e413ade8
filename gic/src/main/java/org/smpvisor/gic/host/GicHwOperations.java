package org.smpvisor.gic.host;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** What Xen asks of a GIC driver. Unless said otherwise a function needs no lock. */
@Xen("struct gic_hw_operations")
public interface GicHwOperations {
    /** Versions of the architecture. */
    @Xen("enum gic_version")
    enum Version {
        V2,
        V3
    }

    /** Of which version the GIC is; guests get a virtual one of the same. */
    @Xen("gic_hw_version")
    Version version();

    /** INTIDs of the distributor, SGIs and PPIs included; 0 before {@link #init}. */
    int nrLines();

    /** List registers of a pCPU. */
    int nrLrs();

    /** Programs distributor and boot CPU; takes the host GIC lock. Interrupts masked. */
    void init(Pcpu cpu);

    /** Programs redistributor and interfaces of a secondary CPU under the host GIC lock. Interrupts masked. */
    void secondaryInit(Pcpu cpu);

    /** Saves list registers, active priorities and VMCR of a vCPU. Interrupts masked. */
    void saveState(Pcpu cpu, Vcpu v);

    /** Loads what {@link #saveState} saved, all list registers included. Interrupts masked. */
    void restoreState(Pcpu cpu, Vcpu v);

    /** Switches the CPU interface and the hypervisor interface of the calling pCPU off, which goes down. Interrupts masked. */
    void disableInterface(Pcpu cpu);

    /**
     * New, zeroed room for what {@link #saveState} saves of a vCPU.
     *
     * @param vcpu its name
     */
    Vcpu.State newVcpuState(String vcpu);

    /** The same where only one is looked at. */
    default Vcpu.State newVcpuState() {
        return newVcpuState("vcpu");
    }

    /** Software LR bitmap saved with a vCPU. */
    @Xen("v->arch.lr_mask")
    long savedLrMask(Pcpu cpu, Vcpu v);

    /** The same for observers. */
    long savedLrMask(Vcpu v);

    void setSavedLrMask(Pcpu cpu, Vcpu v, long mask);

    /** Zeroes the saved list registers of a vCPU that has left its pCPU; for a corrected rule (H7). */
    void clearSavedLrs(Vcpu v);

    /** A list register as it was saved with a vCPU; for observers. */
    long savedLr(Vcpu v, int lr);

    HwIrqController hostIrqType();

    HwIrqController guestIrqType();

    /** Priority drop. */
    void eoiIrq(Pcpu cpu, int irq);

    void deactivateIrq(Pcpu cpu, int irq);

    /** Acknowledge; 1023 when nothing is signalled. */
    int readIrq(Pcpu cpu);

    /** Makes a line pending, or not. The descriptor's lock is held. */
    void setPendingState(Pcpu cpu, IrqDesc desc, boolean pending);

    /**
     * Makes a line active, or not, and the descriptor's INPROGRESS with it. The descriptor's lock is held. The virtual GIC that is
     * modelled never asks for it.
     */
    void setActiveState(Pcpu cpu, IrqDesc desc, boolean active);

    /** Whether the hardware says that a line is pending. The virtual GIC that is modelled never asks for it. */
    boolean readPendingState(Pcpu cpu, IrqDesc desc);

    /**
     * Programs the trigger, which must not be {@code INVALID}; the descriptor takes over what the hardware insists on. Takes
     * the host GIC lock, the descriptor's lock is held.
     */
    @Xen("gic_set_irq_type")
    void setIrqType(Pcpu cpu, IrqDesc desc, IrqDesc.Type type);

    /** Programs the priority; takes the host GIC lock, the descriptor's lock is held. */
    @Xen("gic_set_irq_priority")
    void setIrqPriority(Pcpu cpu, IrqDesc desc, int priority);

    /** Sends SGI {@code id} to one pCPU. */
    @Xen("send_SGI_one")
    void sendSgi(Pcpu cpu, Pcpu target, int id);

    /** Sends SGI {@code id} to the pCPUs of a set, online or not. */
    @Xen("send_SGI_mask")
    void sendSgiMask(Pcpu cpu, CpuMask targets, int id);

    /** Sends SGI {@code id} to the calling pCPU itself. */
    @Xen("send_SGI_self")
    void sendSgiToSelf(Pcpu cpu, int id);

    /** Sends SGI {@code id} to all other pCPUs, whichever there are: without a target list. */
    @Xen("send_SGI_allbutself")
    void sendSgiToOthers(Pcpu cpu, int id);

    /**
     * Writes a fresh pending or active value into a list register. Interrupts masked, V held. Here as in the functions below a
     * list register has the form of ICH_LR_EL2, whatever the version.
     *
     * @param pirq physical INTID, or -1 for a purely virtual interrupt
     * @param state {@code LR_PENDING} or {@code LR_ACTIVE} of the hardware's encoding
     */
    void updateLr(Pcpu cpu, int lr, int virq, int priority, int pirq, long state);

    void clearLr(Pcpu cpu, int lr);

    long readLr(Pcpu cpu, int lr);

    void writeLr(Pcpu cpu, int lr, long value);

    /** Whether a bit of ICH_HCR is set. Interrupts masked. */
    @Deviation("Xen never reads it to decide anything; the marks of weak spots do")
    boolean isHcrSet(Pcpu cpu, long flag);

    /** Sets or clears bits of ICH_HCR, read-modify-write. Interrupts masked. */
    void updateHcrStatus(Pcpu cpu, long flag, boolean set);

    /** Virtual priority mask: 8 bits on a GICv3, 5 on a GICv2. */
    int readVmcrPriority(Pcpu cpu);

    /** Virtual active priorities, one bit per level. */
    int readApr(Pcpu cpu);
}

package org.smpvisor.vgic.rank;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.ListNode;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** The vGIC's state of one vCPU: its private interrupts and the lists of what is on its way into it. */
@Xen("struct vgic_cpu")
public final class VgicVcpu implements Vcpu.State {
    private final Vcpu vcpu;
    private final VgicDomain domain;
    private final SpinLock lock;
    private final VgicIrqRank privateRank;
    private final PendingIrq[] pendingIrqs = new PendingIrq[32];

    /** Every asserted interrupt of the vCPU, most urgent first, first come first among equals. */
    @GuardedBy("lock")
    private final ListNode<PendingIrq> inflight = new ListNode<>(null);

    /** Those that are enabled and not in a list register; same order. */
    @GuardedBy("lock")
    private final ListNode<PendingIrq> lrPending = new ListNode<>(null);

    @Xen("vcpu_vgic_init")
    VgicVcpu(Vcpu vcpu, VgicDomain domain) {
        this.vcpu = vcpu;
        this.domain = domain;
        this.privateRank = new VgicIrqRank(vcpu.toString(), 0, vcpu.vcpuId());
        for (int i = 0; i < pendingIrqs.length; i++) {
            pendingIrqs[i] = new PendingIrq(i, vcpu.domain().id());
        }
        this.lock = new SpinLock(LockClass.VGIC_CPU, vcpu + ".vgic.lock", vcpu.vcpuId());
    }

    public Vcpu vcpu() {
        return vcpu;
    }

    VgicDomain domain() {
        return domain;
    }

    public SpinLock lock() {
        return lock;
    }

    VgicIrqRank privateRank() {
        return privateRank;
    }

    /** A private interrupt, 0..31. */
    public PendingIrq pendingIrq(int irq) {
        return pendingIrqs[irq];
    }

    public ListNode<PendingIrq> inflight() {
        return inflight;
    }

    public ListNode<PendingIrq> lrPending() {
        return lrPending;
    }

    @Override
    public String toString() {
        return vcpu.toString();
    }
}

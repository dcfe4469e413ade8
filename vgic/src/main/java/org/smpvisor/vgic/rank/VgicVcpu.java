package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.NR_SGIS;

import org.smpvisor.cell.Guard;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** The vGIC's state of one vCPU: its private interrupts and the lists of what is on its way into it. */
@Xen("struct vgic_cpu")
public final class VgicVcpu implements Vcpu.State {
    private final Vcpu vcpu;
    private final VgicDomain domain;
    private final SpinLock lock;
    private final VgicIrqRank privateRank;
    private final PendingIrq[] pendingIrqs = new PendingIrq[32];

    /** SGIs of the senders from 1 on, if they are told apart; for the corrected rule of H14 alone. */
    private final PendingIrq[][] sgisFrom;

    /** Every asserted interrupt of the vCPU, most urgent first, first come first among equals. */
    @GuardedBy("lock")
    private final ListNode<PendingIrq> inflight;

    /** Those that are enabled and not in a list register; same order. */
    @GuardedBy("lock")
    private final ListNode<PendingIrq> lrPending;

    /** The entry that was last taken off one of the lists, or put on it, under a lock that does not guard it. */
    @Deviation("Xen has no such field; it is a shadow for the marks of the weak spots")
    private final RefCell<PendingIrq> astray;

    /** Whether something was recorded for a list register in use since the last sync; for the corrected rule alone. */
    @GuardedBy("lock")
    private final IntCell late;

    /** Whether a list register must be looked at before the guest is entered; for corrected rules alone. */
    @GuardedBy("lock")
    private final IntCell recall;

    @Xen("vcpu_vgic_init")
    VgicVcpu(Vcpu vcpu, VgicDomain domain) {
        this.vcpu = vcpu;
        this.domain = domain;
        this.privateRank = new VgicIrqRank(vcpu.toString(), 0, vcpu.vcpuId(), false);
        for (int i = 0; i < pendingIrqs.length; i++) {
            pendingIrqs[i] = new PendingIrq(i, domain, this);
        }
        this.sgisFrom = new PendingIrq[domain.senders() - 1][NR_SGIS];
        for (int s = 1; s < domain.senders(); s++) {
            for (int i = 0; i < NR_SGIS; i++) {
                sgisFrom[s - 1][i] = new PendingIrq(i, domain, this, s);
            }
        }
        this.lock = new SpinLock(LockClass.VGIC_CPU, vcpu + ".vgic.lock", vcpu.vcpuId());
        Guard guard = new ListLock();
        this.inflight = new ListNode<>(null, vcpu + ".inflight", guard);
        this.lrPending = new ListNode<>(null, vcpu + ".lr_pending", guard);
        this.astray = new RefCell<>(vcpu + ".astray", null);
        this.late = new IntCell(vcpu + ".late", lock, 0);
        this.recall = new IntCell(vcpu + ".recall", lock, 0);
    }

    /** V for the heads of the lists, which share the fate of the entries beside them. */
    private final class ListLock implements Guard {
        @Override
        public boolean isHeldBy(Pcpu cpu) {
            return lock.isHeldBy(cpu);
        }

        @Override
        public LockClass lockClass() {
            return lock.lockClass();
        }

        @Override
        public boolean isBinding() {
            return domain.isGuardBinding();
        }

        @Override
        public String toString() {
            return lock.toString();
        }
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

    /** An SGI, 0..15, of one sender. */
    PendingIrq sgiFrom(int sgi, int sender) {
        return sender == 0 || sgisFrom.length == 0 ? pendingIrqs[sgi] : sgisFrom[sender - 1][sgi];
    }

    IntCell late() {
        return late;
    }

    IntCell recall() {
        return recall;
    }

    /** For a list that is broken between its head and no entry: who was last changed under the wrong lock. */
    public RefCell<PendingIrq> astray() {
        return astray;
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

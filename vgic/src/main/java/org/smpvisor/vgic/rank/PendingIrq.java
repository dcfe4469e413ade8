package org.smpvisor.vgic.rank;

import org.smpvisor.abi.GicAbi;
import org.smpvisor.cell.Guard;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.lock.LockClass;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** Injection state of one virtual interrupt. */
@Xen("struct pending_irq")
public final class PendingIrq {
    /** Status bit: an assertion is recorded that is not in a list register yet. */
    public static final int QUEUED = 0;
    /** Status bit: the last look at its list register found it active. */
    public static final int ACTIVE = 1;
    /** Status bit: it occupies a list register, loaded or saved. */
    public static final int VISIBLE = 2;
    /** Status bit: enabled in the virtual distributor or redistributor. */
    public static final int ENABLED = 3;
    /** Status bit: its target changed while it was in a list register of the old one. */
    public static final int MIGRATING = 4;
    /** No list register. */
    static final int INVALID_LR = 255;

    private final int irq;
    private final VgicDomain domain;

    /** vCPU that it is private to, {@code null} for an SPI. */
    private final VgicVcpu owningVcpu;

    private final int sender;
    private final String name;

    /** Atomic bits, nearly always changed under the lock of the vCPU whose list it is on. */
    private final IntCell status;

    /** Physical interrupt behind it; written under the rank lock, read under none in particular. */
    private final RefCell<IrqDesc> desc;

    @GuardedBy("V of the owner")
    private final ListNode<PendingIrq> inflight;

    @GuardedBy("V of the owner")
    private final ListNode<PendingIrq> lrQueue;

    /** List register it is in, 255 for none, 0 until first use. */
    @GuardedBy("V of the owner")
    private final IntCell lr;

    /** Priority when it was injected, 0 (most urgent) to 255. */
    @GuardedBy("V of the owner")
    private final IntCell priority;

    /** vCPU whose inflight list holds the node. Faithful rules never read it to decide anything. */
    @Deviation("Xen has no such field; it is a shadow for the corrected rules and for the marks of the weak spots")
    private final RefCell<VgicVcpu> owner;

    /** vCPU whose lr_pending list holds the node; shadow like {@link #owner}. */
    private final RefCell<VgicVcpu> queueOwner;

    /** Target that a migration in progress was asked for; shadow like {@link #owner}. */
    private final IntCell migratingTo;

    /** What is to be done to the list register that it is in, see {@link DeliveryRules}; for corrected rules alone. */
    @GuardedBy("V of the owner")
    private final IntCell orders;

    /** Whether the line of a level-triggered SPI without hardware behind it is high; for the corrected rule of U3 alone. */
    private final IntCell line;

    /** @param owningVcpu vCPU that it is private to, {@code null} for an SPI */
    @Xen("vgic_init_pending_irq")
    PendingIrq(int irq, VgicDomain domain, VgicVcpu owningVcpu) {
        this(irq, domain, owningVcpu, 0);
    }

    /** @param sender vCPU that sends it, if it is an SGI and senders are told apart */
    PendingIrq(int irq, VgicDomain domain, VgicVcpu owningVcpu, int sender) {
        this.irq = irq;
        this.domain = domain;
        this.owningVcpu = owningVcpu;
        this.sender = sender;
        this.name = (owningVcpu == null ? domain.domain() : owningVcpu.vcpu()) + ".irq" + irq
                + (sender == 0 ? "" : "from" + sender);
        Guard guard = new OwnersLock();
        this.status = new IntCell(name + ".status");
        this.desc = new RefCell<>(name + ".desc", null);
        this.inflight = new ListNode<>(this, name + ".inflight", guard);
        this.lrQueue = new ListNode<>(this, name + ".lr_queue", guard);
        this.lr = new IntCell(name + ".lr", guard, 0);
        this.priority = new IntCell(name + ".priority", guard, 0);
        this.owner = new RefCell<>(name + ".owner", null);
        this.queueOwner = new RefCell<>(name + ".queue_owner", null);
        this.migratingTo = new IntCell(name + ".migrating_to");
        this.orders = new IntCell(name + ".orders", guard, 0);
        this.line = new IntCell(name + ".line");
    }

    /**
     * V of the vCPU whose list it is on; of the one that the route names while it is on none, since it goes on that one's
     * list next.
     */
    private final class OwnersLock implements Guard {
        @Override
        public boolean isHeldBy(Pcpu cpu) {
            if (owningVcpu != null) {
                return owningVcpu.lock().isHeldBy(cpu);
            }
            VgicVcpu listedOn = owner.peek(cpu);
            VgicVcpu guardian = listedOn != null ? listedOn : vcpu(domain.peekTarget(cpu, irq));
            return guardian.lock().isHeldBy(cpu);
        }

        private VgicVcpu vcpu(int id) {
            return (VgicVcpu) domain.domain().vcpu(id).vgic();
        }

        @Override
        public LockClass lockClass() {
            return LockClass.VGIC_CPU;
        }

        @Override
        public boolean isBinding() {
            return domain.isGuardBinding();
        }

        @Override
        public String toString() {
            if (owningVcpu != null) {
                return owningVcpu.lock().toString();
            }
            VgicVcpu listedOn = owner.peek();
            return (listedOn != null ? listedOn : vcpu(domain.peekTarget(irq)))
                    .lock()
                    .toString();
        }
    }

    /** Virtual INTID. */
    public int irq() {
        return irq;
    }

    /** INTID as a list register names it: above that of an SGI stands its sender. */
    int virtualId() {
        return irq | sender << GicAbi.GICC_SOURCE_SHIFT;
    }

    /** Id of the domain it belongs to. */
    public int domain() {
        return domain.domain().id();
    }

    /** Id of the vCPU that it is private to, -1 for an SPI. */
    public int vcpu() {
        return owningVcpu == null ? -1 : owningVcpu.vcpu().vcpuId();
    }

    public IntCell status() {
        return status;
    }

    public RefCell<IrqDesc> desc() {
        return desc;
    }

    public ListNode<PendingIrq> inflight() {
        return inflight;
    }

    public ListNode<PendingIrq> lrQueue() {
        return lrQueue;
    }

    IntCell lr() {
        return lr;
    }

    /** List register that it says it is in, for observers; meaningful while VISIBLE. */
    public int lrNumber() {
        return lr.peek();
    }

    IntCell priority() {
        return priority;
    }

    /** The vCPU on whose inflight list it is, {@code null} for none; for observers. */
    public VgicVcpu peekOwner() {
        return owner.peek();
    }

    RefCell<VgicVcpu> owner() {
        return owner;
    }

    RefCell<VgicVcpu> queueOwner() {
        return queueOwner;
    }

    IntCell migratingTo() {
        return migratingTo;
    }

    IntCell orders() {
        return orders;
    }

    IntCell line() {
        return line;
    }

    /** Status in words, for reports. */
    public String describe() {
        int s = status.peek();
        StringBuilder b = new StringBuilder();
        String[] names = {"QUEUED", "ACTIVE", "VISIBLE", "ENABLED", "MIGRATING"};
        for (int i = 0; i < names.length; i++) {
            b.append((s & 1 << i) != 0 ? (b.isEmpty() ? "" : "|") + names[i] : "");
        }
        return (b.isEmpty() ? "0" : b.toString())
                + (inflight.isEmpty() ? "" : ", inflight on " + owner.peek())
                + (lrQueue.isEmpty() ? "" : ", in lr_pending")
                + ", lr " + lr.peek();
    }

    @Override
    public String toString() {
        return name;
    }
}

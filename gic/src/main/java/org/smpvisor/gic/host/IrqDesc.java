package org.smpvisor.gic.host;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** Xen's view of one physical interrupt. SPIs have one for the machine, SGIs and PPIs one per pCPU. */
@Xen("struct irq_desc")
public final class IrqDesc {
    /** Status bit: being handled by Xen, or with a guest until it deactivates. */
    public static final int IRQ_INPROGRESS = 0;

    public static final int IRQ_DISABLED = 1;
    /** Status bit: routed to a guest. */
    public static final int IRQ_GUEST = 4;

    /** Trigger as the device tree tells it. */
    public enum Type {
        INVALID,
        EDGE,
        LEVEL
    }

    /** What handles the interrupt: one of Xen's functions, or a guest. */
    public static final class Action {
        private final String name;
        private final Handler handler;
        private final Domain guest;
        private final int virq;

        private Action(String name, Handler handler, Domain guest, int virq) {
            this.name = name;
            this.handler = handler;
            this.guest = guest;
            this.virq = virq;
        }

        /** One of Xen's own handlers; runs with interrupts open and the descriptor's lock dropped. */
        public static Action xen(String name, Handler handler) {
            return new Action(name, handler, null, -1);
        }

        @Xen("struct irq_guest")
        static Action guest(Domain d, int virq) {
            return new Action(d + "/" + virq, null, d, virq);
        }

        public String name() {
            return name;
        }

        Handler handler() {
            return handler;
        }

        Domain guest() {
            return guest;
        }

        int virq() {
            return virq;
        }
    }

    /** Xen's handler of an interrupt. */
    public interface Handler {
        void handle(Pcpu cpu, int irq);
    }

    private final int irq;
    private final String name;
    private final SpinLock lock;

    /** Atomic bits; GUEST and DISABLED change under the lock, INPROGRESS is also cleared without it. */
    private final IntCell status;

    /** Written under the lock, read without it by callers of set_affinity. */
    private final RefCell<HwIrqController> handler;

    @GuardedBy("lock")
    private final RefCell<Action> action;

    @GuardedBy("lock")
    private final RefCell<Type> type;

    IrqDesc(int irq, String name) {
        this.irq = irq;
        this.name = name;
        this.lock = new SpinLock(LockClass.DESC, name + ".lock", irq);
        this.status = new IntCell(name + ".status", null, 1 << IRQ_DISABLED);
        this.handler = new RefCell<>(name + ".handler", null);
        this.action = new RefCell<>(name + ".action", lock);
        this.type = new RefCell<>(name + ".type", lock);
        this.type.reset(Type.INVALID);
    }

    @Xen("irq_desc.irq")
    public int irq() {
        return irq;
    }

    public SpinLock lock() {
        return lock;
    }

    public IntCell status() {
        return status;
    }

    /** The controller operations, read without the lock. */
    public HwIrqController handler(Pcpu cpu) {
        HwIrqController h = handler.getOpaque(cpu);
        return h == null ? HwIrqController.NONE : h;
    }

    void setHandler(Pcpu cpu, HwIrqController h) {
        lock.assertHeldBy(cpu);
        handler.setRelease(cpu, h);
    }

    RefCell<Action> action() {
        return action;
    }

    RefCell<Type> type() {
        return type;
    }

    @Override
    public String toString() {
        return name;
    }
}

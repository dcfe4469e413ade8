package org.smpvisor.gic.host;

import static org.smpvisor.abi.GicAbi.*;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.trace.Event;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** Physical interrupts: descriptors, Xen's own handlers, routing to guests, and the dispatcher. */
@Xen("irq.c")
public final class Irq {
    public static final int EBUSY = -16;
    public static final int EINVAL = -22;
    private static final int PRI_IRQ = 0xa0;

    /** The order of steps when an interrupt is given to a guest; a variant point. */
    public interface RouteOrder {
        /** Connects {@code desc} to {@code virq} and sets its controller; returns 0 or a negative errno. */
        int connect(Pcpu cpu, Irq irq, Domain d, int virq, IrqDesc desc);
    }

    private final GicHwOperations gic;
    private final Pcpu[] pcpus;
    private final IrqDesc[] spis;
    private final IrqDesc[][] local;
    private final RouteOrder routeOrder;
    private final PastHostRules past;
    private final SpinLock localTypesLock = new SpinLock(LockClass.LOCAL_TYPE, "local_irqs_type_lock", 0);

    /** Triggers of SGIs and PPIs, the same on every pCPU. */
    @GuardedBy("local_irqs_type_lock")
    private final List<RefCell<IrqDesc.Type>> localTypes = new ArrayList<>();

    @OwnedBy("boot")
    private VgicConnector connector;

    @OwnedBy("boot")
    private VgicOps vgic;

    /** Descriptors for all pCPUs and 1024 INTIDs, disabled, without a user, of unknown trigger. */
    public Irq(GicHwOperations gic, Pcpu[] pcpus, RouteOrder routeOrder) {
        this(gic, pcpus, routeOrder, PastHostRules.none());
    }

    /** The same with other rules. */
    public Irq(GicHwOperations gic, Pcpu[] pcpus, RouteOrder routeOrder, PastHostRules past) {
        this.past = past;
        this.gic = gic;
        this.pcpus = pcpus.clone();
        this.routeOrder = routeOrder;
        this.spis = new IrqDesc[1024];
        for (int i = NR_LOCAL_IRQS; i < spis.length; i++) {
            spis[i] = new IrqDesc(i, "irq" + i);
        }
        for (int i = 0; i < NR_LOCAL_IRQS; i++) {
            localTypes.add(new RefCell<>("local_irqs_type[" + i + "]", localTypesLock));
        }
        this.local = new IrqDesc[pcpus.length][NR_LOCAL_IRQS];
        for (int p = 0; p < pcpus.length; p++) {
            for (int i = 0; i < NR_LOCAL_IRQS; i++) {
                local[p][i] = new IrqDesc(i, "cpu" + p + ".irq" + i);
            }
        }
    }

    /** Connects the virtual GIC; once, before interrupts are routed. */
    public void connect(VgicOps ops, VgicConnector hwConnector) {
        this.vgic = ops;
        this.connector = hwConnector;
    }

    /** The descriptor of {@code irq}; for a local interrupt that of the calling pCPU. */
    @Xen("__irq_to_desc")
    public IrqDesc desc(Pcpu cpu, int irq) {
        return irq < NR_LOCAL_IRQS ? local[cpu.id()][irq] : spis[irq];
    }

    // ---- triggers ---------------------------------------------------------------------------------------------------

    /** Boot CPU, before any trigger is told: SGIs are edges, nothing is known of PPIs. */
    @Xen("init_IRQ")
    public void init(Pcpu cpu) {
        localTypesLock.lock(cpu);
        for (int i = 0; i < NR_LOCAL_IRQS; i++) {
            localTypes.get(i).setGuarded(cpu, i < NR_SGIS ? IrqDesc.Type.EDGE : IrqDesc.Type.INVALID);
        }
        localTypesLock.unlock(cpu);
        prepare(cpu, cpu);
    }

    /** Gives {@code next}, which does not run yet, its descriptors of local interrupts. */
    @Xen("init_local_irq_data")
    public void prepare(Pcpu cpu, Pcpu next) {
        localTypesLock.lock(cpu);
        for (int i = 0; i < NR_LOCAL_IRQS; i++) {
            IrqDesc.Type type = localTypes.get(i).getGuarded(cpu);
            local[next.id()][i].type().setRelease(cpu, type); // nobody else has the descriptor yet
        }
        localTypesLock.unlock(cpu);
    }

    /**
     * Records the trigger that a device tree tells; touches no hardware.
     *
     * @return 0, or -16 when the interrupt has another trigger already
     */
    @Xen("irq_set_type")
    public int setType(Pcpu cpu, int irq, IrqDesc.Type type) {
        return irq < NR_LOCAL_IRQS ? setLocalType(cpu, irq, type) : setSpiType(cpu, irq, type);
    }

    /** The same for an SPI. */
    @Xen("irq_set_spi_type")
    public int setSpiType(Pcpu cpu, int irq, IrqDesc.Type type) {
        return setType(cpu, spis[irq], type);
    }

    /** The same for an interrupt that every pCPU has of its own: for those that are online, and for all that come later. */
    @Xen("irq_local_set_type")
    private int setLocalType(Pcpu cpu, int irq, IrqDesc.Type type) {
        localTypesLock.lock(cpu);
        int rc = accepts(localTypes.get(irq).getGuarded(cpu), type) ? 0 : EBUSY;
        if (rc == 0) {
            localTypes.get(irq).setGuarded(cpu, type);
            for (Pcpu p : pcpus) {
                if (p.isOnline(cpu)) {
                    setType(cpu, local[p.id()][irq], type);
                }
            }
        }
        localTypesLock.unlock(cpu);
        return rc;
    }

    private static int setType(Pcpu cpu, IrqDesc desc, IrqDesc.Type type) {
        int flags = desc.lock().lockIrqSave(cpu);
        int rc = accepts(desc.type().getGuarded(cpu), type) ? 0 : EBUSY;
        if (rc == 0) {
            desc.type().setGuarded(cpu, type);
        }
        desc.lock().unlockIrqRestore(cpu, flags);
        return rc;
    }

    @Xen("irq_validate_new_type")
    private static boolean accepts(IrqDesc.Type now, IrqDesc.Type next) {
        return now == IrqDesc.Type.INVALID || now == next;
    }

    // ---- dispatch ---------------------------------------------------------------------------------------------------

    /** Handles an acknowledged PPI or SPI. Hard interrupt, interrupts masked. */
    @Xen("do_IRQ")
    void doIrq(Pcpu cpu, int irq) {
        IrqDesc desc = desc(cpu, irq);
        int context = cpu.irqEnter();
        desc.lock().lock(cpu);
        int status = desc.status().getOpaque(cpu);
        if ((status & 1 << IrqDesc.IRQ_GUEST) != 0) {
            IrqDesc.Action a = desc.action().getGuarded(cpu);
            desc.handler(cpu).end(cpu, desc);
            desc.status().setBit(cpu, IrqDesc.IRQ_INPROGRESS);
            vgic.injectIrq(cpu, a.guest(), null, a.virq(), true);
            desc.lock().unlock(cpu);
        } else if ((status & 1 << IrqDesc.IRQ_DISABLED) != 0) {
            past.spuriousEnd.end(cpu, gic, desc);
            desc.lock().unlock(cpu);
        } else {
            handleInXen(cpu, desc);
        }
        cpu.irqExit(context);
    }

    private void handleInXen(Pcpu cpu, IrqDesc desc) {
        cpu.count(Counter.HOST_IRQS);
        IrqDesc.Action a = desc.action().getGuarded(cpu);
        desc.status().setBit(cpu, IrqDesc.IRQ_INPROGRESS);
        desc.lock().unlockIrq(cpu);
        a.handler().handle(cpu, desc.irq());
        desc.lock().lockIrq(cpu);
        desc.status().clearBit(cpu, IrqDesc.IRQ_INPROGRESS);
        desc.handler(cpu).end(cpu, desc);
        desc.lock().unlock(cpu);
    }

    // ---- Xen's own interrupts ---------------------------------------------------------------------------------------

    /** {@link #setupIrq} with an action that is made for it. */
    @Xen("request_irq")
    public int requestIrq(Pcpu cpu, int irq, String name, IrqDesc.Handler handler) {
        return setupIrq(cpu, irq, IrqDesc.Action.xen(name, handler));
    }

    /** Gives {@code irq}, whose trigger is known, to one of Xen's handlers and enables it; an SPI is routed to this pCPU. */
    @Xen("setup_irq")
    public int setupIrq(Pcpu cpu, int irq, IrqDesc.Action action) {
        IrqDesc desc = desc(cpu, irq);
        int flags = desc.lock().lockIrqSave(cpu);
        int rc = addAction(cpu, desc, action);
        if (rc == 0) {
            gicRouteIrqToXen(cpu, desc);
            desc.handler(cpu).setAffinity(cpu, desc, cpu);
            desc.handler(cpu).startup(cpu, desc);
        }
        desc.lock().unlockIrqRestore(cpu, flags);
        return rc;
    }

    /** Gives a descriptor its one action; -16 when it has one. Descriptor's lock held. */
    @Xen("__setup_irq")
    @Deviation("an interrupt has one action: nothing that is modelled shares one")
    private static int addAction(Pcpu cpu, IrqDesc desc, IrqDesc.Action action) {
        if (desc.action().getGuarded(cpu) != null) {
            return EBUSY;
        }
        desc.action().setGuarded(cpu, action);
        return 0;
    }

    @Xen("gic_route_irq_to_xen")
    private void gicRouteIrqToXen(Pcpu cpu, IrqDesc desc) {
        desc.lock().assertHeldBy(cpu);
        desc.setHandler(cpu, gic.hostIrqType());
        if (desc.irq() >= NR_SGIS) {
            gic.setIrqType(cpu, desc, desc.type().getGuarded(cpu));
        }
        gic.setIrqPriority(cpu, desc, PRI_IRQ);
    }

    /**
     * Takes an interrupt away from {@code action}, if it has it. Any context that may wait, no lock held: the handler may
     * still run on another pCPU and is waited for, with interrupts as they are.
     */
    @Xen("release_irq")
    public void releaseIrq(Pcpu cpu, int irq, IrqDesc.Action action) {
        IrqDesc desc = desc(cpu, irq);
        int flags = desc.lock().lockIrqSave(cpu);
        if (desc.action().getGuarded(cpu) != action) {
            desc.lock().unlockIrqRestore(cpu, flags);
            return;
        }
        desc.action().setGuarded(cpu, null);
        desc.handler(cpu).shutdown(cpu, desc);
        desc.status().clearBit(cpu, IrqDesc.IRQ_GUEST);
        desc.lock().unlockIrqRestore(cpu, flags);
        awaitHandler(cpu, desc);
    }

    /** Takes a local interrupt of the calling pCPU away from Xen's handler, if it has one. Interrupts masked, no lock held. */
    @Xen("release_irq")
    void releaseLocal(Pcpu cpu, int ppi) {
        IrqDesc desc = desc(cpu, ppi);
        int flags = desc.lock().lockIrqSave(cpu);
        if (desc.action().getGuarded(cpu) != null) {
            desc.action().setGuarded(cpu, null);
            desc.handler(cpu).disable(cpu, desc);
        }
        desc.lock().unlockIrqRestore(cpu, flags);
        awaitHandler(cpu, desc);
    }

    private static void awaitHandler(Pcpu cpu, IrqDesc desc) {
        cpu.smpMb();
        if (!desc.status().testBit(cpu, IrqDesc.IRQ_INPROGRESS)) {
            return;
        }
        cpu.beginWait(desc, -1);
        for (int turn = 0; desc.status().testBit(cpu, IrqDesc.IRQ_INPROGRESS); turn++) {
            cpu.engine().relax(cpu, turn);
            cpu.smpMb();
        }
        cpu.endWait();
    }

    // ---- guests' interrupts -----------------------------------------------------------------------------------------

    /**
     * Gives the physical SPI {@code irq} to {@code d} as {@code virq}. Process context, no lock held.
     *
     * @return 0; -16 when it is in use by Xen, another guest or the virtual interrupt is busy; -22 for a bad number
     */
    @Xen("route_irq_to_guest")
    public int routeIrqToGuest(Pcpu cpu, Domain d, int virq, int irq, IrqDesc.Type type) {
        if (!isAssignable(irq) || irq >= gic.nrLines() || virq < NR_LOCAL_IRQS) {
            return EINVAL;
        }
        IrqDesc desc = desc(cpu, irq);
        IrqDesc.Action action = IrqDesc.Action.guest(d, virq);
        int flags = desc.lock().lockIrqSave(cpu);
        if (addAction(cpu, desc, action) != 0) {
            desc.lock().unlockIrqRestore(cpu, flags);
            return EBUSY;
        }
        desc.type().setGuarded(cpu, type);
        int rc = gicRouteIrqToGuest(cpu, d, virq, desc, type);
        desc.lock().unlockIrqRestore(cpu, flags);
        if (rc != 0) {
            releaseIrq(cpu, irq, action);
        }
        return rc;
    }

    /** Whether an interrupt can be given to a guest at all: only SPIs can. */
    @Xen("is_assignable_irq")
    static boolean isAssignable(int irq) {
        return irq >= NR_LOCAL_IRQS;
    }

    /** Whether it is the domain that says of which type its interrupts are: only the hardware domain does, by GICD_ICFGR. */
    @Xen("irq_type_set_by_domain")
    public static boolean isTypeSetBy(Domain d) {
        return d.isHardwareDomain();
    }

    @Xen("gic_route_irq_to_guest")
    private int gicRouteIrqToGuest(Pcpu cpu, Domain d, int virq, IrqDesc desc, IrqDesc.Type type) {
        int rc = routeOrder.connect(cpu, this, d, virq, desc);
        if (rc != 0) {
            return rc;
        }
        desc.status().setBit(cpu, IrqDesc.IRQ_GUEST);
        if (!isTypeSetBy(d)) {
            gic.setIrqType(cpu, desc, type);
        }
        gic.setIrqPriority(cpu, desc, PRI_IRQ);
        return 0;
    }

    /** Xen's order: published to the guest first, controller operations afterwards (H6). */
    public static int connectFirst(Pcpu cpu, Irq irq, Domain d, int virq, IrqDesc desc) {
        int rc = irq.connector.connectHwIrq(cpu, d, virq, desc, true);
        if (rc == 0) {
            desc.setHandler(cpu, irq.gic.guestIrqType());
        }
        return rc;
    }

    /** The corrected order: controller operations first. */
    public static int controllerFirst(Pcpu cpu, Irq irq, Domain d, int virq, IrqDesc desc) {
        desc.setHandler(cpu, irq.gic.guestIrqType());
        int rc = irq.connector.connectHwIrq(cpu, d, virq, desc, true);
        if (rc != 0) {
            desc.setHandler(cpu, HwIrqController.NONE);
        }
        return rc;
    }

    /**
     * Takes an SPI back from a dying domain. Process context, no lock held.
     *
     * @return 0; -16 when the domain still lives; -22 when the interrupt is not routed to it
     */
    @Xen("release_guest_irq")
    public int releaseGuestIrq(Pcpu cpu, Domain d, int virq, int irq) {
        IrqDesc desc = desc(cpu, irq);
        int flags = desc.lock().lockIrqSave(cpu);
        IrqDesc.Action a = desc.action().getGuarded(cpu);
        int rc = a == null || a.guest() != d || a.virq() != virq ? EINVAL : gicRemoveIrqFromGuest(cpu, d, virq, desc);
        desc.lock().unlockIrqRestore(cpu, flags);
        if (rc == 0) {
            releaseIrq(cpu, irq, a);
        }
        return rc;
    }

    @Xen("gic_remove_irq_from_guest")
    private int gicRemoveIrqFromGuest(Pcpu cpu, Domain d, int virq, IrqDesc desc) {
        desc.lock().assertHeldBy(cpu);
        if (!d.isDying(cpu)) {
            return EBUSY;
        }
        desc.handler(cpu).shutdown(cpu, desc);
        if (desc.status().testBit(cpu, IrqDesc.IRQ_INPROGRESS)) {
            gic.deactivateIrq(cpu, desc.irq());
        }
        desc.status().clearBit(cpu, IrqDesc.IRQ_INPROGRESS);
        int rc = connector.connectHwIrq(cpu, d, virq, desc, false);
        if (rc == 0) {
            desc.status().clearBit(cpu, IrqDesc.IRQ_GUEST);
            desc.setHandler(cpu, HwIrqController.NONE);
        }
        return rc;
    }

    /** Routes a guest's physical interrupt to {@code target}. No lock needed; {@code null} descriptors are ignored. */
    @Xen("irq_set_affinity")
    public static void setAffinity(Pcpu cpu, IrqDesc desc, Pcpu target, int domain, int virq) {
        if (desc != null) {
            cpu.events().record(Event.ROUTE_NOW, domain, virq, target.id());
            desc.handler(cpu).setAffinity(cpu, desc, target);
        }
    }
}

package org.smpvisor.lock;

import java.util.ArrayList;
import java.util.List;

/**
 * Every class of lock in the model: its name in Xen, what it guards, how interrupts stand when it is taken, and the classes
 * that it may be taken inside of. The declared edges are a partial order; what is legal is their transitive closure, plus
 * the {@link Inversion accepted inversions}, plus nesting inside one class in the {@link Nesting declared order}. Code,
 * validator, documentation and tests read this enum.
 *
 * <p>Constants stand outer first: the order of declaration is one linear extension of the partial order.
 */
public enum LockClass {
    CALL("call_lock", "cross-CPU function call in progress", IrqMode.ON, Nesting.NEVER),
    DOMAIN("d->domain_lock", "what is done to a domain as a whole", IrqMode.ON, Nesting.NEVER),
    SHUTDOWN("d->shutdown_lock", "whether and why a domain shuts down", IrqMode.ON, Nesting.NEVER),
    STOP_MACHINE("stopmachine_lock", "the machine is stopped", IrqMode.ON, Nesting.NEVER),
    RCU("rcu_ctrlblk.lock", "who has yet to let go of what was taken away", IrqMode.OFF, Nesting.NEVER),
    IO("d->arch.vmmio.lock", "MMIO handlers of a domain", IrqMode.ANY, Nesting.NEVER),
    DIST("d->arch.vgic.lock", "GICD_CTLR of the virtual distributor", IrqMode.OFF, Nesting.NEVER),
    RANK("vgic_irq_rank.lock", "32 INTIDs of a domain or vCPU", IrqMode.OFF, Nesting.INDEX, DIST),
    LOCAL_TYPE("local_irqs_type_lock", "trigger types of local interrupts", IrqMode.ANY, Nesting.NEVER),
    DESC("irq_desc.lock", "host view of one interrupt line", IrqMode.OFF, Nesting.NEVER, RANK, LOCAL_TYPE),
    VGIC_CPU(
            "v->arch.vgic.lock",
            "inflight and lr_pending lists of a vCPU",
            IrqMode.OFF,
            Nesting.NEVER,
            DIST,
            RANK,
            DESC),
    HOST_GIC("gicv3.lock", "configuration registers of the host GIC", IrqMode.OFF, Nesting.NEVER, RANK, DESC, VGIC_CPU),
    SCHEDULE(
            "schedule_lock",
            "run queue of one or more pCPUs",
            IrqMode.OFF,
            Nesting.ADDRESS,
            RANK,
            DESC,
            CALL,
            SHUTDOWN),
    WAITQ("waitq_lock", "vCPUs that wait for a pCPU of their own", IrqMode.OFF, Nesting.NEVER, SCHEDULE),
    TIMERS("per_cpu(timers).lock", "timers of a pCPU", IrqMode.OFF, Nesting.ADDRESS, SCHEDULE),
    CONSOLE(
            "console_lock",
            "console output",
            IrqMode.OFF,
            Nesting.NEVER,
            CALL,
            DOMAIN,
            SHUTDOWN,
            STOP_MACHINE,
            RCU,
            IO,
            DIST,
            LOCAL_TYPE,
            HOST_GIC,
            WAITQ,
            TIMERS);

    /** How interrupts stand when a lock of the class is taken, as Xen intends it. */
    public enum IrqMode {
        /** Always with interrupts masked. */
        OFF,
        /** Always with interrupts open. */
        ON,
        /** Both occur, and never in a hard interrupt. */
        ANY
    }

    /** Whether, and in which order of {@link SpinLock#order()}, two locks of the class may be held at once. */
    public enum Nesting {
        NEVER,
        /** Ascending rank index. */
        INDEX,
        /** Ascending vCPU id. */
        VCPU,
        /** Ascending address, for which the number of the pCPU stands. */
        ADDRESS
    }

    /** An edge against the partial order that Xen has and that is accepted for a reason. */
    public record Inversion(LockClass outer, LockClass inner, String reason) {}

    private static final List<Inversion> INVERSIONS = List.of(new Inversion(
            DESC,
            RANK,
            "gic_route_irq_to_guest and gic_remove_irq_from_guest connect the descriptor under its lock; a guest sees the"
                    + " descriptor only after the rank lock was dropped, and a dying domain does not run"));

    private static final boolean[][] LEGAL = closure();

    private final String xenName;
    private final String guards;
    private final IrqMode irqMode;
    private final Nesting nesting;
    private final LockClass[] inside;

    LockClass(String xenName, String guards, IrqMode irqMode, Nesting nesting, LockClass... inside) {
        this.xenName = xenName;
        this.guards = guards;
        this.irqMode = irqMode;
        this.nesting = nesting;
        this.inside = inside;
    }

    private static boolean[][] closure() {
        LockClass[] all = values();
        boolean[][] legal = new boolean[all.length][all.length];
        for (LockClass inner : all) {
            for (LockClass outer : inner.inside) {
                legal[outer.ordinal()][inner.ordinal()] = true;
            }
        }
        for (int via = 0; via < all.length; via++) {
            for (int a = 0; a < all.length; a++) {
                for (int b = 0; legal[a][via] && b < all.length; b++) {
                    legal[a][b] |= legal[via][b];
                }
            }
        }
        return legal;
    }

    public String xenName() {
        return xenName;
    }

    public String guards() {
        return guards;
    }

    public IrqMode irqMode() {
        return irqMode;
    }

    public Nesting nesting() {
        return nesting;
    }

    /** The classes that this one is declared to be taken directly inside of. */
    public List<LockClass> inside() {
        return List.of(inside);
    }

    /** The inversions that are accepted, with their reasons. */
    public static List<Inversion> inversions() {
        return INVERSIONS;
    }

    /** Whether {@code inner} may be acquired while a lock of this class, a different one, is held. */
    public boolean mayContain(LockClass inner) {
        return LEGAL[ordinal()][inner.ordinal()] || acceptedInversion(inner);
    }

    private boolean acceptedInversion(LockClass inner) {
        for (Inversion i : INVERSIONS) {
            if (i.outer == this && i.inner == inner) {
                return true;
            }
        }
        return false;
    }

    /** A cycle in the declared edges, empty if the declaration is a partial order. For the self-test of this enum. */
    static List<LockClass> declaredCycle() {
        List<LockClass> cycle = new ArrayList<>();
        for (LockClass c : values()) {
            if (LEGAL[c.ordinal()][c.ordinal()]) {
                cycle.add(c);
            }
        }
        return cycle;
    }
}

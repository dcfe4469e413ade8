package org.smpvisor.lock;

import java.util.List;

/**
 * The nestings of locks that Xen's interrupt code makes on Arm, one constant for each way in which a lock is taken while
 * another is held. What a recorder sees beside them are compositions: it notes every lock held, not only the last. Locks that
 * the model has are named as in {@link LockClass}; others by a word of their own.
 */
public enum XenEdge {
    E1(
            "DIST",
            "VGIC_CPU",
            false,
            false,
            "GICR_CTLR write: the lock of the redistributor's vCPU",
            "__vgic_v3_rdistr_rd_mmio_write"),
    E2(
            "RANK",
            "VGIC_CPU",
            false,
            true,
            "GICD_ISENABLER and GICD_ICENABLER writes: each interrupt's target",
            "vgic_enable_irqs",
            "vgic_disable_irqs"),
    E3(
            "RANK",
            "VGIC_CPU",
            false,
            true,
            "GICD_IROUTER and GICD_ITARGETSR writes: the old target, then perhaps the new one",
            "vgic_migrate_irq"),
    E4(
            "RANK",
            "HOST_GIC",
            false,
            true,
            "enabling an interrupt routes it, with neither DESC nor VGIC_CPU held",
            "vgic_enable_irqs"),
    E5(
            "RANK",
            "DESC",
            false,
            true,
            "enabling and disabling an interrupt that hardware stands behind",
            "vgic_enable_irqs",
            "vgic_disable_irqs"),
    E6("RANK", "SCHEDULE", false, true, "the new target of a moved interrupt is kicked", "vgic_migrate_irq"),
    E7("DESC", "VGIC_CPU", true, true, "an interrupt of a guest arrives", "do_IRQ"),
    E8("DESC", "SCHEDULE", true, true, "the same: its target is kicked before DESC is dropped", "do_IRQ"),
    E9(
            "DESC",
            "HOST_GIC",
            false,
            true,
            "configuring, enabling, disabling an interrupt line",
            "setup_irq",
            "gic_route_irq_to_guest",
            "release_irq",
            "gicv3_irq_enable",
            "gicv3_irq_disable"),
    E10("VGIC_CPU", "HOST_GIC", false, true, "moving an interrupt that is not in a list register", "vgic_migrate_irq"),
    E11(
            "VGIC_CPU",
            "HOST_GIC",
            true,
            true,
            "the end of a deferred move, on a guest exit or when it is raised again",
            "gic_update_one_lr"),
    E12(
            "DESC",
            "RANK",
            false,
            true,
            "connecting a line with a guest; the accepted inversion of E5",
            "gic_route_irq_to_guest",
            "gic_remove_irq_from_guest"),
    E13("VGIC_CPU", "LPI_TREE", true, false, "reading: looking an LPI up", "irq_to_pending"),
    E14("VGIC_CPU", "LPI_TREE", false, false, "writing: discarding an event", "its_discard_event"),
    E15("VGIC_CPU", "P2M", false, false, "reading an LPI's properties from guest memory", "update_lpi_property"),
    E16("LPI_TREE", "P2M", false, false, "the same for all LPIs at once", "its_handle_invall"),
    E17("ITS_COMMAND", "ITS", false, false, "commands and GITS_CTLR writes that touch tables", "vgic_its_handle_cmds"),
    E18("ITS", "ITS_DEVICES", false, false, "looking an event's interrupt up", "gicv3_its_get_event_pending_irq"),
    E19("ITS", "VGIC_CPU", false, false, "commands that touch a pending LPI", "its_handle_movi", "its_discard_event"),
    E20(
            "ITS_COMMAND",
            "VGIC_CPU SCHEDULE LPI_TREE ITS_DEVICES HOST_LPIS HOST_ITS P2M",
            false,
            false,
            "commands of a virtual ITS",
            "vgic_its_handle_cmds"),
    E21(
            "LPI_TREE",
            "LPI_TREE",
            false,
            false,
            "reading again while reading: update of all LPIs of a vCPU",
            "its_handle_invall"),
    E22("ITS_DEVICES", "HOST_ITS", false, false, "mapping a device", "gicv3_its_map_guest_device"),
    E23("HOST_GIC", "HOST_ITS", false, false, "bringing a CPU up", "gicv3_cpu_init"),
    E24("CHANNEL", "VGIC_CPU SCHEDULE", true, false, "sending an event", "evtchn_send", "vcpu_mark_events_pending"),
    E25("EVENT", "CHANNEL", false, false, "binding two domains' ports", "evtchn_bind_interdomain"),
    E26("VIRQ", "CHANNEL", true, false, "a virtual IRQ; the channel by a try-lock", "send_guest_vcpu_virq"),
    E27("CHANNEL", "FIFO", true, false, "queueing an event", "evtchn_fifo_set_pending"),
    E28("UART", "VGIC_CPU SCHEDULE", true, false, "the emulated console", "vpl011_update_interrupt_status"),
    E29("CAPS", "DESC", false, false, "binding and releasing a device's interrupt", "arch_do_domctl"),
    E30("LOCAL_TYPE", "DESC", false, true, "the type of a local interrupt on every CPU", "irq_local_set_type"),
    E31("ITS_COMMAND ITS", "P2M", false, false, "tables in guest memory", "vgic_access_guest_memory"),
    E32("LPI_TREE ITS_DEVICES", "HEAP", false, false, "allocating under a lock", "radix_tree_insert"),
    E33("SCHEDULE", "TIMERS", false, true, "the scheduler sets and stops its timers", "schedule", "vcpu_wake"),
    E34(
            "P2M PAGE_ALLOC",
            "VGIC_CPU",
            false,
            false,
            "a long hypercall looks whether events wait for its own vCPU",
            "hypercall_preempt_check"),
    E35("*", "CONSOLE", true, false, "messages, under any lock", "printk"),
    E36(
            "CALL",
            "IRQS_OPEN",
            true,
            true,
            "waiting for the other CPUs of a cross call, which run it in a hard interrupt",
            "on_selected_cpus"),
    E37("SHUTDOWN", "SCHEDULE", false, true, "a domain shuts down: each of its vCPUs is paused", "domain_shutdown"),
    E38(
            "SCHEDULE",
            "WAITQ",
            true,
            true,
            "the null scheduler's queue of vCPUs without a pCPU",
            "null_schedule",
            "null_unit_wake",
            "null_unit_sleep");

    /** Pairs that Xen never nests; {@code *} is any class, and what follows {@code but} is allowed after all. */
    public record Never(String outer, String inner, List<String> but) {
        Never(String outer, String inner, String... but) {
            this(outer, inner, List.of(but));
        }

        /** Whether that nesting is among them. */
        public boolean forbids(LockClass o, LockClass i) {
            return outer.equals(o.name()) && (inner.equals("*") || inner.equals(i.name())) && !but.contains(i.name());
        }
    }

    private static final List<Never> NEVER = List.of(
            new Never("VGIC_CPU", "VGIC_CPU"),
            new Never("VGIC_CPU", "DESC"),
            new Never("VGIC_CPU", "RANK"),
            new Never("VGIC_CPU", "DIST"),
            new Never("VGIC_CPU", "SCHEDULE"),
            new Never("RANK", "RANK"),
            new Never("DIST", "RANK"),
            new Never("HOST_GIC", "*", "HOST_ITS", "CONSOLE"),
            new Never("LPI_TREE", "VGIC_CPU"),
            new Never("SCHEDULE", "VGIC_CPU"),
            new Never("TIMERS", "VGIC_CPU"),
            new Never("FIFO", "VGIC_CPU"),
            new Never("IO", "*"));

    private final List<String> outer;
    private final List<String> inner;
    private final boolean hard;
    private final boolean modelled;
    private final String when;
    private final List<String> functions;

    XenEdge(String outer, String inner, boolean hard, boolean modelled, String when, String... functions) {
        this.outer = List.of(outer.split(" "));
        this.inner = List.of(inner.split(" "));
        this.hard = hard;
        this.modelled = modelled;
        this.when = when;
        this.functions = List.of(functions);
    }

    /** The nestings that never occur. A declared order may allow more than Xen does. */
    public static List<Never> never() {
        return NEVER;
    }

    /** Names of what is held. */
    public List<String> outer() {
        return outer;
    }

    /** Names of what is wanted. */
    public List<String> inner() {
        return inner;
    }

    /** Whether it occurs in a hard interrupt. */
    public boolean isHard() {
        return hard;
    }

    /** Whether the parts of Xen that are modelled can produce it. */
    public boolean isModelled() {
        return modelled;
    }

    /** On which occasion. */
    public String when() {
        return when;
    }

    /** Functions of Xen by which this edge is told from others between the same locks. */
    public List<String> functions() {
        return functions;
    }

    /** Whether it is one between these classes; {@code null} is a pCPU with interrupts open. */
    public boolean joins(LockClass o, LockClass i) {
        return (outer.contains("*") || outer.contains(LockEdge.name(o))) && inner.contains(LockEdge.name(i));
    }

    /** Both ends, for a table. */
    public String arrow() {
        return ends(outer) + (this == E36 ? " ~> " : " -> ") + ends(inner);
    }

    private static String ends(List<String> names) {
        return names.size() == 1 ? names.get(0).replace("*", "any") : "{" + String.join(", ", names) + "}";
    }
}

package org.smpvisor.cpu;

/** What each pCPU counts while it runs. Single writer; read from outside for progress and summaries. */
public enum Counter {
    TRAPS("guest exits by a trap"),
    IRQ_EXITS("guest exits by an interrupt"),
    IRQS_IN_XEN("interrupts taken while Xen ran"),
    IRQS_UNDER_LOCK("interrupts taken while a lock was held"),
    IRQS_BEFORE_SYNC("interrupts taken between trap entry and LR sync"),
    GUEST_ACKS("guest acknowledges"),
    GUEST_SPI_ACKS("guest acknowledges of SPIs"),
    GUEST_SGI_ACKS("guest acknowledges of SGIs"),
    GUEST_PPI_ACKS("guest acknowledges of timers and of the event channel's interrupt"),
    GUEST_ENDS("guest end-of-interrupts"),
    GUEST_SPURIOUS("guest acknowledges that read 1023"),
    GUEST_SGIS("SGIs sent by guests, per target"),
    GUEST_SGIS_COALESCED("guest SGIs that found the interrupt queued already"),
    HOST_SGIS("SGIs sent by Xen"),
    HOST_SGIS_COALESCED("SGIs of Xen that found one in the mailbox already"),
    INJECTIONS("vgic_inject_irq calls"),
    KICKS("vCPU kicks"),
    MIGRATIONS("IROUTER writes that changed a target"),
    MIGRATIONS_DEFERRED("SPI migrations deferred until the list register is cleaned"),
    MIGRATIONS_REFUSED("SPI migrations refused because one was in progress"),
    EVICTIONS("list registers taken from a less urgent interrupt"),
    UIE("flushes that armed the underflow interrupt"),
    MAINTENANCE("maintenance interrupts asserted"),
    WFI("WFI traps"),
    WFE("WFE traps"),
    HYPERCALLS("calls of guests to the power-state interface"),
    CPU_OFFS("vCPUs that switched themselves off"),
    CPU_ONS("vCPUs switched on by another"),
    DOMAINS_SHUT_DOWN("domains that shut themselves down"),
    DOMAINS_DESTROYED("domains destroyed"),
    DOMAINS_CREATED("domains created while the machine ran"),
    PCPUS_OFFLINED("pCPUs taken offline"),
    PCPUS_ONLINED("pCPUs brought back online"),
    FLUSHES("memories of vCPUs written back on the way to the guest"),
    SERRORS("SErrors handed on to guests"),
    CONTEXT_SWITCHES("context switches"),
    PREEMPTIONS("vCPUs preempted at the end of their slice"),
    VCPU_MOVES("vCPUs moved to another pCPU"),
    VCPU_MOVES_FULL("vCPUs moved with all list registers in use"),
    VTIMER_IRQS("virtual timers that expired in hardware"),
    VTIMER_EXPIRIES("virtual timers that expired while their vCPU was descheduled"),
    PTIMER_EXPIRIES("physical timers of guests that expired"),
    TIMER_MOVES("timers of vCPUs that moved to another pCPU"),
    EVENT_UPCALLS("events that interrupted a vCPU"),
    HOST_IRQS("interrupts handled by Xen itself"),
    HOST_SPURIOUS("acknowledges by Xen that read 1023 first"),
    GUEST_STEPS("guest instructions");

    private final String what;

    Counter(String what) {
        this.what = what;
    }

    /** What is counted, for people. */
    public String what() {
        return what;
    }
}

package org.smpvisor.trace;

/** What an event ring records; {@code arg} is explained per kind. */
public enum Event {
    NONE(""),
    LINE("the line rose, generation"),
    PHYS_ACK("Xen acknowledged it, on pCPU"),
    INJECT("injected into vCPU"),
    QUEUED_ONLY("found in flight: marked QUEUED only, target vCPU"),
    LR_WRITE("written into list register"),
    LR_CLEAN("list register cleaned, LR"),
    WITHDRAWN("withdrawn from list register"),
    RERAISE("raised again on vCPU"),
    EVICTED("evicted from list register"),
    DROPPED("an assertion was recorded and is dropped, on vCPU"),
    GUEST_ACK("guest acknowledged, on vCPU"),
    GUEST_EOI("guest ended it, on vCPU"),
    DISABLE("disabled by vCPU"),
    ENABLE("enabled by vCPU"),
    ROUTE_NOW("physical route set at once, to pCPU"),
    STAYS_PENDING("in flight, cannot be cleared by ICPENDR: Xen warns, vCPU"),
    MOVE("guest moves it, to vCPU"),
    MOVE_DEFERRED("in a list register: MIGRATING set, new vCPU"),
    MOVE_REFUSED("a migration is in progress: move refused, wanted vCPU"),
    MOVE_DONE("migration finished, physical route to pCPU"),
    GUEST_SGI("guest sent the SGI to vCPU"),
    TIMER("the timer expired, of vCPU"),
    UPCALL("events have become pending, for vCPU"),
    VCPU_MOVE("vCPU moved to pCPU"),
    VCPU_DOWN("dropped, since it is switched off: vCPU"),
    CPU_OFF("vCPU switched itself off, on pCPU"),
    CPU_ON("vCPU switched on, from pCPU");

    private static final Event[] ALL = values();

    private final String text;

    Event(String text) {
        this.text = text;
    }

    /** The sentence for a story, to which the argument is appended. */
    public String text() {
        return text;
    }

    static Event of(int ordinal) {
        return ALL[ordinal];
    }
}

package org.smpvisor.variant;

/** Faults that can be planted once per run, to show that the oracle has teeth. None of them is a Xen bug. */
public enum Fault {
    DROP_KICK("one kick of a blocked vCPU is not sent"),
    DROP_LR("one list-register write is left out"),
    DUPLICATE_LR("one interrupt is written into two list registers"),
    WRONG_ROUTE("one SPI is injected into the wrong vCPU"),
    FORGET_RERAISE("one queued interrupt is not raised again when its list register is cleaned"),
    FORGET_TIMER("one virtual timer is not handed over to a timer of Xen's when its vCPU goes to sleep");

    private final String what;

    Fault(String what) {
        this.what = what;
    }

    /** What goes wrong, in one clause. */
    public String what() {
        return what;
    }
}

package org.smpvisor.entry;

import org.smpvisor.domain.Vcpu;

/**
 * A guest took an exception for which it has no handler. The run is over, and neither Xen nor the model is to blame: hence no
 * stack trace.
 */
public final class GuestDied extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param what the exception and the instruction that caused it */
    GuestDied(Vcpu v, String what) {
        super(
                "guest " + v + " (domain " + v.domain().id() + ", vCPU " + v.vcpuId() + ") died of " + what
                        + ", for which it has no handler",
                null,
                false,
                false);
    }

    @Override
    public String toString() {
        return getMessage();
    }
}

package org.smpvisor.cpu;

/** Sends SGIs between pCPUs; implemented by the host GIC driver. */
public interface IpiSender {
    /** Xen's SGI that only makes the target run its exit path. */
    int EVENT_CHECK = 0;

    int DUMP_STATE = 1;

    int CALL_FUNCTION = 2;

    /** Sends SGI {@code id} (0..15) to one pCPU. No lock needed, any interrupt state. */
    void sendSgi(Pcpu cpu, Pcpu target, int id);
}

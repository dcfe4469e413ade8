package org.smpvisor.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** The only fields of a pCPU that others write: on cache lines of their own. */
abstract class PcpuAttention extends PcpuPadding {
    static final VarHandle ATTENTION;
    static final VarHandle PARKED;

    static {
        try {
            MethodHandles.Lookup l = MethodHandles.lookup();
            ATTENTION = l.findVarHandle(PcpuAttention.class, "attention", int.class);
            PARKED = l.findVarHandle(PcpuAttention.class, "parked", Thread.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused")
    int attention;

    @SuppressWarnings("unused")
    Thread parked;
}

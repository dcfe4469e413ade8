package org.smpvisor.guest;

import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.TimerAbi;

/**
 * How a guest's kernel does with its GIC what all kernels do: each method describes one instruction. A kernel has one driver
 * for each version.
 */
public abstract class GuestGic {
    /** All SGIs. */
    static final long SGIS = 0xffff;

    /** The timers, and the interrupt for events. */
    static final long PPIS = 1L << TimerAbi.VIRT_PPI | 1L << TimerAbi.PHYS_PPI | 1L << TimerAbi.EVTCHN_PPI;

    GuestGic() {}

    /** The driver of a GICv3. */
    public static GuestGic v3() {
        return GuestGicV3.INSTANCE;
    }

    /** The driver of a GICv2. */
    public static GuestGic v2() {
        return GuestGicV2.INSTANCE;
    }

    // ---- set-up, in this order --------------------------------------------------------------------------------------

    /** Lets interrupts of all priorities through. */
    abstract GuestCpu openPriorities(GuestCpu c);

    /** Switches the CPU interface on. */
    abstract GuestCpu enableInterface(GuestCpu c);

    /** The end of an interrupt drops its priority and deactivates it. */
    abstract GuestCpu endsDeactivate(GuestCpu c);

    /** Sets the priorities of four of the vCPU's own interrupts, from {@code first} on. */
    abstract GuestCpu setLocalPriorities(GuestCpu c, int first, long priorities);

    /** Enables interrupts of the vCPU's own, bit n is INTID n. */
    abstract GuestCpu enableLocals(GuestCpu c, long mask);

    /** Switches the distributor on; for one vCPU. */
    abstract GuestCpu enableDistributor(GuestCpu c);

    // ---- at work ----------------------------------------------------------------------------------------------------

    /** Acknowledges; the value arrives in {@code x0}, 1023 when there is nothing. */
    abstract GuestCpu acknowledge(GuestCpu c);

    /** Ends what was acknowledged with {@code value}. */
    abstract GuestCpu end(GuestCpu c, long value);

    /** Routes an SPI to a vCPU. */
    abstract GuestCpu route(GuestCpu c, long line, int vcpu);

    /** Reads where an SPI is routed to. */
    abstract GuestCpu readRoute(GuestCpu c, long line);

    /** Whether {@code value}, as {@link #readRoute} yields it, names that vCPU. */
    abstract boolean isRoutedTo(long value, int vcpu);

    /** Whether an SPI is switched off while its route is changed. */
    abstract boolean disablesToRoute();

    abstract GuestCpu send(GuestCpu c, int sgi, int vcpu);

    abstract GuestCpu sendToOthers(GuestCpu c, int sgi);
}

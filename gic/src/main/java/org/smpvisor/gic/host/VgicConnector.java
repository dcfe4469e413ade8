package org.smpvisor.gic.host;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.variant.Xen;

/** Ties a physical interrupt to a virtual one; implemented by the vGIC. */
public interface VgicConnector {
    /**
     * Connects or disconnects. The descriptor's lock is held; takes the rank lock of {@code virq}.
     *
     * @return 0, or a negative errno: -16 (EBUSY) when the virtual interrupt is in use, -22 (EINVAL) for the wrong one
     */
    @Xen("vgic_connect_hw_irq")
    int connectHwIrq(Pcpu cpu, Domain d, int virq, IrqDesc desc, boolean connect);
}

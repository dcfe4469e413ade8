package org.smpvisor.gic.host;

import java.util.function.Consumer;
import org.smpvisor.variant.Xen;

/** What the device tree says of a GIC and of the local interrupts, as far as it does not depend on the version. */
@Xen("struct gic_info")
public sealed interface GicDescription permits GicV2Description, GicV3Description {
    /** PPI of the maintenance interrupt. */
    int maintenanceIrq();

    /** PPI of the hypervisor timer. */
    int hypTimerIrq();

    /** PPI of the virtual timer. */
    int virtTimerIrq();

    /** PPI of the non-secure physical timer. */
    int physTimerIrq();

    /** Xen's console lines about what it found. */
    void announce(Consumer<String> console);
}

package org.smpvisor.gic.host;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.variant.Xen;

/** Says which virtual interrupts of a domain have a user; implemented by the vGIC. */
public interface VirqReservation {
    /** Takes {@code virq} for a user of its own, without a lock; false if it has one, or does not exist. */
    @Xen("vgic_reserve_virq")
    boolean reserveVirq(Pcpu cpu, Domain d, int virq);
}

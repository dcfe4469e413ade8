package org.smpvisor.gic.host;

import java.util.function.Consumer;

/**
 * What the device tree says of a GICv2.
 *
 * @param distributorBase address of the distributor, GICD
 * @param cpuBase address of the CPU interface, GICC
 * @param hypBase address of the hypervisor interface, GICH
 * @param virtualBase address of the virtual CPU interface, GICV
 * @param maintenanceIrq PPI of the maintenance interrupt
 * @param hypTimerIrq PPI of the hypervisor timer
 * @param virtTimerIrq PPI of the virtual timer
 * @param physTimerIrq PPI of the non-secure physical timer
 */
public record GicV2Description(
        long distributorBase,
        long cpuBase,
        long hypBase,
        long virtualBase,
        int maintenanceIrq,
        int hypTimerIrq,
        int virtTimerIrq,
        int physTimerIrq)
        implements GicDescription {
    @Override
    public void announce(Consumer<String> console) {
        console.accept("GICv2 initialization:");
        console.accept(String.format("        gic_dist_addr=%016x", distributorBase));
        console.accept(String.format("        gic_cpu_addr=%016x", cpuBase));
        console.accept(String.format("        gic_hyp_addr=%016x", hypBase));
        console.accept(String.format("        gic_vcpu_addr=%016x", virtualBase));
        console.accept("        gic_maintenance_irq=" + maintenanceIrq);
    }
}

package org.smpvisor.gic.host;

import java.util.List;
import java.util.function.Consumer;

/**
 * What the device tree says of a GICv3.
 *
 * @param distributorBase address of the distributor
 * @param regions redistributor regions
 * @param stride distance between redistributors, 0 if the tree does not say
 * @param maintenanceIrq PPI of the maintenance interrupt
 * @param hypTimerIrq PPI of the hypervisor timer
 * @param virtTimerIrq PPI of the virtual timer
 * @param physTimerIrq PPI of the non-secure physical timer
 */
public record GicV3Description(
        long distributorBase,
        List<Region> regions,
        long stride,
        int maintenanceIrq,
        int hypTimerIrq,
        int virtTimerIrq,
        int physTimerIrq)
        implements GicDescription {
    /** One redistributor region. */
    public record Region(long base, long size) {}

    public GicV3Description {
        regions = List.copyOf(regions);
    }

    @Override
    public void announce(Consumer<String> console) {
        console.accept("GICv3 initialization:");
        console.accept(String.format("      gic_dist_addr=0x%014x", distributorBase));
        console.accept("      gic_maintenance_irq=" + maintenanceIrq);
        console.accept("      gic_rdist_stride=" + (stride == 0 ? "0" : "0x" + Long.toHexString(stride)));
        console.accept("      gic_rdist_regions=" + regions.size());
        console.accept("      redistributor regions:");
        for (int i = 0; i < regions.size(); i++) {
            Region r = regions.get(i);
            console.accept(String.format("        - region %d: 0x%014x - 0x%014x", i, r.base(), r.base() + r.size()));
        }
    }
}

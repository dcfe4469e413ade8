package org.smpvisor.gic.host;

import java.util.List;

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
        int physTimerIrq) {
    /** One redistributor region. */
    public record Region(long base, long size) {}

    public GicV3Description {
        regions = List.copyOf(regions);
    }
}

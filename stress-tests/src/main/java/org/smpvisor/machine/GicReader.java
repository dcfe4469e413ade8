package org.smpvisor.machine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.machine.MachineDescription.Gic;
import org.smpvisor.machine.MachineDescription.Irq;
import org.smpvisor.machine.MachineDescription.Region;

/**
 * Finds the GIC in a device tree and reads its node: Xen's gic_dt_preinit (today intc_dt_preinit) and the checks of
 * gicv3_dt_init and gicv2_dt_init, with the ones that Xen leaves to the first access of a register made here.
 */
final class GicReader {
    static final String GIC_V3 = "arm,gic-v3";

    /** What Xen's driver of the GICv2 takes for one. */
    static final List<String> GIC_V2 = List.of("arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,gic-400");

    private static final long PAGE = 4 << 10;
    private static final int V2_REGIONS = 4;
    private static final long FRAME = Gic.FRAME_BYTES;
    private static final long MAX_STRIDE = 16 << 20;
    private static final int MAX_NAMED = 4;

    private GicReader() {}

    /**
     * Returns the first available node in tree order that is an interrupt controller, is not the root and is compatible
     * with the GICv3 or the GICv2.
     *
     * @throws DeviceTreeException if there is none; the message names the interrupt controllers that there are
     */
    static FdtNode find(Fdt tree) {
        List<FdtNode> others = new ArrayList<>();
        for (FdtNode node : tree.nodes()) {
            if (!node.has("interrupt-controller") || node.parent() == null) {
                continue;
            }
            if (node.isAvailable() && (node.isCompatible(GIC_V3) || isV2(node))) {
                return node;
            }
            others.add(node);
        }
        throw tree.root().error(unsupported(others));
    }

    private static boolean isV2(FdtNode node) {
        return GIC_V2.stream().anyMatch(node::isCompatible);
    }

    /**
     * Reads the GIC's node.
     *
     * @throws DeviceTreeException if a register region is missing, empty, not aligned to 64 KiB (GICv2: 4 KiB) or overlaps
     *     another one, if the stride is not usable, or the maintenance interrupt is no PPI
     */
    static Gic read(FdtNode node) {
        return node.isCompatible(GIC_V3) ? readV3(node) : readV2(node);
    }

    /** Reads the node of a GICv2: distributor, CPU interface, hypervisor interface, virtual CPU interface. */
    private static Gic readV2(FdtNode node) {
        FdtReg reg = FdtReg.of(node);
        if (reg.count() < V2_REGIONS) {
            throw node.error(
                    reg.property(),
                    "'reg' has " + entries(reg.count()) + ", it needs " + V2_REGIONS
                            + ": distributor, CPU interface, hypervisor interface and virtual CPU interface");
        }
        Region dist = pages(reg, 0, "distributor");
        Region gicc = pages(reg, 1, "CPU interface");
        Region gich = pages(reg, 2, "hypervisor interface");
        Region gicv = pages(reg, 3, "virtual CPU interface");
        if (gicc.size() != gicv.size()) {
            throw node.error(
                    reg.property(),
                    "the sizes of CPU interface " + gicc + " and virtual CPU interface " + gicv + " differ");
        }
        List<Region> all = List.of(dist, gicc, gich, gicv);
        for (int i = 0; i < all.size(); i++) {
            for (int k = 0; k < i; k++) {
                if (all.get(i).overlaps(all.get(k))) {
                    throw node.error(
                            reg.property(), "register regions " + all.get(k) + " and " + all.get(i) + " overlap");
                }
            }
        }
        return new Gic(
                GicHwOperations.Version.V2,
                node.path(),
                dist.base(),
                dist.size(),
                List.of(),
                0,
                maintenanceIrq(node),
                Optional.of(gicc),
                Optional.of(gich),
                Optional.of(gicv));
    }

    /** Returns a region of whole pages. */
    private static Region pages(FdtReg reg, int index, String what) {
        Region region = reg.region(index);
        String found = "'reg' entry " + index + " (" + what + " at " + region + ")";
        if (region.base() % PAGE != 0) {
            throw reg.node().error(reg.property(), found + " is not aligned to 4 KiB");
        }
        if (region.size() < PAGE) {
            throw reg.node().error(reg.property(), found + " is smaller than one 4 KiB page");
        }
        return region;
    }

    private static Gic readV3(FdtNode node) {
        FdtReg reg = FdtReg.of(node);
        if (reg.count() == 0) {
            throw node.error(reg.property(), "'reg' is empty: no distributor address");
        }
        Region dist = frames(reg, 0, "distributor");
        int count = redistributorRegions(node);
        if (reg.count() < 1 + count) {
            throw node.error(
                    reg.property(),
                    "'reg' has " + entries(reg.count()) + ", it needs " + (1 + count) + ": the distributor and "
                            + regions(count) + " (#redistributor-regions)");
        }
        List<Region> redists = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            redists.add(redistributors(reg, i));
        }
        redists.sort(Comparator.comparingLong(Region::base)); // as gicv3_dt_init: the vGIC wants them sorted
        checkApart(reg, dist, redists);
        return new Gic(
                GicHwOperations.Version.V3,
                node.path(),
                dist.base(),
                dist.size(),
                redists,
                stride(node),
                maintenanceIrq(node),
                optional(reg, 1 + count),
                Optional.empty(),
                optional(reg, 1 + count + 2)); // GICC, GICH, GICV
    }

    /**
     * Checks that each CPU finds a redistributor, or a CPU interface.
     *
     * @throws DeviceTreeException if there are fewer than {@code cpus}
     */
    static void checkCapacity(FdtNode node, Gic gic, int cpus) {
        if (gic.isV2() && gic.capacity() < cpus) {
            throw node.error("the tree has " + cpus + " CPUs, but a GICv2 serves at most " + gic.capacity());
        }
        if (gic.capacity() < cpus) {
            throw node.error("the tree has " + cpus + " CPUs, but room for only " + gic.capacity() + " of them in "
                    + regions(gic.redistRegions().size()) + " (0x" + Long.toHexString(gic.redistBytes())
                    + " bytes each); enlarge the region or add one (#redistributor-regions)");
        }
    }

    private static int redistributorRegions(FdtNode node) {
        long count = node.u32("#redistributor-regions", 1);
        if (count < 1 || count > MachineDescription.MAX_CPUS) {
            throw node.error(
                    node.property("#redistributor-regions"),
                    "'#redistributor-regions' is " + count + ", not 1 to " + MachineDescription.MAX_CPUS);
        }
        return (int) count;
    }

    /** Returns a region of 64 KiB frames. */
    private static Region frames(FdtReg reg, int index, String what) {
        Region region = reg.region(index);
        String found = "'reg' entry " + index + " (" + what + " at " + region + ")";
        if (region.base() % FRAME != 0) {
            throw reg.node().error(reg.property(), found + " is not aligned to 64 KiB");
        }
        if (region.size() < FRAME) {
            throw reg.node().error(reg.property(), found + " is smaller than one 64 KiB frame");
        }
        return region;
    }

    /** Returns a region that holds at least one redistributor: Xen looks into the first frames of each. */
    private static Region redistributors(FdtReg reg, int number) {
        Region region = frames(reg, 1 + number, "redistributor region " + number);
        if (region.size() < Gic.REDIST_BYTES) {
            throw reg.node()
                    .error(
                            reg.property(),
                            "'reg' entry " + (1 + number) + " (redistributor region " + number + " at " + region
                                    + ") is smaller than one redistributor (two 64 KiB frames)");
        }
        return region;
    }

    private static void checkApart(FdtReg reg, Region dist, List<Region> redists) {
        Region before = null;
        for (Region redist : redists) {
            if (redist.overlaps(dist)) {
                throw reg.node()
                        .error(reg.property(), "redistributor region " + redist + " overlaps the distributor " + dist);
            }
            if (before != null && redist.overlaps(before)) {
                throw reg.node()
                        .error(reg.property(), "redistributor regions " + before + " and " + redist + " overlap");
            }
            before = redist;
        }
    }

    /** Reads the stride. The binding gives it two cells, Xen and older trees one; both are taken. */
    private static long stride(FdtNode node) {
        FdtProperty property = node.property("redistributor-stride");
        if (property == null) {
            return 0;
        }
        if (property.length() != 4 && property.length() != 8) {
            throw node.error(
                    property, "'redistributor-stride' is " + property.length() + " bytes, not one or two cells");
        }
        long stride = node.cells(property, 0, property.cells());
        boolean usable = stride >= Gic.REDIST_BYTES && stride <= MAX_STRIDE && stride % FRAME == 0;
        if (stride != 0 && !usable) {
            throw node.error(
                    property,
                    "'redistributor-stride' is 0x" + Long.toHexString(stride)
                            + "; it must be a multiple of 64 KiB from 128 KiB (one redistributor) to 16 MiB, or 0");
        }
        return stride;
    }

    private static int maintenanceIrq(FdtNode node) {
        for (FdtInterrupt interrupt : FdtInterrupt.of(node)) {
            if (interrupt.controller() != node) {
                throw interrupt.error("the maintenance interrupt goes to "
                        + interrupt.controller().path() + ", not to the GIC itself; check 'interrupt-parent'");
            }
            Irq irq = interrupt.gicIrq();
            if (irq.isSpi()) {
                throw interrupt.error(
                        "the maintenance interrupt is SPI " + irq.intid() + ", it must be a PPI (16..31)");
            }
            return irq.intid();
        }
        throw node.error("has no maintenance interrupt; a GIC with virtualisation support names a PPI in 'interrupts'"
                + " (in QEMU: -M virt,virtualization=on)");
    }

    private static Optional<Region> optional(FdtReg reg, int index) {
        Region region = index < reg.count() ? reg.region(index) : null;
        return region == null || region.size() == 0 ? Optional.empty() : Optional.of(region);
    }

    private static String unsupported(List<FdtNode> others) {
        String supported = "this build supports GICv3 (" + GIC_V3 + "; in QEMU: -M virt,gic-version=3) and GICv2 ("
                + String.join(", ", GIC_V2) + "; gic-version=2)";
        if (others.isEmpty()) {
            return "the tree has no interrupt controller; " + supported;
        }
        StringBuilder text = new StringBuilder("interrupt controller ");
        for (int i = 0; i < Math.min(others.size(), MAX_NAMED); i++) {
            FdtNode node = others.get(i);
            String compatible = node.string("compatible");
            text.append(i == 0 ? "" : ", ").append(compatible == null ? "without 'compatible'" : compatible);
            text.append(generation(node)).append(" at ").append(node.path());
            if (!node.isAvailable()) {
                text.append(", disabled by its status");
            }
        }
        if (others.size() > MAX_NAMED) {
            text.append(" and ").append(others.size() - MAX_NAMED).append(" more");
        }
        return text.append(": ").append(supported).toString();
    }

    private static String generation(FdtNode node) {
        for (String compatible : node.stringList("compatible")) {
            switch (compatible) {
                case "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,gic-400", "qcom,msm-qgic2" -> {
                    return " (GICv2)";
                }
                case "arm,cortex-a9-gic", "arm,cortex-a5-gic", "arm,eb11mp-gic", "arm,arm11mp-gic", "arm,pl390" -> {
                    return " (GICv1)";
                }
                case GIC_V3 -> {
                    return " (GICv3)";
                }
                case "arm,gic-v5" -> {
                    return " (GICv5)";
                }
                default -> {}
            }
        }
        return "";
    }

    private static String entries(int count) {
        return count == 1 ? "1 entry" : count + " entries";
    }

    private static String regions(int count) {
        return count == 1 ? "1 redistributor region" : count + " redistributor regions";
    }
}

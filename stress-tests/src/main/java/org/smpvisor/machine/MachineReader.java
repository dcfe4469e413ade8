package org.smpvisor.machine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.smpvisor.machine.MachineDescription.Cpu;
import org.smpvisor.machine.MachineDescription.Device;
import org.smpvisor.machine.MachineDescription.Gic;
import org.smpvisor.machine.MachineDescription.Irq;
import org.smpvisor.machine.MachineDescription.Trigger;

/**
 * Reads out of a device tree what a {@link MachineDescription} holds, looking where Xen looks: dt_smp_init_cpus for the
 * CPUs, gic_dt_preinit, gicv3_dt_init and gicv2_dt_init for the GIC, init_dt_xen_time for the timer, and every node with interrupts
 * for the devices. Stricter than Xen where Xen warns and goes on: a defect in what is read is an error, since the tree
 * was given on purpose.
 */
final class MachineReader {
    /** Order of a timer node's interrupts; enum timer_ppi in Xen. The names are those of {@code interrupt-names}. */
    private static final List<String> TIMER_NAMES = List.of("sec-phys", "phys", "virt", "hyp-phys");

    private static final int TIMER_PHYS = 1;
    private static final int TIMER_VIRT = 2;
    private static final int TIMER_HYP = 3;

    /** The node that first named a line, and how. */
    private record FirstUse(FdtNode node, Irq irq) {}

    private final Fdt tree;
    private final FdtNode gicNode;

    private MachineReader(Fdt tree) {
        this.tree = tree;
        gicNode = GicReader.find(tree);
    }

    /**
     * Reads the machine that a tree describes.
     *
     * @throws DeviceTreeException if it is none that this build can model
     */
    static MachineDescription read(Fdt tree) {
        return new MachineReader(tree).machine();
    }

    private MachineDescription machine() {
        List<Cpu> cpus = cpus();
        Gic gic = GicReader.read(gicNode);
        GicReader.checkCapacity(gicNode, gic, cpus.size());
        FdtNode timer = timerNode();
        List<FdtInterrupt> timerIrqs = FdtInterrupt.of(timer);
        int phys = timerPpi(timer, timerIrqs, TIMER_PHYS);
        int virt = timerPpi(timer, timerIrqs, TIMER_VIRT);
        int hyp = timerPpi(timer, timerIrqs, TIMER_HYP);
        int maintenance = gic.maintenanceIrq();
        if (Set.copyOf(List.of(phys, virt, hyp, maintenance)).size() != 4) {
            throw timer.error("timer PPIs " + phys + " (phys), " + virt + " (virt), " + hyp
                    + " (hyp) and maintenance PPI " + maintenance + " must differ");
        }
        Map<FdtNode, Device> devices = new HashMap<>();
        List<Device> inOrder = devices(timer, devices);
        Optional<Device> console = Optional.ofNullable(devices.get(consoleNode()));
        return new MachineDescription(cpus, gic, hyp, virt, phys, inOrder, console);
    }

    private List<Cpu> cpus() {
        FdtNode parent = tree.root().child("cpus");
        if (parent == null) {
            throw tree.root().error("has no 'cpus' node");
        }
        List<Cpu> cpus = new ArrayList<>();
        Map<Long, FdtNode> byMpidr = new HashMap<>();
        for (FdtNode node : parent.children()) {
            if (!"cpu".equals(node.string("device_type")) || !node.isAvailable()) {
                continue;
            }
            long mpidr = mpidr(node);
            FdtNode other = byMpidr.putIfAbsent(mpidr, node);
            if (other != null) {
                throw node.error(
                        node.property("reg"),
                        "MPIDR 0x" + Long.toHexString(mpidr) + " is also that of " + other.path());
            }
            cpus.add(new Cpu(node.path(), mpidr));
        }
        if (cpus.isEmpty()) {
            throw parent.error("has no usable CPU (device_type \"cpu\" and status \"okay\" or none)");
        }
        if (cpus.size() > MachineDescription.MAX_CPUS) {
            throw parent.error("has " + cpus.size() + " CPUs; this build models at most " + MachineDescription.MAX_CPUS
                    + " (Xen's NR_CPUS)");
        }
        return cpus;
    }

    private static long mpidr(FdtNode node) {
        FdtProperty reg = node.required("reg", "the CPU's MPIDR affinity");
        int cells = FdtReg.addressCells(node.parent());
        if (reg.length() != 4 * cells) {
            throw node.error(
                    reg, "'reg' is " + reg.length() + " bytes, not " + 4 * cells + " (#address-cells " + cells + ")");
        }
        long mpidr = node.cells(reg, 0, cells);
        if ((mpidr & ~Cpu.AFFINITY_MASK) != 0) {
            throw node.error(
                    reg,
                    "MPIDR 0x" + Long.toHexString(mpidr) + " has bits outside of the affinity fields (0x"
                            + Long.toHexString(Cpu.AFFINITY_MASK) + ")");
        }
        return mpidr;
    }

    private FdtNode timerNode() {
        for (FdtNode node : tree.nodes()) {
            if (node.isCompatible("arm,armv8-timer") || node.isCompatible("arm,armv7-timer")) {
                return node;
            }
        }
        throw tree.root().error("has no generic timer node (arm,armv8-timer)");
    }

    private int timerPpi(FdtNode timer, List<FdtInterrupt> interrupts, int which) {
        List<String> names = timer.stringList("interrupt-names");
        int index = names.isEmpty() ? which : names.indexOf(TIMER_NAMES.get(which));
        if (index < 0 || index >= interrupts.size()) {
            throw timer.error("has no " + TIMER_NAMES.get(which) + " interrupt among its " + interrupts.size()
                    + "; Xen needs secure phys, phys, virt and hyp (in QEMU: -M virt,virtualization=on)");
        }
        FdtInterrupt interrupt = interrupts.get(index);
        if (interrupt.controller() != gicNode) {
            throw interrupt.error("goes to " + interrupt.controller().path() + ", not to the GIC " + gicNode.path());
        }
        Irq irq = interrupt.gicIrq();
        if (irq.isSpi()) {
            throw interrupt.error(
                    "the " + TIMER_NAMES.get(which) + " timer is SPI " + irq.intid() + ", it must be a PPI (16..31)");
        }
        return irq.intid();
    }

    /** Returns the devices in tree order and fills {@code byNode}. */
    private List<Device> devices(FdtNode timer, Map<FdtNode, Device> byNode) {
        List<Device> devices = new ArrayList<>();
        Map<Integer, FirstUse> lines = new HashMap<>();
        for (FdtNode node : tree.nodes()) {
            boolean raises = node.has("interrupts") || node.has("interrupts-extended");
            if (!raises || node == gicNode || node == timer || !node.isAvailable()) {
                continue;
            }
            Set<Irq> irqs = new LinkedHashSet<>();
            for (FdtInterrupt interrupt : FdtInterrupt.of(node)) {
                if (interrupt.controller() == gicNode) {
                    Irq irq = interrupt.gicIrq();
                    checkTrigger(interrupt, irq, lines.putIfAbsent(irq.intid(), new FirstUse(node, irq)));
                    irqs.add(irq);
                }
            }
            if (irqs.isEmpty()) {
                continue;
            }
            String compatible = node.string("compatible");
            Device device =
                    new Device(node.path(), compatible == null ? "" : compatible, List.copyOf(irqs), base(node));
            devices.add(device);
            byNode.put(node, device);
        }
        return devices;
    }

    /** A line has one trigger: of two nodes that share it and disagree, Xen's irq_set_spi_type refuses the second. */
    private static void checkTrigger(FdtInterrupt interrupt, Irq irq, FirstUse other) {
        if (other != null && irq.trigger() != other.irq.trigger()) {
            throw interrupt.error("interrupt " + irq.intid() + " is " + word(irq.trigger()) + " here, but "
                    + word(other.irq.trigger()) + " at " + other.node.path());
        }
    }

    private static String word(Trigger trigger) {
        return trigger == Trigger.EDGE ? "edge-triggered" : "level-sensitive";
    }

    /** Returns the address of the first register region; none if there is none or no 'ranges' leads to it. */
    private static OptionalLong base(FdtNode node) {
        try {
            FdtReg reg = FdtReg.of(node);
            return reg.count() == 0
                    ? OptionalLong.empty()
                    : OptionalLong.of(reg.region(0).base());
        } catch (DeviceTreeException notAddressable) {
            return OptionalLong.empty();
        }
    }

    /** Returns the node that /chosen names as console (path or alias, options after a colon), or null. */
    private FdtNode consoleNode() {
        FdtNode chosen = tree.root().child("chosen");
        String path = chosen == null ? null : chosen.string("stdout-path");
        if (path == null && chosen != null) {
            path = chosen.string("linux,stdout-path");
        }
        if (path == null) {
            return null;
        }
        int options = path.indexOf(':');
        String name = options < 0 ? path : path.substring(0, options);
        FdtNode aliases = tree.root().child("aliases");
        if (!name.startsWith("/") && aliases != null) {
            name = aliases.string(name);
        }
        return name == null ? null : tree.find(name);
    }
}

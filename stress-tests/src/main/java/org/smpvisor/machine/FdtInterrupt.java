package org.smpvisor.machine;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.machine.MachineDescription.Irq;
import org.smpvisor.machine.MachineDescription.Trigger;
import org.smpvisor.variant.Xen;

/**
 * One interrupt that a node raises, still in its controller's cells. Found as Xen's dt_device_get_raw_irq does:
 * {@code interrupts-extended} first, else {@code interrupts} with the inherited {@code interrupt-parent}.
 *
 * @param node the node that raises it
 * @param controller the node with {@code #interrupt-cells} that it is wired to
 * @param property where it is written
 * @param firstCell index of its first cell in the property
 * @param cells its number of cells, 1 to {@value #MAX_CELLS}
 */
record FdtInterrupt(FdtNode node, FdtNode controller, FdtProperty property, int firstCell, int cells) {
    /** Most cells in one interrupt specifier. */
    static final int MAX_CELLS = 16;

    /** Most interrupts of one node: more than a GIC without extended ranges has. */
    static final int MAX_PER_NODE = 1020;

    /** Last SPI of a GIC: INTIDs 1020..1023 are special. */
    static final int LAST_SPI = 1019;

    private static final int FIRST_SPI = 32;
    private static final int FIRST_PPI = 16;
    private static final int SENSE_MASK = 0xf;
    private static final int SENSE_EDGE = 0x3;
    private static final int SENSE_LEVEL = 0xc;

    /**
     * Returns the interrupts of a node in the order written; empty if it has none or no controller is above it.
     *
     * @throws DeviceTreeException if a controller does not exist, or the cells are not whole specifiers
     */
    static List<FdtInterrupt> of(FdtNode node) {
        FdtProperty extended = node.property("interrupts-extended");
        if (extended != null) {
            return extended(node, extended);
        }
        FdtProperty plain = node.property("interrupts");
        FdtNode controller = plain == null ? null : interruptParent(node);
        if (controller == null) {
            return List.of();
        }
        int cells = interruptCells(controller);
        if (plain.length() % (4 * cells) != 0) {
            throw node.error(
                    plain,
                    "'interrupts' is " + plain.length() + " bytes, not a multiple of " + 4 * cells
                            + " (#interrupt-cells " + cells + " of " + controller.path() + ")");
        }
        List<FdtInterrupt> found = new ArrayList<>();
        for (int cell = 0; cell < plain.cells(); cell += cells) {
            add(found, new FdtInterrupt(node, controller, plain, cell, cells));
        }
        return found;
    }

    /**
     * Decodes an interrupt of the GIC, as Xen's gic_irq_xlate: cell 0 is the kind (0 SPI, 1 PPI), cell 1 the number
     * within the kind, cell 2 the sense in its low four bits (1 and 2 edges; 4 and 8 levels; 0 says nothing and gives
     * level, which is what gicv3_dist_init writes to GICD_ICFGR).
     *
     * @throws DeviceTreeException if the GIC has fewer than three interrupt cells, the kind is unknown (the extended
     *     ranges are not modelled), the number is not one of its kind, or the sense is both edge and level
     */
    @Xen("gic_irq_xlate")
    Irq gicIrq() {
        if (cells < 3) {
            throw error("#interrupt-cells of " + controller.path() + " is " + cells
                    + ", a GIC needs 3 (kind, number, sense) or more");
        }
        long kind = controller.cells(property, firstCell, 1);
        long number = controller.cells(property, firstCell + 1, 1);
        if (kind > 1) {
            throw error("interrupt kind " + kind + " is neither 0 (SPI) nor 1 (PPI); extended ranges are not modelled");
        }
        int first = kind == 0 ? FIRST_SPI : FIRST_PPI;
        int last = kind == 0 ? LAST_SPI : FIRST_SPI - 1;
        if (number > last - first) {
            throw error((kind == 0 ? "SPI " : "PPI ") + number + " does not exist; the last one is " + (last - first));
        }
        int sense = (int) controller.cells(property, firstCell + 2, 1) & SENSE_MASK;
        boolean edge = (sense & SENSE_EDGE) != 0;
        if (edge && (sense & SENSE_LEVEL) != 0) {
            throw error(
                    "interrupt sense 0x" + Integer.toHexString(sense) + " is both edge and level; give 1, 2, 4 or 8");
        }
        return new Irq(first + (int) number, edge ? Trigger.EDGE : Trigger.LEVEL);
    }

    /** Returns, not throws, the exception for a defect of this interrupt. */
    DeviceTreeException error(String problem) {
        return node.error(property, "'" + property.name() + "': " + problem);
    }

    private static List<FdtInterrupt> extended(FdtNode node, FdtProperty property) {
        List<FdtInterrupt> found = new ArrayList<>();
        int cell = 0;
        while (cell < property.cells()) {
            FdtNode controller = byPhandle(node, property, cell);
            int cells = interruptCells(controller);
            if (cells > property.cells() - cell - 1) {
                break;
            }
            add(found, new FdtInterrupt(node, controller, property, cell + 1, cells));
            cell += 1 + cells;
        }
        if (4 * cell != property.length()) {
            throw node.error(property, "'interrupts-extended' ends inside an interrupt specifier");
        }
        return found;
    }

    private static void add(List<FdtInterrupt> found, FdtInterrupt interrupt) {
        if (found.size() == MAX_PER_NODE) {
            throw interrupt.error("more than " + MAX_PER_NODE + " interrupts");
        }
        found.add(interrupt);
    }

    /** Returns the controller of a node's interrupts, or null; Xen's dt_irq_find_parent. */
    private static FdtNode interruptParent(FdtNode node) {
        FdtNode at = node;
        for (int steps = 0; steps <= 2 * Fdt.MAX_DEPTH; steps++) {
            FdtProperty parent = at.property("interrupt-parent");
            if (parent != null) {
                at.u32("interrupt-parent", 0); // one cell
            }
            at = parent == null ? at.parent() : byPhandle(at, parent, 0);
            if (at == null || at.has("#interrupt-cells")) {
                return at;
            }
        }
        throw node.error("its interrupt parents lead in a circle; one of them needs '#interrupt-cells'");
    }

    private static FdtNode byPhandle(FdtNode node, FdtProperty property, int cell) {
        long phandle = node.cells(property, cell, 1);
        FdtNode found = node.tree().byPhandle(phandle);
        if (found == null) {
            throw node.error(
                    property,
                    "'" + property.name() + "' points to phandle 0x" + Long.toHexString(phandle)
                            + ", which no node has");
        }
        return found;
    }

    private static int interruptCells(FdtNode controller) {
        FdtProperty property = controller.required("#interrupt-cells", "cells of one interrupt");
        long cells = controller.u32("#interrupt-cells", 0);
        if (cells < 1 || cells > MAX_CELLS) {
            throw controller.error(property, "'#interrupt-cells' is " + cells + ", not 1 to " + MAX_CELLS);
        }
        return (int) cells;
    }
}

package org.smpvisor.machine;

import org.smpvisor.machine.MachineDescription.Region;

/**
 * The {@code reg} property of a node, decoded with the cell counts of the bus above it and translated by the
 * {@code ranges} of each bus up to the root. As in Xen (dt_n_addr_cells, dt_translate_address), a missing cell count is
 * inherited from the buses above, 2 and 1 at the root; an empty {@code ranges} maps one to one, a missing one not at
 * all.
 *
 * @param addressCells 1 or 2
 * @param sizeCells 0 to 2
 */
record FdtReg(FdtNode node, FdtProperty property, int addressCells, int sizeCells) {
    /** End of the physical addresses that Arm's architecture has room for: 52 bits. */
    static final long ADDRESS_END = 1L << 52;

    /** Most entries of one {@code ranges} property; it is searched for every register region of every device below. */
    static final int MAX_RANGES = 256;

    private static final int MAX_CELLS = 2;

    /**
     * Finds a node's register regions.
     *
     * @throws DeviceTreeException if the node has no {@code reg}, it is not made of whole entries, or the bus uses
     *     addresses of more than 64 bits (PCI)
     */
    static FdtReg of(FdtNode node) {
        FdtProperty property = node.required("reg", "its register regions");
        int addressCells = addressCells(node.parent());
        int sizeCells = sizeCells(node.parent());
        int entry = 4 * (addressCells + sizeCells);
        if (property.length() % entry != 0) {
            throw node.error(
                    property,
                    "'reg' is " + property.length() + " bytes, not a multiple of " + entry + " (#address-cells "
                            + addressCells + " + #size-cells " + sizeCells + ")");
        }
        return new FdtReg(node, property, addressCells, sizeCells);
    }

    /**
     * Returns how many cells an address of the nodes below {@code bus} has: 1 or 2.
     *
     * @param bus the parent of the node concerned; null, above the root, counts as the root's defaults
     * @throws DeviceTreeException if it is any other number
     */
    static int addressCells(FdtNode bus) {
        return cellCount(bus, "#address-cells", 1, 2);
    }

    /** Returns how many cells a size of the nodes below {@code bus} has: 0 to 2; see {@link #addressCells}. */
    static int sizeCells(FdtNode bus) {
        return cellCount(bus, "#size-cells", 0, 1);
    }

    /** Returns the number of register regions. */
    int count() {
        return property.cells() / (addressCells + sizeCells);
    }

    /**
     * Returns one region in physical addresses.
     *
     * @param index 0 to {@code count() - 1}
     * @throws DeviceTreeException if no {@code ranges} leads to the root, or it ends above {@link #ADDRESS_END}
     */
    Region region(int index) {
        int cell = index * (addressCells + sizeCells);
        long address = node.cells(property, cell, addressCells);
        long size = node.cells(property, cell + addressCells, sizeCells);
        for (FdtNode bus = node.parent(); bus != null && bus.parent() != null; bus = bus.parent()) {
            address = translate(bus, address);
        }
        if (address < 0 || address >= ADDRESS_END || size < 0 || size > ADDRESS_END - address) {
            throw node.error(
                    property,
                    "'reg' entry " + index + " (address 0x" + Long.toHexString(address) + ", size 0x"
                            + Long.toHexString(size) + ") ends beyond 52-bit physical addresses");
        }
        return new Region(address, size);
    }

    /** Maps an address below {@code bus} to an address of the bus above it. */
    private long translate(FdtNode bus, long address) {
        FdtProperty ranges = bus.property("ranges");
        if (ranges == null) {
            throw node.error(
                    property,
                    "'reg' cannot be translated: " + bus.path() + " has no 'ranges'; an empty one maps one to one");
        }
        if (ranges.length() == 0) {
            return address;
        }
        int childCells = addressCells(bus);
        int parentCells = addressCells(bus.parent());
        int lengthCells = sizeCells(bus);
        int entry = childCells + parentCells + lengthCells;
        if (ranges.length() % (4 * entry) != 0) {
            throw bus.error(
                    ranges,
                    "'ranges' is " + ranges.length() + " bytes, not a multiple of " + 4 * entry + " (address "
                            + childCells + " + parent address " + parentCells + " + size " + lengthCells + " cells)");
        }
        if (ranges.cells() / entry > MAX_RANGES) {
            throw bus.error(ranges, "'ranges' has more than " + MAX_RANGES + " entries");
        }
        for (int cell = 0; cell < ranges.cells(); cell += entry) {
            long start = bus.cells(ranges, cell, childCells);
            long length = bus.cells(ranges, cell + childCells + parentCells, lengthCells);
            if (Long.compareUnsigned(address - start, length) < 0 && Long.compareUnsigned(address, start) >= 0) {
                long parent = bus.cells(ranges, cell + childCells, parentCells);
                long translated = parent + (address - start);
                if (Long.compareUnsigned(translated, parent) < 0) {
                    throw bus.error(
                            ranges, "'ranges' maps 0x" + Long.toHexString(address) + " beyond 64-bit addresses");
                }
                return translated;
            }
        }
        throw node.error(
                property,
                "'reg' address 0x" + Long.toHexString(address) + " is outside of the 'ranges' of " + bus.path());
    }

    private static int cellCount(FdtNode bus, String name, int min, int absent) {
        for (FdtNode at = bus; at != null; at = at.parent()) {
            FdtProperty property = at.property(name);
            if (property != null) {
                long cells = at.u32(name, absent);
                if (cells < min || cells > MAX_CELLS) {
                    throw at.error(
                            property,
                            "'" + name + "' is " + cells + "; this build reads " + min + " to " + MAX_CELLS
                                    + " (addresses of at most 64 bits)");
                }
                return (int) cells;
            }
        }
        return absent;
    }
}

package org.smpvisor.gic.hw;

/**
 * What a GICv2 implementation may choose. There is no interrupt grouping: every interrupt is signalled as IRQ, as with Xen,
 * which does not program groups on a GICv2.
 *
 * @param lines number of INTIDs, a multiple of 32 from 64 to 1024 (of which 1020 exist)
 * @param listRegisters number of list registers, 1..64
 * @param priorityBits implemented priority bits of the distributor, 5..7; those of list registers are always 5
 * @param distributorBase address of the distributor
 * @param cpuBase address of the CPU interface
 * @param hypBase address of the hypervisor interface
 * @param maintenanceIrq PPI of the maintenance interrupt, 16..31
 */
public record GicV2Config(
        int lines,
        int listRegisters,
        int priorityBits,
        long distributorBase,
        long cpuBase,
        long hypBase,
        int maintenanceIrq) {
    /** Most CPU interfaces that there can be: GICD_ITARGETSR has a bit for each in a byte. */
    public static final int MAX_CPUS = 8;

    /** List registers that GICH_VTR can tell. */
    public static final int MAX_LIST_REGISTERS = 64;

    private static final int GICD_IIDR_QEMU = 0x43b;
    private static final int GICC_IIDR_QEMU = 0x2043b;
    private static final int GICH_PRIORITY_BITS = 5;

    public GicV2Config {
        check(lines >= 64 && lines <= 1024 && lines % 32 == 0, "lines", lines, "a multiple of 32 from 64 to 1024");
        check(listRegisters >= 1 && listRegisters <= MAX_LIST_REGISTERS, "list registers", listRegisters, "1 to 64");
        check(priorityBits >= 5 && priorityBits <= 7, "priority bits", priorityBits, "5 to 7");
        check(maintenanceIrq >= 16 && maintenanceIrq <= 31, "maintenance interrupt", maintenanceIrq, "a PPI, 16 to 31");
    }

    private static void check(boolean ok, String what, int value, String range) {
        if (!ok) {
            throw new IllegalArgumentException("GIC " + what + ": " + value + " is not " + range);
        }
    }

    int iidr() {
        return GICD_IIDR_QEMU;
    }

    int cpuInterfaceIidr() {
        return GICC_IIDR_QEMU;
    }

    int priorityMask() {
        return 0xff << 8 - priorityBits & 0xff;
    }

    /** GICH_VTR: bits of priority and preemption, number of list registers. */
    int vtr() {
        return GICH_PRIORITY_BITS - 1 << 29 | GICH_PRIORITY_BITS - 1 << 26 | listRegisters - 1;
    }
}

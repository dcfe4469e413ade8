package org.smpvisor.gic.hw;

/**
 * What a GIC implementation may choose.
 *
 * @param lines number of INTIDs, a multiple of 32 from 64 to 1024 (of which 1020 exist)
 * @param listRegisters number of list registers, 1..16
 * @param priorityBits implemented priority bits, physical and virtual, 5..7
 * @param distributorBase address of the distributor
 * @param regionBases addresses of the redistributor regions
 * @param regionSizes their sizes in bytes
 * @param stride distance between two redistributors in bytes
 * @param maintenanceIrq PPI of the maintenance interrupt, 16..31
 */
public record GicConfig(
        int lines,
        int listRegisters,
        int priorityBits,
        long distributorBase,
        long[] regionBases,
        long[] regionSizes,
        long stride,
        int maintenanceIrq) {
    private static final int TYPER_LPIS = 1 << 17;
    private static final int TYPER_ID_BITS_16 = 15 << 19;
    private static final int TYPER_A3V = 1 << 24;
    private static final int TYPER_NO_1_OF_N = 1 << 25;
    private static final int IIDR_QEMU = 0x43b;
    private static final int PIDR2_GICV3 = 0x3b;
    /** Active priorities are modelled in one word: five preemption bits, whatever the number of priority bits. */
    private static final int PREEMPTION_BITS = 5;

    public GicConfig {
        check(lines >= 64 && lines <= 1024 && lines % 32 == 0, "lines", lines, "a multiple of 32 from 64 to 1024");
        check(listRegisters >= 1 && listRegisters <= 16, "list registers", listRegisters, "1 to 16");
        check(priorityBits >= 5 && priorityBits <= 7, "priority bits", priorityBits, "5 to 7");
        check(maintenanceIrq >= 16 && maintenanceIrq <= 31, "maintenance interrupt", maintenanceIrq, "a PPI, 16 to 31");
    }

    private static void check(boolean ok, String what, int value, String range) {
        if (!ok) {
            throw new IllegalArgumentException("GIC " + what + ": " + value + " is not " + range);
        }
    }

    /** GICD_TYPER but for the number of lines: LPIs, 16 INTID bits, Aff3 valid, no 1-of-N routing. */
    int typerFeatures() {
        return TYPER_LPIS | TYPER_ID_BITS_16 | TYPER_A3V | TYPER_NO_1_OF_N;
    }

    int iidr() {
        return IIDR_QEMU;
    }

    int pidr2() {
        return PIDR2_GICV3;
    }

    int priorityMask() {
        return 0xff << 8 - priorityBits & 0xff;
    }

    /** ICH_VTR_EL2. */
    long vtr() {
        long bits = priorityBits - 1L;
        return bits << 29 | PREEMPTION_BITS - 1L << 26 | 1L << 23 | 1L << 21 | 1L << 20 | 1L << 19 | listRegisters - 1L;
    }
}

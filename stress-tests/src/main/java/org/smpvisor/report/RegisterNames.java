package org.smpvisor.report;

import static org.smpvisor.abi.GicAbi.*;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.gic.hw.Gich;
import org.smpvisor.gic.hw.RegisterLog.Component;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.variant.Arm;

/**
 * Names for the registers of a GICv3 or a GICv2, and words for the values that are hard to read as numbers. What is known here are
 * the register banks of the architecture; which of their registers exist, and how many redistributors, is the machine's.
 *
 * <p>Byte registers are numbered by INTID ({@code GICD_IPRIORITYR33}), and so are routers; others by register
 * ({@code GICD_ICENABLER1} is INTIDs 32..63). Registers of a redistributor say whose they are ({@code rd2.GICR_WAKER}).
 */
@Arm({"IHI 0069, tables 12-25, 12-27 and 12-29", "IHI 0048B, tables 4-1, 4-2 and 5-1"})
public final class RegisterNames {
    private static final int ALONE = 0;
    private static final int BY_BYTE = 1;
    private static final int BY_WORD = 4;
    private static final int BY_DOUBLEWORD = 8;

    /**
     * A register, or several in a row.
     *
     * @param name without the prefix of the frame
     * @param from offset of number 0
     * @param end offset after the last one
     * @param step bytes from one number to the next; 0 for a register that has none
     */
    private record Bank(String name, int from, int end, int step) {
        String nameAt(int offset) {
            int beyond = step == ALONE ? offset - from : (offset - from) % step;
            return name + (step == ALONE ? "" : (offset - from) / step) + (beyond == 0 ? "" : "+" + beyond);
        }
    }

    /** Control and identification registers of the distributor. */
    private static final List<Bank> DISTRIBUTOR = List.of(
            word("CTLR", GICD_CTLR),
            word("TYPER", GICD_TYPER),
            word("IIDR", GICD_IIDR),
            word("TYPER2", 0x000c),
            word("STATUSR", GICD_STATUSR),
            word("SETSPI_NSR", 0x0040),
            word("CLRSPI_NSR", 0x0048),
            new Bank("ITARGETSR", 0x0800, 0x0c00, BY_BYTE),
            word("SGIR", GICD_SGIR),
            new Bank("CPENDSGIR", GICD_CPENDSGIR, GICD_SPENDSGIR, BY_BYTE),
            new Bank("SPENDSGIR", GICD_SPENDSGIR, GICD_SPENDSGIR + NR_SGIS, BY_BYTE),
            new Bank("IROUTER", GICD_IROUTER, 0x8000, BY_DOUBLEWORD),
            word("PIDR2", GICD_PIDR2));

    /** A GICv2's CPU interface. */
    private static final List<Bank> CPU_INTERFACE = List.of(
            word("CTLR", GICC_CTLR),
            word("PMR", GICC_PMR),
            word("BPR", GICC_BPR),
            word("IAR", GICC_IAR),
            word("EOIR", GICC_EOIR),
            word("RPR", GICC_RPR),
            word("HPPIR", GICC_HPPIR),
            word("ABPR", GICC_ABPR),
            word("AIAR", GICC_AIAR),
            word("AEOIR", GICC_AEOIR),
            word("AHPPIR", GICC_AHPPIR),
            new Bank("APR", GICC_APR, GICC_APR + 16, BY_WORD),
            word("IIDR", GICC_IIDR),
            word("DIR", GICC_DIR));

    /** Its hypervisor interface. */
    private static final List<Bank> HYPERVISOR_INTERFACE = List.of(
            word("HCR", Gich.HCR),
            word("VTR", Gich.VTR),
            word("VMCR", Gich.VMCR),
            word("MISR", Gich.MISR),
            new Bank("EISR", Gich.EISR, Gich.EISR + 8, BY_WORD),
            new Bank("ELRSR", Gich.ELRSR, Gich.ELRSR + 8, BY_WORD),
            word("APR", Gich.APR),
            new Bank("LR", Gich.LR, Gich.LR + 4 * 64, BY_WORD));

    /** Those of a redistributor's first frame. */
    private static final List<Bank> REDISTRIBUTOR = List.of(
            word("CTLR", GICR_CTLR),
            word("IIDR", GICR_IIDR),
            doubleword("TYPER", GICR_TYPER),
            word("STATUSR", GICR_STATUSR),
            word("WAKER", GICR_WAKER),
            doubleword("SETLPIR", 0x0040),
            doubleword("CLRLPIR", 0x0048),
            doubleword("PROPBASER", 0x0070),
            doubleword("PENDBASER", 0x0078),
            doubleword("INVLPIR", 0x00a0),
            doubleword("INVALLR", 0x00b0),
            word("SYNCR", 0x00c0),
            word("PIDR2", GICR_PIDR2));

    /** What the distributor has for SPIs and a redistributor's second frame for local interrupts, at the same offsets. */
    private static final List<Bank> INTERRUPTS = List.of(
            new Bank("IGROUPR", GICD_IGROUPR, GICD_ISENABLER, BY_WORD),
            new Bank("ISENABLER", GICD_ISENABLER, GICD_ICENABLER, BY_WORD),
            new Bank("ICENABLER", GICD_ICENABLER, GICD_ISPENDR, BY_WORD),
            new Bank("ISPENDR", GICD_ISPENDR, GICD_ICPENDR, BY_WORD),
            new Bank("ICPENDR", GICD_ICPENDR, GICD_ISACTIVER, BY_WORD),
            new Bank("ISACTIVER", GICD_ISACTIVER, GICD_ICACTIVER, BY_WORD),
            new Bank("ICACTIVER", GICD_ICACTIVER, GICD_IPRIORITYR, BY_WORD),
            new Bank("IPRIORITYR", GICD_IPRIORITYR, 0x0800, BY_BYTE),
            new Bank("ICFGR", GICD_ICFGR, GICD_IGRPMODR, BY_WORD),
            new Bank("IGRPMODR", GICD_IGRPMODR, GICD_NSACR, BY_WORD),
            new Bank("NSACR", GICD_NSACR, GICD_SGIR, BY_WORD));

    /** A redistributor region: where it starts, and how many redistributors come in the regions before it. */
    private record Range(long offset, long size, long before) {}

    private final List<Range> ranges = new ArrayList<>();
    private final long stride;

    /** Names the registers of the machine with this interrupt controller. */
    public RegisterNames(MachineDescription.Gic gic) {
        this.stride = gic.redistBytes();
        if (gic.redistRegions().isEmpty()) {
            return;
        }
        long origin = gic.redistRegions().get(0).base();
        long before = 0;
        for (MachineDescription.Region region : gic.redistRegions()) {
            ranges.add(new Range(region.base() - origin, region.size(), before));
            before += (region.size() - GICR_SIZE) / stride + 1;
        }
    }

    private static Bank word(String name, int offset) {
        return new Bank(name, offset, offset + 4, ALONE);
    }

    private static Bank doubleword(String name, int offset) {
        return new Bank(name, offset, offset + 8, ALONE);
    }

    /** Returns the name of a register; arguments as in {@link org.smpvisor.gic.hw.RegisterLog#access}. */
    public String name(Component component, long offset, SystemRegister register) {
        return switch (component) {
            case GICD -> "GICD_" + find((int) offset, DISTRIBUTOR, INTERRUPTS);
            case GICR -> redistributorRegister(offset);
            case GICC -> "GICC_" + find((int) offset, CPU_INTERFACE);
            case GICH -> "GICH_" + find((int) offset, HYPERVISOR_INTERFACE);
            case ICC, ICH -> register == SystemRegister.ICH_LR_EL2 ? "ICH_LR" + offset + "_EL2" : register.name();
        };
    }

    private String redistributorRegister(long offset) {
        for (Range range : ranges) {
            long inside = offset - range.offset;
            if (inside >= 0 && inside < range.size) {
                int at = (int) (inside % stride);
                String name = at < GICR_SGI_FRAME ? find(at, REDISTRIBUTOR) : find(at - GICR_SGI_FRAME, INTERRUPTS);
                return "rd" + (range.before + inside / stride) + ".GICR_" + name;
            }
        }
        return "GICR_0x" + Long.toHexString(offset);
    }

    @SafeVarargs
    private static String find(int offset, List<Bank>... tables) {
        for (List<Bank> table : tables) {
            for (Bank bank : table) {
                if (offset >= bank.from && offset < bank.end) {
                    return bank.nameAt(offset);
                }
            }
        }
        return "0x" + Integer.toHexString(offset);
    }

    /** Returns what a value means, for SGIs and list registers; empty for the others. */
    public static String note(Component component, long offset, SystemRegister register, long value) {
        if (component == Component.GICH && offset >= Gich.LR) {
            return listRegisterV2((int) value);
        }
        return note(register, value);
    }

    private static String note(SystemRegister register, long value) {
        if (register == SystemRegister.ICC_SGI1R_EL1) {
            long cluster = (value >>> 48 & 0xff) << 16 | (value >>> 32 & 0xff) << 8 | value >>> 16 & 0xff;
            return String.format(
                    "SGI%d irm=%d aff=0x%x list=0x%x", value >>> 24 & 0xf, value >>> 40 & 1, cluster, value & 0xffff);
        }
        return register == SystemRegister.ICH_LR_EL2 ? listRegister(value) : "";
    }

    private static String listRegisterV2(int v) {
        boolean hw = (v & Gich.LR_HW) != 0;
        return String.format(
                        "%s v%d prio5=0x%x grp=%d hw=%d",
                        state(v >>> 28 & 3),
                        v & Gich.LR_VIRTUAL_MASK,
                        v >>> Gich.LR_PRIORITY_SHIFT & Gich.LR_PRIORITY_MASK,
                        v >>> 30 & 1,
                        hw ? 1 : 0)
                + (hw
                        ? " p" + (v >>> Gich.LR_PHYSICAL_SHIFT & Gich.LR_PHYSICAL_MASK)
                        : " cpuid=" + (v >>> Gich.LR_SOURCE_SHIFT & Gich.LR_SOURCE_MASK));
    }

    private static String state(int bits) {
        return switch (bits) {
            case 0 -> "invalid";
            case 1 -> "pending";
            case 2 -> "active";
            default -> "pend+act";
        };
    }

    private static String listRegister(long value) {
        boolean hw = (value >>> 61 & 1) != 0;
        return String.format(
                        "%s v%d prio=0x%x grp=%d hw=%d",
                        state((int) (value >>> 62)),
                        value & 0xffffffffL,
                        value >>> 48 & 0xff,
                        value >>> 60 & 1,
                        hw ? 1 : 0)
                + (hw ? " p" + (value >>> 32 & 0x1fff) : "");
    }
}

package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.BenchV2.HW;
import static org.smpvisor.vgic.rank.BenchV2.VIRTUAL;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.abi.SysReg;
import org.smpvisor.gic.hw.Gich;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Variant;

/** What a guest sees of a virtual GICv2, and what Xen makes of it. */
class VgicV2Test {
    private final BenchV2 b = BenchV2.xen();

    private long read(int offset, int bytes) {
        assertThat(b.load(0, offset, bytes)).as("load of 0x%x", offset).isTrue();
        return b.answer();
    }

    private void write(int offset, int bytes, long value) {
        assertThat(b.store(0, offset, bytes, value)).as("store to 0x%x", offset).isTrue();
    }

    // ---- the frame --------------------------------------------------------------------------------------------------

    @Test
    void identification() {
        assertThat(read(GICD_TYPER, 4)).as("64 SPIs, 2 CPUs").isEqualTo(2 | 1 << 5);
        assertThat(read(GICD_IIDR, 4)).isEqualTo(0x43b);
        assertThat(read(GICD_SGIR, 4)).isEqualTo(0xdeadbeefL);
    }

    @Test
    void ofTheControlRegisterOnlyTheEnableSticks() {
        write(GICD_CTLR, 4, 0);
        assertThat(read(GICD_CTLR, 4)).isZero();
        write(GICD_CTLR, 4, 0xffffffffL);
        assertThat(read(GICD_CTLR, 4)).isEqualTo(1);
        assertThat(b.validator.violations()).isEmpty();
    }

    /** Widths that are handled: W word, B byte, * any, - none (abort); a store of zeros and one of ones where they differ. */
    @ParameterizedTest
    @CsvSource({
        "0x000, 0x004, W, W", // CTLR
        "0x004, 0x00c, W, W", // TYPER, IIDR
        "0x00c, 0x080, *, *", // reserved, implementation defined
        "0x080, 0x100, W, W", // IGROUPR
        "0x100, 0x200, W, W", // ISENABLER, ICENABLER
        "0x200, 0x300, *, W", // ISPENDR, ICPENDR
        "0x300, 0x380, *, W0", // ISACTIVER
        "0x380, 0x400, *, W", // ICACTIVER
        "0x400, 0x7fc, BW, BW", // IPRIORITYR
        "0x7fc, 0x800, *, *", // reserved
        "0x800, 0x820, BW, W", // ITARGETSR0..7
        "0x820, 0xbfc, BW, BW", // ITARGETSR8..
        "0xbfc, 0xc00, *, *", // reserved
        "0xc00, 0xd00, W, W", // ICFGR
        "0xd00, 0xe00, *, *", // implementation defined
        "0xe00, 0xf00, W, W", // NSACR
        "0xf00, 0xf04, W, W", // SGIR
        "0xf04, 0xf10, *, *", // reserved
        "0xf10, 0xf30, *, -", // CPENDSGIR, SPENDSGIR
        "0xf30, 0xfe8, *, *", // reserved, implementation defined
        "0xfe8, 0xfec, -, W", // ICPIDR2
        "0xfec, 0x1000, *, -"
    })
    void theWholeFrameAnswersTheWidthsThatXenAnswers(String from, String to, String loads, String stores) {
        List<String> wrong = new ArrayList<>();
        program();
        for (int o = Integer.decode(from); o < Integer.decode(to); o++) {
            for (int bytes = 1; bytes <= 8 && o % Math.min(bytes, 4) == 0; bytes *= 2) {
                boolean handled = b.load(0, o, bytes);
                check(wrong, "load", o, bytes, handled, handles(loads, bytes));
                if (handled && b.answer() != expected(o, bytes)) {
                    wrong.add(String.format("load of %d bytes at 0x%x gives 0x%x", bytes, o, b.answer()));
                }
            }
        }
        for (int o = Integer.decode(from); o < Integer.decode(to); o++) {
            for (int bytes = 1; bytes <= 8 && o % Math.min(bytes, 4) == 0; bytes *= 2) {
                check(wrong, "store of 0", o, bytes, b.store(0, o, bytes, 0), handles(stores, bytes));
                if (o != GICD_SGIR && (o & ~0x7f) != GICD_ISPENDR) {
                    boolean ones = handles(stores, bytes) && !stores.endsWith("0");
                    check(wrong, "store", o, bytes, b.store(0, o, bytes, 1), ones);
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private void program() {
        write(GICD_CTLR, 4, 1);
        write(GICD_ISENABLER + 4, 4, 0x83000200L);
        write(GICD_IPRIORITYR + VIRTUAL, 4, 0xd8b09080L);
        write(GICD_ITARGETSR + VIRTUAL + 1, 1, 2);
        write(GICD_ICFGR + 8, 4, 0xaa20a8a8L);
    }

    /** What a load gives after {@link #program}. */
    private static long expected(int o, int bytes) {
        long word = switch (o & ~3) {
            case GICD_CTLR -> 1;
            case GICD_TYPER -> 2 | 1 << 5;
            case GICD_IIDR -> 0x43b;
            case GICD_ISENABLER + 4, GICD_ICENABLER + 4 -> 0x83000200L;
            case GICD_IPRIORITYR + VIRTUAL -> 0xd8b09080L;
            case GICD_ITARGETSR + VIRTUAL -> 0x01010201;
            case GICD_ICFGR + 8 -> 0xaa20a8a8L;
            case GICD_SGIR -> 0xdeadbeefL;
            default -> o >= GICD_ITARGETSR && o < GICD_ITARGETSR + 96 ? 0x01010101 : 0;
        };
        return word >>> 8 * (o & 3) & (bytes == 8 ? -1L : (1L << 8 * bytes) - 1);
    }

    private static boolean handles(String widths, int bytes) {
        return widths.startsWith("*") || bytes == 4 && widths.contains("W") || bytes == 1 && widths.contains("B");
    }

    private static void check(List<String> wrong, String what, int offset, int bytes, boolean is, boolean should) {
        if (is != should) {
            wrong.add(String.format("%s of %d bytes at 0x%x %s", what, bytes, offset, is ? "is handled" : "aborts"));
        }
    }

    @Test
    void whatLiesBeyondTheLastSpiReadsAsZeroAndIgnoresStores() {
        int beyond = 96;
        for (int o : new int[] {
            GICD_ISENABLER + beyond / 8, GICD_ICFGR + beyond / 4, GICD_IPRIORITYR + beyond, GICD_ITARGETSR + beyond
        }) {
            write(o, 4, 0xffffffffL);
            assertThat(read(o, 4)).as("0x%x", o).isZero();
        }
    }

    @Test
    void ofTheTriggersThoseOfLocalInterruptsAreFixed() {
        for (int i = 0; i < 3; i++) {
            write(GICD_ICFGR + 4 * i, 4, 0xaaaaaaaaL);
        }
        assertThat(read(GICD_ICFGR, 4)).isZero();
        assertThat(read(GICD_ICFGR + 4, 4)).isZero();
        assertThat(read(GICD_ICFGR + 8, 4)).isEqualTo(0xaaaaaaaaL);
    }

    /** What Linux wrote and read as dom0 of a real Xen, access by access. */
    @Test
    void dom0ReadsWhatItReadOfARealXen() throws IOException {
        BenchV2 dom0 = new BenchV2(Variant.xen(), 4, 4, 4, 256);
        int reads = 0;
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                VgicV2Test.class.getResourceAsStream("/conformance/dom0-vgicv2.csv"), StandardCharsets.US_ASCII))) {
            in.readLine();
            for (String row = in.readLine(); row != null; row = in.readLine()) {
                String[] c = row.split(",");
                int vcpu = Integer.parseInt(c[8].substring("vcpu".length()));
                int offset = Integer.decode(c[4]);
                int bytes = Integer.parseInt(c[6]);
                if (c[3].equals("w")) {
                    assertThat(dom0.store(vcpu, offset, bytes, Long.decode(c[7])))
                            .as(row)
                            .isTrue();
                } else {
                    assertThat(dom0.load(vcpu, offset, bytes)).as(row).isTrue();
                    assertThat(dom0.answer()).as(row).isEqualTo(Long.decode(c[7]));
                    reads++;
                }
            }
        }
        assertThat(reads).isEqualTo(20);
        assertThat(dom0.validator.violations()).isEmpty();
    }

    @Test
    void moreThanEightVcpusAreRefused() {
        assertThatThrownBy(() -> new BenchV2(Variant.xen(), 1, 9, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("d1: a GICv2 serves at most 8 vCPUs, not 9");
    }

    @Test
    void systemRegistersAreUndefined() {
        assertThat(b.vgic.sysregWrite(b.cpus[0], b.domain.vcpu(0), SysReg.ICC_SGI1R_EL1, 1 << 24 | 2))
                .isFalse();
    }

    // ---- targets ----------------------------------------------------------------------------------------------------

    @Test
    void targetsOfLocalInterruptsAreOnesOwn() {
        write(GICD_ITARGETSR + 16, 4, 0x02020202);
        assertThat(read(GICD_ITARGETSR + 16, 4)).isEqualTo(0x01010101);
        assertThat(b.load(1, GICD_ITARGETSR, 4)).isTrue();
        assertThat(b.answer()).isEqualTo(0x02020202);
    }

    @Test
    void anSpiMovesWithOneByte() {
        assertThat(read(GICD_ITARGETSR + VIRTUAL, 4)).isEqualTo(0x01010101);
        write(GICD_ITARGETSR + VIRTUAL + 1, 1, 2);
        assertThat(read(GICD_ITARGETSR + VIRTUAL, 4)).isEqualTo(0x01010201);
        assertThat(read(GICD_ITARGETSR + VIRTUAL + 1, 1)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"0x03, 1", "0x02, 2", "0xfe, 2", "0x00, 1", "0x04, 1", "0xf0, 1"})
    void theLowestTargetIsTakenAndOneThatIsNoVcpuIgnored(String written, long read) {
        write(GICD_ITARGETSR + VIRTUAL, 1, Integer.decode(written));
        assertThat(read(GICD_ITARGETSR + VIRTUAL, 1)).isEqualTo(read);
    }

    @Test
    void aHardwareSpiIsRoutedToThePcpuOfItsTarget() {
        b.enable(HW);
        assertThat(b.hardware.distributor().target(HW)).isZero();
        write(GICD_ITARGETSR + HW, 1, 2);
        assertThat(b.hardware.distributor().target(HW)).isEqualTo(1);
    }

    @Test
    void aMoveWhileItIsInAListRegisterWaitsUntilThatIsCleaned() {
        b.enable(HW);
        b.hardware.distributor().raise(HW);
        b.irqExit(0);
        write(GICD_ITARGETSR + HW, 1, 2);
        assertThat(read(GICD_ITARGETSR + HW, 1)).isEqualTo(2);
        assertThat(b.hardware.distributor().target(HW)).as("still").isZero();
        assertThat(b.ack(0)).isEqualTo(HW);
        b.eoi(0, HW);
        assertThat(b.hardware.distributor().isActive(HW)).isFalse();
        b.irqExit(0);
        assertThat(b.hardware.distributor().target(HW)).isEqualTo(1);
        assertThat(b.validator.violations()).isEmpty();
    }

    // ---- delivery ---------------------------------------------------------------------------------------------------

    @Test
    void aHardwareSpiTravelsThroughAListRegisterOfTheGicv2() {
        write(GICD_IPRIORITYR + HW, 1, 0x90);
        b.enable(HW);
        b.hardware.distributor().raise(HW);
        b.irqExit(0);
        assertThat(b.virtual(0).readLr(0))
                .isEqualTo(Gich.LR_HW | Gich.LR_PENDING | 0x12 << Gich.LR_PRIORITY_SHIFT | HW << 10 | HW);
        assertThat(b.virtual(0).isIrqAsserted()).isTrue();
    }

    @Test
    void ispendrInjectsAVirtualSpi() {
        b.enable(VIRTUAL);
        write(GICD_ISPENDR + 4, 4, 1 << VIRTUAL % 32);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void sgisGoToTheListToAllOthersOrToOneself() {
        for (int p = 0; p < 2; p++) {
            assertThat(b.store(p, GICD_ISENABLER, 4, 0xffff)).isTrue();
        }
        write(GICD_SGIR, 4, 0b10 << 16 | 3);
        write(GICD_SGIR, 4, 1 << 24 | 4);
        write(GICD_SGIR, 4, 2 << 24 | 5);
        b.irqExit(1);
        assertThat(b.ack(1))
                .as("without its sender, which Xen does not tell (H14)")
                .isEqualTo(3);
        b.eoi(1, 3);
        assertThat(b.ack(1)).isEqualTo(4);
        b.eoi(1, 4);
        assertThat(b.ack(1)).isEqualTo(SPURIOUS);
        assertThat(b.ack(0)).isEqualTo(5);
    }

    @Test
    void aReservedFilterOfSgirAborts() {
        assertThat(b.store(0, GICD_SGIR, 4, 3L << 24 | 1)).isFalse();
        assertThat(b.store(0, GICD_SGIR, 4, 0xfcL << 16 | 1))
                .as("vCPUs that there are not")
                .isTrue();
    }

    @Test
    void listRegistersTravelWithTheVcpu() {
        BenchV2 one = new BenchV2(Variant.xen(), 1, 1, 4);
        one.enable(VIRTUAL);
        one.store(0, GICD_ISPENDR + 4, 4, 1 << VIRTUAL % 32);
        int lr = one.virtual(0).readLr(0);
        one.sleepAndWake();
        assertThat(one.virtual(0).readLr(0)).isEqualTo(lr);
        assertThat(one.ack(0)).isEqualTo(VIRTUAL);
    }

    // ---- many list registers ----------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 31, 32, 33, 63})
    void whenAllListRegistersAreInUseTheUnderflowIsArmed(int listRegisters) {
        BenchV2 many = overflowing(Variant.xen(), listRegisters);
        assertThat(many.virtual(0).peekHcr()).isEqualTo(Gich.HCR_EN | Gich.HCR_UIE);
    }

    @Test
    void allSixtyFourListRegistersAreUsed() {
        BenchV2 many = overflowing(Variant.xen(), 64);
        for (int i = 0; i < 64; i++) {
            assertThat(many.virtual(0).readLr(i) & Gich.LR_STATE).isEqualTo(Gich.LR_PENDING);
        }
        assertThat(many.virtual(0).peekHcr()).isEqualTo(Gich.HCR_EN | Gich.HCR_UIE);
    }

    @ParameterizedTest
    @CsvSource({"4, true", "31, true", "32, false", "48, false", "64, false"})
    void withThirtyTwoListRegistersOrMoreXenOnceNeverNoticed(int listRegisters, boolean armed) {
        BenchV2 many = overflowing(Variant.xen().with(Bug.XB_052), listRegisters);
        assertThat(many.virtual(0).peekHcr()).isEqualTo(Gich.HCR_EN | (armed ? Gich.HCR_UIE : 0));
        assertThat(many.marks.hits(Bug.XB_052) > 0).isEqualTo(!armed);
    }

    /** One more virtual interrupt pending than there are list registers. */
    static BenchV2 overflowing(Variant variant, int listRegisters) {
        BenchV2 many = new BenchV2(variant, 1, 1, listRegisters);
        int left = listRegisters + 1;
        for (int word = 1; word < 3 && left > 0; word++) {
            many.store(0, GICD_ISENABLER + 4 * word, 4, 0xffffffffL);
        }
        for (int virq = VIRTUAL; virq < 96 && left > 0; virq++, left--) {
            many.store(0, GICD_ISPENDR + virq / 32 * 4, 4, 1L << virq % 32);
        }
        many.store(0, GICD_ISENABLER, 4, 0xffffffffL);
        for (int sgi = 0; left > 0; sgi++, left--) {
            many.store(0, GICD_SGIR, 4, 2 << 24 | sgi);
        }
        many.flush(0);
        return many;
    }
}

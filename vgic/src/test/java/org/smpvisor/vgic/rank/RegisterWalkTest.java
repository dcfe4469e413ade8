package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.entry.ExceptionVector;
import org.smpvisor.lock.LockClass;
import org.smpvisor.variant.Variant;

/**
 * Every access that a guest can make to a frame of its GIC: each byte offset, each width, loads and stores. What is answered, and
 * which locks are taken for it, is compared with tables.
 */
class RegisterWalkTest {
    private static final int[] WIDTHS = {1, 2, 4, 8};
    private static final String WIDTH_NAMES = "BHWD";
    private static final int MOST_ERRORS = 40;
    private static final int ADDRESSED = 1;

    /** One row of a table. */
    private record Row(
            int first,
            int last,
            String name,
            String load,
            String loadWidths,
            String loadLock,
            String store,
            String storeWidths,
            String storeLock,
            String more) {
        static boolean handles(String widths, int bytes) {
            return widths.equals("*") || widths.indexOf(WIDTH_NAMES.charAt(Integer.numberOfTrailingZeros(bytes))) >= 0;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** A frame with a machine behind it. */
    private abstract static class Frame {
        final List<Row> rows;
        final int size;
        final List<String> wrong = new ArrayList<>();

        Frame(String table, int size) throws IOException {
            this.rows = rows(table);
            this.size = size;
        }

        abstract Pcpu cpu();

        abstract boolean load(int offset, int bytes);

        abstract long answer();

        abstract boolean store(int offset, int bytes, long value);

        /** Whether there is a rank with that number. */
        abstract boolean hasRank(int rank);

        /** The register at an offset as the domain keeps it, and which of its bytes is at the offset; its low half if it has 64 bits. */
        abstract long image(Row r, int offset);

        private long[] taken() {
            long[] n = new long[LockClass.values().length];
            for (LockClass c : LockClass.values()) {
                n[c.ordinal()] = cpu().held().acquisitions(c);
            }
            return n;
        }

        /** Letters of the locks taken since, one for each time that the domain's were; the look-up of the frame takes its own once. */
        private String since(long[] before) {
            long[] now = taken();
            StringBuilder b = new StringBuilder();
            for (LockClass c : LockClass.values()) {
                int times = (int) (now[c.ordinal()] - before[c.ordinal()]);
                switch (c) {
                    case IO -> b.append(times == 1 ? "" : "look-up " + times + " times");
                    case DIST -> b.append("D".repeat(times));
                    case RANK -> b.append("R".repeat(times));
                    case VGIC_CPU -> b.append(times > 0 ? "V" : "");
                    case DESC -> b.append(times > 0 ? "I" : "");
                    case HOST_GIC -> b.append(times > 0 ? "G" : "");
                    case SCHEDULE -> b.append(times > 0 ? "S" : "");
                    default -> b.append(times > 0 ? c.toString() : "");
                }
            }
            return b.toString();
        }

        /** The lock that a cell names, of the register at an offset. */
        private String lock(Row r, String cell, int offset) {
            if (!cell.startsWith("R")) {
                return cell.equals("-") ? "" : cell;
            }
            int bits = Integer.parseInt(cell.substring(1));
            return hasRank(rank(r, bits, offset)) ? "R" : "";
        }

        int rank(Row r, int bits, int offset) {
            int base = base(r);
            return bits == 64 ? (offset - base >> 3) / 32 : (offset - base >> 2) / bits;
        }

        /** Where the register of INTID 0 would be. */
        static int base(Row r) {
            return switch (r.name) {
                case "GICD_IROUTER32..1019" -> GICD_IROUTER;
                case "GICD_ITARGETSR8.." -> GICD_ITARGETSR;
                case "GICD_ICFGR1..", "GICD_ICFGR2..", "GICR_ICFGR1" -> GICD_ICFGR;
                default -> r.first;
            };
        }

        private void complain(String what, Row r, int offset, int bytes, String how) {
            if (wrong.size() < MOST_ERRORS) {
                wrong.add(String.format("%s of %d bytes at 0x%04x (%s): %s", what, bytes, offset, r, how));
            }
        }

        // ---- the walk -----------------------------------------------------------------------------------------------

        void walk() {
            walkLoads();
            for (long value : new long[] {0, 1}) {
                walkStores(value);
            }
            assertThat(wrong).isEmpty();
        }

        private void walkLoads() {
            for (Row r : rows) {
                for (int o = r.first; o <= r.last; o++) {
                    for (int bytes : WIDTHS) {
                        load(r, o, bytes);
                    }
                }
            }
        }

        private void load(Row r, int o, int bytes) {
            long[] before = taken();
            boolean handled = load(o, bytes);
            String locks = since(before);
            boolean should = Row.handles(r.loadWidths, bytes) && !r.load.equals("abort");
            if (handled != should) {
                complain("load", r, o, bytes, handled ? "is handled" : "aborts");
                return;
            }
            String lock = handled ? lock(r, r.loadLock, o) : "";
            if (!locks.equals(lock)) {
                complain("load", r, o, bytes, "takes '" + locks + "', not '" + lock + "'");
            }
            if (handled && answer() != expected(r, o, bytes)) {
                complain("load", r, o, bytes, String.format("gives 0x%x, not 0x%x", answer(), expected(r, o, bytes)));
            }
        }

        private long expected(Row r, int o, int bytes) {
            long mask = bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
            if (r.load.equals("raz")) {
                return 0;
            }
            if (r.load.startsWith("raw ")) {
                return Long.decode(r.load.substring(4)) & mask;
            }
            int wide = r.loadWidths.equals("WD") || r.load.length() > 10 ? 8 : 4;
            long register = r.load.equals("image") ? image(r, o) : Long.parseUnsignedLong(hex(r.load), 16);
            return register >>> 8 * (o & wide - 1) & mask;
        }

        private static String hex(String constant) {
            return constant.startsWith("0x") ? constant.substring(2) : constant;
        }

        private void walkStores(long value) {
            for (Row r : rows) {
                for (int o = r.first; o <= r.last; o++) {
                    for (int bytes : WIDTHS) {
                        store(r, o, bytes, value);
                    }
                }
            }
        }

        private void store(Row r, int o, int bytes, long value) {
            long[] before = taken();
            boolean handled = store(o, bytes, value);
            String locks = since(before);
            boolean should = Row.handles(r.storeWidths, bytes)
                    && !r.store.equals("abort")
                    && !(r.store.equals("zero") && value != 0);
            String what = "store of " + value;
            if (handled != should) {
                complain(what, r, o, bytes, handled ? "is handled" : "aborts");
                return;
            }
            String lock = handled ? lock(r, r.storeLock, o) : "";
            boolean acts = handled && !r.more.isEmpty() && isThere(r, o);
            if (acts && value != 0 && isPerBit(r) && locks.isEmpty()) {
                complain(what, r, o, bytes, "takes no lock of a vCPU for the bit that is set");
            }
            for (char c : (acts && (value != 0 || isTargeting(r)) ? r.more : "").toCharArray()) {
                locks = locks.replace(String.valueOf(c), "");
            }
            if (!locks.equals(lock)) {
                complain(what, r, o, bytes, "takes '" + locks + "', not '" + lock + "'");
            }
        }

        /** Whether there are interrupts behind the register. */
        private boolean isThere(Row r, int o) {
            int bits = r.storeLock.startsWith("R") ? Integer.parseInt(r.storeLock.substring(1)) : 1;
            return r.name.equals("GICD_SGIR") || hasRank(rank(r, bits, o));
        }

        /** Pending bits: no lock of a rank, but one of a vCPU for each. */
        private static boolean isPerBit(Row r) {
            return r.name.contains("ISPENDR") || r.name.contains("ICPENDR");
        }

        /** Zero is a target like any other, and clears no bit that was never set. */
        private static boolean isTargeting(Row r) {
            return r.name.startsWith("GICD_IROUTER") || r.name.startsWith("GICD_ITARGETSR");
        }
    }

    private static List<Row> rows(String table) throws IOException {
        List<Row> out = new ArrayList<>();
        for (String line : lines(table)) {
            String[] c = line.split(",", -1);
            out.add(new Row(
                    Integer.decode(c[0]), Integer.decode(c[1]), c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]));
        }
        return out;
    }

    private static List<String> lines(String table) throws IOException {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                RegisterWalkTest.class.getResourceAsStream("/registers/" + table + ".csv"),
                StandardCharsets.US_ASCII))) {
            return in.lines().skip(1).toList();
        }
    }

    // ---- GICv3 ------------------------------------------------------------------------------------------------------

    /** A frame of a domain with two vCPUs and 32 SPIs, reached by vCPU 0. */
    private static class V3 extends Frame {
        final Bench b = Bench.xen();
        private final long base;

        V3(String table, long base) throws IOException {
            super(table, 0x10000);
            this.base = base;
        }

        @Override
        Pcpu cpu() {
            return b.cpus[0];
        }

        @Override
        boolean load(int offset, int bytes) {
            return b.load(0, base + offset, bytes);
        }

        @Override
        long answer() {
            return b.answer();
        }

        @Override
        boolean store(int offset, int bytes, long value) {
            return b.store(0, base + offset, bytes, value);
        }

        @Override
        boolean hasRank(int rank) {
            return rank < 2;
        }

        @Override
        long image(Row r, int o) {
            int word = (o - base(r)) >> 2;
            return switch (r.name) {
                case "GICD_CTLR" -> 0x12;
                case "GICD_ISENABLER", "GICD_ICENABLER" -> word == 1 ? 0x83000200L : word == 0 ? 0x00010003L : 0;
                case "GICD_IPRIORITYR" -> word == 10 ? 0xd8b09080L : word == 4 ? 0x40302010L : 0;
                case "GICD_ICFGR0" -> 0;
                case "GICD_ICFGR1.." -> word == 3 ? 0xdeadbeefL : word == 1 ? 0xaaaa5555L : 0;
                case "GICD_IROUTER32..1019" -> (o - GICD_IROUTER >> 3) == 40 ? 1 : 0;
                case "GICR_ISENABLER0", "GICR_ICENABLER0" -> 0x00050005L;
                case "GICR_IPRIORITYR0..7" -> word == 4 ? 0x60504030L : 0;
                case "GICR_ICFGR1" -> 0x5555aaaaL;
                default -> 0;
            };
        }
    }

    /** Values in all that can be read back, so that a load from the wrong place shows. */
    private static V3 programmed(V3 f) {
        long gicr = GUEST_GICR_BASE + (long) ADDRESSED * GICR_SIZE + GICR_SGI_FRAME;
        long[][] stores = {
            {GUEST_GICD_BASE + GICD_CTLR, 2},
            {GUEST_GICD_BASE + GICD_ISENABLER, 0x00010003L},
            {GUEST_GICD_BASE + GICD_ISENABLER + 4, 0x83000200L},
            {GUEST_GICD_BASE + GICD_IPRIORITYR + 16, 0x40302010L},
            {GUEST_GICD_BASE + GICD_IPRIORITYR + 40, 0xd8b09080L},
            {GUEST_GICD_BASE + GICD_ICFGR + 4, 0xaaaa5555L},
            {GUEST_GICD_BASE + GICD_ICFGR + 12, 0xdeadbeefL},
            {GUEST_GICD_BASE + GICD_IROUTER + 8 * 40, 1},
            {gicr + GICD_ISENABLER, 0x00050005L},
            {gicr + GICD_IPRIORITYR + 16, 0x60504030L},
            {gicr + GICD_ICFGR + 4, 0x5555aaaaL},
        };
        for (long[] s : stores) {
            assertThat(f.b.store(0, s[0], 4, s[1])).isTrue();
        }
        return f;
    }

    @Test
    void theDistributorOfAGicv3() throws IOException {
        V3 f = programmed(new V3("gicv3-gicd", GUEST_GICD_BASE));
        f.walk();
        assertThat(f.b.validator.violations()).isEmpty();
    }

    /** Reached by another vCPU than the one that it belongs to. */
    @Test
    void theRdFrameOfARedistributor() throws IOException {
        V3 f = programmed(new V3("gicv3-gicr-rd", GUEST_GICR_BASE + (long) ADDRESSED * GICR_SIZE));
        f.walk();
        assertThat(f.b.validator.violations()).isEmpty();
    }

    @Test
    void theSgiFrameOfARedistributor() throws IOException {
        V3 f = programmed(new V3("gicv3-gicr-sgi", GUEST_GICR_BASE + (long) ADDRESSED * GICR_SIZE + GICR_SGI_FRAME));
        f.walk();
        assertThat(f.b.validator.violations()).isEmpty();
    }

    @Test
    void aRedistributorOfNobodyAbortsAtEveryOffset() {
        Bench b = Bench.xen();
        for (int o = 0; o < GICR_SIZE; o++) {
            for (int bytes : WIDTHS) {
                long address = GUEST_GICR_BASE + 2L * GICR_SIZE + o;
                assertThat(b.load(0, address, bytes)).isFalse();
                assertThat(b.store(0, address, bytes, 1)).isFalse();
            }
        }
    }

    @Test
    void besideTheFramesThereAreOnesAndStoresAreIgnored() {
        Bench b = Bench.xen();
        for (long address : new long[] {
            GUEST_GICD_BASE - 1, GUEST_GICD_BASE + 0x10000, GUEST_GICR_BASE - 1, GUEST_GICR_BASE + GUEST_GICR_SIZE
        }) {
            for (int bytes : WIDTHS) {
                assertThat(b.load(0, address, bytes)).isTrue();
                assertThat(b.answer()).isEqualTo(-1L);
                assertThat(b.store(0, address, bytes, 1)).isTrue();
            }
        }
    }

    // ---- GICv2 ------------------------------------------------------------------------------------------------------

    @Test
    void theDistributorOfAGicv2() throws IOException {
        BenchV2 b = new BenchV2(Variant.xen(), 2, 2, 4);
        Frame f = new Frame("gicv2-gicd", 0x1000) {
            @Override
            Pcpu cpu() {
                return b.cpus[0];
            }

            @Override
            boolean load(int offset, int bytes) {
                return b.load(0, offset, bytes);
            }

            @Override
            long answer() {
                return b.answer();
            }

            @Override
            boolean store(int offset, int bytes, long value) {
                return b.store(0, offset, bytes, value);
            }

            @Override
            boolean hasRank(int rank) {
                return rank < 3;
            }

            @Override
            long image(Row r, int o) {
                int word = (o - base(r)) >> 2;
                return switch (r.name) {
                    case "GICD_CTLR" -> 1;
                    case "GICD_ISENABLER", "GICD_ICENABLER" -> word == 1 ? 0x83000200L : word == 0 ? 0x00010003L : 0;
                    case "GICD_IPRIORITYR" -> word == 10 ? 0xd8b09080L : word == 4 ? 0x40302010L : 0;
                    case "GICD_ITARGETSR0..7" -> 0x01010101L;
                    case "GICD_ITARGETSR8.." -> word == 10 ? 0x01010201L : word < 24 ? 0x01010101L : 0;
                    case "GICD_ICFGR2.." -> word == 3 ? 0xdeadbeefL : 0;
                    default -> 0;
                };
            }
        };
        b.store(0, GICD_CTLR, 4, 1);
        b.store(0, GICD_ISENABLER, 4, 0x00010003L);
        b.store(0, GICD_ISENABLER + 4, 4, 0x83000200L);
        b.store(0, GICD_IPRIORITYR + 16, 4, 0x40302010L);
        b.store(0, GICD_IPRIORITYR + 40, 4, 0xd8b09080L);
        b.store(0, GICD_ITARGETSR + 41, 1, 2);
        b.store(0, GICD_ICFGR + 12, 4, 0xdeadbeefL);
        f.walk();
        assertThat(b.validator.violations()).isEmpty();
    }

    // ---- the tables -------------------------------------------------------------------------------------------------

    @Test
    void theTablesCoverTheirFramesWithoutAGap() throws IOException {
        for (String table : new String[] {"gicv3-gicd", "gicv3-gicr-rd", "gicv3-gicr-sgi", "gicv2-gicd"}) {
            int next = 0;
            for (Row r : rows(table)) {
                assertThat(r.first).as("%s, %s", table, r).isEqualTo(next);
                next = r.last + 1;
            }
            assertThat(next).as(table).isEqualTo(table.startsWith("gicv2") ? 0x1000 : 0x10000);
        }
    }

    // ---- stores away from the start of a register -------------------------------------------------------------------

    /** What is stored is shifted up by the offset in the register, as what is loaded is shifted down. */
    @Test
    void aStoreReachesTheBytesThatItsOffsetNames() {
        Bench b = Bench.xen();
        assertThat(b.store(0, GUEST_GICD_BASE + GICD_ISENABLER + 5, 4, 1)).isTrue();
        assertThat(b.load(0, GUEST_GICD_BASE + GICD_ISENABLER + 4, 4)).isTrue();
        assertThat(b.answer()).isEqualTo(0x100);
        assertThat(b.store(0, GUEST_GICD_BASE + GICD_ICENABLER + 5, 4, 1)).isTrue();
        assertThat(b.load(0, GUEST_GICD_BASE + GICD_ISENABLER + 4, 4)).isTrue();
        assertThat(b.answer()).isZero();
        assertThat(b.store(0, GUEST_GICD_BASE + GICD_ICFGR + 9, 4, 0xaa)).isTrue();
        assertThat(b.load(0, GUEST_GICD_BASE + GICD_ICFGR + 8, 4)).isTrue();
        assertThat(b.answer()).isEqualTo(0xaa00);
        assertThat(b.store(0, GUEST_GICD_BASE + GICD_CTLR + 1, 4, 2)).isTrue();
        assertThat(b.load(0, GUEST_GICD_BASE + GICD_CTLR, 4)).isTrue();
        assertThat(b.answer()).as("bit 9 is not bit 1").isEqualTo(0x10);
    }

    // ---- system registers -------------------------------------------------------------------------------------------

    private record SystemRow(SysReg register, boolean loads, boolean stores, boolean locksVcpu) {}

    private static List<SystemRow> systemRows() throws IOException {
        List<SystemRow> out = new ArrayList<>();
        for (String line : lines("sysregs")) {
            String[] c = line.split(",", -1);
            out.add(new SystemRow(
                    SysReg.valueOf(c[0]), !c[1].equals("undefined"), !c[2].equals("undefined"), c[3].equals("V")));
        }
        return out;
    }

    private static boolean isUndefined(GuestCpu c) {
        return c.pc == GuestProgram.VECTOR_SYNC && c.exceptionClass() == GuestCpu.EC_UNKNOWN;
    }

    @Test
    void theTableHasEverySystemRegisterThatIsTrapped() throws IOException {
        assertThat(systemRows().stream().map(SystemRow::register))
                .containsExactlyInAnyOrder(Arrays.stream(SysReg.values())
                        .filter(r -> r.isTrapped() && !r.isTimer()) // those of the physical timer are no vGIC's
                        .toArray(SysReg[]::new));
    }

    @Test
    void systemRegistersOfAGicv3() throws IOException {
        for (SystemRow r : systemRows()) {
            Bench b = Bench.xen();
            GuestCpu c = b.vcpu(0).guest();
            c.readSysreg(r.register).then(6);
            b.entry.take(b.cpus[0], ExceptionVector.GUEST64_SYNC);
            assertThat(isUndefined(c)).as("load of %s", r.register).isEqualTo(!r.loads);
            c.pc = 0;
            c.writeSysreg(r.register, 3L << 24 | 2).then(6);
            b.entry.take(b.cpus[0], ExceptionVector.GUEST64_SYNC);
            assertThat(isUndefined(c)).as("store to %s", r.register).isEqualTo(!r.stores);
            assertThat(b.inflightOn(1, 3)).as("%s sends", r.register).isEqualTo(r.stores);
            long[] before = locks(b);
            assertThat(b.vgic.sysregWrite(b.cpus[0], b.vcpu(0), r.register, 3L << 24 | 2))
                    .isEqualTo(r.stores);
            long[] after = locks(b);
            for (LockClass l : LockClass.values()) {
                assertThat(after[l.ordinal()] - before[l.ordinal()])
                        .as("%s of %s", l, r.register)
                        .isEqualTo(r.locksVcpu && l == LockClass.VGIC_CPU ? 1 : 0);
            }
        }
    }

    @Test
    void onAGicv2AllOfThemAreUndefined() throws IOException {
        for (SystemRow r : systemRows()) {
            BenchV2 b = BenchV2.xen();
            GuestCpu c = b.domain.vcpu(0).guest();
            c.readSysreg(r.register).then(6);
            b.trap(0);
            assertThat(isUndefined(c)).as("load of %s", r.register).isTrue();
            c.pc = 0;
            c.writeSysreg(r.register, 3L << 24 | 2).then(6);
            b.trap(0);
            assertThat(isUndefined(c)).as("store to %s", r.register).isTrue();
        }
    }

    @Test
    void whatAbortsIsADataAbortInTheGuest() {
        BenchV2 b = BenchV2.xen();
        GuestCpu c = b.domain.vcpu(0).guest();
        c.read32(GUEST_GICD_BASE + 0xfe8).then(6);
        b.trap(0);
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SYNC);
        assertThat(c.exceptionClass()).isEqualTo(GuestCpu.EC_DATA_ABORT);
        assertThat(c.far).isEqualTo(GUEST_GICD_BASE + 0xfe8);
    }

    private static long[] locks(Bench b) {
        long[] n = new long[LockClass.values().length];
        for (LockClass c : LockClass.values()) {
            n[c.ordinal()] = b.cpus[0].held().acquisitions(c);
        }
        return n;
    }

    /** Of ICC_SGI1R the affinities above the first level and the range selector are ignored. */
    @Test
    void anSgiGoesToSixteenTimesAff1AndTheBitsOfTheList() {
        long ignored = 0xffL << 48 | 0xfL << 44 | 0xffL << 32;
        for (int aff1 = 0; aff1 < 3; aff1++) {
            for (int bit = 0; bit < 16; bit++) {
                Bench b = Bench.down(Variant.xen(), 18);
                for (int v = 0; v < 18; v++) {
                    b.vcpu(v).pauseFlags().reset(0);
                }
                long value = ignored | 5L << 24 | (long) aff1 << 16 | 1L << bit;
                assertThat(b.vgic.sysregWrite(b.cpus[0], b.vcpu(0), SysReg.ICC_SGI1R_EL1, value))
                        .isTrue();
                for (int v = 0; v < 18; v++) {
                    assertThat(b.inflightOn(v, 5)).as("vCPU %d", v).isEqualTo(v == 16 * aff1 + bit);
                }
            }
        }
    }

    @Test
    void anSgiToAllOthersGoesToAllOthers() {
        Bench b = Bench.down(Variant.xen(), 18);
        for (int v = 0; v < 18; v++) {
            b.vcpu(v).pauseFlags().reset(0);
        }
        assertThat(b.vgic.sysregWrite(b.cpus[0], b.vcpu(3), SysReg.ICC_SGI1R_EL1, 1L << 40 | 9L << 24 | 1 << 3))
                .isTrue();
        for (int v = 0; v < 18; v++) {
            assertThat(b.inflightOn(v, 9)).as("vCPU %d", v).isEqualTo(v != 3);
        }
    }
}

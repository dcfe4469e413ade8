package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.Bench.VIRTUAL;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cpu.Counter;
import org.smpvisor.lock.LockClass;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Variant;

/** What a guest sees of its distributor and redistributors: widths, reserved registers, aborts. */
class RegisterFramesTest {
    private static final long GICD = GUEST_GICD_BASE;
    private static final long GICR = GUEST_GICR_BASE;
    private static final long SGI = GUEST_GICR_BASE + GICR_SGI_FRAME;
    private final Bench b = Bench.xen();

    private long read(long address, int bytes) {
        assertThat(b.load(0, address, bytes)).as("load of 0x%x", address).isTrue();
        return b.answer();
    }

    private void write(long address, int bytes, long value) {
        assertThat(b.store(0, address, bytes, value))
                .as("store to 0x%x", address)
                .isTrue();
    }

    // ---- GICD -------------------------------------------------------------------------------------------------------

    @Test
    void identification() {
        assertThat(read(GICD + GICD_TYPER, 4))
                .as("32 SPIs, 2 CPUs, 10 bits of INTID")
                .isEqualTo(1 | 1 << 5 | 9 << 19);
        assertThat(read(GICD + GICD_IIDR, 4)).isEqualTo(0x34c);
        assertThat(read(GICD + GICD_PIDR2, 4)).isEqualTo(0x30);
    }

    @Test
    void ofTheControlRegisterOnlyTheEnableOfGroup1Sticks() {
        write(GICD + GICD_CTLR, 4, 0);
        assertThat(read(GICD + GICD_CTLR, 4)).isEqualTo(0x10);
        write(GICD + GICD_CTLR, 4, 0xffffffffL);
        assertThat(read(GICD + GICD_CTLR, 4)).isEqualTo(0x12);
        write(GICD + GICD_CTLR, 4, 0);
        assertThat(read(GICD + GICD_CTLR, 4)).isEqualTo(0x10);
        assertThat(b.validator.violations()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "0x0000, 1, false", // CTLR
        "0x0004, 8, false", // TYPER
        "0x0008, 2, false", // IIDR
        "0x000c, 1, true", // reserved
        "0x0010, 8, false", // STATUSR
        "0x0020, 8, true", // implementation defined
        "0x0040, 2, true", // SETSPI_NSR
        "0x0084, 1, false", // IGROUPR
        "0x0104, 8, false", // ISENABLER
        "0x0184, 1, false", // ICENABLER
        "0x0204, 8, true", // ISPENDR
        "0x0284, 1, true", // ICPENDR
        "0x0304, 2, true", // ISACTIVER
        "0x0384, 8, true", // ICACTIVER
        "0x0420, 1, true", // IPRIORITYR
        "0x0420, 4, true",
        "0x0420, 2, false",
        "0x0420, 8, false",
        "0x0c08, 1, false", // ICFGR
        "0x0d04, 8, false", // IGRPMODR
        "0x0e04, 1, false", // NSACR
        "0x0f00, 1, false", // SGIR
        "0x0f10, 4, true", // CPENDSGIR
        "0x0f1c, 1, false",
        "0x0f20, 8, false", // SPENDSGIR
        "0x0f30, 8, true", // reserved
        "0x1000, 1, false", // IGROUPR0E
        "0x1200, 4, true", // ISENABLER0E
        "0x147c, 8, false", // ICENABLER31E
        "0x1600, 1, true", // ISPENDR0E
        "0x1880, 1, true", // unknown
        "0x1a7c, 8, true", // ISACTIVER31E
        "0x2000, 1, true", // IPRIORITYR0E
        "0x23fc, 8, false",
        "0x3000, 1, false", // ICFGR0E
        "0x3400, 1, false", // IGRPMODR0E
        "0x3600, 2, false", // NSACR0E
        "0x3700, 1, true", // reserved
        "0x6008, 8, true", // IROUTER1: reserved
        "0x6100, 4, true", // IROUTER32
        "0x6104, 4, true",
        "0x6100, 8, true",
        "0x6100, 1, false",
        "0x6100, 2, false",
        "0x8000, 8, true", // IROUTER0E
        "0x9000, 1, false",
        "0xa000, 4, true",
        "0xa004, 1, true", // reserved
        "0xffe8, 8, false", // PIDR2
        "0xffec, 1, true"
    })
    void widthsOfDistributorLoads(String offset, int bytes, boolean handled) {
        assertThat(b.load(0, GICD + Integer.decode(offset), bytes)).isEqualTo(handled);
    }

    @ParameterizedTest
    @CsvSource({
        "0x0000, 8, false",
        "0x0004, 4, true",
        "0x0004, 1, false",
        "0x000c, 1, true",
        "0x0040, 2, true",
        "0x0084, 4, true",
        "0x0084, 1, false",
        "0x0104, 1, false",
        "0x0204, 1, false",
        "0x0204, 4, true",
        "0x0284, 4, true",
        "0x0284, 8, false",
        "0x0304, 4, false", // ISACTIVER aborts, whatever the value
        "0x0384, 4, true",
        "0x0384, 1, false",
        "0x0420, 1, true",
        "0x0420, 2, false",
        "0x0c04, 4, true",
        "0x0c04, 1, false",
        "0x0d04, 4, true",
        "0x0e04, 4, true",
        "0x0f00, 4, true",
        "0x0f10, 4, false", // CPENDSGIR
        "0x0f2c, 4, false", // SPENDSGIR
        "0x0f30, 4, true",
        "0x6100, 1, false",
        "0x6100, 8, true",
        "0x1200, 4, true", // ISENABLER0E
        "0x1200, 1, false",
        "0x1600, 1, false", // ISPENDR0E
        "0x1a00, 4, true", // ISACTIVER0E: without extended SPIs it does not abort
        "0x1a00, 8, false",
        "0x2000, 1, true", // IPRIORITYR0E
        "0x2000, 2, false",
        "0x3000, 8, false", // ICFGR0E
        "0x8000, 2, false", // IROUTER0E
        "0x9000, 8, true",
        "0xa004, 1, true", // reserved
        "0xffe8, 4, true"
    })
    void widthsOfDistributorStores(String offset, int bytes, boolean handled) {
        assertThat(b.store(0, GICD + Integer.decode(offset), bytes, 0)).isEqualTo(handled);
    }

    @Test
    void readModifyWriteOfIsactiverAborts() {
        assertThat(read(GICD + GICD_ISACTIVER + 4, 4)).isZero();
        assertThat(b.store(0, GICD + GICD_ISACTIVER + 4, 4, b.answer())).isFalse();
    }

    @Test
    void enablesAreSetAndClearedByOnes() {
        write(GICD + GICD_ISENABLER + 4, 4, 0b1100);
        write(GICD + GICD_ISENABLER + 4, 4, 0b0001);
        assertThat(read(GICD + GICD_ISENABLER + 4, 4)).isEqualTo(0b1101);
        assertThat(read(GICD + GICD_ICENABLER + 4, 4)).isEqualTo(0b1101);
        write(GICD + GICD_ICENABLER + 4, 4, 0b0100);
        assertThat(read(GICD + GICD_ISENABLER + 4, 4)).isEqualTo(0b1001);
        assertThat(b.has(34, PendingIrq.ENABLED)).isFalse();
        assertThat(b.has(35, PendingIrq.ENABLED)).isTrue();
    }

    @Test
    void pendingIsSetByOnesAndReadsAsZero() {
        write(GICD + GICD_ISPENDR + 4, 4, 1L << VIRTUAL - 32);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        assertThat(read(GICD + GICD_ISPENDR + 4, 4)).isZero();
    }

    @Test
    void pendingCannotBeCleared() {
        b.inject(0, VIRTUAL);
        write(GICD + GICD_ICPENDR + 4, 4, 1L << VIRTUAL - 32);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
    }

    @Test
    void clearingPendingLocksTheTargetOncePerBitAndWarnsOfWhatIsInFlight() {
        b.inject(0, VIRTUAL);
        long before = b.cpus[0].held().acquisitions(LockClass.VGIC_CPU);
        write(GICD + GICD_ICPENDR + 4, 4, 1L << VIRTUAL - 32 | 1L << VIRTUAL + 1 - 32);
        assertThat(b.cpus[0].held().acquisitions(LockClass.VGIC_CPU) - before).isEqualTo(2);
        List<EventRing.Entry> told = new ArrayList<>();
        b.cpus[0].events().collect(Bench.DOMAIN, VIRTUAL, told);
        b.cpus[0].events().collect(Bench.DOMAIN, VIRTUAL + 1, told);
        assertThat(told).extracting(EventRing.Entry::kind).containsExactly(Event.INJECT, Event.STAYS_PENDING);
        assertThat(b.validator.edges()).noneMatch(e -> e.startsWith("RANK->VGIC_CPU"));
    }

    @Test
    void activeCannotBeCleared() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        write(GICD + GICD_ICACTIVER + 4, 4, 1L << VIRTUAL - 32);
        b.sync(0);
        assertThat(b.has(VIRTUAL, PendingIrq.ACTIVE)).isTrue();
    }

    @Test
    void prioritiesAreBytesOfWords() {
        write(GICD + GICD_IPRIORITYR + 40, 4, 0x40302010L);
        write(GICD + GICD_IPRIORITYR + 42, 1, 0xa8);
        assertThat(read(GICD + GICD_IPRIORITYR + 40, 4)).isEqualTo(0x40a82010L);
        assertThat(read(GICD + GICD_IPRIORITYR + 41, 1)).isEqualTo(0x20);
    }

    @Test
    void configurationKeepsBothBitsAndSgisStayEdge() {
        write(GICD + GICD_ICFGR + 8, 4, 0xdeadbeefL);
        assertThat(read(GICD + GICD_ICFGR + 8, 4)).isEqualTo(0xdeadbeefL);
        write(GICD + GICD_ICFGR, 4, 0xffffffffL);
        assertThat(read(GICD + GICD_ICFGR, 4)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {GICD_ISENABLER + 8, GICD_IPRIORITYR + 64, GICD_ICFGR + 16, GICD_IROUTER + 8 * 64})
    void registersBeyondTheLastRankReadAsZeroAndIgnoreWrites(int offset) {
        write(GICD + offset, 4, 0xffffffffL);
        assertThat(read(GICD + offset, 4)).isZero();
    }

    @Test
    void groupsAndSecurityReadAsZero() {
        for (int o : new int[] {GICD_IGROUPR + 4, GICD_IGRPMODR + 4, GICD_NSACR + 4, GICD_STATUSR, GICD_SGIR}) {
            write(GICD + o, 4, 0xffffffffL);
            assertThat(read(GICD + o, 4)).as("offset 0x%x", o).isZero();
        }
    }

    @Test
    void theFirstWordOfTheBanksReachesThePrivateInterruptsOfTheCallingVcpu() {
        b.store(1, GICD + GICD_ISENABLER, 4, 1 << 5);
        assertThat(b.vgicOf(1).pendingIrq(5).status().peek() & 1 << PendingIrq.ENABLED)
                .isNotZero();
        assertThat(b.vgicOf(0).pendingIrq(5).status().peek() & 1 << PendingIrq.ENABLED)
                .isZero();
    }

    // ---- IROUTER ----------------------------------------------------------------------------------------------------

    @Test
    void routeReadsBackAndMayBeWrittenInHalves() {
        long router = GICD + GICD_IROUTER + 8 * VIRTUAL;
        write(router, 4, 1);
        assertThat(read(router, 8)).isEqualTo(1);
        write(router + 4, 4, 0);
        assertThat(read(router, 4)).isEqualTo(1);
        assertThat(read(router + 4, 4)).isZero();
    }

    @Test
    void aRouteToNobodyIsIgnored() {
        long router = GICD + GICD_IROUTER + 8 * VIRTUAL;
        write(router, 8, 1);
        write(router, 8, 7);
        assertThat(read(router, 8)).isEqualTo(1);
    }

    @Test
    void anyCpuMeansVcpu0() {
        long router = GICD + GICD_IROUTER + 8 * VIRTUAL;
        write(router, 8, 1);
        write(router, 8, IROUTER_IRM);
        assertThat(read(router, 8)).isZero();
    }

    @Test
    void affinitiesAbove15UseTheSecondLevel() {
        Bench many = Bench.down(Variant.xen(), 18);
        many.powerOn(0);
        assertThat(many.store(0, GICD + GICD_IROUTER + 8 * VIRTUAL, 8, 1 << 8 | 1))
                .isTrue();
        assertThat(many.dist().peekTarget(VIRTUAL)).isEqualTo(17);
        many.load(0, GICD + GICD_IROUTER + 8 * VIRTUAL, 8);
        assertThat(many.answer()).isEqualTo(1 << 8 | 1);
    }

    // ---- GICR -------------------------------------------------------------------------------------------------------

    @Test
    void redistributorsTellTheirVcpuAndTheLastOne() {
        assertThat(read(GICR + GICR_TYPER, 8)).isZero();
        long second = read(GICR + GICR_SIZE + GICR_TYPER, 8);
        assertThat(second >>> 32).isEqualTo(1);
        assertThat(second >>> 8 & 0xffff).isEqualTo(1);
        assertThat(second & 1 << 4).isNotZero();
        assertThat(read(GICR + GICR_SIZE + GICR_TYPER + 4, 4)).isEqualTo(1);
        assertThat(read(GICR + GICR_PIDR2, 4)).isEqualTo(0x30);
        assertThat(read(GICR + GICR_WAKER, 4)).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "0x0000, 4, true, true", // CTLR
        "0x0000, 8, false, false",
        "0x0004, 1, false, false", // IIDR
        "0x0008, 8, true, true", // TYPER
        "0x0008, 4, true, true",
        "0x0008, 1, false, false",
        "0x0010, 1, false, false", // STATUSR
        "0x0014, 4, true, true", // WAKER
        "0x0014, 8, false, false",
        "0x0018, 1, true, true", // reserved
        "0x0070, 4, true, true", // PROPBASER
        "0x0070, 8, true, true",
        "0x0070, 1, false, false",
        "0x0078, 2, false, false", // PENDBASER
        "0x0040, 8, true, true", // SETLPIR
        "0x0040, 1, true, false",
        "0x0048, 1, true, false", // CLRLPIR
        "0x00a0, 1, true, false", // INVLPIR
        "0x00b0, 2, true, false", // INVALLR
        "0x00c0, 4, true, true", // SYNCR
        "0x00c0, 8, false, false",
        "0x1000, 1, true, true", // reserved
        "0xffe8, 1, false, false", // PIDR2
        "0x10080, 4, true, true", // IGROUPR0
        "0x10100, 1, false, false", // ISENABLER0
        "0x10200, 1, true, false", // ISPENDR0
        "0x10300, 4, true, false", // ISACTIVER0
        "0x10380, 4, true, true", // ICACTIVER0
        "0x10400, 1, true, true", // IPRIORITYR0
        "0x10400, 8, false, false",
        "0x10c00, 4, true, true", // ICFGR0
        "0x10c00, 1, false, true", // a store to it is not handled at all
        "0x10c04, 1, false, false", // ICFGR1
        "0x10104, 1, true, true" // ISENABLER1 does not exist here
    })
    void widthsOfRedistributorAccesses(String offset, int bytes, boolean loads, boolean stores) {
        assertThat(b.load(0, GICR + Integer.decode(offset), bytes)).as("load").isEqualTo(loads);
        assertThat(b.store(0, GICR + Integer.decode(offset), bytes, 0))
                .as("store")
                .isEqualTo(stores);
    }

    @Test
    void syncrReadsAsOne() {
        assertThat(read(GICR + 0xc0, 4)).isEqualTo(1);
    }

    @Test
    void aRedistributorThatNobodyOwnsAborts() {
        assertThat(b.load(0, GICR + 2L * GICR_SIZE, 4)).isFalse();
        assertThat(b.store(0, GICR + 2L * GICR_SIZE + GICR_SGI_FRAME + GICD_ISENABLER, 4, 1))
                .isFalse();
        assertThat(b.load(0, GICR + 127L * GICR_SIZE, 4)).isFalse();
    }

    @Test
    void theRegionOfRedistributorsHasRoomForAllVcpusThatADomainMayHave() {
        assertThat(read(GICR + 128L * GICR_SIZE, 4))
                .as("beyond the region: all ones")
                .isEqualTo(-1L);
    }

    @Test
    void theSgiFrameBelongsToTheAddressedVcpu() {
        write(SGI + GICR_SIZE + GICD_ISENABLER, 4, 1 << 3);
        write(SGI + GICR_SIZE + GICD_ISPENDR, 4, 1 << 3);
        assertThat(Bench.state(b.vgicOf(1).pendingIrq(3))).isEqualTo("WAIT");
        assertThat(Bench.state(b.vgicOf(0).pendingIrq(3))).isEqualTo("IDLE");
        assertThat(b.isKicked(1)).isTrue();
    }

    @Test
    void configurationOfTheSgiFrame() {
        write(SGI + GICD_ICFGR + 4, 4, 0xaaaaaaaaL);
        assertThat(read(SGI + GICD_ICFGR + 4, 4)).isEqualTo(0xaaaaaaaaL);
        write(SGI + GICD_ICFGR, 4, 0xffffffffL);
        assertThat(read(SGI + GICD_ICFGR, 4)).isZero();
    }

    @Test
    void anAddressWithoutAFrameReadsAsOnesAndIgnoresWrites() {
        assertThat(read(0x1000_0000L, 4)).isEqualTo(-1L);
        write(0x1000_0000L, 4, 5);
        assertThat(b.total(Counter.INJECTIONS)).isZero();
    }

    @Test
    void theFrameLookupHoldsItsLockForTheLookupOnly() {
        write(GICD + GICD_ISENABLER + 4, 4, 1L << VIRTUAL - 32);
        assertThat(b.validator.edges()).noneMatch(e -> e.startsWith("IO->"));
    }
}

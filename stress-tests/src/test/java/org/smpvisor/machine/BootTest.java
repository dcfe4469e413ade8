package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.gic.hw.Gic;
import org.smpvisor.variant.Variant;

/** Machines other than the default boot too, and what Xen does then follows from the tree and the hardware. */
class BootTest {
    private static MachineDescription qemu(int cpus) {
        String name = "/dtb/qemu-virt-gicv3-cpus" + cpus + ".dtb";
        return MachineDescription.parse(MachineDescriptionTest.resource(name), name);
    }

    private static MachineSpec spec(MachineDescription description) {
        return MachineSpec.of(description, Variant.xen());
    }

    private static long count(Boots boots, String part) {
        return boots.csv().accesses().stream()
                .map(boots.csv()::row)
                .filter(row -> row.contains(part))
                .count();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 64})
    void treesOfMoreCpusBoot(int cpus) {
        Boots boots = Boots.of(spec(qemu(cpus)));

        assertThat(boots.console()).endsWith("CPU " + (cpus - 1) + " booted.", "Brought up " + cpus + " CPUs");
        for (int i = 0; i < cpus; i++) {
            assertThat(boots.rows(i)).anyMatch(row -> row.contains("GICR_WAKER,4,0x4,"));
            assertThat(boots.rows(i))
                    .filteredOn(row -> row.contains(",w,") && row.contains(",GICR,"))
                    .allMatch(rowOfRedistributor(i));
        }
    }

    private static Predicate<String> rowOfRedistributor(int i) {
        return row -> row.contains(",rd" + i + ".GICR_");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 16, 17, 123, 124, 128})
    void anyNumberOfCpusBoots(int cpus) {
        Boots boots = Boots.of(spec(MachineDescription.qemuVirt().withCpus(cpus)));

        assertThat(boots.console()).endsWith("Brought up " + cpus + " CPUs");
        assertThat(boots.rows(cpus - 1)).anyMatch(rowOfRedistributor(cpus - 1));
    }

    @ParameterizedTest
    @CsvSource({"64, 64", "96, 96", "992, 992", "1024, 1020"})
    void theNumberOfLinesIsTheHardwares(int lines, int usable) {
        Boots boots = Boots.of(spec(MachineDescription.qemuVirt()).withGic(lines, 4, 5));

        assertThat(boots.machine().driver().nrLines()).isEqualTo(usable);
        assertThat(boots.console()).contains("GICv3: " + usable + " lines, (IID 0000043b).");
        assertThat(count(boots, "GICD_IROUTER")).isEqualTo(usable - 32 + 1); // and the UART's once more
        assertThat(count(boots, "GICD_ICENABLER")).isEqualTo(lines / 32 - 1);
        assertThat(count(boots, "GICD_IGROUPR" + (lines / 32 - 1) + ",")).isEqualTo(1);
        assertThat(count(boots, "GICD_ICFGR" + (lines / 16 - 1) + ",")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"1, 0x90b80000", "4, 0x90b80003", "8, 0x90b80007", "16, 0x90b8000f"})
    void theNumberOfListRegistersIsTheHardwares(int listRegisters, String vtr) {
        Boots boots = Boots.of(spec(MachineDescription.qemuVirt()).withGic(256, listRegisters, 5));

        assertThat(boots.machine().driver().nrLrs()).isEqualTo(listRegisters);
        assertThat(count(boots, ",ICH_VTR_EL2,8," + vtr + ",")).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7})
    void aGicWithMorePriorityBitsBoots(int bits) {
        Boots boots = Boots.of(spec(MachineDescription.qemuVirt()).withGic(256, 4, bits));

        assertThat(boots.console()).endsWith("Brought up 4 CPUs");
    }

    @Test
    void theSearchGoesOnInTheNextRedistributorRegion() {
        FdtWriter tree = FdtWriter.board();
        tree.at("cpus").add("cpu@2").strings("device_type", "cpu").cells("reg", 2);
        tree.at("intc@8000000")
                .cells("#redistributor-regions", 2)
                .cells("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x20000, 0x40, 0, 0, 0x40000);

        Boots boots = Boots.of(spec(MachineDescription.parse(tree.blob(), "two regions")));

        assertThat(boots.console())
                .contains(
                        "GICv3: CPU0: Found redistributor in region 0 @00000000080a0000",
                        "GICv3: CPU1: Found redistributor in region 1 @0000004000000000",
                        "GICv3: CPU2: Found redistributor in region 1 @0000004000020000");
        assertThat(boots.rows(2).subList(0, 6))
                .containsExactly(
                        "2,GICR,r,0xffe8,rd0.GICR_PIDR2,4,0x3b,",
                        "2,GICR,r,0x8,rd0.GICR_TYPER,8,0x1000011,", // the last of its region
                        "2,GICR,r,0x3ff7f6ffe8,rd1.GICR_PIDR2,4,0x3b,",
                        "2,GICR,r,0x3ff7f60008,rd1.GICR_TYPER,8,0x101000101,",
                        "2,GICR,r,0x3ff7f80008,rd2.GICR_TYPER,8,0x201000211,",
                        "2,GICR,r,0x3ff7f80014,rd2.GICR_WAKER,4,0x6,");
    }

    @Test
    void aStrideIsFollowed() {
        FdtWriter tree = FdtWriter.board();
        tree.at("intc@8000000").cells("redistributor-stride", 0, 0x40000);

        Boots boots = Boots.of(spec(MachineDescription.parse(tree.blob(), "stride")));

        assertThat(boots.console()).contains("GICv3: CPU1: Found redistributor in region 0 @00000000080e0000");
        assertThat(boots.rows(1)).contains("1,GICR,w,0x40014,rd1.GICR_WAKER,4,0x4,");
    }

    @Test
    void affinitiesNeedNotBeSmallNorInOrder() {
        FdtWriter tree = FdtWriter.board();
        tree.at("cpus").cells("#address-cells", 2);
        tree.at("cpus/cpu@0").cells("reg", 0x7, 0x010203);
        tree.at("cpus/cpu@1").cells("reg", 0x1, 0x000000);

        Boots boots = Boots.of(spec(MachineDescription.parse(tree.blob(), "affinities")));

        Gic gic = boots.machine().hardware();
        assertThat(gic.distributor().target(40)).isZero();
        assertThat(boots.rows(0)).contains("0,GICD,w,0x6140,GICD_IROUTER40,8,0x700010203,");
        assertThat(boots.rows(1)).contains("1,GICR,r,0x8,rd0.GICR_TYPER,8,0x701020301000001,");
    }

    @Test
    void aMachineWithoutAConsoleBoots() {
        FdtWriter tree = FdtWriter.board();
        tree.at("chosen").without("stdout-path");

        Boots boots = Boots.of(spec(MachineDescription.parse(tree.blob(), "silent")));

        assertThat(count(boots, "GICD_ISENABLER")).isZero();
    }

    @Test
    void bootingIsRepeatable() {
        List<List<String>> runs = IntStream.range(0, 20)
                .mapToObj(i -> Boots.of(spec(MachineDescription.qemuVirt())))
                .map(boots -> IntStream.range(0, 4)
                        .mapToObj(boots::rows)
                        .flatMap(List::stream)
                        .toList())
                .distinct()
                .toList();

        assertThat(runs).hasSize(1);
    }
}

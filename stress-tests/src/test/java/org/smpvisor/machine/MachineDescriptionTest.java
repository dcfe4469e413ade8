package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.machine.MachineDescription.Cpu;
import org.smpvisor.machine.MachineDescription.Device;
import org.smpvisor.machine.MachineDescription.Gic;
import org.smpvisor.machine.MachineDescription.Irq;
import org.smpvisor.machine.MachineDescription.Region;
import org.smpvisor.machine.MachineDescription.Trigger;

class MachineDescriptionTest {
    private static final String INTC = "intc@8000000";

    @TempDir
    private Path directory;

    static byte[] resource(String name) {
        try (InputStream in = MachineDescriptionTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(name, e);
        }
    }

    private static MachineDescription qemu(int cpus) {
        return MachineDescription.parse(resource("/dtb/qemu-virt-gicv3-cpus" + cpus + ".dtb"), "cpus" + cpus);
    }

    private static MachineDescription read(FdtWriter tree) {
        return MachineDescription.parse(tree.blob(), "test");
    }

    @Test
    void theGicOfQemuVirtIsReadAsGicv3DtInitReadsIt() {
        MachineDescription machine = MachineDescription.qemuVirt();

        assertThat(machine.gic())
                .isEqualTo(new Gic(
                        GicHwOperations.Version.V3,
                        "/intc@8000000",
                        0x08000000L,
                        0x10000L,
                        List.of(new Region(0x080a0000L, 0xf60000L)),
                        0,
                        25,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()));
        assertThat(machine.gic().redistBytes()).isEqualTo(0x20000);
        assertThat(machine.gic().capacity()).isEqualTo(123);
        assertThat(machine.hypTimerPpi()).isEqualTo(26);
        assertThat(machine.virtTimerPpi()).isEqualTo(27);
        assertThat(machine.physTimerPpi()).isEqualTo(30);
    }

    @Test
    void theDevicesOfQemuVirtKeepTheirLinesAndTriggers() {
        MachineDescription machine = MachineDescription.qemuVirt();

        assertThat(machine.console())
                .contains(new Device(
                        "/pl011@9000000",
                        "arm,pl011",
                        List.of(new Irq(33, Trigger.LEVEL)),
                        OptionalLong.of(0x09000000)));
        assertThat(machine.console().orElseThrow().spi()).hasValue(33);
        assertThat(machine.devices())
                .filteredOn(device -> device.compatible().equals("virtio,mmio"))
                .hasSize(32)
                .allSatisfy(device -> {
                    int index = (int) (device.base().orElseThrow() - 0x0a000000) / 0x200;
                    assertThat(device.interrupts()).containsExactly(new Irq(48 + index, Trigger.EDGE));
                });
        assertThat(machine.devices())
                .contains(new Device(
                        "/pl031@9010000",
                        "arm,pl031",
                        List.of(new Irq(34, Trigger.LEVEL)),
                        OptionalLong.of(0x09010000)));
        assertThat(machine.devices())
                .contains(new Device(
                        "/pmu", "arm,armv8-pmuv3", List.of(new Irq(23, Trigger.LEVEL)), OptionalLong.empty()));
        assertThat(machine.devices()).extracting(Device::path).doesNotContain("/timer", "/intc@8000000");
        assertThat(machine.spis())
                .containsExactlyElementsOf(IntStream.concat(IntStream.of(33, 34, 39), IntStream.rangeClosed(48, 79))
                        .boxed()
                        .toList());
    }

    @Test
    void aPpiIsNoSpi() {
        Device pmu = new Device("/pmu", "", List.of(new Irq(23, Trigger.LEVEL)), OptionalLong.empty());

        assertThat(pmu.spi()).isEqualTo(OptionalInt.empty());
    }

    @Test
    void theCpusOfQemuVirtAreNumberedInClustersOfSixteen() {
        assertThat(MachineDescription.qemuVirt().cpus())
                .containsExactly(
                        new Cpu("/cpus/cpu@0", 0),
                        new Cpu("/cpus/cpu@1", 1),
                        new Cpu("/cpus/cpu@2", 2),
                        new Cpu("/cpus/cpu@3", 3));
        assertThat(MachineDescription.qemuVirt().bootCpu()).isEqualTo(new Cpu("/cpus/cpu@0", 0));
        assertThat(qemu(64).cpus()).hasSize(64).endsWith(new Cpu("/cpus/cpu@63", 0x30f));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 64})
    void addingCpusToTheDefaultGivesWhatQemuGives(int cpus) {
        assertThat(MachineDescription.qemuVirt().withCpus(cpus)).isEqualTo(qemu(cpus));
        assertThat(qemu(64).withCpus(cpus)).isEqualTo(qemu(cpus));
    }

    @Test
    void theRegionThatHoldsThemAllIsLeftAsItIs() {
        assertThat(MachineDescription.qemuVirt().withCpus(123).gic())
                .isEqualTo(MachineDescription.qemuVirt().gic());
    }

    @Test
    void moreCpusThanTheRegionHoldsGetTheSecondRegionThatQemuHas() {
        MachineDescription machine = MachineDescription.qemuVirt().withCpus(128);

        assertThat(machine.gic().redistRegions())
                .containsExactly(new Region(0x080a0000L, 0xf60000L), new Region(0x40_0000_0000L, 64 << 20));
        assertThat(machine.gic().capacity()).isGreaterThanOrEqualTo(128);
        assertThat(machine.cpus()).endsWith(new Cpu("/cpus/cpu@127", 0x70f));
        assertThat(machine.withCpus(2).cpus()).hasSize(2);
    }

    @Test
    void anAddedRegionAvoidsWhatIsThere() {
        FdtWriter tree = FdtWriter.board();
        tree.at(INTC).cells("reg", 0, 0x8000000, 0, 0x10000, 0x40, 0x10000, 0, 0x40000);
        tree.at("disk@a000000").cells("reg", 0x40, 0x5000000, 0, 0x1000);

        MachineDescription machine = read(tree).withCpus(64);

        assertThat(machine.gic().redistRegions())
                .containsExactly(new Region(0x40_0001_0000L, 0x40000), new Region(0x40_0800_0000L, 64 << 20));
    }

    @Test
    void addedCpusLeaveOutAffinitiesThatAreTaken() {
        FdtWriter tree = FdtWriter.board();
        tree.at("cpus/cpu@0").cells("reg", 3);
        tree.at("cpus/cpu@1").cells("reg", 0x100);

        assertThat(read(tree).withCpus(4).cpus()).extracting(Cpu::mpidrAffinity).containsExactly(3L, 0x100L, 2L, 4L);
        MachineDescription full = read(tree).withCpus(128);
        assertThat(new HashSet<>(full.cpus().stream().map(Cpu::mpidrAffinity).toList()))
                .hasSize(128);
        assertThat(new HashSet<>(full.cpus().stream().map(Cpu::path).toList())).hasSize(128);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 129, Integer.MAX_VALUE})
    void aCpuCountOutOfRangeIsRefused(int cpus) {
        MachineDescription machine = MachineDescription.qemuVirt();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> machine.withCpus(cpus))
                .withMessageContaining("1 to 128 CPUs");
    }

    @Test
    void aFileIsReadLikeItsBytes() throws IOException {
        Path file =
                Files.write(directory.resolve("board.dtb"), FdtWriter.board().blob());

        assertThat(MachineDescription.read(file)).isEqualTo(read(FdtWriter.board()));
        assertThat(MachineDescription.read(
                        new ByteArrayInputStream(FdtWriter.board().blob()), ""))
                .isEqualTo(read(FdtWriter.board()));
    }

    @Test
    void aFileThatCannotBeReadIsNamed() {
        Path missing = directory.resolve("missing.dtb");

        assertThatThrownBy(() -> MachineDescription.read(missing))
                .isInstanceOf(DeviceTreeException.class)
                .hasMessage("device tree " + missing + ": no such file");
        assertThatThrownBy(() -> MachineDescription.read(directory))
                .isInstanceOf(DeviceTreeException.class)
                .hasMessageStartingWith("device tree " + directory + ": cannot be read: ");
    }

    @Test
    void versionSixteenIsReadLikeSeventeen() {
        assertThat(MachineDescription.parse(FdtWriter.board().blob(16), "")).isEqualTo(read(FdtWriter.board()));
    }

    @Test
    void bytesAfterTheTreeAreIgnored() {
        byte[] blob = FdtWriter.board().blob();

        assertThat(MachineDescription.parse(Arrays.copyOf(blob, blob.length + 999), ""))
                .isEqualTo(read(FdtWriter.board()));
    }

    @Test
    void twoRedistributorRegionsAreReadAndSorted() {
        FdtWriter tree = FdtWriter.board();
        tree.at(INTC)
                .cells("#redistributor-regions", 2)
                .cells("reg", 0, 0x8000000, 0, 0x10000, 0x40, 0, 0, 0x40000, 0, 0x80a0000, 0, 0x20000);

        Gic gic = read(tree).gic();

        assertThat(gic.redistRegions())
                .containsExactly(new Region(0x80a0000, 0x20000), new Region(0x40_0000_0000L, 0x40000));
        assertThat(gic.capacity()).isEqualTo(3);
    }

    @Test
    void theCpuInterfacesForGicv2GuestsFollowTheRegions() {
        FdtWriter tree = FdtWriter.board();
        tree.at(INTC)
                .cells(
                        "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x40000, 0, 0x8010000, 0, 0x2000, 0,
                        0x8020000, 0, 0x1000, 0, 0x8030000, 0, 0x2000);

        Gic gic = read(tree).gic();

        assertThat(gic.gicc()).contains(new Region(0x8010000, 0x2000));
        assertThat(gic.gicv()).contains(new Region(0x8030000, 0x2000));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8})
    void aGicv2HasFourRegionsAndServesEightCpus(int cpus) {
        String name = "/dtb/qemu-virt-gicv2-cpus8.dtb";
        MachineDescription machine =
                cpus == 4 ? MachineDescription.qemuVirtGicV2() : MachineDescription.parse(resource(name), name);

        assertThat(machine.gic())
                .isEqualTo(new Gic(
                        GicHwOperations.Version.V2,
                        "/intc@8000000",
                        0x08000000L,
                        0x10000L,
                        List.of(),
                        0,
                        25,
                        Optional.of(new Region(0x08010000L, 0x10000L)),
                        Optional.of(new Region(0x08030000L, 0x10000L)),
                        Optional.of(new Region(0x08040000L, 0x10000L))));
        assertThat(machine.gic().capacity()).isEqualTo(8);
        assertThat(machine.cpus()).hasSize(cpus);
        assertThat(machine.withCpus(2).cpus()).hasSize(2);
        assertThat(machine.withCpus(8).cpus()).hasSize(8);
        assertThatThrownBy(() -> machine.withCpus(9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a GICv2 serves 1 to 8 CPUs, not 9; take a tree with a GICv3");
    }

    @ParameterizedTest
    @CsvSource({"0, 8", "0x20000, 8", "0x30000, 5", "0x40000, 4"})
    void aStrideSaysHowManyRedistributorsFit(String stride, int capacity) {
        FdtWriter tree = FdtWriter.board();
        tree.at(INTC).cells("redistributor-stride", 0, Integer.decode(stride));

        assertThat(read(tree).gic().capacity()).isEqualTo(capacity);
    }

    @Test
    void aStrideOfOneCellIsReadToo() {
        FdtWriter tree = FdtWriter.board();
        tree.at(INTC).cells("redistributor-stride", 0x30000);

        assertThat(read(tree).gic().redistStride()).isEqualTo(0x30000);
        assertThat(read(tree).gic().redistBytes()).isEqualTo(0x30000);
    }

    @Test
    void oneCellAddressesAreRead() {
        FdtWriter tree = FdtWriter.board().cells("#address-cells", 1).cells("#size-cells", 1);
        tree.at(INTC).cells("reg", 0x8000000, 0x10000, 0x80a0000, 0x100000);
        tree.at("uart@9000000").cells("reg", 0x9000000, 0x1000);
        tree.at("disk@a000000").cells("reg", 0xa000000, 0x200);

        assertThat(read(tree)).isEqualTo(read(FdtWriter.board()));
    }

    @Test
    void twoCellCpuAddressesAreRead() {
        FdtWriter tree = FdtWriter.board();
        tree.at("cpus").cells("#address-cells", 2);
        tree.at("cpus/cpu@0").cells("reg", 0xff, 0x00030201);
        tree.at("cpus/cpu@1").cells("reg", 0, 1);

        assertThat(read(tree).bootCpu().mpidrAffinity()).isEqualTo(0xff_0003_0201L);
    }

    @Test
    void cpusThatAreDisabledAndNodesThatAreNoCpusAreSkipped() {
        FdtWriter tree = FdtWriter.board();
        tree.at("cpus/cpu@0").strings("status", "disabled");
        tree.at("cpus").add("cpu-map").add("cluster0");
        tree.at("cpus")
                .add("cpu@2")
                .strings("device_type", "cpu")
                .cells("reg", 2)
                .strings("status", "fail");
        tree.at("cpus")
                .add("cpu@3")
                .strings("device_type", "cpu")
                .cells("reg", 3)
                .strings("status", "okay");

        assertThat(read(tree).cpus()).extracting(Cpu::mpidrAffinity).containsExactly(1L, 3L);
    }

    @Test
    void addressesBelowABusAreTranslated() {
        FdtWriter tree = FdtWriter.board().withoutChild("uart@9000000");
        FdtWriter soc = tree.add("soc")
                .cells("#address-cells", 1)
                .cells("#size-cells", 1)
                .cells("ranges", 0x1000, 0x10, 0x20000, 0x1000, 0x10000, 0, 0xc000000, 0x1000);
        FdtWriter bus = soc.add("bus").cells("ranges");
        bus.add("uart@10800")
                .strings("compatible", "u")
                .cells("reg", 0x10800, 0x10)
                .cells("interrupts", 0, 1, 4);
        soc.add("far@1000")
                .strings("compatible", "f")
                .cells("reg", 0x1004, 0x10)
                .cells("interrupts", 0, 2, 4);
        soc.add("lost").strings("compatible", "l").cells("reg", 0x20000, 0x10).cells("interrupts", 0, 3, 4);

        assertThat(read(tree).devices())
                .extracting(Device::base)
                .containsExactly(
                        OptionalLong.of(0xa000000),
                        OptionalLong.of(0xc000800),
                        OptionalLong.of(0x10_0002_0004L),
                        OptionalLong.empty());
    }

    @Test
    void aGicBelowABusIsTranslated() {
        FdtWriter tree = FdtWriter.board().withoutChild(INTC);
        FdtWriter soc = tree.add("soc")
                .cells("#address-cells", 1)
                .cells("#size-cells", 1)
                .cells("ranges", 0, 1, 0, 0x10000000);
        FdtWriter gic = soc.add("gic");
        gic.strings("compatible", "vendor,gic", "ARM,GIC-V3")
                .cells("phandle", 1)
                .cells("interrupt-controller")
                .cells("#interrupt-cells", 4)
                .cells("interrupts", 1, 9, 4, 0)
                .cells("reg", 0x8000000, 0x10000, 0x80a0000, 0x100000);
        tree.at("timer").cells("interrupts", 1, 13, 4, 0, 1, 14, 4, 0, 1, 11, 4, 0, 1, 10, 4, 0);
        tree.at("uart@9000000").cells("interrupts", 0, 1, 4, 0);
        tree.at("disk@a000000").cells("interrupts", 0, 8, 1, 0);

        MachineDescription machine = read(tree);

        assertThat(machine.gic().path()).isEqualTo("/soc/gic");
        assertThat(machine.gic().distBase()).isEqualTo(0x1_0800_0000L);
        assertThat(machine.spis()).containsExactly(33, 40);
    }

    @Test
    void theFirstSupportedControllerInTreeOrderIsTheGic() {
        FdtWriter tree = FdtWriter.board();
        FdtWriter other = tree.at("disk@a000000").add("pic").cells("interrupt-controller");
        other.strings("compatible", "acme,pic").cells("phandle", 7).cells("#interrupt-cells", 1);
        other.cells("interrupts", 0, 9, 4);
        tree.add("button").cells("interrupt-parent", 7).cells("interrupts", 3);

        MachineDescription machine = read(tree);

        assertThat(machine.gic().path()).isEqualTo("/intc@8000000");
        assertThat(machine.spis()).containsExactly(33, 40, 41);
        assertThat(machine.devices()).extracting(Device::path).doesNotContain("/button");
    }

    @ParameterizedTest
    @CsvSource({"0, LEVEL", "1, EDGE", "2, EDGE", "4, LEVEL", "8, LEVEL", "0xf04, LEVEL", "0xf01, EDGE"})
    void theSenseIsInTheLowFourBits(String sense, Trigger trigger) {
        FdtWriter tree = FdtWriter.board();
        tree.at("uart@9000000").cells("interrupts", 0, 1, Integer.decode(sense));

        assertThat(read(tree).console().orElseThrow().interrupts()).containsExactly(new Irq(33, trigger));
    }

    @Test
    void extendedInterruptsComeBeforePlainOnes() {
        FdtWriter tree = FdtWriter.board();
        tree.add("pic").strings("compatible", "acme,pic").cells("phandle", 7).cells("#interrupt-cells", 1);
        tree.at("disk@a000000").cells("interrupts-extended", 7, 99, 1, 0, 987, 1, 1, 0, 0, 4);

        assertThat(read(tree).devices().get(1).interrupts())
                .containsExactly(new Irq(1019, Trigger.EDGE), new Irq(32, Trigger.LEVEL));
    }

    @Test
    void sharedLinesAreListedOnce() {
        FdtWriter tree = FdtWriter.board();
        tree.at("disk@a000000").cells("interrupts", 0, 1, 4, 0, 1, 4);

        assertThat(read(tree).devices())
                .extracting(Device::interrupts)
                .containsOnly(List.of(new Irq(33, Trigger.LEVEL)));
        assertThat(read(tree).spis()).containsExactly(33);
    }

    @Test
    void disabledDevicesAreLeftOut() {
        FdtWriter tree = FdtWriter.board();
        tree.at("disk@a000000").strings("status", "disabled");

        assertThat(read(tree).spis()).containsExactly(33);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/uart@9000000", "/uart@9000000:115200n8", "serial0", "serial0:115200"})
    void theConsoleIsFoundByPathOrAlias(String path) {
        FdtWriter tree = FdtWriter.board();
        tree.add("aliases").strings("serial0", "/uart@9000000");
        tree.at("chosen").strings("stdout-path", path);

        assertThat(read(tree).console()).map(Device::path).contains("/uart@9000000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nowhere", "serial0", "", "/chosen", "uart@9000000"})
    void aMachineNeedsNoConsole(String path) {
        FdtWriter tree = FdtWriter.board();
        tree.at("chosen").strings("stdout-path", path);

        assertThat(read(tree).console()).isEmpty();
        assertThat(read(tree.withoutChild("chosen")).console()).isEmpty();
    }

    @Test
    void timersMayBeNamed() {
        FdtWriter tree = FdtWriter.board();
        tree.at("timer")
                .cells("interrupts", 1, 11, 4, 1, 10, 4, 1, 14, 4)
                .strings("interrupt-names", "virt", "hyp-phys", "phys");

        MachineDescription machine = read(tree);

        assertThat(List.of(machine.virtTimerPpi(), machine.hypTimerPpi(), machine.physTimerPpi()))
                .containsExactly(27, 26, 30);
    }

    @Test
    void aDescriptionCannotBeChanged() {
        MachineDescription machine = MachineDescription.qemuVirt();

        assertThatThrownBy(() -> machine.cpus().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> machine.gic().redistRegions().clear())
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> machine.devices().get(0).interrupts().clear())
                .isInstanceOf(UnsupportedOperationException.class);
    }
}

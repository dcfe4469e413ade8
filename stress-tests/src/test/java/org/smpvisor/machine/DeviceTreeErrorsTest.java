package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A defect of a tree is told with its place, what was found and the remedy. */
class DeviceTreeErrorsTest {
    private static final String INTC = "intc@8000000";
    private static final String UART = "uart@9000000";

    private static DeviceTreeException refused(byte[] blob) {
        DeviceTreeException error =
                catchThrowableOfType(DeviceTreeException.class, () -> MachineDescription.parse(blob, "test.dtb"));
        assertThat(error).as("the tree is refused").isNotNull();
        assertThat(error.getMessage()).startsWith("device tree test.dtb: ");
        assertThat(error.place()).isNotEmpty();
        assertThat(error.offset()).isBetween(0L, (long) blob.length);
        assertThat(error.getStackTrace()).isEmpty();
        return error;
    }

    /** Refuses the board with a change, and returns the message from the place on, without the offset. */
    private static String refused(Consumer<FdtWriter> change) {
        FdtWriter tree = FdtWriter.board();
        change.accept(tree);
        DeviceTreeException error = refused(tree.blob());
        assertThat(error.getMessage()).contains(": " + error.place() + " (offset 0x");
        return error.place() + error.getMessage().replaceFirst("^.* \\(offset 0x[0-9a-f]+\\)", "");
    }

    private static byte[] withWord(byte[] blob, int at, int word) {
        byte[] changed = blob.clone();
        ByteBuffer.wrap(changed).putInt(at, word);
        return changed;
    }

    // The file and its header

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | is empty",
                "01 | starts with 01, not d00dfeed",
                "00010203 | starts with 00010203, not d00dfeed",
                "edfe0dd000000000 | bytes swapped",
                "1f8b0800 | gzip compressed; unpack it first",
                "fd377a585a00 | xz compressed",
                "28b52ffd | zstd compressed",
                "7f454c46 | ELF file",
                "d7b7ab1e | Android table",
                "d00dfeed | 4 bytes, shorter than a device tree header",
            })
    void aFileThatIsNoTreeIsRecognised(String hex, String message) {
        DeviceTreeException error = refused(HexFormat.of().parseHex(hex));

        assertThat(error).hasMessageContaining(message);
        assertThat(error.place()).isEqualTo("file");
        assertThat(error.getMessage()).doesNotContain("offset");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/dts-v1/;\n\n/ {\n};\n", "// SPDX\n\n#include <x>\n/dts-v1/;", "/*\n *\u00e9 */\n/ {\n"})
    void sourceTextIsToBeCompiled(String source) {
        assertThat(refused(source.getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("is device tree source text; compile it with dtc: 'dtc -I dts -O dtb");
        assertThat(refused("hello".getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("is text, not a device tree");
    }

    @Test
    void aCompressedTreeIsToBeUnpacked() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(FdtWriter.board().blob());
        }

        assertThat(refused(packed.toByteArray())).hasMessageContaining("gunzip");
    }

    @Test
    void anEndlessInputIsReadToItsLimitOnly() {
        InputStream endless = new InputStream() {
            private long given;

            @Override
            public int read() {
                return read(new byte[1], 0, 1) - 1;
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                given += length;
                if (given > Fdt.MAX_BYTES + 1) {
                    throw new AssertionError("read beyond the limit");
                }
                return length;
            }
        };

        assertThat(catchThrowableOfType(DeviceTreeException.class, () -> MachineDescription.read(endless, "/dev/zero")))
                .hasMessage("device tree /dev/zero: is larger than 8 MiB, the limit for a device tree");
    }

    @Test
    void aBrokenStreamIsToldWithItsReason() {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("pulled out");
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                throw new IOException("pulled out");
            }
        };

        assertThat(catchThrowableOfType(DeviceTreeException.class, () -> MachineDescription.read(broken, "usb")))
                .hasMessage("device tree usb: cannot be read: pulled out");
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] blob = MachineDescriptionTest.resource("qemu-virt-gicv3-cpus4.dtb");

        for (int length = 0; length < blob.length; length++) {
            assertThat(refused(Arrays.copyOf(blob, length)).place()).isIn("file", "header");
        }
        assertThat(refused(Arrays.copyOf(blob, 5000)))
                .hasMessage(
                        "device tree test.dtb: header (offset 0x4): total size is 8046 bytes, but the file has 5000;"
                                + " it is truncated, copy or build it again");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "4 | 8 | total size 8 is less than the header's 40 bytes",
                "4 | -1 | total size is 4294967295 bytes, but the file has",
                "8 | 57 | structure block at 0x39, not a multiple of 4",
                "8 | -4 | structure block 0xfffffffc..",
                "8 | 0 | structure block 0x0..",
                "12 | 0x7fffffff | strings block 0x7fffffff..",
                "16 | 0x7fffffff | memory reservation block 0x7fffffff..",
                "20 | 3 | format version 3 (compatible back to 16), this build reads 16 and 17",
                "24 | 18 | format version 17 (compatible back to 18)",
                "32 | -1 | strings block",
                "36 | 0x7fffffff | structure block",
            })
    void aWrongHeaderFieldIsNamed(int at, String word, String message) {
        DeviceTreeException error = refused(withWord(FdtWriter.board().blob(), at, Integer.decode(word)));

        assertThat(error).hasMessageContaining("header (offset 0x").hasMessageContaining(message);
    }

    // The structure block

    @Test
    void aDamagedStructureIsNamedByTheOpenNode() {
        byte[] blob = FdtWriter.board().blob();
        int structure = ByteBuffer.wrap(blob).getInt(8);
        int size = ByteBuffer.wrap(blob).getInt(36);
        int end = structure + size - 4;

        assertThat(refused(withWord(blob, structure, 7))).hasMessageContaining("0x7 is no structure token");
        assertThat(refused(withWord(blob, structure, 2))).hasMessageContaining("a node ends where none is open");
        assertThat(refused(withWord(blob, structure, 3))).hasMessageContaining("a property outside of any node");
        assertThat(refused(withWord(blob, structure, 9))).hasMessageContaining("no node was seen");
        assertThat(refused(withWord(blob, structure + 4, 0x61000000))).hasMessageContaining("root node is named 'a'");
        assertThat(refused(withWord(blob, structure + 12, -1)))
                .hasMessageContaining("a property of 4294967295 bytes does not fit");
        assertThat(refused(withWord(blob, structure + 16, -1))).hasMessageContaining("the name of a property");
        assertThat(refused(withWord(blob, end - 4, 9))).hasMessageContaining("this node is still open");
        assertThat(refused(withWord(blob, end - 4, 1)))
                .hasMessageContaining("/ (offset")
                .hasMessageContaining("has no name");
        assertThat(refused(withWord(blob, end, 4))).hasMessageContaining("ends without an end token");
        assertThat(refused(withWord(blob, end, 1))).hasMessageContaining("second root node");
        assertThat(refused(withWord(blob, 36, size - 12))).hasMessageContaining("ends without an end token");
    }

    @Test
    void whatWouldGrowWithoutBoundIsLimited() {
        assertThat(refused(tree -> {
                    FdtWriter node = tree;
                    for (int i = 0; i < Fdt.MAX_DEPTH; i++) {
                        node = node.add("n");
                    }
                }))
                .endsWith("nodes are nested more than 32 deep");
        assertThat(refused(tree -> {
                    for (int i = 0; i < Fdt.MAX_NODES; i++) {
                        tree.add("n" + i);
                    }
                }))
                .endsWith("more than 16384 nodes");
        assertThat(refused(tree -> {
                    for (int i = 0; i < Fdt.MAX_PROPERTIES; i++) {
                        tree.cells("p" + i);
                    }
                }))
                .endsWith("more than 131072 properties");
        assertThat(refused(tree -> tree.add("n".repeat(256)))).contains("the name of a child node is not 1 to 255");
        assertThat(refused(tree -> tree.cells("p".repeat(128)))).contains("is not 1 to 127 printable characters");
        assertThat(refused(tree -> tree.at(UART).cells("interrupts", new int[3 * 1021])))
                .endsWith("'interrupts': more than 1020 interrupts");
    }

    @Test
    void namesAreTextAndNotRepeated() {
        assertThat(refused(tree -> tree.add("a/b"))).contains("printable characters without '/'");
        assertThat(refused(tree -> tree.add("a\u0007"))).contains("printable characters without '/'");
        assertThat(refused(tree -> tree.add(""))).contains("a child node has no name");
        assertThat(refused(tree -> tree.at(UART).cells("phandle", 1)))
                .endsWith("phandle 0x1 is also that of /intc@8000000");
        assertThat(refused(tree -> tree.at(UART).strings("compatible", "a\u001bb")))
                .endsWith("'compatible' is not printable text (byte 0x1b at position 1)");
        assertThat(refused(tree -> tree.at(UART).bytes("compatible", (byte) 'a')))
                .endsWith("'compatible' is not terminated by a zero byte");
        assertThat(refused(tree -> tree.at(UART).bytes("compatible", new byte[257])))
                .contains("more than 256 strings");
        assertThat(refused(tree -> tree.at(UART).strings("compatible", "a".repeat(1025))))
                .contains("a string of more than 1024 characters");
    }

    // The interrupt controller

    private static void gicv2(FdtWriter tree, int... reg) {
        tree.at(INTC).strings("compatible", "arm,gic-400").cells("reg", reg);
    }

    @Test
    void theRegisterRegionsOfAGicv2AreChecked() {
        assertThat(refused(tree -> gicv2(tree, 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000)))
                .endsWith(
                        "'reg' has 2 entries, it needs 4: distributor, CPU interface, hypervisor interface and virtual"
                                + " CPU interface");
        assertThat(refused(tree -> gicv2(
                        tree, 0, 0x8000000, 0, 0x1000, 0, 0x8010800, 0, 0x2000, 0, 0x8030000, 0, 0x2000, 0, 0x8040000,
                        0, 0x2000)))
                .endsWith("'reg' entry 1 (CPU interface at 0x8010800+0x2000) is not aligned to 4 KiB");
        assertThat(refused(tree -> gicv2(
                        tree, 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000, 0, 0x8030000, 0, 0x800, 0, 0x8040000, 0,
                        0x2000)))
                .endsWith("'reg' entry 2 (hypervisor interface at 0x8030000+0x800) is smaller than one 4 KiB page");
        assertThat(refused(tree -> gicv2(
                        tree, 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000, 0, 0x8030000, 0, 0x2000, 0, 0x8040000,
                        0, 0x1000)))
                .endsWith(
                        "the sizes of CPU interface 0x8010000+0x2000 and virtual CPU interface 0x8040000+0x1000 differ");
        assertThat(refused(tree -> gicv2(
                        tree, 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000, 0, 0x8011000, 0, 0x2000, 0, 0x8040000,
                        0, 0x2000)))
                .endsWith("register regions 0x8010000+0x2000 and 0x8011000+0x2000 overlap");
    }

    @Test
    void aGicv2HasNoRoomForNineCpus() {
        assertThat(refused(tree -> {
                    gicv2(
                            tree, 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000, 0, 0x8030000, 0, 0x2000, 0,
                            0x8040000, 0, 0x2000);
                    for (int i = 2; i < 9; i++) {
                        tree.at("cpus")
                                .add("cpu@" + i)
                                .strings("device_type", "cpu")
                                .cells("reg", i);
                    }
                }))
                .endsWith("the tree has 9 CPUs, but a GICv2 serves at most 8");
    }

    @Test
    void theControllersThatThereAreAreListed() {
        String supported = ": this build supports GICv3 (arm,gic-v3; in QEMU: -M virt,gic-version=3) and GICv2"
                + " (arm,cortex-a15-gic, arm,cortex-a7-gic, arm,gic-400; gic-version=2)";

        assertThat(refused(tree -> tree.withoutChild(INTC)))
                .startsWith("/: the tree has no interrupt controller; this build supports GICv3");
        assertThat(refused(tree -> tree.at(INTC).strings("status", "disabled")))
                .endsWith(
                        "interrupt controller arm,gic-v3 (GICv3) at /intc@8000000, disabled by its status" + supported);
        assertThat(refused(tree -> {
                    tree.at(INTC).without("compatible");
                    tree.add("pic").cells("interrupt-controller").strings("compatible", "acme,pic", "qcom,msm-qgic2");
                }))
                .endsWith("interrupt controller without 'compatible' at /intc@8000000, acme,pic (GICv2) at /pic"
                        + supported);
        assertThat(refused(tree -> {
                    tree.withoutChild(INTC);
                    for (int i = 0; i < 6; i++) {
                        tree.add("p" + i).cells("interrupt-controller").strings("compatible", "p");
                    }
                }))
                .endsWith("p at /p3 and 2 more" + supported);
    }

    @Test
    void theRegisterRegionsOfTheGicAreChecked() {
        assertThat(refused(tree -> tree.at(INTC).without("reg")))
                .isEqualTo("/intc@8000000: has no 'reg' property (its register regions)");
        assertThat(refused(tree -> tree.at(INTC).cells("reg", 0, 0x8000000, 0)))
                .isEqualTo("/intc@8000000: 'reg' is 12 bytes, not a multiple of 16 (#address-cells 2 + #size-cells 2)");
        assertThat(refused(tree -> tree.at(INTC).cells("reg"))).contains("no distributor address");
        assertThat(gicReg(0, 0x8001000, 0, 0x10000, 0, 0x80a0000, 0, 0x40000))
                .contains("(distributor at 0x8001000+0x10000) is not aligned to 64 KiB");
        assertThat(gicReg(0, 0x8000000, 0, 0x1000, 0, 0x80a0000, 0, 0x40000))
                .contains("(distributor at 0x8000000+0x1000) is smaller than one 64 KiB frame");
        assertThat(gicReg(0, 0x8000000, 0, 0x10000)).contains("'reg' has 1 entry, it needs 2");
        assertThat(gicReg(0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0))
                .contains("(redistributor region 0 at 0x80a0000+0x0) is smaller");
        assertThat(gicReg(0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x10000))
                .contains("(redistributor region 0 at 0x80a0000+0x10000) is smaller than one redistributor");
        assertThat(gicReg(0, 0x8000000, 0, 0x10000, 0, 0x80a8000, 0, 0x40000)).contains("is not aligned to 64 KiB");
        assertThat(gicReg(0, 0x8000000, 0, 0x20000, 0, 0x8010000, 0, 0x40000))
                .contains("redistributor region 0x8010000+0x40000 overlaps the distributor 0x8000000+0x20000");
        assertThat(gicReg(0x100000, 0, 0, 0x10000, 0, 0x80a0000, 0, 0x40000)).contains("beyond 52-bit physical");
        assertThat(gicReg(0, 0x8000000, 0, 0x10000, 0, 0x80a0000, -1, 0)).contains("beyond 52-bit physical");
        assertThat(gicReg(0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x2ffff))
                .contains("the tree has 2 CPUs, but room for only 1 of them in 1 redistributor region (0x20000"
                        + " bytes each)");
        assertThat(refused(tree -> tree.at(INTC)
                        .cells("#redistributor-regions", 2)
                        .cells("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x40000, 0, 0x80c0000, 0, 0x40000)))
                .contains("redistributor regions 0x80a0000+0x40000 and 0x80c0000+0x40000 overlap");
    }

    private static String gicReg(int... cells) {
        return refused(tree -> tree.at(INTC).cells("reg", cells));
    }

    @Test
    void theOtherPropertiesOfTheGicAreChecked() {
        assertThat(refused(tree -> tree.at(INTC).cells("#redistributor-regions", 0)))
                .endsWith("is 0, not 1 to 128");
        assertThat(refused(tree -> tree.at(INTC).cells("#redistributor-regions", -1)))
                .endsWith("is 4294967295, not 1 to 128");
        assertThat(refused(tree -> tree.at(INTC).cells("#redistributor-regions", 2)))
                .contains("'reg' has 2 entries, it needs 3: the distributor and 2 redistributor regions");
        assertThat(refused(tree -> tree.at(INTC).cells("#redistributor-regions", 1, 1)))
                .endsWith("'#redistributor-regions' is 8 bytes, not one cell (4 bytes)");
        for (int stride : new int[] {1, 0x10000, 0x28000, 0x2000000, -0x10000}) {
            assertThat(refused(tree -> tree.at(INTC).cells("redistributor-stride", stride)))
                    .contains("'redistributor-stride' is 0x" + Integer.toHexString(stride) + "; it must be a multiple");
        }
        assertThat(refused(tree -> tree.at(INTC)
                        .cells("redistributor-stride", 0, 0x100000)
                        .cells("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x1f0000)))
                .contains("room for only 1 of them in 1 redistributor region (0x100000 bytes each)");
        assertThat(refused(tree -> tree.at(INTC).cells("redistributor-stride", 0, 0, 0)))
                .contains("12 bytes, not one or two");
        assertThat(refused(tree -> tree.at(INTC).without("interrupts"))).contains("has no maintenance interrupt");
        assertThat(refused(tree -> tree.at(INTC).cells("interrupts", 0, 9, 4)))
                .contains("the maintenance interrupt is SPI 41, it must be a PPI (16..31)");
        assertThat(refused(tree -> {
                    tree.add("pic").cells("phandle", 7).cells("#interrupt-cells", 1);
                    tree.at(INTC).cells("interrupt-parent", 7);
                }))
                .contains("the maintenance interrupt goes to /pic, not to the GIC itself; check 'interrupt-parent'");
    }

    @Test
    void addressesThatCannotBeTranslatedAreRefused() {
        assertThat(refused(tree -> gicBelow(tree, soc -> {}))).contains("cannot be translated: /soc has no 'ranges'");
        assertThat(refused(tree -> gicBelow(tree, soc -> soc.cells("ranges", 0, 0, 0, 0, 0))))
                .isEqualTo("/soc: 'ranges' is 20 bytes, not a multiple of 24"
                        + " (address 2 + parent address 2 + size 2 cells)");
        assertThat(refused(tree -> gicBelow(tree, soc -> soc.cells("ranges", 0, 0, 0, 0, 0, 0x1000))))
                .contains("'reg' address 0x8000000 is outside of the 'ranges' of /soc");
        assertThat(refused(tree -> gicBelow(tree, soc -> soc.cells("ranges", 0, 0, -1, -0x1000, 1, 0))))
                .contains("'ranges' maps 0x8000000 beyond 64-bit addresses");
        assertThat(refused(tree -> gicBelow(tree, soc -> soc.cells("ranges", new int[6 * 257]))))
                .contains("'ranges' has more than 256 entries");
        assertThat(refused(tree -> tree.cells("#address-cells", 3)))
                .contains("'#address-cells' is 3; this build reads 1 to 2");
        assertThat(refused(tree -> tree.cells("#size-cells", -1)))
                .contains("'#size-cells' is 4294967295; this build reads 0");
    }

    private static void gicBelow(FdtWriter tree, Consumer<FdtWriter> change) {
        FdtWriter soc = tree.withoutChild(INTC).add("soc");
        change.accept(soc);
        soc.add("gic")
                .strings("compatible", "arm,gic-v3")
                .cells("interrupt-controller")
                .cells("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x40000);
    }

    // CPUs

    @Test
    void theCpuNodesAreChecked() {
        assertThat(refused(tree -> tree.withoutChild("cpus"))).isEqualTo("/: has no 'cpus' node");
        assertThat(refused(tree -> tree.at("cpus").withoutChild("cpu@0").withoutChild("cpu@1")))
                .startsWith("/cpus: has no usable CPU");
        assertThat(refused(tree -> tree.at("cpus/cpu@1").cells("reg", 0)))
                .isEqualTo("/cpus/cpu@1: MPIDR 0x0 is also that of /cpus/cpu@0");
        assertThat(refused(tree -> tree.at("cpus/cpu@1").cells("reg", 0x80000001)))
                .isEqualTo("/cpus/cpu@1: MPIDR 0x80000001 has bits outside of the affinity fields (0xff00ffffff)");
        assertThat(refused(tree -> tree.at("cpus/cpu@1").cells("reg", 0, 1)))
                .isEqualTo("/cpus/cpu@1: 'reg' is 8 bytes, not 4 (#address-cells 1)");
        assertThat(refused(tree -> tree.at("cpus/cpu@1").without("reg")))
                .contains("has no 'reg' property (the CPU's MPIDR");
        assertThat(refused(tree -> tree.at("cpus").cells("#address-cells", 3)))
                .contains("/cpus: '#address-cells' is 3");
        assertThat(refused(tree -> {
                    for (int i = 0; i < 127; i++) {
                        tree.at("cpus")
                                .add("c" + i)
                                .strings("device_type", "cpu")
                                .cells("reg", 0x100 + i);
                    }
                }))
                .isEqualTo("/cpus: has 129 CPUs; this build models at most 128 (Xen's NR_CPUS)");
    }

    // Interrupts

    @Test
    void theTimerIsChecked() {
        assertThat(refused(tree -> tree.withoutChild("timer"))).contains("has no generic timer node (arm,armv8-timer)");
        assertThat(refused(tree -> tree.at("timer").cells("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4)))
                .contains("/timer: has no hyp-phys interrupt among its 3; Xen needs secure phys, phys, virt and hyp");
        assertThat(refused(tree -> tree.at("timer").strings("interrupt-names", "virt")))
                .contains("has no phys interrupt");
        assertThat(refused(tree -> tree.at("timer").cells("interrupts", 1, 13, 4, 0, 14, 4, 1, 11, 4, 1, 10, 4)))
                .contains("the phys timer is SPI 46, it must be a PPI (16..31)");
        assertThat(refused(tree -> tree.at("timer").cells("interrupts", 1, 13, 4, 1, 9, 4, 1, 11, 4, 1, 10, 4)))
                .contains("timer PPIs 25 (phys), 27 (virt), 26 (hyp) and maintenance PPI 25 must differ");
        assertThat(refused(tree -> {
                    tree.add("pic").cells("phandle", 7).cells("#interrupt-cells", 1);
                    tree.at("timer").cells("interrupt-parent", 7);
                }))
                .contains("goes to /pic, not to the GIC /intc@8000000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "0 988 4 | SPI 988 does not exist; the last one is 987",
                "0 -1 4 | SPI 4294967295 does not exist",
                "1 16 4 | PPI 16 does not exist; the last one is 15",
                "2 0 4 | interrupt kind 2 is neither 0 (SPI) nor 1 (PPI)",
                "0 1 5 | interrupt sense 0x5 is both edge and level",
                "0 1 | 'interrupts' is 8 bytes, not a multiple of 12 (#interrupt-cells 3 of /intc@8000000)",
                "0 8 4 0 8 1 | interrupt 40 is edge-triggered here, but level-sensitive at /uart@9000000",
            })
    void anInterruptSpecifierIsChecked(String cells, String message) {
        int[] values =
                Arrays.stream(cells.split(" ")).mapToInt(Integer::parseInt).toArray();

        assertThat(refused(tree -> tree.at(UART).cells("interrupts", values)))
                .startsWith("/" + UART)
                .contains(message);
    }

    @Test
    void aLineHasOneTrigger() {
        assertThat(refused(tree -> tree.at("disk@a000000").cells("interrupts", 0, 1, 1)))
                .isEqualTo("/disk@a000000: 'interrupts': interrupt 33 is edge-triggered here,"
                        + " but level-sensitive at /uart@9000000");
    }

    @Test
    void theWayToTheControllerIsChecked() {
        assertThat(refused(tree -> tree.cells("interrupt-parent", 9)))
                .contains("'interrupt-parent' points to phandle 0x9, which no node has");
        assertThat(refused(tree -> tree.at(UART).cells("interrupt-parent"))).contains("is 0 bytes, not one cell");
        assertThat(refused(tree -> tree.at(UART).cells("interrupt-parent", 5).cells("phandle", 5)))
                .isEqualTo(
                        "/uart@9000000: its interrupt parents lead in a circle; one of them needs '#interrupt-cells'");
        assertThat(refused(tree -> tree.at(INTC).cells("#interrupt-cells", 2)))
                .contains("not a multiple of 8 (#interrupt-cells 2 of /intc@8000000)");
        assertThat(refused(tree -> tree.at(INTC).cells("#interrupt-cells", 1)))
                .contains("#interrupt-cells of /intc@8000000 is 1, a GIC needs 3");
        assertThat(refused(tree -> tree.at(INTC).cells("#interrupt-cells", 17))).contains("is 17, not 1 to 16");
        assertThat(refused(tree -> tree.at(UART).cells("interrupts-extended", 1, 0, 1)))
                .contains("'interrupts-extended' ends inside an interrupt specifier");
        assertThat(refused(tree -> tree.at(UART).cells("interrupts-extended", 6, 0, 1)))
                .contains("'interrupts-extended' points to phandle 0x6, which no node has");
        assertThat(refused(tree -> tree.at(UART).cells("interrupts-extended", 5).cells("phandle", 5)))
                .contains("has no '#interrupt-cells' property (cells of one interrupt)");
        assertThat(refused(tree -> tree.at(UART).bytes("interrupts-extended", (byte) 1)))
                .contains("ends inside");
    }
}

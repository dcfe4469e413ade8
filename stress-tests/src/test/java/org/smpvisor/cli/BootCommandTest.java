package org.smpvisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.report.RegisterCsv;
import picocli.CommandLine;

class BootCommandTest {
    @TempDir
    private Path directory;

    /** How a command ended. */
    private static Ending smpvisor(String... args) {
        return Ending.of(List.of(args));
    }

    private static Ending boot(String... args) {
        return Ending.of("boot", args);
    }

    private Path tree(String name) throws IOException {
        Path file = directory.resolve(name);
        try (InputStream in = BootCommandTest.class.getResourceAsStream("/dtb/" + name)) {
            Files.copy(in, file);
        }
        return file;
    }

    @Test
    void theDefaultMachineBootsAndIsSummedUp() {
        Ending end = boot();

        assertThat(end.status()).isZero();
        assertThat(end.err()).isEmpty();
        assertThat(end.out())
                .contains("(XEN) GICv3: 256 lines, (IID 0000043b).")
                .contains("(XEN) GICv3: CPU3: Found redistributor in region 0 @0000000008100000")
                .contains("(XEN) Brought up 4 CPUs")
                .containsPattern("Booted in [0-9.]+ s: 4 of 4 pCPUs online, GICv3 with 256 lines \\(224 SPIs\\), 4 list"
                        + " registers and 5 priority bits\\. Xen took [1-9]\\d* locks; the lock validator found no"
                        + " violation\\.");
    }

    @Test
    void theHardwareCanBeChosen() {
        Ending end = boot("--pcpus", "6", "--lines", "1024", "--list-registers", "16", "--priority-bits", "7");

        assertThat(end.status()).isZero();
        assertThat(end.out())
                .contains("6 of 6 pCPUs online, GICv3 with 1020 lines (988 SPIs), 16 list registers and 7");
    }

    @Test
    void aTreeFromAFileBoots() throws IOException {
        Ending end = boot("--dtb", tree("qemu-virt-gicv3-cpus8.dtb").toString());

        assertThat(end.status()).isZero();
        assertThat(end.out()).contains("(XEN) Brought up 8 CPUs");
    }

    @Test
    void registersAreWrittenAsCsv() throws IOException {
        Path file = directory.resolve("boot.csv");

        Ending end = boot("--xen", "4.17", "--registers", file.toString());

        List<String> rows = Files.readAllLines(file);
        assertThat(end.status()).isZero();
        assertThat(end.out()).contains("Wrote " + (rows.size() - 1) + " register accesses to " + file);
        assertThat(rows)
                .startsWith(
                        RegisterCsv.HEADER,
                        "1,0,GICD,r,0xffe8,GICD_PIDR2,4,0x3b,",
                        "2,0,GICD,r,0x4,GICD_TYPER,4,0x37a0007,",
                        "3,0,GICD,w,0x0,GICD_CTLR,4,0x0,")
                .anyMatch(row -> row.endsWith(",3,GICR,w,0x70100,rd3.GICR_ISENABLER0,4,0x40000000,"));
    }

    @Test
    void aGicv2Boots() {
        Ending end = boot("--gic", "2", "--list-registers", "64");

        assertThat(end.status()).isZero();
        assertThat(end.out())
                .contains("(XEN) GICv2: 288 lines, 4 cpus (IID 0000043b).")
                .contains("4 of 4 pCPUs online, GICv2 with 288 lines (256 SPIs), 64 list registers");
    }

    @Test
    void aGicv2ServesEightCpusAndNoMore() throws IOException {
        String tree = tree("qemu-virt-gicv2-cpus8.dtb").toString();

        assertThat(boot("--dtb", tree).status()).isZero();
        Ending end = boot("--dtb", tree, "--pcpus", "9");
        assertThat(end.status()).isEqualTo(2);
        assertThat(end.err())
                .contains(
                        "Invalid value for option '--pcpus': a GICv2 serves 1 to 8 CPUs, not 9; take a tree with a GICv3");
        assertThat(boot("--dtb", tree, "--list-registers", "65").err()).contains("65 is not 1 to 64");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--lines 33 | '--lines': 33 is not a multiple of 32 from 64 to 1024",
                "--lines 32 | '--lines': 32 is not a multiple of 32 from 64 to 1024",
                "--lines 1056 | '--lines': 1056 is not a multiple of 32 from 64 to 1024",
                "--lines many | '--lines': 'many' is not an int",
                "--list-registers 0 | '--list-registers': 0 is not 1 to 16",
                "--list-registers 17 | '--list-registers': 17 is not 1 to 16",
                "--priority-bits 4 | '--priority-bits': 4 is not 5 to 7",
                "--priority-bits 8 | '--priority-bits': 8 is not 5 to 7",
                "--pcpus 0 | '--pcpus': 0 is not 1 to 128",
                "--pcpus 129 | '--pcpus': 129 is not 1 to 128",
                "--gic 4 | '--gic': 4 is not 2 or 3",
                "--gic 2 --dtb x | '--gic' is for QEMU's board; the tree of '--dtb' says what GIC it has",
                "--gic 2 --list-registers 65 | '--list-registers': 65 is not 1 to 64",
                "--timeout 0 | '--timeout': 0 is not 1 to 86400",
                "--xen 4.18 | '--xen': '4.18' is neither 4.17 nor head",
                "--dtb | Missing required parameter for option '--dtb' (FILE)",
                "--dtp x | Unknown options: '--dtp', 'x'",
                "extra | Unmatched argument at index 1: 'extra'",
                "--dtb /no/such/file | device tree /no/such/file: no such file",
                "--registers /no/such/file | cannot write /no/such/file: no such directory",
            })
    void wrongUseIsAnsweredWithASentence(String args, String message) {
        Ending end = boot(args.split(" "));

        assertThat(end.status()).isEqualTo(2);
        assertThat(end.out()).isEmpty();
        assertThat(end.err()).startsWith("smpvisor boot: ").contains(message);
        assertThat(end.err().lines().count()).isLessThanOrEqualTo(3);
    }

    @Test
    void aFileThatCannotBeWrittenIsNoticedBeforeBooting() {
        Ending end = boot("--registers", directory.toString());

        assertThat(end.status()).isEqualTo(2);
        assertThat(end.out()).isEmpty();
        assertThat(end.err()).contains("cannot write " + directory);
    }

    @Test
    void theTreeIsNotOverwrittenWithItsOwnRegisters() throws IOException {
        Path tree = tree("qemu-virt-gicv3-cpus8.dtb");
        long size = Files.size(tree);

        Ending end = boot("--dtb", tree.toString(), "--registers", tree.toString());

        assertThat(end.status()).isEqualTo(2);
        assertThat(end.err()).contains("is the device tree");
        assertThat(Files.size(tree)).isEqualTo(size);
    }

    @Test
    void anEmptyTreeIsRefused() throws IOException {
        Path file = Files.createFile(directory.resolve("empty.dtb"));

        Ending end = boot("--dtb", file.toString());

        assertThat(end.status()).isEqualTo(2);
        assertThat(end.err()).startsWith("smpvisor boot: device tree " + file);
    }

    /** A console that never takes a line stands for any hang: a pCPU does not get on. */
    @Test
    void aHangEndsWithAMessage() {
        CountDownLatch never = new CountDownLatch(1);
        Writer stuck = new Writer() {
            @Override
            public void write(char[] text, int from, int length) {
                if (Thread.currentThread().getName().startsWith("cpu")) {
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        StringWriter err = new StringWriter();

        int status = Main.commandLine()
                .setOut(new PrintWriter(stuck, true))
                .setErr(new PrintWriter(err, true))
                .execute("boot", "--timeout", "1");
        never.countDown();

        assertThat(status).isEqualTo(1);
        assertThat(err.toString())
                .contains("the machine has not booted after 1 s")
                .contains("cpu1: not online")
                .doesNotContain("\tat ");
    }

    @Test
    void aBugOfTheModelLeavesItsTraceInAFile() throws IOException {
        StringWriter err = new StringWriter();
        Callable<Integer> broken = new Broken();

        int status = Main.commandLine()
                .addSubcommand(broken)
                .setErr(new PrintWriter(err, true))
                .execute("broken");

        Matcher file = Pattern.compile("written to (\\S+);").matcher(err.toString());
        assertThat(status).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("smpvisor broken: a bug of the model, not of your input: two owners")
                .doesNotContain("\tat ");
        assertThat(file.find()).isTrue();
        Path trace = Path.of(file.group(1));
        assertThat(Files.readString(trace)).contains("arguments: [broken]", "\tat ", "BootCommandTest");
        Files.delete(trace);
    }

    @CommandLine.Command(name = "broken")
    private static final class Broken implements Callable<Integer> {
        @Override
        public Integer call() {
            throw new ModelBug("two owners");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "boot --help", "help boot", "--version"})
    void helpIsNoError(String args) {
        Ending end = smpvisor(args.split(" "));

        assertThat(end.status()).isZero();
        assertThat(end.err()).isEmpty();
        assertThat(end.out()).isNotBlank();
    }

    @Test
    void theHelpOfBootNamesEveryOption() {
        assertThat(boot("--help").out())
                .contains("--dtb=FILE", "--pcpus=N", "--xen=VERSION", "--lines=N", "--list-registers=N")
                .contains("--priority-bits=N", "--registers=FILE", "--timeout=SECONDS", "Exit status");
    }

    @Test
    void aCommandIsNeeded() {
        assertThat(smpvisor().status()).isEqualTo(2);
        assertThat(smpvisor("boto").err()).contains("Did you mean: smpvisor boot");
        assertThat(smpvisor("boto").status()).isEqualTo(2);
    }
}

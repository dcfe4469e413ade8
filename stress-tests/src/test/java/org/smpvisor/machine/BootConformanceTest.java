package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.report.RegisterCsv;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Variant.XenVersion;

/**
 * The model boots as a real Xen 4.17 did on the same tree: the same accesses to the same registers with the same values
 * and widths, in the same order on each CPU, from the first to the last of its set-up. Left out are the registers by which
 * interrupts are sent, acknowledged and ended, since those come when they come, and ICC_SRE, which QEMU does not trace.
 */
class BootConformanceTest {
    private static final Pattern LEFT_OUT = Pattern.compile(",(ICC_IAR1|ICC_EOIR1|ICC_DIR|ICC_SGI1R|ICC_SRE)_EL\\d,");
    private static final Pattern WRITE = Pattern.compile("\\d+,\\w+,w,.*");
    private static final Pattern OF_PPI_30 = Pattern.compile(".*(IPRIORITYR30,.*|ISENABLER0,4,0x40000000,)");

    private static Boots xen417;
    private static Boots head;

    @BeforeAll
    static void boot() {
        xen417 = boot(XenVersion.V4_17);
        head = boot(XenVersion.HEAD);
    }

    private static Boots boot(XenVersion version) {
        return Boots.of(
                MachineSpec.of(MachineDescription.qemuVirt(), Variant.xen().with(version)));
    }

    /** Returns the rows of some trace files in the order of the machine. */
    private static List<String> trace(String... files) {
        return traceIn("", files);
    }

    /** Those of a folder, which ends with a slash. */
    static List<String> traceIn(String folder, String... files) {
        TreeMap<Integer, String> rows = new TreeMap<>();
        for (String file : files) {
            String name = "/conformance/" + folder + file + ".csv";
            try (BufferedReader in = new BufferedReader(new InputStreamReader(
                    BootConformanceTest.class.getResourceAsStream(name), StandardCharsets.US_ASCII))) {
                assertThat(in.readLine()).isEqualTo(RegisterCsv.HEADER);
                in.lines().forEach(row -> rows.put(Integer.valueOf(row.substring(0, row.indexOf(','))), row));
            } catch (IOException e) {
                throw new AssertionError(name, e);
            }
        }
        return rows.values().stream().map(Boots::withoutSeq).toList();
    }

    static List<String> ofCpu(int cpu, List<String> rows) {
        return rows.stream().filter(row -> row.startsWith(cpu + ",")).toList();
    }

    /** Returns the rows that do not depend on when interrupts come. */
    private static List<String> compared(List<String> rows) {
        return rows.stream().filter(row -> !LEFT_OUT.matcher(row).find()).toList();
    }

    private static List<String> writes(List<String> rows) {
        return rows.stream().filter(row -> WRITE.matcher(row).matches()).toList();
    }

    @ParameterizedTest
    @CsvSource({"0, 352", "1, 31", "2, 31", "3, 31"})
    void eachCpuWritesWhatXenWrote(int cpu, int count) {
        List<String> expected = writes(compared(ofCpu(cpu, trace("boot-dist", "boot-redist", "boot-icc-ich"))));

        assertThat(expected).hasSize(count);
        assertThat(writes(compared(xen417.rows(cpu)))).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void eachCpuReadsWhatXenReadAndInTheSamePlaces(int cpu) {
        List<String> expected = compared(ofCpu(cpu, trace("boot-dist", "boot-redist", "boot-icc-ich")));

        assertThat(compared(xen417.rows(cpu))).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aSecondaryComesUpAsInTheTraceOfSecondaries(int cpu) {
        List<String> expected = compared(ofCpu(cpu, trace("secondary")));

        assertThat(expected).hasSize(45 + cpu);
        assertThat(compared(xen417.rows(cpu))).containsExactlyElementsOf(expected);
    }

    @Test
    void theInterfacesComeUpOneAfterTheOther() {
        assertThat(xen417.csv().accesses().stream()
                        .map(xen417.csv()::row)
                        .filter(row -> row.contains(",ICH_HCR_EL2,"))
                        .map(row -> row.split(",")[1]))
                .containsExactly("0", "1", "2", "3");
    }

    @Test
    void headLooksAtTheControlRegisterBeforeItClearsIt() {
        String touched = "0,GICD,w,0x0,GICD_CTLR,4,";
        List<String> before = cpu0UntilPpi30(xen417);
        List<String> expected = new ArrayList<>(before);
        int first = expected.indexOf(touched + "0x0,");
        expected.set(first, touched + "0x10,");
        expected.add(first, "0,GICD,r,0x0,GICD_CTLR,4,0x50,");

        assertThat(cpu0UntilPpi30(head)).containsExactlyElementsOf(expected);
        assertThat(before.subList(0, first)).noneMatch(row -> row.contains("GICD_CTLR"));
    }

    private static List<String> cpu0UntilPpi30(Boots boots) {
        return withoutPpi30(compared(boots.rows(0)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void headLeavesThePhysicalTimerToTheGuestAndDiffersInNothingElse(int cpu) {
        List<String> old = compared(xen417.rows(cpu));
        List<String> now = compared(head.rows(cpu));

        assertThat(now).noneMatch(row -> OF_PPI_30.matcher(row).matches());
        assertThat(old).hasSize(now.size() + 5);
        assertThat(now).containsExactlyElementsOf(withoutPpi30(old));
    }

    /** Returns the rows without those that set PPI 30 up: its trigger read, written and read again, priority, enable. */
    private static List<String> withoutPpi30(List<String> rows) {
        for (int i = 0; i < rows.size(); i++) {
            if (OF_PPI_30.matcher(rows.get(i)).matches()) {
                assertThat(rows.subList(i - 3, i)).allMatch(row -> row.contains(".GICR_ICFGR1,"));
                return Stream.concat(rows.subList(0, i - 3).stream(), rows.subList(i + 2, rows.size()).stream())
                        .toList();
            }
        }
        return rows;
    }

    @Test
    void theConsoleTellsOfTheGicWhatXenTold() {
        assertThat(head.console())
                .startsWith(
                        "GICv3 initialization:",
                        "      gic_dist_addr=0x00000008000000",
                        "      gic_maintenance_irq=25",
                        "      gic_rdist_stride=0",
                        "      gic_rdist_regions=1",
                        "      redistributor regions:",
                        "        - region 0: 0x000000080a0000 - 0x00000009000000",
                        "GICv3: 256 lines, (IID 0000043b).")
                .endsWith("CPU 3 booted.", "Brought up 4 CPUs");
    }

    @Test
    void allRowsOfTheTraceAreUsed() {
        List<String> all = trace("boot-dist", "boot-redist", "boot-icc-ich");

        assertThat(compared(all))
                .hasSize(Arrays.stream(new int[] {0, 1, 2, 3})
                        .map(cpu -> compared(xen417.rows(cpu)).size())
                        .sum());
    }
}

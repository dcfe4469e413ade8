package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Variant.XenVersion;

/**
 * On a GICv2 the model boots as a real Xen 4.17 did on the same tree: the same accesses to the same registers with the same
 * values and widths, in the same order on each CPU. Left out are the registers by which interrupts are sent, acknowledged and
 * ended, since those come when they come.
 */
class BootConformanceV2Test {
    private static final Pattern LEFT_OUT = Pattern.compile(",(GICC_IAR|GICC_EOIR|GICC_DIR|GICD_SGIR),");
    private static final Pattern WRITE = Pattern.compile("\\d+,\\w+,w,.*");
    private static final Pattern OF_PPI_30 =
            Pattern.compile(".*(IPRIORITYR30,.*|ITARGETSR30,.*|ISENABLER0,4,0x40000000,)");

    private static Boots xen417;
    private static Boots head;

    @BeforeAll
    static void boot() {
        xen417 = boot(XenVersion.V4_17);
        head = boot(XenVersion.HEAD);
    }

    private static Boots boot(XenVersion version) {
        return Boots.of(
                MachineSpec.of(MachineDescription.qemuVirtGicV2(), Variant.xen().with(version)));
    }

    private static List<String> trace(int cpu, String... files) {
        return compared(BootConformanceTest.ofCpu(cpu, BootConformanceTest.traceIn("gicv2/", files)));
    }

    private static List<String> compared(List<String> rows) {
        return rows.stream().filter(row -> !LEFT_OUT.matcher(row).find()).toList();
    }

    private static List<String> writes(List<String> rows) {
        return rows.stream().filter(row -> WRITE.matcher(row).matches()).toList();
    }

    @ParameterizedTest
    @CsvSource({"0, 196", "1, 30", "2, 30", "3, 30"})
    void eachCpuWritesWhatXenWrote(int cpu, int count) {
        List<String> expected = writes(trace(cpu, "boot-dist", "boot-gicc-gich"));

        assertThat(expected).hasSize(count);
        assertThat(writes(compared(xen417.rows(cpu)))).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 211", "1, 40", "2, 40", "3, 40"})
    void eachCpuReadsWhatXenReadAndInTheSamePlaces(int cpu, int count) {
        List<String> expected = trace(cpu, "boot-dist", "boot-gicc-gich");

        assertThat(expected).hasSize(count);
        assertThat(compared(xen417.rows(cpu))).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aSecondaryComesUpAsInTheTraceOfSecondaries(int cpu) {
        assertThat(compared(xen417.rows(cpu))).containsExactlyElementsOf(trace(cpu, "secondary"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void headLeavesThePhysicalTimerToTheGuestAndDiffersInNothingElse(int cpu) {
        List<String> old = compared(xen417.rows(cpu));
        List<String> now = compared(head.rows(cpu));
        int first = old.stream()
                        .filter(row -> row.contains("IPRIORITYR30"))
                        .mapToInt(old::indexOf)
                        .sum()
                - 3;
        List<String> of30 = old.subList(first, first + 6);

        assertThat(of30.subList(0, 3)).allMatch(row -> row.contains("GICD_ICFGR1,"));
        assertThat(of30.subList(3, 6)).allMatch(row -> OF_PPI_30.matcher(row).matches());
        List<String> without = new ArrayList<>(old);
        without.subList(first, first + 6).clear();
        assertThat(now).containsExactlyElementsOf(without);
    }

    @Test
    void theConsoleTellsOfTheGicWhatXenTold() {
        assertThat(head.console())
                .startsWith(
                        "GICv2 initialization:",
                        "        gic_dist_addr=0000000008000000",
                        "        gic_cpu_addr=0000000008010000",
                        "        gic_hyp_addr=0000000008030000",
                        "        gic_vcpu_addr=0000000008040000",
                        "        gic_maintenance_irq=25",
                        "GICv2: 288 lines, 4 cpus (IID 0000043b).")
                .endsWith("CPU 3 booted.", "Brought up 4 CPUs");
    }

    @ParameterizedTest
    @CsvSource({"1, 4, 64, 64", "8, 64, 1024, 1020", "3, 33, 96, 96"})
    void otherMachinesBootToo(int cpus, int listRegisters, int lines, int usable) {
        MachineDescription machine = MachineDescription.qemuVirtGicV2();
        Boots boots =
                Boots.of(MachineSpec.of(machine.withCpus(cpus), Variant.xen()).withGic(lines, listRegisters, 5));

        assertThat(boots.machine().driver().nrLines()).isEqualTo(usable);
        assertThat(boots.machine().driver().nrLrs()).isEqualTo(listRegisters);
        assertThat(boots.console())
                .contains("GICv2: " + usable + " lines, " + cpus + (cpus == 1 ? " cpu" : " cpus") + " (IID 0000043b).");
    }
}

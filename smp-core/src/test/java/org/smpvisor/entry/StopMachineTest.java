package org.smpvisor.entry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;

/** A machine whose pCPUs all stand still while one of them does something. */
class StopMachineTest {
    private static final int PCPUS = 4;

    private final BarePcpus b = new BarePcpus(PCPUS);
    private final IpiSender ipi = (from, to, id) -> b.wires[to.id()].pull();
    private final StopMachine stop = new StopMachine(b.cpus, ipi);
    private final List<Thread> threads = new ArrayList<>();

    /** All but cpu0 turn round and do their softirqs. */
    private void start(int pcpus) {
        for (Pcpu p : b.cpus) {
            p.softirqs().open(Softirqs.TASKLET, p.tasklets()::run);
            p.setOnline(p.id() < pcpus);
            p.localIrqEnable();
        }
        for (int i = 1; i < pcpus; i++) {
            Pcpu p = b.cpus[i];
            threads.add(BarePcpus.start(() -> {
                while (!b.engine.isStopped()) {
                    p.softirqs().run(p);
                    Thread.onSpinWait();
                }
            }));
        }
    }

    @AfterEach
    void stopThreads() {
        b.engine.stop();
        threads.forEach(BarePcpus::join);
    }

    private boolean allMasked(int pcpus) {
        boolean all = true;
        for (int i = 0; i < pcpus; i++) {
            all &= b.cpus[i].isIrqMasked();
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PCPUS - 1})
    void theFunctionRunsOnceWhereItIsWantedWithAllInterruptsMasked(int target) {
        start(PCPUS);
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        assertThat(stop.run(
                        b.cpus[0],
                        target,
                        cpu -> ran.add(cpu + (allMasked(PCPUS) ? ", all masked" : ", somebody open"))))
                .isTrue();
        assertThat(ran).containsExactly("cpu" + target + ", all masked");
        assertThat(b.cpus[0].isIrqMasked()).isFalse();
        stopThreads();
        for (Pcpu p : b.cpus) {
            assertThat(p.isIrqMasked()).as("%s goes on", p).isFalse();
            assertThat(p.held().depth()).isZero();
        }
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void aSecondCallerIsRefusedAndNothingOfItsIsDone() {
        start(PCPUS);
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        assertThat(stop.run(b.cpus[0], 1, cpu -> {
                    ran.add("outer");
                    assertThat(stop.run(cpu, 1, c -> ran.add("inner"))).isFalse();
                }))
                .isTrue();
        assertThat(ran).containsExactly("outer");
    }

    @Test
    void itCanBeStoppedAgainAndAgain() {
        start(PCPUS);
        int[] ran = new int[PCPUS];
        for (int i = 0; i < 100; i++) {
            assertThat(stop.run(b.cpus[0], i % PCPUS, cpu -> ran[cpu.id()]++)).isTrue();
        }
        assertThat(ran).containsOnly(100 / PCPUS);
    }

    @Test
    void pcpusThatAreOfflineAreLeftAlone() {
        start(2);
        int[] ran = new int[1];
        assertThat(stop.run(b.cpus[0], 1, cpu -> ran[0]++)).isTrue();
        assertThat(ran[0]).isEqualTo(1);
        assertThat(b.cpus[2].tasklets().isEmpty()).isTrue();
        assertThat(b.cpus[2].softirqs().peek()).isZero();
    }

    @Test
    void aMachineWithOnePcpuStopsItself() {
        start(1);
        boolean[] masked = new boolean[1];
        assertThat(stop.run(b.cpus[0], 0, cpu -> masked[0] = cpu.isIrqMasked())).isTrue();
        assertThat(masked[0]).isTrue();
    }
}

package org.smpvisor.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Variant;

class ScenariosTest {
    static Stream<String> names() {
        return Scenarios.all().stream().map(Scenario::name);
    }

    @ParameterizedTest
    @MethodSource("names")
    void nothingGoesWrongInAnyScenarioWithTheCorrectedRules(String name) {
        RunRecord run = Runs.run(name, Variant.allFixed(), 3, 21);

        assertThat(run.findings()).as(run.explanation() + run.hang()).isEmpty();
        assertThat(run.verdict()).isIn(Verdict.CLEAN, Verdict.NOT_EXERCISED);
        long killedInHandler =
                run.counter(Counter.DOMAINS_DESTROYED) * run.options().vcpus();
        assertThat(run.counter(Counter.GUEST_ACKS)).isPositive();
        assertThat(run.counter(Counter.GUEST_ACKS) - run.counter(Counter.GUEST_ENDS))
                .isBetween(0L, killedInHandler);
    }

    /** What must have come and gone; with these schedulers vCPUs have moved, too. */
    private static Set<Counter> owedUnder(SchedulerKind kind) {
        Set<Counter> owed = EnumSet.of(
                Counter.CPU_OFFS,
                Counter.CPU_ONS,
                Counter.DOMAINS_SHUT_DOWN,
                Counter.DOMAINS_DESTROYED,
                Counter.DOMAINS_CREATED,
                Counter.PCPUS_OFFLINED,
                Counter.PCPUS_ONLINED);
        if (kind == SchedulerKind.CREDIT2 || kind == SchedulerKind.HOSTILE) {
            owed.add(Counter.VCPU_MOVES);
        }
        return owed;
    }

    /** What a busy host leaves out of one run comes in the next, or in the one after that. */
    @ParameterizedTest
    @EnumSource(SchedulerKind.class)
    void nothingGoesWrongUnderAnySchedulerWhileEverythingComesAndGoes(SchedulerKind kind) {
        Scenario s = Scenarios.named("coming-and-going").orElseThrow();
        boolean pinned = kind == SchedulerKind.NULL;
        int pcpus = pinned ? 6 : s.pcpus();
        int vcpus = pinned ? 2 : s.vcpus(); // each of which has a pCPU for itself there, whatever pCPUs go down
        MachineDescription tree = MachineDescription.qemuVirt().withCpus(pcpus);
        Set<Counter> owed = owedUnder(kind);
        for (int seed = 23; seed < 26 && !owed.isEmpty(); seed++) {
            RunOptions options = new RunOptions(
                            s, pcpus, s.domains(), vcpus, 4, seed, Variant.allFixed(), tree, true, "test")
                    .withScheduler(kind);

            RunRecord run = new StormRun(options, Runs.silent()).run();

            assertThat(run.findings()).as(run.explanation() + run.hang()).isEmpty();
            assertThat(run.verdict()).isIn(Verdict.CLEAN, Verdict.NOT_EXERCISED);
            owed.removeIf(c -> run.counter(c) > 0);
        }
        assertThat(owed).as("never happened").isEmpty();
    }

    @ParameterizedTest
    @MethodSource("names")
    void whatGoesWrongInXenIsExplainedByAKnownWeakSpot(String name) {
        RunRecord run = Runs.run(name, Variant.xen(), 3, 22);

        assertThat(run.findings())
                .as(run.explanation() + run.hang())
                .allSatisfy(f ->
                        assertThat(f.explainedBy()).as(f.violation().text()).isNotNull());
        assertThat(run.verdict()).isIn(Verdict.CLEAN, Verdict.KNOWN, Verdict.NOT_EXERCISED);
    }

    @Test
    void aRunThatIsInterruptedSaysSoAndStillShowsWhatItSaw() throws InterruptedException {
        StormRun run = new StormRun(Runs.options("spi-storm", Variant.allFixed(), 60, 3), Runs.silent());
        Thread user = new Thread(() -> {
            while (run.total(Counter.GUEST_ACKS) < 1000) {
                Thread.onSpinWait();
            }
            run.interrupt();
        });
        user.start();
        RunRecord record = run.run();
        user.join();

        assertThat(record.verdict()).isEqualTo(Verdict.INTERRUPTED);
        assertThat(record.counter(Counter.GUEST_ACKS)).isGreaterThanOrEqualTo(1000);
        assertThat(record.findings()).isEmpty();
    }

    @Test
    void promisesScaleWithTheLengthOfTheRunUpToAMinute() {
        Scenario s = Scenarios.named("all").orElseThrow();

        assertThat(s.required(Counter.EVICTIONS, 60)).isEqualTo(300);
        assertThat(s.required(Counter.EVICTIONS, 6)).isEqualTo(30);
        assertThat(s.required(Counter.EVICTIONS, 0.1)).isEqualTo(1);
        assertThat(s.required(Counter.EVICTIONS, 3600)).isEqualTo(300);
    }

    @Test
    void aScenarioThatPromisesNothingIsRefused() {
        Scenario s = Scenarios.named("all").orElseThrow();

        assertThatThrownBy(() -> promising(s, Map.of())).hasMessageContaining("must promise events");
        assertThatThrownBy(() -> promising(s, Map.of(Counter.UIE, 0))).hasMessageContaining("each at least once");
        for (Scenario known : Scenarios.all()) {
            for (Counter c : known.promises().keySet()) {
                assertThat(known.required(c, 1e-9)).isPositive();
            }
        }
    }

    private static Scenario promising(Scenario s, Map<Counter, Integer> promises) {
        return new Scenario(
                s.name(),
                s.summary(),
                s.plan(),
                s.pcpus(),
                s.domains(),
                s.vcpus(),
                s.lines(),
                s.virtualLines(),
                s.environment(),
                promises);
    }

    @Test
    void whatTheModelFailsOfIsToldWithItsPcpu() {
        Pcpu cpu = new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(2), Variant.xen())).pcpu(1);

        assertThat(StormRun.failureText(cpu, new ModelBug("a rule is broken"))).startsWith("on cpu1: a rule is broken");
    }

    @Test
    void theScenariosHaveDistinctNamesAndTheDefaultOneStandsFirst() {
        List<String> names = names().toList();

        assertThat(names).doesNotHaveDuplicates().startsWith("all");
    }
}

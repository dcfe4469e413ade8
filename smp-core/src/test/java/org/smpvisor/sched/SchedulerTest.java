package org.smpvisor.sched;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.engine.ModelBug;

/** Block, kick, preempt, move, with a vGIC that only says whether something is pending. */
class SchedulerTest {
    private final BarePcpus b = new BarePcpus(2);
    private final List<String> log = new ArrayList<>();
    private final FakeVgic vgic = new FakeVgic();
    private final boolean[] kicksGetThrough = {true};
    private final long[] armed = {CpuTimers.NEVER, CpuTimers.NEVER};
    private final Scheduler s;
    private final Domain d = new Domain(1, 3);
    private final Vcpu[] v = new Vcpu[3];

    private final class FakeVgic implements VgicOps {
        boolean pending;

        @Override
        public void injectIrq(Pcpu cpu, Domain domain, Vcpu vcpu, int virq, boolean level) {}

        @Override
        public void syncFromLrs(Pcpu cpu, Vcpu vcpu) {}

        @Override
        public void syncToLrs(Pcpu cpu) {}

        @Override
        public boolean pendingIrq(Pcpu cpu, Vcpu vcpu) {
            return pending;
        }

        @Override
        public void moveIrqs(Pcpu cpu, Vcpu vcpu) {
            log.add("lines of " + vcpu + " to cpu" + vcpu.processor().peek() + (cpu.isIrqMasked() ? " masked" : "")
                    + (cpu.held().depth() > 0 ? " under a lock" : ""));
        }

        @Override
        public boolean mmio(Pcpu cpu, Vcpu vcpu, MmioAccess io) {
            return false;
        }

        @Override
        public boolean sysregWrite(Pcpu cpu, Vcpu vcpu, SysReg reg, long value) {
            return false;
        }
    }

    private final class FakeContext implements Scheduler.Context {
        @Override
        public void save(Pcpu cpu, Vcpu prev) {
            assertThat(cpu.isIrqMasked()).isTrue();
            log.add("save " + prev + " on " + cpu);
        }

        @Override
        public void restore(Pcpu cpu, Vcpu next) {
            assertThat(cpu.isIrqMasked()).isTrue();
            log.add("restore " + next + " on " + cpu);
        }

        @Override
        public boolean hadFullListRegisters(Vcpu vcpu) {
            return false;
        }
    }

    SchedulerTest() {
        for (Pcpu p : b.cpus) {
            p.timers().connect((cpu, deadline) -> armed[cpu.id()] = deadline);
            p.softirqs().open(Softirqs.TIMER, p.timers()::run);
            p.localIrqEnable();
        }
        s = new Scheduler(
                b.cpus,
                (from, to, id) -> log.add("sgi " + from + "->" + to),
                vgic,
                new FakeContext(),
                (cpu, vcpu) -> kicksGetThrough[0]);
        for (int i = 0; i < v.length; i++) {
            v[i] = new Vcpu(d, i, null, null);
            d.add(v[i]);
            s.place(v[i], i % 2);
        }
    }

    private Vcpu run(int p) {
        b.cpus[p].softirqs().run(b.cpus[p]);
        return b.cpus[p].current();
    }

    private void powerOnLocally(int vcpu) {
        Pcpu p = b.cpus[vcpu % 2];
        s.powerOn(p, v[vcpu]);
        run(p.id());
        log.clear();
    }

    /** Blocks the vCPU that is current on pCPU {@code p}, whose interrupts are open. */
    private void wfi(int p) {
        s.blockUnlessEventPending(b.cpus[p]);
    }

    // ---- power, block, kick -----------------------------------------------------------------------------------------

    @Test
    void aPcpuIdlesUntilAVcpuIsPoweredOn() {
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        s.powerOn(b.cpus[0], v[0]);
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(v[0].running().peek()).isEqualTo(1);
        assertThat(log).containsExactly("restore d1v0 on cpu0");
    }

    @Test
    void poweringOnElsewhereSendsAnSgi() {
        s.powerOn(b.cpus[0], v[1]);
        assertThat(log).containsExactly("sgi cpu0->cpu1");
        assertThat(run(1)).isEqualTo(v[1]);
    }

    @Test
    void poweringOnTwiceIsOnce() {
        powerOnLocally(0);
        s.powerOn(b.cpus[0], v[0]);
        assertThat(b.cpus[0].softirqs().peek()).isZero();
    }

    @Test
    void aBlockedVcpuMakesRoomForTheIdleOne() {
        powerOnLocally(0);
        wfi(0);
        assertThat(b.cpus[0].current()).as("the switch comes on the exit path").isEqualTo(v[0]);
        assertThat(run(0).isIdle()).isTrue();
        assertThat(v[0].running().peek()).isZero();
        assertThat(log).containsExactly("save d1v0 on cpu0");
    }

    @Test
    void nobodyBlocksOnAPendingInterrupt() {
        powerOnLocally(0);
        vgic.pending = true;
        wfi(0);
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(v[0].pauseFlags().peek()).isZero();
        assertThat(log).isEmpty();
    }

    @Test
    void aKickOfABlockedVcpuWakesIt() {
        powerOnLocally(0);
        wfi(0);
        run(0);
        log.clear();
        s.kick(b.cpus[1], v[0]);
        assertThat(log).containsExactly("sgi cpu1->cpu0");
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void aKickBetweenTheBlockAndTheSwitchKeepsTheVcpuRunning() {
        powerOnLocally(0);
        wfi(0);
        s.kick(b.cpus[1], v[0]);
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(v[0].running().peek()).isEqualTo(1);
    }

    @Test
    void aKickOfAVcpuThatRunsElsewhereSendsAnSgi() {
        powerOnLocally(0);
        s.kick(b.cpus[1], v[0]);
        assertThat(log).containsExactly("sgi cpu1->cpu0");
    }

    @Test
    void aKickOfTheCurrentVcpuSendsNothing() {
        powerOnLocally(0);
        s.kick(b.cpus[0], v[0]);
        assertThat(log).isEmpty();
        assertThat(b.cpus[0].counter(Counter.KICKS)).isEqualTo(1);
    }

    @Test
    void aKickOfAVcpuThatWaitsInItsQueueDoesNothing() {
        powerOnLocally(0);
        powerOnLocally(2);
        s.kick(b.cpus[1], v[2]);
        assertThat(log).isEmpty();
    }

    @Test
    void aKickThatTheRuleRefusesLeavesTheVcpuAsleep() {
        powerOnLocally(0);
        wfi(0);
        run(0);
        kicksGetThrough[0] = false;
        s.kick(b.cpus[1], v[0]);
        assertThat(run(0).isIdle()).isTrue();
    }

    // ---- time slices ------------------------------------------------------------------------------------------------

    @Test
    void aVcpuThatIsAloneHasNoTimer() {
        powerOnLocally(0);
        assertThat(armed[0]).isEqualTo(CpuTimers.NEVER);
    }

    @Test
    void asSoonAsAnotherOneWaitsASliceEnds() {
        powerOnLocally(0);
        powerOnLocally(2);
        assertThat(armed[0]).isNotEqualTo(CpuTimers.NEVER);
        assertThat(b.cpus[0].current()).isEqualTo(v[0]);
    }

    @Test
    void atTheEndOfItsSliceAVcpuGoesToTheBackOfTheQueue() {
        powerOnLocally(0);
        powerOnLocally(2);
        v[0].setSliceEnd(0);
        b.cpus[0].softirqs().raise(b.cpus[0], Softirqs.SCHEDULE);
        assertThat(run(0)).isEqualTo(v[2]);
        assertThat(log).containsExactly("save d1v0 on cpu0", "restore d1v2 on cpu0");
        assertThat(b.cpus[0].counter(Counter.PREEMPTIONS)).isEqualTo(1);
        v[2].setSliceEnd(0);
        b.cpus[0].softirqs().raise(b.cpus[0], Softirqs.SCHEDULE);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void withinItsSliceAVcpuGoesOn() {
        powerOnLocally(0);
        powerOnLocally(2);
        v[0].setSliceEnd(b.engine.now() + 3_600_000_000_000L);
        b.cpus[0].softirqs().raise(b.cpus[0], Softirqs.SCHEDULE);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    // ---- moves ------------------------------------------------------------------------------------------------------

    @Test
    void aVcpuThatDoesNotRunMovesAtOnceAndItsLinesFollow() {
        powerOnLocally(0);
        wfi(0);
        run(0);
        log.clear();
        s.migrate(b.cpus[0], v[0], 1);
        assertThat(v[0].processor().peek()).isEqualTo(1);
        assertThat(log).containsExactly("lines of d1v0 to cpu1");
        s.kick(b.cpus[0], v[0]);
        assertThat(run(1)).isEqualTo(v[0]);
    }

    @Test
    void aVcpuThatRunsMovesOnceItHasBeenDescheduled() {
        powerOnLocally(0);
        s.migrate(b.cpus[1], v[0], 1);
        assertThat(v[0].processor().peek()).isZero();
        assertThat(log).containsExactly("sgi cpu1->cpu0");
        log.clear();
        assertThat(run(0).isIdle()).isTrue();
        assertThat(log).containsExactly("save d1v0 on cpu0", "lines of d1v0 to cpu1", "sgi cpu0->cpu1");
        assertThat(run(1)).isEqualTo(v[0]);
        assertThat(b.cpus[0].counter(Counter.VCPU_MOVES)).isEqualTo(1);
    }

    @Test
    void aSecondMoveBeforeTheFirstIsDoneReplacesIt() {
        powerOnLocally(0);
        s.migrate(b.cpus[1], v[0], 1);
        s.migrate(b.cpus[1], v[0], 0);
        run(0);
        assertThat(v[0].processor().peek()).isZero();
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(v[0].pauseFlags().peek()).isZero();
    }

    @Test
    void aVcpuInItsQueueMovesToTheOther() {
        powerOnLocally(0);
        powerOnLocally(2);
        s.migrate(b.cpus[0], v[2], 1);
        assertThat(run(1)).isEqualTo(v[2]);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    // ---- pCPUs that go down -----------------------------------------------------------------------------------------

    @Test
    void aPcpuIsVacatedWhenItsVcpuHasLeftAndNotBefore() {
        powerOnLocally(1);
        assertThat(s.vacate(b.cpus[0], 1, List.of(d))).as("it runs still").isFalse();
        assertThat(run(1).isIdle()).isTrue();
        assertThat(s.vacate(b.cpus[0], 1, List.of(d))).isTrue();
        assertThat(v[1].processor().peek()).isZero();
        assertThat(run(0)).isEqualTo(v[1]);
        assertThat(log).contains("lines of d1v1 to cpu0");
    }

    @Test
    void aSleeperIsMovedAtOnceAndWakesElsewhere() {
        powerOnLocally(1);
        wfi(1);
        run(1);
        assertThat(s.vacate(b.cpus[0], 1, List.of(d))).isTrue();
        s.kick(b.cpus[0], v[1]);
        assertThat(run(1).isIdle()).isTrue();
        assertThat(run(0)).isEqualTo(v[1]);
    }

    @Test
    void nobodyIsMovedToAPcpuThatGoesDown() {
        powerOnLocally(0);
        assertThat(s.vacate(b.cpus[0], 1, List.of(d))).isTrue();
        s.migrate(b.cpus[0], v[0], 1);
        run(0);
        assertThat(v[0].processor().peek()).isZero();
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void aNewVcpuWhosePcpuHasGoneIsPoweredOnWhereItMayRun() {
        assertThat(s.vacate(b.cpus[0], 1, List.of())).isTrue();
        s.powerOn(b.cpus[0], v[1]);
        assertThat(v[1].processor().peek()).isZero();
        assertThat(run(0)).isEqualTo(v[1]);
    }

    @Test
    void aPcpuThatCameUpIsServedAgain() {
        powerOnLocally(0);
        s.vacate(b.cpus[0], 1, List.of(d));
        s.occupy(b.cpus[0], 1);
        s.migrate(b.cpus[0], v[0], 1);
        run(0);
        assertThat(run(1)).isEqualTo(v[0]);
        assertThat(b.validator.violations()).isEmpty();
    }

    // ---- pauses -----------------------------------------------------------------------------------------------------

    @Test
    void aVcpuThatIsPausedTwiceRunsWhenBothAreTakenBack() {
        powerOnLocally(0);
        s.pauseNosync(b.cpus[1], v[0]);
        s.pauseNosync(b.cpus[1], v[0]);
        assertThat(run(0).isIdle()).isTrue();
        s.unpause(b.cpus[1], v[0]);
        assertThat(run(0).isIdle()).isTrue();
        s.unpause(b.cpus[1], v[0]);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void aDomainThatIsPausedHasStoppedWhenAllItsVcpusHaveLeft() {
        powerOnLocally(0);
        powerOnLocally(1);
        s.pauseNosync(b.cpus[0], d);
        run(0);
        assertThat(s.hasStopped(b.cpus[0], d)).isFalse();
        run(1);
        assertThat(s.hasStopped(b.cpus[0], d)).isTrue();
        s.unpause(b.cpus[0], d);
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(run(1)).isEqualTo(v[1]);
    }

    @Test
    void whoWaitsForAPauseMustNotBeTheOneThatIsPaused() {
        powerOnLocally(0);
        assertThatThrownBy(() -> s.pause(b.cpus[0], v[0]))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("which is current on it");
        assertThatThrownBy(() -> s.pause(b.cpus[0], d)).isInstanceOf(ModelBug.class);
    }

    // ---- locks ------------------------------------------------------------------------------------------------------

    @Test
    void nothingOfThisBreaksALockRule() {
        aVcpuThatRunsMovesOnceItHasBeenDescheduled();
        s.migrate(b.cpus[0], v[0], 0);
        run(1);
        run(0);
        assertThat(b.validator.violations()).isEmpty();
        assertThat(b.validator.edges())
                .contains("SCHEDULE->SCHEDULE", "SCHEDULE->TIMERS")
                .noneMatch(e -> e.endsWith("->IO"));
    }
}

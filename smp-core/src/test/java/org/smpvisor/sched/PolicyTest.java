package org.smpvisor.sched;

import static org.assertj.core.api.Assertions.assertThat;

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

/** Who runs where under each of the schedulers. */
class PolicyTest {
    private final BarePcpus b = new BarePcpus(2);
    private final List<String> log = new ArrayList<>();
    private final long[] armed = {CpuTimers.NEVER, CpuTimers.NEVER};
    private final Domain d = new Domain(1, 3);
    private final Vcpu[] v = new Vcpu[3];
    private Scheduler s;

    /** Interrupts that never come; those of a vCPU that moves are logged. */
    private final class NoInterrupts implements VgicOps {
        @Override
        public void injectIrq(Pcpu cpu, Domain domain, Vcpu vcpu, int virq, boolean level) {}

        @Override
        public void syncFromLrs(Pcpu cpu, Vcpu vcpu) {}

        @Override
        public void syncToLrs(Pcpu cpu) {}

        @Override
        public boolean pendingIrq(Pcpu cpu, Vcpu vcpu) {
            return false;
        }

        @Override
        public void moveIrqs(Pcpu cpu, Vcpu vcpu) {
            assertThat(cpu.isIrqMasked()).isFalse();
            assertThat(cpu.held().depth()).isZero();
            log.add("lines of " + vcpu + " to cpu" + vcpu.processor().peek());
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

    private final class LoggedContext implements Scheduler.Context {
        @Override
        public void save(Pcpu cpu, Vcpu prev) {
            log.add("save " + prev + " on " + cpu);
            whileSaving.run();
        }

        @Override
        public void restore(Pcpu cpu, Vcpu next) {
            log.add("restore " + next + " on " + cpu);
        }

        @Override
        public boolean hadFullListRegisters(Vcpu vcpu) {
            return false;
        }
    }

    private Runnable whileSaving = () -> {};

    private void under(SchedulerKind kind) {
        for (Pcpu p : b.cpus) {
            p.timers().connect((cpu, deadline) -> armed[cpu.id()] = deadline);
            p.softirqs().open(Softirqs.TIMER, p.timers()::run);
            p.localIrqEnable();
        }
        s = new Scheduler(
                b.cpus,
                (from, to, id) -> log.add("sgi " + from + "->" + to),
                new NoInterrupts(),
                new LoggedContext(),
                (cpu, vcpu) -> true,
                PastSchedRules.none(),
                kind);
        for (int i = 0; i < v.length; i++) {
            v[i] = new Vcpu(d, i, null, null);
            d.add(v[i]);
            s.place(v[i], 0);
        }
    }

    private Vcpu run(int p) {
        b.cpus[p].softirqs().run(b.cpus[p]);
        return b.cpus[p].current();
    }

    private void powerOn(int... vcpus) {
        for (int i : vcpus) {
            s.powerOn(b.cpus[0], v[i]);
        }
    }

    private void powerOff(int p, int vcpu) {
        v[vcpu].pauseFlags().setBit(b.cpus[p], Vcpu.VPF_DOWN);
        s.sleepNosync(b.cpus[p], v[vcpu]);
    }

    // ---- credit2 ----------------------------------------------------------------------------------------------------

    @Test
    void underCredit2AWokenVcpuRunsWhereverThereIsAnIdlePcpuAndItsLinesFollow() {
        under(SchedulerKind.CREDIT2);
        powerOn(0);
        assertThat(run(0)).isEqualTo(v[0]);
        log.clear();
        powerOn(1);
        assertThat(log).containsExactly("sgi cpu0->cpu1");
        assertThat(run(1)).isEqualTo(v[1]);
        assertThat(log).containsExactly("sgi cpu0->cpu1", "lines of d1v1 to cpu1", "restore d1v1 on cpu1");
        assertThat(v[1].processor().peek()).isEqualTo(1);
        assertThat(b.cpus[1].counter(Counter.VCPU_MOVES)).isEqualTo(1);
    }

    @Test
    void underCredit2AThirdVcpuWaitsUntilTheSliceOfOneEnds() {
        under(SchedulerKind.CREDIT2);
        powerOn(0, 1);
        run(0);
        run(1);
        v[0].setSliceEnd(Long.MAX_VALUE / 2); // however long this takes, it is left alone for a while
        powerOn(2);
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(armed[0]).isNotEqualTo(CpuTimers.NEVER);
    }

    @Test
    void underCredit2WhoHasRunLongestIsPreempted() {
        under(SchedulerKind.CREDIT2);
        powerOn(0, 1);
        run(0);
        run(1);
        v[0].setCredit(-20_000_000);
        v[1].setCredit(5_000_000);
        v[2].setCredit(9_000_000);
        v[0].setSliceEnd(0);
        powerOn(2);
        assertThat(run(0)).isEqualTo(v[2]);
        assertThat(run(1)).isEqualTo(v[1]);
    }

    @Test
    void aVcpuIsNotChosenElsewhereBeforeItsContextIsSaved() {
        under(SchedulerKind.CREDIT2);
        powerOn(0);
        run(0);
        List<Vcpu> duringSave = new ArrayList<>();
        whileSaving = () -> {
            s.powerOn(b.cpus[1], v[0]);
            duringSave.add(run(1));
        };
        powerOff(0, 0);
        run(0);
        assertThat(duringSave).hasSize(1);
        assertThat(duringSave.get(0).isIdle()).isTrue();
        whileSaving = () -> {};
        assertThat(List.of(run(0), run(1))).contains(v[0]);
    }

    @Test
    void underCredit2EverybodyBeginsAnewWhenTheRichestHasNothingLeft() {
        under(SchedulerKind.CREDIT2);
        v[0].setCredit(-1);
        v[1].setCredit(-3);
        powerOn(0, 1);
        run(0);
        assertThat(v[0].credit()).isGreaterThan(9_000_000);
    }

    @Test
    void whoYieldsGoesBehindThoseWhoWaitThoughItHasMoreCredit() {
        under(SchedulerKind.CREDIT2);
        powerOn(0, 1);
        run(0);
        run(1);
        powerOn(2);
        v[2].setCredit(100_000);
        Pcpu p = b.cpus[0];
        assertThat(p.current()).isEqualTo(v[0]);
        s.yield(p);
        assertThat(run(0)).isEqualTo(v[2]);
    }

    // ---- null -------------------------------------------------------------------------------------------------------

    @Test
    void underNullAVcpuForWhichThereIsNoPcpuWaitsUntilOneIsPoweredOff() {
        under(SchedulerKind.NULL);
        powerOn(0, 1, 2);
        assertThat(run(0)).isEqualTo(v[0]);
        assertThat(run(1)).isEqualTo(v[1]);
        assertThat(run(0)).isEqualTo(v[0]);
        powerOff(1, 1);
        assertThat(run(1)).isEqualTo(v[2]);
    }

    @Test
    void underNullASleepingVcpuKeepsItsPcpu() {
        under(SchedulerKind.NULL);
        powerOn(0, 1, 2);
        run(0);
        run(1);
        s.blockUnlessEventPending(b.cpus[0]);
        assertThat(run(0).isIdle()).isTrue();
        s.kick(b.cpus[1], v[0]);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void underNullAVcpuThatIsPoweredOffAndOnAtOnceGoesOn() {
        under(SchedulerKind.NULL);
        powerOn(0);
        run(0);
        powerOff(0, 0);
        powerOn(0);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void underNullAVcpuPoweredOnWhileItIsBeingSavedGetsAPcpuAfterwards() {
        under(SchedulerKind.NULL);
        powerOn(0);
        run(0);
        whileSaving = () -> s.powerOn(b.cpus[1], v[0]);
        powerOff(0, 0);
        run(0);
        whileSaving = () -> {};
        assertThat(List.of(run(0), run(1))).contains(v[0]);
    }

    // ---- hostile ----------------------------------------------------------------------------------------------------

    @Test
    void theHostileSchedulerWakesAVcpuSomewhereElse() {
        under(SchedulerKind.HOSTILE);
        powerOn(0);
        assertThat(run(0).isIdle()).isTrue();
        assertThat(run(1)).isEqualTo(v[0]);
        s.blockUnlessEventPending(b.cpus[1]);
        run(1);
        s.kick(b.cpus[1], v[0]);
        assertThat(run(1).isIdle()).isTrue();
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void theHostileSchedulerMovesAVcpuAtTheEndOfItsSliceToAPcpuThatIsIdle() {
        under(SchedulerKind.HOSTILE);
        powerOn(0);
        run(1);
        b.cpus[1].softirqs().raise(b.cpus[1], Softirqs.SCHEDULE);
        assertThat(run(1).isIdle()).isTrue();
        assertThat(run(0)).isEqualTo(v[0]);
    }

    // ---- pause ------------------------------------------------------------------------------------------------------

    @Test
    void aVcpuRunsAgainWhenEachPauseWasTakenBack() {
        under(SchedulerKind.RR);
        powerOn(0);
        run(0);
        s.pauseNosync(b.cpus[1], v[0]);
        s.pauseNosync(b.cpus[1], v[0]);
        assertThat(run(0).isIdle()).isTrue();
        s.unpause(b.cpus[1], v[0]);
        assertThat(run(0).isIdle()).isTrue();
        s.unpause(b.cpus[1], v[0]);
        assertThat(run(0)).isEqualTo(v[0]);
    }

    @Test
    void pausingADomainWaitsUntilNoneOfItsVcpusRuns() {
        under(SchedulerKind.RR);
        powerOn(0);
        s.pause(b.cpus[1], d);
        assertThat(run(0).isIdle()).isTrue();
        s.unpause(b.cpus[1], d);
        assertThat(run(0)).isEqualTo(v[0]);
    }
}

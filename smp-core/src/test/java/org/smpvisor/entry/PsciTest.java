package org.smpvisor.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.PsciAbi.*;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Rcu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.sched.Lifecycle;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.Witness;

/** What a guest's calls of the power-state interface answer and do: vCPU 0 runs on cpu0 and calls, vCPU 1 on cpu1. */
class PsciTest {
    private static final int VCPUS = 20;
    private static final int HERE = 5;
    private static final int NEXT = 6;
    private static final int ENTRY = 77;

    private final BarePcpus b = new BarePcpus(2);
    private final List<String> log = new ArrayList<>();
    private final Domain d = new Domain(1, VCPUS);
    private boolean pending;
    private Runnable whileSaving = () -> {};
    private Scheduler scheduler;
    private Entry entry;

    private static final class Program extends GuestProgram {
        @Override
        public void step(GuestCpu c) {
            // What it does the test says.
        }
    }

    private final class FakeVgic implements VgicOps {
        @Override
        public void injectIrq(Pcpu cpu, Domain domain, Vcpu v, int virq, boolean level) {}

        @Override
        public void syncFromLrs(Pcpu cpu, Vcpu v) {}

        @Override
        public void syncToLrs(Pcpu cpu) {}

        @Override
        public boolean pendingIrq(Pcpu cpu, Vcpu v) {
            return pending;
        }

        @Override
        public void clearPendingIrqs(Pcpu cpu, Vcpu v) {
            log.add("clear " + v + (isDown(v) ? " down" : " up") + (cpu.held().depth() > 0 ? " under a lock" : ""));
        }

        @Override
        public void moveIrqs(Pcpu cpu, Vcpu v) {}

        @Override
        public boolean mmio(Pcpu cpu, Vcpu v, MmioAccess io) {
            return false;
        }

        @Override
        public boolean sysregWrite(Pcpu cpu, Vcpu v, SysReg reg, long value) {
            return false;
        }
    }

    private final class FakeContext implements Scheduler.Context {
        @Override
        public void save(Pcpu cpu, Vcpu prev) {
            whileSaving.run();
        }

        @Override
        public void restore(Pcpu cpu, Vcpu next) {}

        @Override
        public boolean hadFullListRegisters(Vcpu v) {
            return false;
        }
    }

    private void machine(Psci.OffRule rule) {
        FakeVgic vgic = new FakeVgic();
        for (Pcpu p : b.cpus) {
            p.setOnline(true);
            p.timers().connect((cpu, deadline) -> {});
        }
        scheduler = new Scheduler(b.cpus, (from, to, id) -> {}, vgic, new FakeContext(), (cpu, v) -> true);
        Rcu rcu = new Rcu(b.cpus, (from, to, id) -> {});
        Lifecycle lifecycle = new Lifecycle(scheduler, vgic, (cpu, v) -> {}, rcu, Witness.NONE);
        Psci psci = new Psci(vgic, scheduler, lifecycle, rule, Witness.NONE);
        entry = new Entry(2, p -> {}, vgic, scheduler, Witness.NONE, Entry.NestedTrap.INHERITS, psci);
        for (int i = 0; i < VCPUS; i++) {
            Vcpu v = new Vcpu(d, i, new Program(), null);
            d.add(v);
            scheduler.place(v, i % 2);
        }
        for (int i = 0; i < 2; i++) {
            scheduler.powerOn(b.cpus[i], d.vcpu(i));
            settle(i);
        }
    }

    PsciTest() {
        machine(Psci.OffRule.AT_ONCE);
    }

    private void settle(int p) {
        b.cpus[p].localIrqEnable();
        b.cpus[p].softirqs().run(b.cpus[p]);
        b.cpus[p].localIrqDisable();
    }

    /** The vCPU that is current on pCPU {@code p} calls. */
    private int call(int p, int function, long x1, long x2, long x3) {
        Vcpu v = b.cpus[p].current();
        GuestCpu c = v.guest();
        c.pc = HERE;
        c.hvc(function, x1, x2, x3).then(NEXT);
        entry.take(b.cpus[p], ExceptionVector.GUEST64_SYNC);
        return (int) c.x0;
    }

    private int call(int function, long x1) {
        return call(0, function, x1, 0, 0);
    }

    private int on(int p, int vcpu) {
        return call(p, CPU_ON, GicAbi.vcpuAffinity(vcpu), ENTRY, 0x1234);
    }

    private static boolean isDown(Vcpu v) {
        return (v.pauseFlags().peek() & 1 << Vcpu.VPF_DOWN) != 0;
    }

    // ---- what only answers ------------------------------------------------------------------------------------------

    @Test
    void theVersionIsOnePointOne() {
        assertThat(call(VERSION, 0)).isEqualTo(0x10001);
        assertThat(d.vcpu(0).guest().pc).as("the call is complete").isEqualTo(NEXT);
        assertThat(b.cpus[0].counter(Counter.HYPERCALLS)).isEqualTo(1);
    }

    @Test
    void noTrustedSystemHasToBeMoved() {
        assertThat(call(MIGRATE_INFO_TYPE, 0)).isEqualTo(NO_TRUSTED_OS);
    }

    @ParameterizedTest
    @ValueSource(ints = {VERSION, CPU_SUSPEND, CPU_OFF, CPU_ON, AFFINITY_INFO, MIGRATE_INFO_TYPE, SYSTEM_OFF})
    void featuresHasWhatIsThere(int function) {
        assertThat(call(FEATURES, function & 0xffffffffL)).isEqualTo(SUCCESS);
        assertThat(call(FEATURES, SYSTEM_RESET & 0xffffffffL)).isEqualTo(SUCCESS);
        assertThat(call(FEATURES, FEATURES & 0xffffffffL)).isEqualTo(SUCCESS);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x84000005, 0x84000007, 0x8400000b, 0, -1})
    void whatIsNotThereIsNotSupported(int function) {
        assertThat(call(function, 0)).isEqualTo(NOT_SUPPORTED);
        assertThat(call(FEATURES, function & 0xffffffffL)).isEqualTo(NOT_SUPPORTED);
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0", "2, 0, 1", "19, 0, 1", "20, 0, 1", "18, 1, 1", "2, 1, 0", "19, 2, 0", "19, 3, 0"})
    void affinityInfoSaysWhetherAnyVcpuOfTheGroupIsOn(int vcpu, int level, int expected) {
        assertThat(call(0, AFFINITY_INFO, GicAbi.vcpuAffinity(vcpu), level, 0)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, -1, 1L << 32})
    void thereAreFourLevelsOfAffinity(long level) {
        assertThat(call(0, AFFINITY_INFO, 0, level, 0)).isEqualTo(INVALID_PARAMETERS);
    }

    // ---- CPU_SUSPEND ------------------------------------------------------------------------------------------------

    @Test
    void suspendingIsASleepUntilAnInterrupt() {
        assertThat(call(CPU_SUSPEND, 0)).isEqualTo(SUCCESS);
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        scheduler.kick(b.cpus[1], d.vcpu(0));
        settle(0);
        assertThat(b.cpus[0].current()).isEqualTo(d.vcpu(0));
    }

    @Test
    void whoHasAnInterruptPendingIsNotSuspended() {
        pending = true;
        assertThat(call(CPU_SUSPEND, 0)).isEqualTo(SUCCESS);
        assertThat(b.cpus[0].current()).isEqualTo(d.vcpu(0));
    }

    // ---- CPU_OFF, CPU_ON --------------------------------------------------------------------------------------------

    @Test
    void whoSwitchesItselfOffLeavesItsPcpuAndNoKickBringsItBack() {
        call(CPU_OFF, 0);
        assertThat(isDown(d.vcpu(0))).isTrue();
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        assertThat(d.vcpu(0).running().peek()).isZero();
        scheduler.kick(b.cpus[1], d.vcpu(0));
        settle(0);
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        assertThat(call(1, AFFINITY_INFO, 0, 0, 0)).isEqualTo(OFF);
    }

    @Test
    void whoIsSwitchedOnBeginsAtItsEntryWithItsContextAndNothingElseOfBefore() {
        GuestCpu c = d.vcpu(0).guest();
        c.unmask().then(NEXT);
        c.complete(0);
        c.pendSerror();
        call(CPU_OFF, 0);
        assertThat(on(1, 0)).isEqualTo(SUCCESS);
        assertThat(isDown(d.vcpu(0))).isFalse();
        assertThat(c.pc).isEqualTo(ENTRY);
        assertThat(c.x0).isEqualTo(0x1234);
        assertThat(c.isIrqMasked()).isTrue();
        assertThat(c.isDescribed()).isFalse();
        c.unmask().then(ENTRY);
        c.complete(0);
        assertThat(c.isSerrorDeliverable()).isFalse();
        settle(0);
        assertThat(b.cpus[0].current()).isEqualTo(d.vcpu(0));
        assertThat(log).as("before it is up, and no lock is held").containsExactly("clear d1v0 down");
    }

    @Test
    void aVcpuThatHasNeverRunIsSwitchedOnAlike() {
        assertThat(on(0, 18)).isEqualTo(SUCCESS);
        assertThat(d.vcpu(18).guest().pc).isEqualTo(ENTRY);
        assertThat(call(0, AFFINITY_INFO, GicAbi.vcpuAffinity(18), 0, 0)).isEqualTo(ON);
    }

    @Test
    void whoIsOnIsAlreadyOnAndGoesOn() {
        assertThat(on(0, 1)).isEqualTo(ALREADY_ON);
        assertThat(on(0, 0)).isEqualTo(ALREADY_ON);
        assertThat(d.vcpu(1).guest().pc).isNotEqualTo(ENTRY);
        assertThat(log).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {20, 0x0f, 0x104, 0x200, 0xff00})
    void aTargetThatIsNoVcpuIsInvalid(long mpidr) {
        boolean exists = mpidr == 0x0f;
        assertThat(call(0, CPU_ON, mpidr, ENTRY, 0)).isEqualTo(exists ? SUCCESS : INVALID_PARAMETERS);
    }

    // ---- H7: while the context is being saved -----------------------------------------------------------------------

    private int onWhileItIsSaved() {
        int[] answer = {-99};
        whileSaving = () -> {
            whileSaving = () -> {};
            assertThat(d.vcpu(0).running().peek()).isEqualTo(1);
            answer[0] = on(1, 0);
        };
        call(CPU_OFF, 0);
        return answer[0];
    }

    @Test
    void asXenHasItAVcpuIsOffBeforeItsContextHasBeenSaved() {
        assertThat(onWhileItIsSaved()).isEqualTo(SUCCESS);
        assertThat(log).containsExactly("clear d1v0 down");
        settle(0);
        assertThat(b.cpus[0].current()).as("it comes back").isEqualTo(d.vcpu(0));
    }

    @Test
    void correctedItIsOnUntilThen() {
        PsciTest corrected = new PsciTest();
        corrected.machine(Psci.OffRule.WHEN_SAVED);
        assertThat(corrected.onWhileItIsSaved()).isEqualTo(ALREADY_ON);
        assertThat(corrected.log).isEmpty();
        assertThat(corrected.on(1, 0)).isEqualTo(SUCCESS);
    }

    // ---- SYSTEM_OFF, SYSTEM_RESET -----------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({SYSTEM_OFF + ", " + Lifecycle.POWEROFF, SYSTEM_RESET + ", " + Lifecycle.REBOOT})
    void theWholeDomainStopsAndTheFirstReasonStays(int function, int reason) {
        call(function, 0);
        settle(1);
        assertThat(d.shutdown().peek()).isEqualTo(reason);
        for (int i = 0; i < 2; i++) {
            assertThat(b.cpus[i].current().isIdle()).isTrue();
            assertThat(d.vcpu(i).pauseCount().peek()).isEqualTo(1);
        }
        scheduler.kick(b.cpus[0], d.vcpu(1));
        settle(1);
        assertThat(b.cpus[1].current().isIdle()).isTrue();
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void whoAsksSecondChangesNothing() {
        call(SYSTEM_OFF, 0);
        call(1, SYSTEM_RESET, 0, 0, 0); // before cpu1 has heard of it
        assertThat(d.shutdown().peek()).isEqualTo(Lifecycle.POWEROFF);
        assertThat(d.vcpu(1).pauseCount().peek()).isEqualTo(1);
    }
}

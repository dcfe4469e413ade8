package org.smpvisor.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.ListNode;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.guest.GuestMemory;
import org.smpvisor.guest.GuestPlan;
import org.smpvisor.guest.StormGuest;
import org.smpvisor.machine.DomainSpec;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.variant.Variant;
import org.smpvisor.vgic.rank.PendingIrq;
import org.smpvisor.vgic.rank.VgicDomain;
import org.smpvisor.vgic.rank.VgicVcpu;

/** A machine that sleeps, into whose state something wrong is planted. */
class AuditTest {
    private static final int HARDWARE = 48;
    private static final int VIRTUAL = 200;

    private Machine machine;
    private Ledger ledger;
    private Domain d;
    private Vcpu v0;
    private PendingIrq hardware;
    private PendingIrq virtual;

    @BeforeEach
    void comeToRest() {
        ledger = new Ledger(1, 2, 1);
        GuestMemory memory = new GuestMemory(new int[] {HARDWARE}, new boolean[1], new int[] {VIRTUAL});
        DomainSpec spec = new DomainSpec(
                2,
                List.of(new MachineDescription.Irq(HARDWARE, MachineDescription.Trigger.EDGE)),
                id -> new StormGuest(GuestPlan.echo(), memory, 1));
        machine = new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(1), Variant.allFixed())
                .withDomains(List.of(spec))
                .withWitness(ledger));
        ledger.connect(machine.hardware().distributor(), machine.devices()::age, (domain, intid) -> List.of());
        machine.start();
        for (int calm = 0; calm < 10; calm = machine.isAtRest() ? calm + 1 : 0) {
            LockSupport.parkNanos(1_000_000);
        }
        d = machine.domains().get(0);
        v0 = d.vcpu(0);
        hardware = ((VgicDomain) d.vgic()).spi(HARDWARE);
        virtual = ((VgicDomain) d.vgic()).spi(VIRTUAL);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private List<Violation> judge() {
        new Audit(ledger, machine.hardware(), machine.driver(), machine.pcpus()).judge(d, true);
        return ledger.drain();
    }

    private void assertReported(Violation.Kind kind, int intid, String text) {
        assertThat(judge()).anySatisfy(v -> {
            assertThat(v.kind()).isEqualTo(kind);
            assertThat(v.intid()).isEqualTo(intid);
            assertThat(v.text()).contains(text);
        });
    }

    private static VgicVcpu vgic(Vcpu v) {
        return (VgicVcpu) v.vgic();
    }

    private static void set(PendingIrq p, int bit) {
        p.status().reset(p.status().peek() | 1 << bit);
    }

    /** Leaves a value in a list register that is saved with vCPU 0. */
    private void saveLr(int n, long value, boolean allocated) {
        VirtualCpuInterface ich =
                (VirtualCpuInterface) machine.hardware().cpu(0).virtual();
        for (int i = 0; i < machine.driver().nrLrs(); i++) {
            ich.writeLr(i, 0);
        }
        ich.writeLr(n, value);
        machine.driver().saveState(machine.pcpu(0), v0);
        machine.driver().setSavedLrMask(machine.pcpu(0), v0, allocated ? 1L << n : 0);
    }

    @Test
    void nothingIsFoundOnAMachineThatSleepsAsItShould() {
        assertThat(judge()).isEmpty();
    }

    @Test
    void eventsThatNobodyLookedForAreLost() {
        v0.upcallPending().reset(1);
        assertReported(Violation.Kind.LOST, TimerAbi.EVTCHN_PPI, "events are pending, and no interrupt made d1v0 look");
    }

    @Test
    void aTimerThatWasSetAndThatNothingMakesExpireIsLost() {
        ledger.guestTimerWritten(machine.pcpu(0), v0, TimerAbi.VIRT_PPI, true, machine.now() + 3_600_000_000_000L);
        assertReported(Violation.Kind.LOST, TimerAbi.VIRT_PPI, "d1v0 interrupt 27: the timer was armed");
    }

    // ---- list registers ---------------------------------------------------------------------------------------------

    @Test
    void aListRegisterThatIsAllocatedAndEmptyIsNamedWithWhatItHeldLast() {
        saveLr(2, VIRTUAL, true);
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "has ended in list register 2 of d1v0");
    }

    @Test
    void aListRegisterInUseThatIsNotAllocatedIsNamed() {
        saveLr(1, VirtualCpuInterface.LR_PENDING | VIRTUAL, false);
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "list register 1 of d1v0, which is not allocated");
    }

    @Test
    void aListRegisterOfWhichTheEntryKnowsNothingIsNamed() {
        saveLr(1, VirtualCpuInterface.LR_PENDING | VIRTUAL, true);
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "list register 1 of d1v0, and its entry says");
    }

    @Test
    void anEntryThatIsMarkedVisibleAndIsInNoListRegisterIsNamed() {
        set(virtual, PendingIrq.VISIBLE);
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "is marked VISIBLE, and is in no list register");
    }

    @Test
    void aHardwareInterruptWithoutTheHwBitIsNamed() {
        saveLr(0, VirtualCpuInterface.LR_PENDING | HARDWARE, true);
        assertReported(Violation.Kind.INCONSISTENT, HARDWARE, "list register 0 of d1v0 without the HW bit");
    }

    @Test
    void aListRegisterThatIsLinkedToTheWrongLineIsNamed() {
        long other = (long) (HARDWARE + 1) << VirtualCpuInterface.LR_PHYSICAL_SHIFT;
        saveLr(0, VirtualCpuInterface.LR_PENDING | VirtualCpuInterface.LR_HW | other | HARDWARE, true);
        assertReported(Violation.Kind.INCONSISTENT, HARDWARE, "linked to physical interrupt 49");
    }

    @Test
    void aHardwareInterruptInAListRegisterThatIsNotActiveInTheGicIsNamed() {
        long line = (long) HARDWARE << VirtualCpuInterface.LR_PHYSICAL_SHIFT;
        saveLr(0, VirtualCpuInterface.LR_PENDING | VirtualCpuInterface.LR_HW | line | HARDWARE, true);
        assertReported(Violation.Kind.INCONSISTENT, HARDWARE, "but not active in the GIC");
    }

    @Test
    void anActiveListRegisterThatItsEntryDoesNotKnowAsActiveIsNamed() {
        saveLr(0, VirtualCpuInterface.LR_ACTIVE | VIRTUAL, true);
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "its entry does not know");
    }

    // ---- entries and lists ------------------------------------------------------------------------------------------

    @Test
    void anAssertionThatIsMarkedAndOnNoListIsLeftBehind() {
        set(virtual, PendingIrq.QUEUED);
        assertReported(Violation.Kind.LEFT_BEHIND, VIRTUAL, "QUEUED that is on no list");
    }

    @Test
    void aMigrationOfWhatIsNotInFlightIsNamed() {
        set(hardware, PendingIrq.MIGRATING);
        assertReported(Violation.Kind.INCONSISTENT, HARDWARE, "is not in flight, but marked");
    }

    @Test
    void anEnabledInterruptInFlightOnASleeperIsLeftBehind() {
        set(virtual, PendingIrq.ENABLED);
        vgic(v0).inflight().addBefore(virtual.inflight());
        assertReported(Violation.Kind.LEFT_BEHIND, VIRTUAL, "enabled and undelivered while d1v0 sleeps (");
    }

    @Test
    void anInterruptThatWaitsForAListRegisterWhileOneIsFreeIsSaidToDoSo() {
        set(virtual, PendingIrq.ENABLED);
        vgic(v0).inflight().addBefore(virtual.inflight());
        vgic(v0).lrPending().addBefore(virtual.lrQueue());
        assertReported(Violation.Kind.LEFT_BEHIND, VIRTUAL, "in lr_pending although a list register is free");
    }

    @Test
    void anEntryInLrPendingThatIsNotInFlightIsNamed() {
        vgic(v0).lrPending().addBefore(virtual.lrQueue());
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "is in lr_pending of d1v0 without being in flight");
    }

    @Test
    void anEntryThatIsLinkedToNoVcpusListIsNamed() {
        new ListNode<PendingIrq>(null).addBefore(virtual.inflight());
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "is linked in flight, and on no vCPU's list");
    }

    @Test
    void aBrokenListIsNamedWithTheEntryAtWhichItIsBroken() {
        vgic(v0).inflight().addBefore(hardware.inflight());
        vgic(v0).inflight().addBefore(virtual.inflight());
        new ListNode<PendingIrq>(null).addBefore(virtual.inflight());
        assertReported(Violation.Kind.INCONSISTENT, VIRTUAL, "the inflight list of d1v0 is broken at interrupt 200");
    }

    // ---- scheduling -------------------------------------------------------------------------------------------------

    @Test
    void aVcpuOnARunQueueWhileEveryPcpuIdlesIsNamed() {
        new ListNode<Vcpu>(null).addBefore(v0.runqueue());
        assertReported(Violation.Kind.INCONSISTENT, -1, "d1v0 is on a run queue although every pCPU idles");
    }

    @Test
    void aVcpuThatMayRunAndThatNobodyRunsIsNamed() {
        v0.pauseFlags().reset(0);
        assertReported(Violation.Kind.INCONSISTENT, -1, "d1v0 may run, but neither runs");
    }

    @Test
    void aMoveThatNobodyEndsIsNamed() {
        v0.pauseFlags().reset(1 << Vcpu.VPF_MIGRATING | 1 << Vcpu.VPF_BLOCKED);
        assertReported(Violation.Kind.INCONSISTENT, -1, "d1v0 is being moved between pCPUs");
    }

    // ---- repair -----------------------------------------------------------------------------------------------------

    @Test
    void aLostAssertionIsReportedOnceAndTheNextOneCountsAgain() {
        set(virtual, PendingIrq.QUEUED);
        assertThat(judge()).isNotEmpty();
        new Audit(ledger, machine.hardware(), machine.driver(), machine.pcpus()).revive(d);
        assertThat(judge()).isEmpty();
    }
}

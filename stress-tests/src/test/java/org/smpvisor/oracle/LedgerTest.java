package org.smpvisor.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.hw.SpiInputs;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.variant.Variant;

class LedgerTest {
    private static final int SPI = 48;

    private Machine machine;
    private SpiInputs gic;
    private Ledger ledger;
    private Vcpu v0;
    private Vcpu v1;

    @BeforeEach
    void assemble() {
        machine = new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(1), Variant.allFixed()));
        machine.start();
        gic = machine.hardware().distributor();
        ledger = new Ledger(1, 2, 1);
        ledger.connect(gic, (spi, generation, now) -> -1, (domain, intid) -> List.of("story"));
        Domain d = new Domain(1, 2);
        v0 = new Vcpu(d, 0, null, null);
        v1 = new Vcpu(d, 1, null, null);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void ack(Vcpu v, long generation) {
        ledger.guestAck(machine.pcpu(0), v, SPI, SPI, generation);
    }

    private List<Violation.Kind> kinds() {
        return ledger.drain().stream().map(Violation::kind).toList();
    }

    @Test
    void everyGenerationAcknowledgedOnceInOrderIsRight() {
        ack(v0, 1);
        ack(v0, 2);
        ack(v0, 3);

        assertThat(kinds()).isEmpty();
    }

    @Test
    void aSecondAcknowledgeOfOneGenerationIsDoubled() {
        ack(v0, 1);
        ack(v0, 1);

        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
    }

    @Test
    void aSkippedGenerationIsLost() {
        ack(v0, 1);
        ack(v0, 4);

        assertThat(kinds()).containsExactly(Violation.Kind.LOST);
        assertThat(ledger.lost()).isEqualTo(2);
    }

    @Test
    void aVcpuThatNeverWasTheTargetIsTheWrongOne() {
        ack(v1, 1);

        assertThat(kinds()).containsExactly(Violation.Kind.WRONG_TARGET);
    }

    @Test
    void theOldTargetMayStillTakeWhatWasRaisedBeforeTheMoveAndNothingLater() {
        ledger.routeBegins(machine.pcpu(0), 1, SPI, 0, 1);
        ledger.routeEnds(machine.pcpu(0), 1, SPI, 0, 1); // the line has generation 0
        ack(v1, 1);
        assertThat(kinds()).isEmpty();

        ack(v0, 2);
        assertThat(kinds()).containsExactly(Violation.Kind.WRONG_TARGET);
    }

    @Test
    void duringAMoveBothTargetsAreRight() {
        ledger.routeBegins(machine.pcpu(0), 1, SPI, 0, 1);
        ack(v0, 1);
        ack(v1, 2);

        assertThat(kinds()).isEmpty();
    }

    @Test
    void atRestARaiseThatWasNeverAcknowledgedIsLost() {
        gic.raise(SPI);
        ledger.judgeLine(1, SPI, SPI, false);

        assertThat(kinds()).containsExactly(Violation.Kind.LOST);
    }

    @Test
    void anSgiThatWasSentAfterTheLastAcknowledgeIsLostAtRest() {
        long toVcpu1 = 5L << 24 | 2;
        ledger.guestSgiBegins(machine.pcpu(0), v0, toVcpu1);
        ledger.guestAck(machine.pcpu(0), v1, 5, -1, 0);
        ledger.judgeVirtual(1, i -> false);
        assertThat(kinds()).isEmpty();

        ledger.guestSgiBegins(machine.pcpu(0), v0, toVcpu1);
        ledger.judgeVirtual(1, i -> false);
        assertThat(kinds()).containsExactly(Violation.Kind.LOST);
    }

    @Test
    void moreAcknowledgesOfAnSgiThanRaisesAreDoubled() {
        ledger.guestSgiBegins(machine.pcpu(0), v0, 1L << 40 | 5L << 24);
        ledger.guestAck(machine.pcpu(0), v1, 5, -1, 0);
        assertThat(kinds()).isEmpty();

        ledger.guestAck(machine.pcpu(0), v1, 5, -1, 0);
        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
    }

    // ---- virtual SPIs -----------------------------------------------------------------------------------------------

    private static final int VIRTUAL = 200;
    private static final long ISPENDR = GicAbi.GUEST_GICD_BASE + GicAbi.GICD_ISPENDR + VIRTUAL / 32 * 4;

    private void raiseBegins(Vcpu by) {
        ledger.guestStoreBegins(machine.pcpu(0), by, ISPENDR, 1L << VIRTUAL % 32);
    }

    private void raiseEnds(Vcpu by) {
        ledger.guestStoreEnds(machine.pcpu(0), by, ISPENDR, 1L << VIRTUAL % 32);
    }

    private void raiseAndAck(Vcpu v) {
        raiseBegins(v1);
        raiseEnds(v1);
        ackVirtual(v);
    }

    private void ackVirtual(Vcpu v) {
        ledger.guestAck(machine.pcpu(0), v, VIRTUAL, -1, 0);
    }

    private void move(int from, int to) {
        ledger.routeBegins(machine.pcpu(0), 1, VIRTUAL, from, to);
        ledger.routeEnds(machine.pcpu(0), 1, VIRTUAL, from, to);
    }

    @Test
    void aVirtualSpiOnAVcpuThatNeverWasItsTargetIsOnTheWrongOne() {
        raiseAndAck(v1);
        assertThat(kinds()).containsExactly(Violation.Kind.WRONG_TARGET);
    }

    @Test
    void aVirtualSpiMayStillReachTheOldTargetWithWhatWasRaisedBeforeTheMoveAndNothingLater() {
        raiseAndAck(v0);
        move(0, 1);
        raiseAndAck(v0);
        raiseAndAck(v0);
        assertThat(kinds()).as("these may have been raised before the move").isEmpty();

        raiseAndAck(v0);
        assertThat(kinds()).containsExactly(Violation.Kind.WRONG_TARGET);
    }

    @Test
    void aRaiseThatBeganBeforeTheMoveAndTookLongMayReachTheOldTarget() {
        raiseBegins(v0);
        move(0, 1);
        raiseAndAck(v1);
        raiseAndAck(v1);
        raiseEnds(v0);
        ackVirtual(v0);
        assertThat(kinds()).isEmpty();

        raiseAndAck(v1);
        raiseAndAck(v1);
        raiseAndAck(v0);
        assertThat(kinds()).containsExactly(Violation.Kind.WRONG_TARGET);
    }

    @Test
    void aRefusedMoveLeavesTheTargetWhereItWas() {
        ledger.routeBegins(machine.pcpu(0), 1, VIRTUAL, 0, 1);
        ledger.routeEnds(machine.pcpu(0), 1, VIRTUAL, 1, 0);
        for (int i = 0; i < 4; i++) {
            raiseAndAck(v0);
        }
        assertThat(kinds()).isEmpty();
    }

    @Test
    void oneAcknowledgeTooManyIsReportedOnce() {
        raiseAndAck(v0);
        ackVirtual(v0);
        raiseAndAck(v0);
        raiseAndAck(v0);

        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
        assertThat(ledger.setPending()).isEqualTo(3);
    }

    // ---- timers and events ------------------------------------------------------------------------------------------

    private static final int TIMER = TimerAbi.VIRT_PPI;
    private static final long HOUR = 3_600_000_000_000L;

    private void arm(long in) {
        ledger.guestTimerWritten(machine.pcpu(0), v0, TIMER, true, machine.now() + in);
    }

    private void disarm() {
        ledger.guestTimerWritten(machine.pcpu(0), v0, TIMER, false, 0);
    }

    private void ackLocal(int ppi) {
        ledger.guestAck(machine.pcpu(0), v0, ppi, -1, 0);
    }

    @Test
    void aTimerThatIsAcknowledgedAfterItsTimeIsRight() {
        arm(-1);
        ackLocal(TIMER);
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).isEmpty();
        assertThat(ledger.timersAndEvents()).isEqualTo(1);
    }

    @Test
    void atRestATimerThatIsArmedAndNeverCameIsLost() {
        arm(-1);
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).containsExactly(Violation.Kind.LOST);

        arm(HOUR);
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).as("nothing is left that could make it come").containsExactly(Violation.Kind.LOST);
        assertThat(ledger.lost()).isEqualTo(2);
    }

    @Test
    void anAcknowledgeOfTheExpiryBeforeDoesNotAnswerATimerThatWasSetSince() {
        arm(-1);
        arm(HOUR);
        ackLocal(TIMER);
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).containsExactly(Violation.Kind.LOST);
    }

    @Test
    void aTimerThatComesBeforeItsTimeOrASecondTimeIsDoubled() {
        arm(HOUR);
        ackLocal(TIMER);
        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);

        arm(-1);
        ackLocal(TIMER);
        assertThat(kinds()).isEmpty();
        ackLocal(TIMER);
        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
    }

    @Test
    void aTimerThatWasSwitchedOffMayHaveComeIfItsTimeHadComeAndNeedNot() {
        arm(-1);
        disarm();
        ackLocal(TIMER);
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).isEmpty();

        arm(-1);
        disarm();
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).isEmpty();

        arm(HOUR);
        disarm();
        ackLocal(TIMER);
        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
    }

    @Test
    void theTwoTimersOfAVcpuHaveAccountsOfTheirOwn() {
        arm(-1);
        ackLocal(TimerAbi.PHYS_PPI);
        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
        ledger.judgeTimers(1, v -> false);
        assertThat(kinds()).containsExactly(Violation.Kind.LOST);
    }

    @Test
    void aVcpuIsNotInterruptedMoreOftenThanEventsBecamePending() {
        ledger.upcallRaised(machine.pcpu(0), v0);
        ackLocal(TimerAbi.EVTCHN_PPI);
        assertThat(kinds()).isEmpty();
        ackLocal(TimerAbi.EVTCHN_PPI);
        assertThat(kinds()).containsExactly(Violation.Kind.DUPLICATED);
    }

    // ---- latency ----------------------------------------------------------------------------------------------------

    @Test
    void aLatencyIsThatOfTheGenerationThatIsAcknowledgedOrNone() {
        for (int i = 0; i < 16; i++) { // a level-sensitive line asserts each time that it goes up
            machine.devices().raise(SPI);
            gic.lower(SPI);
        }
        long now = machine.now();

        assertThat(gic.generation(SPI)).isEqualTo(16);
        assertThat(machine.devices().age(SPI, 16, now)).isBetween(0L, 60_000_000_000L);
        assertThat(machine.devices().age(SPI, 15, now)).isNegative();
        assertThat(machine.devices().age(SPI, 32, now)).isNegative();
        assertThat(machine.devices().age(SPI + 1, 16, now)).isNegative();
    }

    @Test
    void aForgottenAssertionIsRememberedUntilItsStoryIsAskedFor() {
        List<Integer> asked = new ArrayList<>();
        ledger.connect(gic, (spi, generation, now) -> -1, (domain, intid) -> {
            asked.add(intid);
            return List.of();
        });
        ledger.assertionDropped(1, SPI);
        ledger.assertionDropped(1, SPI);
        ledger.rememberDropped();
        ledger.rememberDropped();

        assertThat(asked).containsExactly(SPI);
    }

    @Test
    void aViolationTellsItsStory() {
        ack(v1, 1);

        assertThat(ledger.drain())
                .singleElement()
                .satisfies(v -> assertThat(v.history()).containsExactly("story"));
    }
}

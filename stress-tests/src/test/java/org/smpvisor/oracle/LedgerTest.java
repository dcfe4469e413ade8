package org.smpvisor.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.hw.Distributor;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.variant.Variant;

class LedgerTest {
    private static final int SPI = 48;

    private Machine machine;
    private Distributor gic;
    private Ledger ledger;
    private Vcpu v0;
    private Vcpu v1;

    @BeforeEach
    void assemble() {
        machine = new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(1), Variant.allFixed()));
        machine.start();
        gic = machine.hardware().distributor();
        ledger = new Ledger(1, 2, 1);
        ledger.connect(gic, spi -> 0, (domain, intid) -> List.of("story"));
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
        ledger.judgeLine(1, SPI, SPI);

        assertThat(kinds()).containsExactly(Violation.Kind.LOST);
    }

    @Test
    void anSgiThatWasSentAfterTheLastAcknowledgeIsLostAtRest() {
        long toVcpu1 = 5L << 24 | 2;
        ledger.guestSgiBegins(machine.pcpu(0), v0, toVcpu1);
        ledger.guestAck(machine.pcpu(0), v1, 5, -1, 0);
        ledger.judgeVirtual(1);
        assertThat(kinds()).isEmpty();

        ledger.guestSgiBegins(machine.pcpu(0), v0, toVcpu1);
        ledger.judgeVirtual(1);
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

    @Test
    void aViolationTellsItsStory() {
        ack(v1, 1);

        assertThat(ledger.drain())
                .singleElement()
                .satisfies(v -> assertThat(v.history()).containsExactly("story"));
    }
}

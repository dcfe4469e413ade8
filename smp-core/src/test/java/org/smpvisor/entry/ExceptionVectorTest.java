package org.smpvisor.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.trace.Witness;

class ExceptionVectorTest {
    @Test
    void sixteenVectorsLie0x80Apart() {
        ExceptionVector[] all = ExceptionVector.values();
        assertThat(all).hasSize(16);
        for (int i = 0; i < 16; i++) {
            assertThat(all[i].offset()).isEqualTo(0x80 * i);
        }
    }

    @Test
    void sevenOfThemAreInvalid() {
        assertThat(Arrays.stream(ExceptionVector.values())
                        .filter(v -> v.handler() == ExceptionVector.Handler.INVALID)
                        .map(ExceptionVector::ordinal))
                .containsExactly(0, 1, 2, 3, 6, 10, 14);
    }

    @Test
    void bothKindsOfGuestHaveTheSameHandlers() {
        for (int i = 8; i < 12; i++) {
            assertThat(ExceptionVector.values()[i + 4].handler()).isEqualTo(ExceptionVector.values()[i].handler());
        }
    }

    @Test
    void trapsOfGuestsRunWithInterruptsOpenAndInterruptsWithThemMasked() {
        for (ExceptionVector v : ExceptionVector.values()) {
            ExceptionVector.Interrupts expected = switch (v.handler()) {
                case GUEST_SYNC, GUEST_ERROR -> ExceptionVector.Interrupts.OPEN;
                case HYP_SYNC -> ExceptionVector.Interrupts.INHERITED;
                case INVALID, HYP_IRQ, HYP_ERROR, GUEST_IRQ -> ExceptionVector.Interrupts.MASKED;
            };
            assertThat(v.interrupts()).as("%s", v).isEqualTo(expected);
        }
    }

    @Test
    void anInterruptOfXenIsTakenThroughTheTable() {
        BarePcpus b = new BarePcpus(1);
        Entry entry = new Entry(1, cpu -> b.wires[0].hypIrq(cpu), null, null, Witness.NONE);
        b.cpus[0].connect(b.wires[0], null, entry);
        b.wires[0].pull();
        b.cpus[0].localIrqEnable();
        assertThat(b.wires[0].taken).isEqualTo(1);
        assertThat(b.wires[0].maskedInHandler).isTrue();
        assertThat(b.cpus[0].isIrqMasked()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(
            value = ExceptionVector.class,
            names = {"EL2H_SYNC", "EL2H_IRQ", "EL2H_SERROR", "GUEST.*_SYNC", "GUEST.*_IRQ", "GUEST.*_SERROR"},
            mode = EnumSource.Mode.MATCH_NONE)
    void whatXenDoesNotHandleIsBadMode(ExceptionVector vector) {
        assertThat(vector.handler()).isEqualTo(ExceptionVector.Handler.INVALID);
        Entry entry = new Entry(1, cpu -> {}, null, null, Witness.NONE);
        assertThatThrownBy(() -> entry.take(new BarePcpus(1).cpus[0], vector))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("bad mode: " + vector);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aWarningOfXenIsTakenThroughTheTableWithInterruptsAsTheyWere(boolean masked) {
        BarePcpus b = new BarePcpus(1);
        List<Boolean> inTrap = new ArrayList<>();
        Entry entry = new Entry(1, cpu -> {}, null, null, Witness.NONE, cpu -> inTrap.add(cpu.isIrqMasked()), null);
        b.cpus[0].connect(b.wires[0], null, entry);
        if (masked) {
            b.cpus[0].localIrqDisable();
        } else {
            b.cpus[0].localIrqEnable();
        }

        b.cpus[0].warn();
        entry.take(b.cpus[0], ExceptionVector.EL2H_SYNC);

        assertThat(ExceptionVector.EL2H_SYNC.interrupts()).isEqualTo(ExceptionVector.Interrupts.INHERITED);
        assertThat(inTrap).containsExactly(masked, masked);
        assertThat(b.cpus[0].isIrqMasked()).isEqualTo(masked);
    }

    @Test
    void anSErrorOfXenItselfIsFatal() {
        Entry entry = new Entry(1, cpu -> {}, null, null, Witness.NONE);
        assertThatThrownBy(() -> entry.take(new BarePcpus(1).cpus[0], ExceptionVector.EL2H_SERROR))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("an SError in Xen's own code");
    }

    @Test
    void anInterruptOfXenItselfOnlyRunsTheInterruptLoop() {
        int[] loops = new int[1];
        Entry entry = new Entry(1, cpu -> loops[0]++, null, null, Witness.NONE);
        entry.take(new BarePcpus(1).cpus[0], ExceptionVector.EL2H_IRQ);
        assertThat(loops[0]).isEqualTo(1);
    }
}

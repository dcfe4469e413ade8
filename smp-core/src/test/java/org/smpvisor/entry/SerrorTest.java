package org.smpvisor.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.trace.Witness;

/** Stores of a guest that fail: when Xen notices, what becomes of the exit that it noticed in, and what the guest is told. */
class SerrorTest {
    private static final int HERE = 5;
    private static final int NEXT = 6;
    private static final int LATER = 100;

    private final Pcpu cpu = new BarePcpus(1).cpus[0];
    private final List<String> log = new ArrayList<>();
    private boolean failsInXen;
    private final Entry entry = new Entry(1, p -> note(p, "interrupt"), new Accepting(), null, Witness.NONE);
    private final Vcpu v = new Vcpu(new Domain(7, 4), 3, new Program(), null);
    private final GuestCpu c = v.guest();

    private static final class Program extends GuestProgram {
        @Override
        public void step(GuestCpu guest) {
            // What it does the test says.
        }
    }

    private final class Accepting implements VgicOps {
        @Override
        public void injectIrq(Pcpu p, Domain d, Vcpu to, int virq, boolean level) {}

        @Override
        public void syncFromLrs(Pcpu p, Vcpu of) {
            note(p, "sync");
        }

        @Override
        public void syncToLrs(Pcpu p) {
            note(p, "flush");
        }

        @Override
        public boolean pendingIrq(Pcpu p, Vcpu of) {
            return false;
        }

        @Override
        public void moveIrqs(Pcpu p, Vcpu of) {}

        @Override
        public boolean mmio(Pcpu p, Vcpu by, MmioAccess io) {
            note(p, "access");
            if (failsInXen) {
                p.storeFails(LATER);
            }
            return true;
        }

        @Override
        public boolean sysregWrite(Pcpu p, Vcpu by, SysReg reg, long value) {
            return false;
        }
    }

    SerrorTest() {
        cpu.setCurrent(v);
        c.unmask().then(HERE);
        c.complete(0);
        c.read32(0x3001000).then(NEXT);
    }

    private void note(Pcpu p, String what) {
        log.add(what + (p.isIrqMasked() ? " masked" : " open"));
    }

    @Test
    void aStoreThatFailsIsToldSoManyStepsLater() {
        cpu.storeFails(2);
        assertThat(cpu.serrorArrives()).isFalse();
        assertThat(cpu.serrorArrives()).isFalse();
        assertThat(cpu.serrorArrives()).isTrue();
        assertThat(cpu.serrorArrives()).as("once").isFalse();
        assertThat(cpu.synchronizeSerrors()).isFalse();
    }

    @Test
    void whoWaitsForStoresHearsOfItThen() {
        cpu.storeFails(LATER);
        assertThat(cpu.synchronizeSerrors()).isTrue();
        assertThat(cpu.synchronizeSerrors()).isFalse();
        assertThat(cpu.serrorArrives()).isFalse();
    }

    @Test
    void takenInTheWindowAtATrapItLeavesTheInstructionToHappenAgain() {
        cpu.storeFails(LATER);
        entry.take(cpu, ExceptionVector.GUEST64_SYNC);
        assertThat(log).containsExactly("sync open", "flush masked");
        assertThat(c.isDescribed()).isTrue();
        assertThat(c.isSerrorDeliverable()).isTrue();
        assertThat(cpu.counter(Counter.SERRORS)).isEqualTo(1);
        c.takeSerror();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SERROR);
        assertThat(c.exceptionClass()).isEqualTo(GuestCpu.EC_SERROR);
        c.eret();
        c.complete(0);
        assertThat(c.op()).as("comes back with the return").isEqualTo(GuestCpu.Op.READ_MMIO);
        entry.take(cpu, ExceptionVector.GUEST64_SYNC);
        assertThat(log).contains("access open");
        assertThat(c.pc).isEqualTo(NEXT);
        assertThat(cpu.counter(Counter.SERRORS)).as("one store, one SError").isEqualTo(1);
    }

    @Test
    void whatComesOfXensOwnStoresIsFatalAndNotTheGuests() {
        failsInXen = true;
        assertThatThrownBy(() -> entry.take(cpu, ExceptionVector.GUEST64_SYNC))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("an SError in Xen's own code");
        assertThat(log).containsExactly("sync open", "access open", "flush masked");
        assertThat(c.isSerrorDeliverable()).isFalse();
        assertThat(cpu.counter(Counter.SERRORS)).isZero();
    }

    @Test
    void takenInTheWindowAtAnInterruptItLeavesTheInterruptToBeTakenNext() {
        cpu.storeFails(LATER);
        entry.take(cpu, ExceptionVector.GUEST64_IRQ);
        assertThat(log).containsExactly("sync masked", "flush masked");
        entry.take(cpu, ExceptionVector.GUEST64_IRQ); // the GIC signals it still
        assertThat(log.subList(2, 5)).containsExactly("sync masked", "interrupt masked", "flush masked");
        assertThat(cpu.counter(Counter.SERRORS)).isEqualTo(1);
    }

    @Test
    void xen417HandlesBothInOneExit() {
        entry.connect(Entry.SerrorRule.GOES_ON);
        cpu.storeFails(LATER);
        entry.take(cpu, ExceptionVector.GUEST64_SYNC);
        assertThat(log).containsExactly("sync open", "access open", "flush masked");
        assertThat(c.pc).isEqualTo(NEXT);
        cpu.storeFails(LATER);
        entry.take(cpu, ExceptionVector.GUEST64_IRQ);
        assertThat(log.subList(3, 6)).containsExactly("sync masked", "interrupt masked", "flush masked");
        assertThat(c.isSerrorDeliverable()).isTrue();
    }

    @Test
    void itsOwnVectorOpensInterruptsSyncsAndTellsTheGuest() {
        entry.take(cpu, ExceptionVector.GUEST64_SERROR);
        assertThat(log).containsExactly("sync open", "flush masked");
        assertThat(c.isSerrorDeliverable()).isTrue();
        assertThat(c.isDescribed()).isTrue();
        assertThat(cpu.counter(Counter.SERRORS)).isEqualTo(1);
    }

    @Test
    void aGuestThatHasSErrorsMaskedIsToldWhenItOpensThem() {
        c.mask().then(HERE);
        c.complete(0);
        entry.take(cpu, ExceptionVector.GUEST64_SERROR);
        assertThat(c.isSerrorDeliverable()).isFalse();
        c.unmask().then(HERE);
        c.complete(0);
        assertThat(c.isSerrorDeliverable()).isTrue();
    }

    @Test
    void aGuestWithoutAHandlerDies() {
        c.pendSerror();
        assertThatThrownBy(() -> GuestExceptions.serror(v))
                .isInstanceOf(GuestDied.class)
                .hasMessageContaining("vCPU 3) died of an SError");
    }
}

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
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.trace.Witness;

/** The way of a guest through its vectors, and what becomes of it when Xen refuses an access, by a vGIC that refuses all. */
class GuestExceptionsTest {
    private static final class Program extends GuestProgram {
        private final boolean handles;

        Program(boolean handles) {
            this.handles = handles;
        }

        @Override
        public void step(GuestCpu c) {}

        @Override
        public boolean handlesSync() {
            return handles;
        }
    }

    private final class Refusing implements VgicOps {
        @Override
        public void injectIrq(Pcpu cpu, Domain d, Vcpu v, int virq, boolean level) {}

        @Override
        public void syncFromLrs(Pcpu cpu, Vcpu v) {
            note(cpu, "sync");
        }

        @Override
        public void syncToLrs(Pcpu cpu) {
            note(cpu, "flush");
        }

        @Override
        public boolean pendingIrq(Pcpu cpu, Vcpu v) {
            return false;
        }

        @Override
        public void moveIrqs(Pcpu cpu, Vcpu v) {}

        @Override
        public boolean mmio(Pcpu cpu, Vcpu v, MmioAccess io) {
            note(cpu, "access");
            return false;
        }

        @Override
        public boolean sysregWrite(Pcpu cpu, Vcpu v, SysReg reg, long value) {
            return false;
        }
    }

    private final Pcpu cpu = new BarePcpus(1).cpus[0];
    private final Entry entry = new Entry(1, p -> note(p, "interrupt"), new Refusing(), null, Witness.NONE);
    private final List<String> log = new ArrayList<>();
    private GuestCpu c;

    private void note(Pcpu p, String what) {
        log.add(what + (p.isIrqMasked() ? " masked" : " open"));
    }

    /** The guest is about to execute an instruction that traps. */
    private void guest(boolean handles) {
        Vcpu v = new Vcpu(new Domain(7, 4), 3, new Program(handles), null);
        cpu.setCurrent(v);
        c = v.guest();
        c.pc = 5;
    }

    private void trap() {
        entry.take(cpu, ExceptionVector.GUEST64_SYNC);
    }

    /** The order of steps, and how interrupts stand at each. */
    private void steps(ExceptionVector vector) {
        guest(true);
        c.read32(0x3001000).then(6);
        entry.take(cpu, vector);
    }

    @Test
    void aTrapOpensInterruptsBeforeTheListRegistersAreSynced() {
        steps(ExceptionVector.GUEST64_SYNC);
        assertThat(log).containsExactly("sync open", "access open", "flush masked");
        steps(ExceptionVector.GUEST32_SYNC);
        assertThat(log).hasSize(6);
    }

    @Test
    void anInterruptOfAGuestKeepsThemMasked() {
        steps(ExceptionVector.GUEST64_IRQ);
        assertThat(log).containsExactly("sync masked", "interrupt masked", "flush masked");
        assertThat(c.isDescribed()).as("the instruction waits").isTrue();
    }

    @Test
    void aRefusedAccessIsADataAbortInTheGuest() {
        guest(true);
        c.write32(0x3001300, 0).then(6);
        trap();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SYNC);
        assertThat(c.elr).isEqualTo(5);
        assertThat(c.exceptionClass()).isEqualTo(GuestCpu.EC_DATA_ABORT);
        assertThat(c.far).isEqualTo(0x3001300);
        assertThat(cpu.isIrqMasked()).as("back in the guest").isTrue();
    }

    @Test
    void aRefusedWriteOfARegisterIsUndefinedInTheGuest() {
        guest(true);
        c.writeSysreg(SysReg.ICC_ASGI1R_EL1, 1).then(6);
        trap();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SYNC);
        assertThat(c.exceptionClass()).isEqualTo(GuestCpu.EC_UNKNOWN);
    }

    @Test
    void aReadOfARegisterThatSendsSgisIsUndefined() {
        guest(true);
        c.readSysreg(SysReg.ICC_SGI1R_EL1).then(6);
        trap();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SYNC);
    }

    @Test
    void aGuestWithoutAHandlerDiesOfADataAbort() {
        guest(false);
        c.read32(0x3001f10).then(6);
        assertThatThrownBy(this::trap)
                .isInstanceOf(GuestDied.class)
                .hasToString("guest d7v3 (domain 7, vCPU 3) died of a data abort, the read of 4 bytes at 0x3001f10,"
                        + " for which it has no handler");
        assertThat(c.isDescribed()).isTrue();
    }

    @Test
    void aGuestWithoutAHandlerDiesOfAnUndefinedInstruction() {
        guest(false);
        c.writeSysreg(SysReg.ICC_SGI0R_EL1, 1).then(6);
        assertThatThrownBy(this::trap)
                .isInstanceOf(GuestDied.class)
                .hasMessageContaining("vCPU 3) died of an undefined instruction, the write of ICC_SGI0R_EL1")
                .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());
    }
}

package org.smpvisor.abi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuestCpuTest {
    private final GuestCpu c = new GuestCpu(1, 2);

    @Test
    void aDescribedInstructionChangesNothingUntilItCompletes() {
        c.pc = 3;
        c.x0 = 9;
        c.read32(0x1000).then(4);
        assertThat(c.isDescribed()).isTrue();
        assertThat(c.pc).isEqualTo(3);
        assertThat(c.x0).isEqualTo(9);
        assertThat(c.op()).isEqualTo(GuestCpu.Op.READ_MMIO);
        assertThat(c.address()).isEqualTo(0x1000);
        assertThat(c.bytes()).isEqualTo(4);
        c.complete(77);
        assertThat(c.isDescribed()).isFalse();
        assertThat(c.pc).isEqualTo(4);
        assertThat(c.x0).isEqualTo(77);
    }

    @Test
    void storesAndBranchesLeaveTheResultRegisterAlone() {
        c.x0 = 9;
        c.write64(0x2000, 5).then(1);
        c.complete(77);
        c.branch().then(2);
        c.complete(77);
        c.writeSysreg(SysReg.ICC_EOIR1_EL1, 3).then(3);
        c.complete(77);
        assertThat(c.x0).isEqualTo(9);
        assertThat(c.pc).isEqualTo(3);
    }

    @Test
    void anInstructionWithoutASuccessorRunsAgain() {
        c.pc = 6;
        c.wfi();
        c.complete(0);
        assertThat(c.pc).isEqualTo(6);
    }

    @Test
    void anInterruptReturnsToWhereItCame() {
        c.unmask().then(5);
        c.complete(0);
        assertThat(c.isIrqMasked()).isFalse();
        c.takeIrq();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_IRQ);
        assertThat(c.isIrqMasked()).isTrue();
        c.eret();
        c.complete(0);
        assertThat(c.pc).isEqualTo(5);
        assertThat(c.isIrqMasked()).isFalse();
    }

    @Test
    void interruptsAreMaskedAtReset() {
        assertThat(c.isIrqMasked()).isTrue();
        c.unmask();
        c.complete(0);
        c.mask();
        c.complete(0);
        assertThat(c.isIrqMasked()).isTrue();
    }

    @Test
    void whatTheWordForEventsWasArrivesInX0() {
        c.clearUpcall().then(7);
        c.complete(1);
        assertThat(c.x0).isEqualTo(1);
        assertThat(c.pc).isEqualTo(7);
        c.readUpcall();
        c.complete(0);
        assertThat(c.x0).isZero();
    }

    @Test
    void onlyRegistersThatSendSgisAndThoseOfThePhysicalTimerTrap() {
        for (SysReg r : SysReg.values()) {
            boolean traps = r.name().contains("SGI") || r.name().startsWith("CNTP_");
            assertThat(r.isTrapped()).as("%s", r).isEqualTo(traps);
            assertThat(r.isTimer()).as("%s", r).isEqualTo(r.name().startsWith("CNT"));
        }
    }

    @Test
    void anAbortedStoreDoesNotCompleteAndItsHandlerKnowsWhy() {
        c.pc = 3;
        c.x0 = 9;
        c.write32(0x2000, 5).then(4);
        c.takeDataAbort();
        assertThat(c.isDescribed()).isFalse();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SYNC);
        assertThat(c.elr).isEqualTo(3);
        assertThat(c.exceptionClass()).isEqualTo(GuestCpu.EC_DATA_ABORT);
        assertThat(c.esr).isEqualTo(0x96000010L);
        assertThat(c.far).isEqualTo(0x2000);
        assertThat(c.isIrqMasked()).isTrue();
        assertThat(c.x0).isEqualTo(9);
    }

    @Test
    void anUndefinedInstructionReportsNoReason() {
        c.pc = 3;
        c.readSysreg(SysReg.ICC_SGI1R_EL1).then(4);
        c.takeUndefined();
        assertThat(c.pc).isEqualTo(GuestProgram.VECTOR_SYNC);
        assertThat(c.elr).isEqualTo(3);
        assertThat(c.exceptionClass()).isEqualTo(GuestCpu.EC_UNKNOWN);
        assertThat(c.esr).isEqualTo(0x02000000L);
    }

    @Test
    void theHandlerReturnsToTheFaultingInstructionOrWhereItWants() {
        c.unmask().then(3);
        c.complete(0);
        c.read32(0x2000).then(4);
        c.takeDataAbort();
        c.eret();
        c.complete(0);
        assertThat(c.pc).isEqualTo(3);
        c.read32(0x2000).then(4);
        c.takeDataAbort();
        c.elr = 5;
        c.eret();
        c.complete(0);
        assertThat(c.pc).isEqualTo(5);
        assertThat(c.isIrqMasked()).isFalse();
    }

    @Test
    void anExceptionInAnInterruptHandlerLeavesInterruptsMasked() {
        c.unmask().then(3);
        c.complete(0);
        c.takeIrq();
        int elr = c.elr;
        c.read32(0x2000).then(GuestProgram.VECTOR_IRQ + 1);
        c.takeDataAbort();
        c.elr = GuestProgram.VECTOR_IRQ + 1;
        c.eret();
        c.complete(0);
        assertThat(c.isIrqMasked()).isTrue();
        c.elr = elr;
        c.spsrMasked = false;
        c.eret();
        c.complete(0);
        assertThat(c.pc).isEqualTo(3);
        assertThat(c.isIrqMasked()).isFalse();
    }

    @Test
    void vcpuAffinitiesHaveSixteenPerCluster() {
        assertThat(GicAbi.vcpuAffinity(15)).isEqualTo(15);
        assertThat(GicAbi.vcpuAffinity(16)).isEqualTo(0x100);
        assertThat(GicAbi.vcpuAffinity(127)).isEqualTo(0x70f);
    }
}

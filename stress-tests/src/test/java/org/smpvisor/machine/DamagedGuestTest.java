package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cpu.Counter;
import org.smpvisor.entry.GuestDied;
import org.smpvisor.oracle.Audit;
import org.smpvisor.oracle.Ledger;
import org.smpvisor.variant.Variant;

/** Guests that do what they may not, on a machine with threads. */
class DamagedGuestTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long ISACTIVER = GUEST_GICD_BASE + GICD_ISACTIVER + 4;
    private static final int CLASSES = 0;
    private static final int ADDRESS = 1;
    private static final int MASK = 2;
    private static final int RESTED = 10;

    /** Does one forbidden thing after the other; its handler notes the exception class and skips the instruction. */
    private static final class Offender extends GuestProgram {
        @Override
        public boolean handlesSync() {
            return true;
        }

        @Override
        public void step(GuestCpu c) {
            switch (c.pc) {
                case 0 -> c.write32(ISACTIVER, 0).then(RESTED);
                case 1 -> c.read32(GUEST_GICR_BASE + 100L * GICR_SIZE).then(RESTED);
                case 2 -> c.writeSysreg(SysReg.ICC_SGI0R_EL1, 1).then(RESTED);
                case 3 -> c.readSysreg(SysReg.ICC_SGI1R_EL1).then(RESTED);
                case 4 -> c.readSysreg(SysReg.ICC_EOIR1_EL1).then(RESTED);
                case 5 -> c.writeSysreg(SysReg.ICC_IAR1_EL1, 1).then(RESTED);
                case 6 -> c.writeSysreg(SysReg.ICC_PMR_EL1, 0xb0).then(7);
                case 7 -> c.readSysreg(SysReg.ICC_PMR_EL1).then(8);
                case 8 -> {
                    c.r[MASK] = c.x0;
                    c.branch().then(9);
                }
                case VECTOR_SYNC -> {
                    c.r[CLASSES] = c.r[CLASSES] << 8 | c.exceptionClass();
                    c.r[ADDRESS] = c.far;
                    c.elr++;
                    c.eret();
                }
                default -> c.wfi();
            }
        }
    }

    /** Has no handler at all. */
    private static final class Helpless extends GuestProgram {
        @Override
        public void step(GuestCpu c) {
            c.write32(ISACTIVER, 1).then(0);
        }
    }

    /** The same on a GICv2, where the registers of the CPU interface are memory. */
    private static final class OffenderV2 extends GuestProgram {
        @Override
        public boolean handlesSync() {
            return true;
        }

        @Override
        public void step(GuestCpu c) {
            switch (c.pc) {
                case 0 -> c.write32(ISACTIVER, 1).then(RESTED);
                case 1 -> c.write8(GUEST_GICC_BASE + GICC_PMR, 0xb0).then(RESTED);
                case 2 -> c.writeSysreg(SysReg.ICC_SGI1R_EL1, 1).then(RESTED);
                case 3 -> c.readSysreg(SysReg.ICC_IAR1_EL1).then(RESTED);
                case 4 -> c.writeSysreg(SysReg.ICC_PMR_EL1, 0).then(RESTED);
                case 5 -> c.write32(GUEST_GICC_BASE + GICC_PMR, 0xb7).then(6);
                case 6 -> c.read32(GUEST_GICC_BASE + GICC_PMR).then(7);
                case 7 -> {
                    c.r[MASK] = c.x0;
                    c.read32(GUEST_GICC_BASE + GUEST_GICC_SIZE).then(8);
                }
                case 8 -> {
                    c.r[MASK] = c.r[MASK] << 32 | c.x0 & 0xffffffffL;
                    c.branch().then(9);
                }
                case VECTOR_SYNC -> {
                    c.r[CLASSES] = c.r[CLASSES] << 8 | c.exceptionClass();
                    c.r[ADDRESS] = c.far;
                    c.elr++;
                    c.eret();
                }
                default -> c.wfi();
            }
        }
    }

    /** Uses the registers of Group 1, in which Xen never has an interrupt: one acknowledge, one end. */
    private static final class OtherGroup extends GuestProgram {
        @Override
        public void step(GuestCpu c) {
            switch (c.pc) {
                case 0 -> c.read32(GUEST_GICC_BASE + GICC_AIAR).then(1);
                case 1 ->
                    c.write32(GUEST_GICC_BASE + GICC_AEOIR, c.r[MASK] = c.x0).then(2);
                default -> c.wfi();
            }
        }
    }

    private static Machine run(GuestProgram program) {
        return run(MachineDescription.qemuVirt(), program);
    }

    private static Machine run(MachineDescription machineDescription, GuestProgram program) {
        return run(machineDescription, program, new Ledger(1, 1, 2));
    }

    private static Machine run(MachineDescription machineDescription, GuestProgram program, Ledger ledger) {
        MachineSpec spec = MachineSpec.of(machineDescription.withCpus(2), Variant.xen())
                .withDomains(List.of(new DomainSpec(1, List.of(), id -> program)))
                .withWitness(ledger);
        Machine machine = new Machine(spec);
        ledger.connect(machine.hardware().distributor(), machine.devices()::age, (domain, intid) -> List.of());
        try (machine) {
            Assertions.assertTimeoutPreemptively(LIMIT, () -> {
                machine.start();
                while (machine.failure() == null && !machine.isAtRest()) {
                    Thread.sleep(1);
                }
            });
        }
        return machine;
    }

    @Test
    void aGuestWithAHandlerSurvivesEveryAbortAndUndefinedInstruction() {
        Machine machine = run(new Offender());
        assertThat(machine.failure()).isNull();
        GuestCpu c = machine.domains().get(0).vcpu(0).guest();
        assertThat(c.r[CLASSES]).as("two aborts, four undefined").isEqualTo(0x2525_00000000L);
        assertThat(c.r[ADDRESS]).isEqualTo(GUEST_GICR_BASE + 100L * GICR_SIZE);
        assertThat(c.r[MASK]).as("ICC_PMR_EL1 reads back").isEqualTo(0xb0);
        assertThat(machine.validator().violations()).isEmpty();
    }

    @Test
    void onAGicv2TheCpuInterfaceIsMemoryAndItsSystemRegistersAreUndefined() {
        Machine machine = run(MachineDescription.qemuVirtGicV2(), new OffenderV2());
        assertThat(machine.failure()).isNull();
        GuestCpu c = machine.domains().get(0).vcpu(0).guest();
        assertThat(c.r[CLASSES]).as("two aborts, three undefined").isEqualTo(0x2525_000000L);
        assertThat(c.r[ADDRESS]).isEqualTo(GUEST_GICC_BASE + GICC_PMR);
        assertThat(c.r[MASK]).as("five bits of priority; ones where nothing is").isEqualTo(0xb0_ffffffffL);
        assertThat(machine.validator().violations()).isEmpty();
    }

    /** To one that counts raises and acknowledgements, an SGI that is undefined was never sent. */
    @Test
    void whatAGicv2RefusesIsNotMissedLater() {
        Ledger ledger = new Ledger(1, 1, 2);
        Machine machine = run(MachineDescription.qemuVirtGicV2(), new OffenderV2(), ledger);
        assertThat(machine.failure()).isNull();
        new Audit(ledger, machine.hardware(), machine.driver(), machine.pcpus())
                .judge(machine.domains().get(0), true);
        assertThat(ledger.drain()).isEmpty();
    }

    @Test
    void theRegistersOfTheOtherGroupAreCountedToo() {
        Machine machine = run(MachineDescription.qemuVirtGicV2(), new OtherGroup());
        assertThat(machine.failure()).isNull();
        assertThat(machine.domains().get(0).vcpu(0).guest().r[MASK]).isEqualTo(SPURIOUS);
        assertThat(machine.pcpu(0).counter(Counter.GUEST_SPURIOUS)).isEqualTo(1);
        assertThat(machine.pcpu(0).counter(Counter.GUEST_ENDS)).isEqualTo(1);
    }

    @Test
    void aGuestWithoutAHandlerEndsTheRunAndIsNamed() {
        Machine machine = run(new Helpless());
        assertThat(machine.failure())
                .isInstanceOf(GuestDied.class)
                .hasMessageContaining("d1v0")
                .hasMessageContaining("data abort, the write of 4 bytes at 0x" + Long.toHexString(ISACTIVER));
        assertThat(machine.failedOn()).isNotNull();
    }
}

package org.smpvisor.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.SysReg;

class BareGuestTest {
    private static final int LINE = 40;
    private static final int BOOT_STEPS = 8;

    private final GuestMemory memory = new GuestMemory(new int[0], new boolean[0], new int[] {LINE});

    @BeforeEach
    void goOn() {
        memory.setResting(false);
    }

    /** Executes {@code n} instructions that yield {@code result}; returns them. */
    private static List<String> run(GuestProgram p, GuestCpu c, int n, long result) {
        List<String> done = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            p.step(c);
            done.add(c.op() + (c.sysreg() == null ? "" : " " + c.sysreg()));
            c.complete(result);
        }
        return done;
    }

    private static List<String> handler(GuestProgram p, GuestCpu c, int intid) {
        c.takeIrq();
        List<String> done = new ArrayList<>();
        do {
            done.addAll(run(p, c, 1, intid));
        } while (c.isIrqMasked());
        return done;
    }

    @Test
    void theNextPendingWriteWaitsUntilTheLastOneWasEnded() {
        GuestProgram p = new SelfPendingGuest(memory);
        GuestCpu c = new GuestCpu(0, 1);
        run(p, c, BOOT_STEPS, 0);

        assertThat(c.isIrqMasked()).isFalse();
        assertThat(run(p, c, 3, 0)).containsExactly("WRITE_MMIO", "BRANCH", "BRANCH");
        assertThat(handler(p, c, LINE))
                .containsExactly("READ_SYSREG " + SysReg.ICC_IAR1_EL1, "WRITE_SYSREG " + SysReg.ICC_EOIR1_EL1, "ERET");
        assertThat(run(p, c, 2, 0)).containsExactly("WRITE_MMIO", "BRANCH");
    }

    @Test
    void theHandlerAnswersAfterTheEndAndTheServerKeepsTheBallAtRest() {
        GuestProgram p = new PingPongGuest(memory);
        GuestCpu c = new GuestCpu(0, 2);
        run(p, c, BOOT_STEPS, 0);
        assertThat(run(p, c, 2, 0)).containsExactly("WRITE_SYSREG " + SysReg.ICC_SGI1R_EL1, "BRANCH");

        assertThat(handler(p, c, 1))
                .containsExactly(
                        "READ_SYSREG " + SysReg.ICC_IAR1_EL1,
                        "WRITE_SYSREG " + SysReg.ICC_EOIR1_EL1,
                        "WRITE_SYSREG " + SysReg.ICC_SGI1R_EL1,
                        "ERET");
        memory.setResting(true);
        assertThat(handler(p, c, 1)).doesNotContain("WRITE_SYSREG " + SysReg.ICC_SGI1R_EL1);
        assertThat(run(p, c, 1, 0)).containsExactly("WFI");
    }

    @Test
    void aSpuriousAcknowledgeIsNotEnded() {
        GuestProgram p = new SelfPendingGuest(memory);
        GuestCpu c = new GuestCpu(0, 1);
        run(p, c, BOOT_STEPS, 0);

        assertThat(handler(p, c, GicAbi.SPURIOUS)).containsExactly("READ_SYSREG " + SysReg.ICC_IAR1_EL1, "ERET");
    }

    @Test
    void aRegisterReadGuestReadsItsRegisterOverAndOver() {
        GuestProgram p = new RegisterReadGuest(memory, GicAbi.GICD_TYPER);
        GuestCpu c = new GuestCpu(0, 1);
        run(p, c, BOOT_STEPS, 0);

        assertThat(run(p, c, 2, 7)).containsExactly("READ_MMIO", "READ_MMIO");
        p.step(c);
        assertThat(c.address()).isEqualTo(GicAbi.GUEST_GICD_BASE + GicAbi.GICD_TYPER);
    }
}

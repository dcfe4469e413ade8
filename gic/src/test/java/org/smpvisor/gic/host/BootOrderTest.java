package org.smpvisor.gic.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.smpvisor.gic.GicBench;
import org.smpvisor.variant.Variant;

/** The order in which Xen programs a GICv3, register by register. */
class BootOrderTest {
    private final GicBench b = new GicBench(64, 4, 0x0L, 0x1L);

    private int at(String access) {
        int i = b.accesses.indexOf(access);
        assertThat(i).as(access + " in " + b.accesses).isNotNegative();
        return i;
    }

    private void inOrder(String... wanted) {
        int last = -1;
        for (String w : wanted) {
            int i = at(w);
            assertThat(i).as(w).isGreaterThan(last);
            last = i;
        }
    }

    @Test
    void theDistributorIsProgrammedInXensOrder() {
        b.gic.init(b.cpus[0]);
        inOrder(
                "R GICD+0xffe8",
                "R GICD+0x4",
                "R GICD+0x0",
                "W GICD+0x0=0x10",
                "R GICD+0x8",
                "W GICD+0xc08=0x0",
                "W GICD+0xc0c=0x0",
                "W GICD+0x420=0xa0a0a0a0",
                "W GICD+0x43c=0xa0a0a0a0",
                "W GICD+0x184=0xffffffff",
                "W GICD+0x384=0xffffffff",
                "W GICD+0x84=0xffffffff",
                "W GICD+0x0=0x13",
                "W GICD+0x6100=0x0",
                "W GICD+0x61f8=0x0");
    }

    @Test
    void everyRegisterOfABankIsWrittenOnce() {
        b.gic.init(b.cpus[0]);
        assertThat(b.accesses.stream().filter(a -> a.matches("W GICD\\+0x6[0-9a-f]{3}=.*")))
                .hasSize(32);
        assertThat(b.accesses.stream().filter(a -> a.matches("W GICD\\+0x4[0-9a-f]{2}=.*")))
                .hasSize(8);
        assertThat(b.accesses.stream().filter(a -> a.matches("W GICD\\+0xc[0-9a-f]{2}=.*")))
                .hasSize(2);
    }

    @Test
    void redistributorAndInterfacesFollowInXensOrder() {
        b.gic.init(b.cpus[0]);
        inOrder(
                "W GICD+0x0=0x13",
                "R GICR+0xffe8",
                "R GICR+0x8",
                "W GICR+0x14=0x4",
                "W GICR+0x10400=0x90909090",
                "W GICR+0x1040c=0x90909090",
                "W GICR+0x10410=0xa0a0a0a0",
                "W GICR+0x1041c=0xa0a0a0a0",
                "W GICR+0x10380=0xffffffff",
                "W GICR+0x10180=0xffff0000",
                "W GICR+0x10100=0xffff",
                "W GICR+0x10080=0xffffffff",
                "R GICR+0x0",
                "R ICC_SRE_EL2",
                "W ICC_SRE_EL2=0x7",
                "W ICC_BPR1_EL1=0x0",
                "W ICC_PMR_EL1=0xff",
                "W ICC_CTLR_EL1=0x2",
                "W ICC_IGRPEN1_EL1=0x1",
                "R ICH_VTR_EL2",
                "W ICH_VMCR_EL2=0x202",
                "W ICH_HCR_EL2=0x1");
        assertThat(b.accesses).last().isEqualTo("W ICH_HCR_EL2=0x1");
    }

    @Test
    void aSecondaryLeavesTheDistributorAloneAndFindsItsOwnRedistributor() {
        b.gic.init(b.cpus[0]);
        b.accesses.clear();
        b.gic.initSecondary(b.cpus[1]);
        assertThat(b.accesses).noneMatch(a -> a.contains("GICD"));
        inOrder("R GICR+0x8", "R GICR+0x20008", "W GICR+0x20014=0x4", "W GICR+0x30400=0x90909090", "W ICH_HCR_EL2=0x1");
        assertThat(b.console).contains("GICv3: CPU1: Found redistributor in region 0 @00000000080c0000");
    }

    @Test
    void xen417WritesZeroWithoutReading() {
        GicBench old = new GicBench(Variant.XenVersion.V4_17, 64, 4, 0L);
        old.gic.init(old.cpus[0]);
        assertThat(old.accesses).contains("W GICD+0x0=0x0").doesNotContain("W GICD+0x0=0x10");
    }

    @Test
    void xen417ClaimsThePhysicalTimerAndHeadDoesNot() {
        for (Variant.XenVersion version : Variant.XenVersion.values()) {
            GicBench g = new GicBench(version, 64, 4, 0L);
            g.boot();
            g.gic.setupLocalInterrupts(g.cpus[0]);
            boolean claimed = (g.readGicr(0, 0x10100, 4) & 1 << GicBench.PHYS_TIMER) != 0;
            assertThat(claimed).isEqualTo(version == Variant.XenVersion.V4_17);
        }
    }

    @Test
    void theDriverKnowsWhatItFound() {
        assertThat(b.driver.nrLines()).isZero();
        b.boot();
        assertThat(b.driver.nrLines()).isEqualTo(64);
        assertThat(b.driver.nrLrs()).isEqualTo(4);
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void localInterruptsAreOpenedOnePerPcpu() {
        b.boot();
        b.gic.setupLocalInterrupts(b.cpus[1]);
        assertThat(b.readGicr(1, 0x10100, 4) & (1 << GicBench.MAINTENANCE | 1 << GicBench.HYP_TIMER))
                .isEqualTo(1 << GicBench.MAINTENANCE | 1 << GicBench.HYP_TIMER);
        assertThat(b.readGicr(0, 0x10100, 4)).isEqualTo(0xffff);
        assertThat(b.irq.setupIrq(b.cpus[1], GicBench.HYP_TIMER, IrqDesc.Action.xen("again", (c, i) -> {})))
                .isEqualTo(Irq.EBUSY);
    }
}

package org.smpvisor.gic.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.GicBench;

/** How Xen writes ICC_SGI1R for one pCPU, for a set and for all others, and who gets it. */
class SgiSendingTest {
    private static final int SGI = 2;

    /** Two clusters, interleaved in the order of ids: 0 and 1 in the first, 2 in the second, 3 in the first again. */
    private final GicBench b = new GicBench(64, 4, 0L, 1L, 0x02_03_01L, 2L);

    private final CpuMask mask = new CpuMask("mask", b.cpus);

    SgiSendingTest() {
        b.boot();
    }

    private void send(int... targets) {
        for (int t : targets) {
            mask.set(b.cpus[0], t);
        }
        b.driver.sendSgiMask(b.cpus[0], mask, SGI);
    }

    @Test
    void neighboursInOneClusterShareATargetList() {
        send(0, 1, 2, 3);
        assertThat(b.accesses)
                .containsExactly(
                        "W ICC_SGI1R_EL1=0x2000003", "W ICC_SGI1R_EL1=0x202030002", "W ICC_SGI1R_EL1=0x2000004");
    }

    @Test
    void onlyMembersOfTheSetAreInterrupted() {
        send(1, 3);
        assertThat(b.accesses).containsExactly("W ICC_SGI1R_EL1=0x2000006");
        assertThat(b.cpus).filteredOn(p -> !p.mailbox().isEmpty()).containsExactly(b.cpus[1], b.cpus[3]);
        assertThat(b.cpus[0].counter(Counter.HOST_SGIS)).isEqualTo(2);
    }

    @Test
    void theEmptySetWritesNothing() {
        send();
        assertThat(b.accesses).isEmpty();
    }

    @Test
    void membersThatAreOfflineAreSentItAllTheSame() {
        b.cpus[3].setOnline(false);
        send(3);
        assertThat(b.cpus[3].mailbox().isEmpty()).isFalse();
    }

    @Test
    void allOthersNeedNoTargetList() {
        b.driver.sendSgiToOthers(b.cpus[1], IpiSender.EVENT_CHECK);
        assertThat(b.accesses).containsExactly("W ICC_SGI1R_EL1=0x10000000000");
        assertThat(b.cpus).filteredOn(p -> p.mailbox().isEmpty()).containsExactly(b.cpus[1]);
    }

    @Test
    void theSeventeenthOfAClusterIsWarnedOfAndItsSgisHitAnother() {
        GicBench big = new GicBench(64, 4, 0L, 16L);
        big.boot();
        assertThat(big.console).anyMatch(line -> line.contains("CPU1 is beyond the 16 of its cluster"));
        big.driver.sendSgi(big.cpus[1], big.cpus[1], SGI);
        assertThat(big.cpus).filteredOn((Pcpu p) -> !p.mailbox().isEmpty()).containsExactly(big.cpus[0]);
    }

    @Test
    void aMaskKnowsItsMembers() {
        Pcpu cpu = b.cpus[0];
        assertThat(mask.isEmpty(cpu)).isTrue();
        mask.set(cpu, 2);
        assertThat(mask.contains(cpu, 2)).isTrue();
        assertThat(mask.next(cpu, 0)).isSameAs(b.cpus[2]);
        assertThat(mask.next(cpu, 3)).isNull();
        mask.clear(cpu, 2);
        assertThat(mask.isEmpty(cpu)).isTrue();
        mask.set(cpu, 1);
        mask.clearAll(cpu);
        assertThat(mask.isEmpty(cpu)).isTrue();
    }
}

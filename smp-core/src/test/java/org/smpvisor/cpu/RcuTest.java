package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Work that waits until nobody can hold on to what it takes away. */
class RcuTest {
    private final BarePcpus b = new BarePcpus(3);
    private final List<String> log = new ArrayList<>();
    private final List<String> sgis = new ArrayList<>();
    private final Rcu rcu = new Rcu(b.cpus, (from, to, id) -> sgis.add(from + "->" + to));

    RcuTest() {
        for (Pcpu p : b.cpus) {
            p.setOnline(true);
            p.localIrqEnable();
        }
    }

    private Rcu.Callback work(String name) {
        return new Rcu.Callback(name, cpu -> log.add(name + " on " + cpu));
    }

    private void softirqs(int... pcpus) {
        for (int p : pcpus) {
            b.cpus[p].softirqs().run(b.cpus[p]);
        }
    }

    @Test
    void theWorkIsDoneWhereItWasWantedOnceEveryPcpuHasBeenThroughItsSoftirqs() {
        rcu.call(b.cpus[1], work("a"));
        assertThat(sgis).as("everybody is asked").containsExactlyInAnyOrder("cpu1->cpu0", "cpu1->cpu2");
        softirqs(1, 0, 1);
        assertThat(log).as("cpu2 may hold on to it").isEmpty();
        softirqs(2);
        assertThat(log).as("not done by whoever was last").isEmpty();
        softirqs(1);
        assertThat(log).containsExactly("a on cpu1");
    }

    @Test
    void aPcpuThatIsLastAndWantedItDoesItAtOnce() {
        rcu.call(b.cpus[0], work("a"));
        softirqs(2, 1, 0);
        assertThat(log).containsExactly("a on cpu0");
    }

    @Test
    void aPcpuThatIsOfflineIsNotWaitedFor() {
        b.cpus[2].setOnline(false);
        rcu.call(b.cpus[0], work("a"));
        softirqs(0, 1);
        softirqs(0);
        assertThat(log).containsExactly("a on cpu0");
        assertThat(b.cpus[2].softirqs().peek()).isZero();
    }

    @Test
    void aPcpuThatGoesOfflineSaysSoOnItsWay() {
        rcu.call(b.cpus[0], work("a"));
        softirqs(0, 1);
        rcu.quiescent(b.cpus[2]);
        b.cpus[2].setOnline(false);
        softirqs(0);
        assertThat(log).containsExactly("a on cpu0");
    }

    @Test
    void whatIsWantedWhileABatchIsUnderWayWaitsForAllAnew() {
        rcu.call(b.cpus[0], work("a"));
        softirqs(0, 1);
        rcu.call(b.cpus[0], work("b"));
        softirqs(2, 0);
        assertThat(log).as("cpu1 may have found b since it was asked").containsExactly("a on cpu0");
        softirqs(1);
        assertThat(log).hasSize(1);
        softirqs(2, 0);
        assertThat(log).containsExactly("a on cpu0", "b on cpu0");
    }

    @Test
    void workIsDoneInTheOrderInWhichItWasWanted() {
        rcu.call(b.cpus[0], work("first"));
        rcu.call(b.cpus[0], work("a"));
        rcu.call(b.cpus[1], work("b"));
        rcu.call(b.cpus[0], work("c"));
        for (int i = 0; i < 3; i++) {
            softirqs(0, 1, 2);
        }
        assertThat(log).containsSubsequence("first on cpu0", "a on cpu0", "c on cpu0");
        assertThat(log).hasSize(4).contains("b on cpu1");
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void theWorkRunsWithInterruptsOpenAndWithoutALockAndMayWantMore() {
        rcu.call(b.cpus[0], new Rcu.Callback("a", cpu -> {
            assertThat(cpu.isIrqMasked()).isFalse();
            assertThat(cpu.held().depth()).isZero();
            rcu.call(cpu, work("more"));
        }));
        for (int i = 0; i < 4; i++) {
            softirqs(0, 1, 2);
        }
        assertThat(log).containsExactly("more on cpu0");
    }

    @Test
    void aCallbackIsUsedAgainWhenItIsOver() {
        Rcu.Callback again = work("again");
        rcu.call(b.cpus[0], again);
        softirqs(1, 2, 0);
        rcu.call(b.cpus[2], again);
        softirqs(0, 1, 2);
        assertThat(log).containsExactly("again on cpu0", "again on cpu2");
    }
}

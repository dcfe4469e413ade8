package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SoftirqsTest {
    private final BarePcpus b = new BarePcpus(2);
    private final Pcpu cpu = b.cpus[0];
    private final List<Integer> ran = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();
    private final IpiSender ipi = (from, to, id) -> sent.add(from + "->" + to + ":" + id);

    SoftirqsTest() {
        for (int nr = Softirqs.TIMER; nr <= Softirqs.TASKLET; nr++) {
            int mine = nr;
            cpu.softirqs().open(nr, c -> ran.add(mine));
        }
    }

    @Test
    void theLowestRunsFirst() {
        cpu.softirqs().raise(cpu, Softirqs.TASKLET);
        cpu.softirqs().raise(cpu, Softirqs.TIMER);
        cpu.softirqs().raise(cpu, Softirqs.SCHEDULE);
        cpu.softirqs().run(cpu);
        assertThat(ran).containsExactly(Softirqs.TIMER, Softirqs.SCHEDULE, Softirqs.TASKLET);
        assertThat(cpu.softirqs().isPending(cpu)).isFalse();
    }

    @Test
    void oneThatIsRaisedByAHandlerRunsInTheSameTurn() {
        cpu.softirqs().open(Softirqs.SCHEDULE, c -> {
            ran.add(Softirqs.SCHEDULE);
            c.softirqs().raise(c, Softirqs.TIMER);
        });
        cpu.softirqs().raise(cpu, Softirqs.SCHEDULE);
        cpu.softirqs().run(cpu);
        assertThat(ran).containsExactly(Softirqs.SCHEDULE, Softirqs.TIMER);
    }

    @Test
    void raisingTwiceRunsOnce() {
        cpu.softirqs().raise(cpu, Softirqs.TIMER);
        cpu.softirqs().raise(cpu, Softirqs.TIMER);
        cpu.softirqs().run(cpu);
        assertThat(ran).hasSize(1);
    }

    @Test
    void aRemoteRaiseSendsOneSgiUntilItIsServed() {
        cpu.softirqs().raiseFrom(b.cpus[1], Softirqs.SCHEDULE, ipi);
        cpu.softirqs().raiseFrom(b.cpus[1], Softirqs.SCHEDULE, ipi);
        assertThat(sent).containsExactly("cpu1->cpu0:0");
        cpu.softirqs().run(cpu);
        cpu.softirqs().raiseFrom(b.cpus[1], Softirqs.SCHEDULE, ipi);
        assertThat(sent).hasSize(2);
    }

    @Test
    void aLocalRaiseSendsNothing() {
        cpu.softirqs().raiseFrom(cpu, Softirqs.SCHEDULE, ipi);
        assertThat(sent).isEmpty();
        assertThat(cpu.softirqs().peek()).isEqualTo(1 << Softirqs.SCHEDULE);
    }

    @Test
    void taskletsFromOutsideRunInOrderOnThePcpuAndRingIt() {
        cpu.softirqs().open(Softirqs.TASKLET, cpu.tasklets()::run);
        assertThat(cpu.tasklets().post(c -> ran.add(100 + c.id()), 2)).isTrue();
        assertThat(cpu.tasklets().post(c -> ran.add(200 + c.id()), 2)).isTrue();
        assertThat(cpu.needsAttention()).isTrue();
        assertThat(cpu.mailbox().isEmpty()).isFalse();
        cpu.softirqs().run(cpu);
        assertThat(ran).containsExactly(100, 200);
        assertThat(cpu.tasklets().isEmpty()).isTrue();
    }

    @Test
    void aFullTaskletQueueRefuses() {
        int posted = 0;
        while (cpu.tasklets().post(c -> {}, 2)) {
            posted++;
        }
        assertThat(posted).isEqualTo(1024);
    }
}

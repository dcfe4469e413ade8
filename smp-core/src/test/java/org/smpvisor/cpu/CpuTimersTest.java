package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuTimersTest {
    private static final long HOUR = 3_600_000_000_000L;
    private final BarePcpus b = new BarePcpus(1);
    private final Pcpu cpu = b.cpus[0];
    private final CpuTimers timers = cpu.timers();
    private final List<Long> programmed = new ArrayList<>();
    private final List<String> ran = new ArrayList<>();
    private final CpuTimers.Timer first = timers.add(c -> ran.add("first"));
    private final CpuTimers.Timer second = timers.add(c -> ran.add("second"));

    CpuTimersTest() {
        timers.connect((c, deadline) -> programmed.add(deadline));
    }

    private long last() {
        return programmed.get(programmed.size() - 1);
    }

    @Test
    void theComparatorHasTheEarliestDeadline() {
        long now = b.engine.now();
        timers.set(cpu, first, now + 2 * HOUR);
        timers.set(cpu, second, now + HOUR);
        assertThat(last()).isEqualTo(now + HOUR);
        timers.set(cpu, second, CpuTimers.NEVER);
        assertThat(last()).isEqualTo(now + 2 * HOUR);
    }

    @Test
    void anUnchangedDeadlineIsNotProgrammedAgain() {
        timers.set(cpu, first, 1);
        timers.set(cpu, first, 1);
        assertThat(programmed).hasSize(1);
    }

    @Test
    void whatHasExpiredRunsOnceWithoutTheLock() {
        CpuTimers.Timer third = timers.add(c -> ran.add("third, " + c.held().depth() + " locks"));
        timers.set(cpu, third, b.engine.now() - 1);
        timers.set(cpu, second, b.engine.now() + HOUR);
        timers.run(cpu);
        timers.run(cpu);
        assertThat(ran).containsExactly("third, 0 locks");
        assertThat(last()).isGreaterThan(b.engine.now());
    }

    @Test
    void aCallbackMaySetItsTimerAgain() {
        CpuTimers.Timer[] again = new CpuTimers.Timer[1];
        long next = b.engine.now() + HOUR;
        again[0] = timers.add(c -> timers.set(c, again[0], next));
        timers.set(cpu, again[0], b.engine.now() - 1);
        timers.run(cpu);
        assertThat(last()).isEqualTo(next);
    }

    @Test
    void silenceDisarmsTheComparator() {
        timers.set(cpu, first, 1);
        timers.silence(cpu);
        assertThat(last()).isEqualTo(CpuTimers.NEVER);
    }
}

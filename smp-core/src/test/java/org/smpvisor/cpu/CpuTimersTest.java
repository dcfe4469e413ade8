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
    void timersExpireInTheOrderOfTheirDeadlines() {
        long now = b.engine.now();
        timers.set(cpu, second, now - 2);
        timers.set(cpu, first, now - 1);
        timers.run(cpu);
        assertThat(ran).containsExactly("second", "first");
    }

    // ---- timers that move -------------------------------------------------------------------------------------------

    private final BarePcpus two = new BarePcpus(2);
    private final List<Long> programmedOnTwo = new ArrayList<>(List.of(CpuTimers.NEVER, CpuTimers.NEVER));

    private CpuTimers.Timer movable(Softirqs.Handler callback) {
        for (Pcpu p : two.cpus) {
            p.timers().connect((c, deadline) -> programmedOnTwo.set(c.id(), deadline));
        }
        return new CpuTimers.Timer("timer", two.cpus, 0, callback);
    }

    @Test
    void aTimerThatMovesTakesItsDeadlineWithIt() {
        CpuTimers.Timer t = movable(c -> ran.add("on " + c));
        long then = two.engine.now() + HOUR;
        t.set(two.cpus[0], then);
        assertThat(t.migrate(two.cpus[1], two.cpus[1])).isTrue();
        assertThat(t.migrate(two.cpus[1], two.cpus[1])).isFalse();
        assertThat(programmedOnTwo).containsExactly(CpuTimers.NEVER, then);

        t.set(two.cpus[1], two.engine.now() - 1);
        two.cpus[0].timers().run(two.cpus[0]);
        assertThat(ran).isEmpty();
        two.cpus[1].timers().run(two.cpus[1]);
        assertThat(ran).containsExactly("on cpu1");
        assertThat(two.validator.violations()).isEmpty();
    }

    @Test
    void aTimerThatMovesBackTakesTheLocksInTheSameOrder() {
        CpuTimers.Timer t = movable(c -> {});
        t.migrate(two.cpus[1], two.cpus[1]);
        t.migrate(two.cpus[0], two.cpus[0]);
        assertThat(two.validator.violations()).isEmpty();
    }

    @Test
    void aTimerThatWasKilledIsNeverSetAgainAndDoesNotMove() {
        CpuTimers.Timer t = movable(c -> ran.add("ran"));
        t.set(two.cpus[0], two.engine.now() - 1);
        t.kill(two.cpus[1]);
        t.set(two.cpus[0], two.engine.now() - 1);
        t.kill(two.cpus[0]);
        assertThat(t.migrate(two.cpus[1], two.cpus[1])).isFalse();
        two.cpus[0].timers().run(two.cpus[0]);
        assertThat(ran).isEmpty();
        assertThat(t.isSet()).isFalse();
    }

    @Test
    void whoKillsATimerWaitsForItsCallback() {
        boolean[] ended = new boolean[1];
        boolean[] endedBeforeTheKill = new boolean[1];
        CpuTimers.Timer[] t = new CpuTimers.Timer[1];
        Thread[] killer = new Thread[1];
        t[0] = movable(c -> {
            killer[0] = BarePcpus.start(() -> {
                t[0].kill(two.cpus[1]);
                endedBeforeTheKill[0] = ended[0];
            });
            BarePcpus.await(() -> two.cpus[1].waitingFor() != null);
            ended[0] = true;
        });
        t[0].set(two.cpus[0], two.engine.now() - 1);
        two.cpus[0].timers().run(two.cpus[0]);
        BarePcpus.join(killer[0]);
        assertThat(endedBeforeTheKill[0]).isTrue();
    }

    @Test
    void silenceDisarmsTheComparator() {
        timers.set(cpu, first, 1);
        timers.silence(cpu);
        assertThat(last()).isEqualTo(CpuTimers.NEVER);
    }
}

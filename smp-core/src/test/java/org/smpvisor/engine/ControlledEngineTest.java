package org.smpvisor.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.trace.EventRing;

/** Small programs on two pCPUs, without hardware, under every strategy and on both vehicles. */
class ControlledEngineTest {
    private static final int LIMIT = 1_000;

    /** Two pCPUs under one engine. */
    private static final class Two {
        final ControlledEngine engine;
        final Pcpu[] cpus = new Pcpu[2];
        final boolean[] line = new boolean[2];
        Runnable irq = () -> {};

        Two(boolean continuations) {
            engine = new ControlledEngine(2, continuations);
            LockValidator validator = new LockValidator(false);
            for (int i = 0; i < 2; i++) {
                cpus[i] = new Pcpu(i, i, 2, engine, validator, new EventRing("cpu" + i, 0, engine));
                int k = i;
                cpus[i].connect(cpu -> line[k], null, cpu -> {
                    line[k] = false;
                    cpu.setInterruptSignalled(false);
                    irq.run();
                });
            }
            engine.attach(cpus);
        }

        Outcome run(Strategy s, ControlledEngine.Body body) {
            return engine.run(s, body, LIMIT, null);
        }
    }

    private static ControlledEngine.Body increments(IntCell a, int times) {
        return cpu -> {
            for (int i = 0; i < times; i++) {
                a.setOpaque(cpu, a.getOpaque(cpu) + 1);
            }
        };
    }

    /** Results of two unprotected increments in all schedules of {@code s}. */
    private static Set<Integer> results(BoundedSearch s) {
        Two m = new Two(true);
        IntCell a = new IntCell("a");
        Set<Integer> results = new HashSet<>();
        do {
            a.reset(0);
            m.run(s, increments(a, 1));
            results.add(a.peek());
        } while (s.end());
        return results;
    }

    @Test
    void theSameSeedGivesTheSameDecisionsOnEitherVehicle() {
        IntCell a = new IntCell("a");
        Two one = new Two(true);
        one.run(new RandomWalk(7), increments(a, 20));
        byte[] first = one.engine.decisions();
        one.run(new RandomWalk(7), increments(a, 20));
        assertThat(one.engine.decisions()).isEqualTo(first);
        Two other = new Two(false);
        other.run(new RandomWalk(7), increments(a, 20));
        assertThat(other.engine.decisions()).isEqualTo(first);
        assertThat(other.engine.vehicle()).isEqualTo("threads");
    }

    @Test
    void theSearchFindsTheTornIncrementAndKnowsWhenItHasTriedEverything() {
        BoundedSearch s = new BoundedSearch(BoundedSearch.UNBOUNDED, BoundedSearch.UNBOUNDED);
        assertThat(results(s)).containsExactlyInAnyOrder(1, 2);
        assertThat(s.isExhausted()).isTrue();
        assertThat(s.schedules()).as("two pCPUs of three steps each: 6 over 3").isEqualTo(20);
        assertThat(s.bound()).isEqualTo("all schedules");
    }

    @Test
    void withoutPreemptionsEachPcpuRunsToItsEnd() {
        BoundedSearch s = new BoundedSearch(0, 0);
        assertThat(results(s)).containsExactly(2);
        assertThat(s.bound()).isEqualTo("all schedules with up to 0 preemptions and 0 interrupts");
    }

    @Test
    void onePreemptionIsEnoughForATornIncrement() {
        assertThat(results(new BoundedSearch(1, 0))).containsExactlyInAnyOrder(1, 2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void twoLocksInOppositeOrderDeadlockAndTheCircleIsNamed(boolean continuations) {
        Two m = new Two(continuations);
        BoundedSearch s = new BoundedSearch(2, 0);
        Outcome deadlock = null;
        do {
            SpinLock x = new SpinLock(LockClass.RANK, "x", 0);
            SpinLock y = new SpinLock(LockClass.VGIC_CPU, "y", 0);
            Outcome o = m.run(s, cpu -> {
                SpinLock outer = cpu.id() == 0 ? x : y;
                SpinLock inner = cpu.id() == 0 ? y : x;
                outer.lock(cpu);
                inner.lock(cpu);
                inner.unlock(cpu);
                outer.unlock(cpu);
            });
            deadlock = o.end() == Outcome.End.DEADLOCK ? o : deadlock;
        } while (deadlock == null && s.end());
        assertThat(deadlock).isNotNull();
        assertThat(deadlock.text()).contains("waits for x, which cpu0 holds", "waits for y, which cpu1 holds");
    }

    /** pCPU 1 waits for a word that nobody writes. */
    private static Outcome.End oneWaits(boolean online) {
        Two m = new Two(true);
        IntCell released = new IntCell("released");
        return m.run(new BoundedSearch(0, 0), cpu -> {
                    cpu.setOnline(cpu.id() == 0 || online);
                    for (int turn = 0; cpu.id() == 1 && released.getOpaque(cpu) == 0; turn++) {
                        cpu.engine().relax(cpu, turn);
                    }
                })
                .end();
    }

    @Test
    void aPcpuThatIsDownMayStaySoAndOneThatIsOnlineMustGetOn() {
        assertThat(oneWaits(false)).isEqualTo(Outcome.End.QUIESCENT);
        assertThat(oneWaits(true)).isEqualTo(Outcome.End.DEADLOCK);
    }

    @Test
    void aLockIsNeverHeldByTwo() {
        Two m = new Two(true);
        BoundedSearch s = new BoundedSearch(3, 0);
        int[] inside = new int[1];
        do {
            SpinLock x = new SpinLock(LockClass.RANK, "x", 0);
            IntCell a = new IntCell("a");
            Outcome o = m.run(s, cpu -> {
                x.lock(cpu);
                inside[0]++;
                a.setOpaque(cpu, inside[0]);
                assertThat(inside[0]).isEqualTo(1);
                inside[0]--;
                x.unlock(cpu);
            });
            assertThat(o.end()).as("%s", o.failure()).isEqualTo(Outcome.End.QUIESCENT);
        } while (s.end());
    }

    @Test
    void anInterruptMayComeAtEveryPointWhereItIsNotMaskedAndNowhereElse() {
        Two m = new Two(true);
        IntCell a = new IntCell("a");
        Set<Integer> seen = new HashSet<>();
        m.irq = () -> seen.add(a.peek());
        BoundedSearch s = new BoundedSearch(0, 1);
        do {
            a.reset(0);
            m.line[0] = false;
            m.cpus[0].setInterruptSignalled(false);
            m.run(s, cpu -> {
                if (cpu.id() == 1) {
                    return;
                }
                cpu.localIrqDisable();
                a.setOpaque(cpu, 1);
                m.line[0] = true;
                cpu.signal();
                a.setOpaque(cpu, 2);
                a.setOpaque(cpu, 3);
                cpu.localIrqEnable();
                a.setOpaque(cpu, 4);
                a.setOpaque(cpu, 5);
                cpu.localIrqDisable();
            });
        } while (s.end());
        assertThat(seen).containsExactlyInAnyOrder(3, 4, 5);
    }

    @Test
    void aWaitIsChosenOnlyWhenItMayBeOver() {
        Two m = new Two(true);
        for (int seed = 0; seed < 50; seed++) {
            IntCell flag = new IntCell("flag");
            int[] polls = new int[1];
            Outcome o = m.run(new RandomWalk(seed), cpu -> {
                if (cpu.id() == 1) {
                    flag.setRelease(cpu, 1);
                    return;
                }
                for (int turn = 0; flag.getAcquire(cpu) == 0; turn++) {
                    polls[0]++;
                    cpu.engine().relax(cpu, turn);
                }
            });
            assertThat(o.end()).isEqualTo(Outcome.End.QUIESCENT);
            assertThat(polls[0]).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void aWaitForWhatNeverComesIsADeadlock() {
        Two m = new Two(true);
        IntCell flag = new IntCell("flag");
        Outcome o = m.run(new RandomWalk(1), cpu -> {
            if (cpu.id() == 0) {
                cpu.beginWait("the flag", -1);
                for (int turn = 0; flag.getAcquire(cpu) == 0; turn++) {
                    cpu.engine().relax(cpu, turn);
                }
                cpu.endWait();
            }
        });
        assertThat(o.end()).isEqualTo(Outcome.End.DEADLOCK);
        assertThat(o.text()).isEqualTo("cpu0 waits for the flag");
    }

    @Test
    void hardwareTakesItsTimeAndKeepsTheOrderOfOnePcpu() {
        Two m = new Two(true);
        Set<List<Long>> seen = new HashSet<>();
        BoundedSearch s = new BoundedSearch(BoundedSearch.UNBOUNDED, 0);
        IntCell a = new IntCell("a");
        do {
            List<Long> order = new ArrayList<>();
            HwStep step = (index, value) -> order.add(value);
            m.run(s, cpu -> {
                if (cpu.id() == 0) {
                    cpu.engine().hardware(cpu, step, 0, 1);
                    cpu.engine().hardware(cpu, step, 0, 2);
                    a.getOpaque(cpu);
                    order.add(0L);
                }
            });
            seen.add(order);
        } while (s.end());
        assertThat(seen).containsExactlyInAnyOrder(List.of(0L, 1L, 2L), List.of(1L, 0L, 2L), List.of(1L, 2L, 0L));
    }

    @Test
    void whatModelCodeThrowsEndsTheRunAndNamesThePcpu() {
        Two m = new Two(true);
        Outcome o = m.run(new RandomWalk(1), cpu -> {
            if (cpu.id() == 1) {
                throw new ModelBug("broken");
            }
        });
        assertThat(o.end()).isEqualTo(Outcome.End.FAILED);
        assertThat(o.pcpu()).isEqualTo(1);
        assertThat(o.failure()).hasMessage("broken");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void recordedDecisionsAreRepeatedExactly(boolean continuations) {
        Two m = new Two(continuations);
        IntCell a = new IntCell("a");
        for (int seed = 0; seed < 20; seed++) {
            a.reset(0);
            m.run(new RandomWalk(seed), increments(a, 5));
            byte[] decisions = m.engine.decisions();
            int result = a.peek();
            a.reset(0);
            m.run(new Replay(decisions, true), increments(a, 5));
            assertThat(a.peek()).isEqualTo(result);
            assertThat(m.engine.decisions()).isEqualTo(decisions);
        }
    }

    @Test
    void aReplayThatCannotGoOnSaysWhere() {
        Two m = new Two(true);
        IntCell a = new IntCell("a");
        m.run(new RandomWalk(4), increments(a, 5));
        byte[] decisions = m.engine.decisions();
        decisions[3] = 5;
        Replay bad = new Replay(decisions, true);
        assertThat(m.run(bad, increments(a, 5)).end()).isEqualTo(Outcome.End.CUT);
        assertThat(bad.divergedAt()).isEqualTo(3);
    }

    @Test
    void everyStrategyFindsTheTornIncrement() {
        for (Strategy s : List.of(new RandomWalk(1), new Pos(1), new Pct(1, 2))) {
            Two m = new Two(true);
            IntCell a = new IntCell("a");
            boolean torn = false;
            for (int i = 0; i < 500 && !torn; i++) {
                a.reset(0);
                m.run(s, increments(a, 1));
                torn = a.peek() == 1;
                s.end();
            }
            assertThat(torn).as("%s", s.getClass()).isTrue();
        }
    }

    @Test
    void pctStatesTheBoundOfWhatItMayHaveMissed() {
        Two m = new Two(true);
        IntCell a = new IntCell("a");
        Pct s = new Pct(1, 2);
        assertThat(s.missed()).isEqualTo(1);
        for (int i = 0; i < 10; i++) {
            m.run(s, increments(a, 1));
            s.end();
        }
        // Eight actors: two pCPUs, their interrupts, hardware, store buffers. 100 steps are assumed at first.
        assertThat(s.missed()).isCloseTo(Math.pow(1 - 1 / 800.0, 10), offset(1e-9));
        assertThat(s.runs()).isEqualTo(10);
    }

    @Test
    void nobodyIsStarvedForEver() {
        Two m = new Two(true);
        IntCell flag = new IntCell("flag");
        Replay alwaysTheFirst = new Replay(new byte[0], false);
        Outcome o = m.engine.run(
                alwaysTheFirst,
                cpu -> {
                    if (cpu.id() == 1) {
                        flag.setRelease(cpu, 1);
                        return;
                    }
                    for (int i = 0; flag.getOpaque(cpu) == 0 && !cpu.engine().isStopped(); i++) {
                        flag.testBit(cpu, i & 31); // a loop without a wait, as a guest may have it
                    }
                },
                2 * ControlledEngine.FAIR_AFTER,
                null);
        assertThat(o.end()).isEqualTo(Outcome.End.QUIESCENT);
        assertThat(m.engine.steps()).isBetween(ControlledEngine.FAIR_AFTER, ControlledEngine.FAIR_AFTER + 10);
    }

    @Test
    void moreThanEightPcpusAreRefused() {
        assertThatThrownBy(() -> new ControlledEngine(9, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 8");
    }
}

package org.smpvisor.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;

/** A search that compares states does less and finds as much. */
class BoundedSearchTest {
    private static final int INCREMENTS = 2;
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final ControlledPcpus m = new ControlledPcpus(2);
    private final IntCell a = new IntCell("a");
    private final IntCell b = new IntCell("b");
    private final Set<String> results = new TreeSet<>();

    private BoundedSearch exhaust(int preemptions, boolean merges) {
        results.clear();
        m.engine.setMachineState(() -> a.peek() * 1_000_003L + b.peek());
        BoundedSearch s = new BoundedSearch(preemptions, BoundedSearch.UNBOUNDED, merges);
        do {
            a.reset(0);
            b.reset(0);
            Outcome o = m.run(s, this::tornIncrements, this::tornIncrements);
            if (o.end() == Outcome.End.QUIESCENT) {
                results.add(a.peek() + " " + b.peek());
            }
        } while (s.end());
        assertThat(s.isExhausted()).isTrue();
        return s;
    }

    private void tornIncrements(Pcpu cpu) {
        for (int i = 0; i < INCREMENTS; i++) {
            a.setOpaque(cpu, a.getOpaque(cpu) + 1);
        }
        b.getAndAdd(cpu, 1);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3", "2147483647"})
    void whereItCutsItLosesNoResult(int preemptions) {
        BoundedSearch every = exhaust(preemptions, false);
        Set<String> all = Set.copyOf(results);
        BoundedSearch merged = exhaust(preemptions, true);

        assertThat(results).containsExactlyInAnyOrderElementsOf(all);
        assertThat(every.cuts()).isZero();
        assertThat(merged.schedules() + merged.cuts()).isLessThanOrEqualTo(every.schedules());
    }

    @Test
    void withoutABoundItRunsAFractionOfTheSchedules() {
        long every = exhaust(BoundedSearch.UNBOUNDED, false).schedules();
        BoundedSearch merged = exhaust(BoundedSearch.UNBOUNDED, true);

        assertThat(every).as("two pCPUs of six steps each: 12 over 6").isEqualTo(924);
        assertThat(merged.schedules() + merged.cuts()).isLessThan(every / 4);
        assertThat(merged.states()).isLessThan((int) every);
        assertThat(results).contains("4 2", "2 2");
    }

    @Test
    void aStateCountsAsSeenOnlyIfNoMoreWasSpentOnTheWayThere() {
        Visited v = new Visited();
        assertThat(v.add(7, 1, 1)).isTrue();
        assertThat(v.add(7, 1, 1)).isFalse();
        assertThat(v.add(7, 2, 1)).isFalse();
        assertThat(v.add(7, 0, 2))
                .as("fewer preemptions, though more interrupts")
                .isTrue();
        assertThat(v.add(7, 0, 1)).isTrue();
        assertThat(v.add(7, 1, 1)).isFalse();
        assertThat(v.add(0, 0, 0)).as("zero is a state like any other").isTrue();
        assertThat(v.add(0, 0, 0)).isFalse();
    }

    @Test
    void aFullTableForgetsNothingAndKeepsNothingNew() {
        Visited v = new Visited(0);
        long last = 0;
        for (int i = 1; i <= 10_000; i++) {
            last += SPREAD;
            assertThat(v.add(last, 0, 0)).isTrue();
        }
        assertThat(v.size()).isBetween(1_000, 9_999);
        assertThat(v.add(SPREAD, 0, 0)).as("an early one").isFalse();
        assertThat(v.add(last, 0, 0)).as("a late one").isTrue();
    }
}

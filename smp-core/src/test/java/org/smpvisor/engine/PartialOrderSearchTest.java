package org.smpvisor.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

/** One schedule of each kind is tried, and none is left out that ends differently. */
class PartialOrderSearchTest {
    private final IntCell a = new IntCell("a");
    private final IntCell b = new IntCell("b");
    private final IntCell c = new IntCell("c");
    private final SpinLock first = new SpinLock(LockClass.TIMERS, "first", 0);
    private final SpinLock second = new SpinLock(LockClass.DESC, "second", 0);
    private final Set<String> results = new TreeSet<>();

    private long exhaust(Strategy s, Supplier<String> result, ControlledEngine.Body... bodies) {
        ControlledPcpus m = new ControlledPcpus(bodies.length);
        results.clear();
        long runs = 0;
        boolean more = true;
        while (more) {
            a.reset(0);
            b.reset(0);
            c.reset(0);
            first.restore(0);
            second.restore(0);
            Outcome o = m.run(s, bodies);
            if (o.end() != Outcome.End.CUT) {
                results.add(
                        o.end() == Outcome.End.QUIESCENT
                                ? result.get()
                                : o.failure() != null
                                        ? result.get() + " "
                                                + o.failure().getClass().getSimpleName()
                                        : o.end().toString());
                runs++;
            }
            more = s.end();
        }
        return runs;
    }

    private void searchesAreAtOne(long expected, Supplier<String> result, ControlledEngine.Body... bodies) {
        long every =
                exhaust(new BoundedSearch(BoundedSearch.UNBOUNDED, BoundedSearch.UNBOUNDED, false), result, bodies);
        Set<String> all = Set.copyOf(results);
        PartialOrderSearch search = new PartialOrderSearch();
        long ofEachKind = exhaust(search, result, bodies);

        assertThat(results).containsExactlyInAnyOrderElementsOf(all);
        assertThat(search.isExhausted()).isTrue();
        assertThat(search.isTruncated()).isFalse();
        assertThat(ofEachKind).isEqualTo(search.schedules()).isLessThanOrEqualTo(every);
        if (expected > 0) {
            assertThat(ofEachKind).isEqualTo(expected);
        }
    }

    @Test
    void stepsThatTouchDifferentThingsAreTriedInOneOrder() {
        searchesAreAtOne(1, () -> a.peek() + " " + b.peek(), cpu -> count(cpu, a), cpu -> count(cpu, b));
    }

    @Test
    void readersOfTheSameThingAreTriedInOneOrder() {
        searchesAreAtOne(1, () -> "", cpu -> a.getOpaque(cpu), cpu -> a.getOpaque(cpu), cpu -> a.getOpaque(cpu));
    }

    @Test
    void twoWritersOfTheSameThingAreTriedInBothOrders() {
        searchesAreAtOne(2, () -> "" + a.peek(), cpu -> a.setOpaque(cpu, 1), cpu -> a.setOpaque(cpu, 2));
    }

    @Test
    void aWriterComesBeforeBetweenAndAfterTwoReads() {
        searchesAreAtOne(
                3,
                () -> b.peek() + " " + c.peek(),
                cpu -> {
                    b.setOpaque(cpu, a.getOpaque(cpu));
                    c.setOpaque(cpu, a.getOpaque(cpu));
                },
                cpu -> a.setOpaque(cpu, 1));
    }

    @Test
    void tornIncrementsEndInEveryWay() {
        searchesAreAtOne(0, () -> "" + a.peek(), cpu -> count(cpu, a), cpu -> count(cpu, a));
        assertThat(results).contains("1", "2");
        searchesAreAtOne(0, () -> "" + a.peek(), this::countTwice, this::countTwice);
        assertThat(results).containsExactly("2", "3", "4");
    }

    @Test
    void threeWithSharedAndOwnSteps() {
        searchesAreAtOne(
                0,
                () -> a.peek() + " " + b.peek() + " " + c.peek(),
                cpu -> {
                    a.setOpaque(cpu, b.getOpaque(cpu) + 1);
                    count(cpu, c);
                },
                cpu -> b.setOpaque(cpu, a.getOpaque(cpu) + 1),
                cpu -> count(cpu, c));
    }

    @Test
    void sectionsUnderOneLockComeInBothOrders() {
        searchesAreAtOne(0, () -> "" + a.peek(), cpu -> locked(cpu, 1), cpu -> locked(cpu, 2));
        assertThat(results).containsExactly("1", "2");
    }

    private void locked(Pcpu cpu, int v) {
        first.lock(cpu);
        a.setOpaque(cpu, v);
        first.unlock(cpu);
    }

    @Test
    void aDeadlockIsFoundAmongThem() {
        ControlledEngine.Body one = cpu -> {
            first.lock(cpu);
            second.lock(cpu);
            second.unlock(cpu);
            first.unlock(cpu);
        };
        ControlledEngine.Body other = cpu -> {
            second.lock(cpu);
            first.lock(cpu);
            first.unlock(cpu);
            second.unlock(cpu);
        };
        searchesAreAtOne(0, () -> "", one, other);
        assertThat(results).containsExactly("", "DEADLOCK");
    }

    @Test
    void whatOthersWereAboutToDoIsTriedThoughSomebodyFails() {
        searchesAreAtOne(
                0,
                () -> "" + b.peek(),
                cpu -> {
                    a.setOpaque(cpu, 1);
                    throw new IllegalStateException("planted");
                },
                cpu -> {
                    b.setOpaque(cpu, a.getOpaque(cpu));
                    throw new IllegalArgumentException("planted, too");
                });
        assertThat(results).containsExactly("0 IllegalArgumentException", "0 IllegalStateException");
    }

    @Test
    void aLockIsHandedOnToWhoeverWaitsWhileAThirdLooksWithoutIt() {
        searchesAreAtOne(
                0,
                () -> a.peek() + " " + b.peek(),
                cpu -> locked(cpu, 1),
                cpu -> locked(cpu, 2),
                cpu -> b.setOpaque(cpu, a.getOpaque(cpu)));
        assertThat(results).contains("1 0", "1 1", "1 2", "2 0", "2 1", "2 2");
    }

    private void count(Pcpu cpu, IntCell cell) {
        cell.setOpaque(cpu, cell.getOpaque(cpu) + 1);
    }

    private void countTwice(Pcpu cpu) {
        count(cpu, a);
        count(cpu, a);
    }
}

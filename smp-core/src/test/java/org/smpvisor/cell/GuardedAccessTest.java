package org.smpvisor.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.ControlledPcpus;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.SpinLock;

/** A guarded access is a window for others exactly when its guard is not held. */
class GuardedAccessTest {
    private final ControlledPcpus b = new ControlledPcpus(2);
    private SpinLock lock;
    private IntCell count;
    private ListNode<String> head;

    @BeforeEach
    void arrange() {
        lock = new SpinLock(LockClass.RANK, "rank", 0);
        count = new IntCell("count", lock, 0);
        head = new ListNode<>(null, "head", lock);
    }

    private void increment(Pcpu cpu) {
        count.setGuarded(cpu, count.getGuarded(cpu) + 1);
    }

    private void lockAndIncrement(Pcpu cpu) {
        lock.lock(cpu);
        increment(cpu);
        lock.unlock(cpu);
    }

    @Test
    void underItsLockAGuardedAccessIsNoPoint() {
        b.run(new RandomWalk(1), this::lockAndIncrement, cpu -> {});
        assertThat(b.steps).noneMatch(s -> s.endsWith(" count"));
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void withoutItsLockAGuardedAccessIsAPointAndAViolation() {
        b.run(new RandomWalk(1), this::increment, cpu -> {});
        assertThat(b.steps).containsSubsequence("cpu0 LOAD count", "cpu0 STORE count");
        assertThat(b.validator.violations()).extracting(LockViolation::rule).containsOnly(LockViolation.Rule.GUARD);
    }

    @Test
    void aDroppedLockLosesAnUpdateInSomeSchedule() {
        Set<Integer> results = new TreeSet<>();
        b.exhaust(
                new BoundedSearch(2, 0),
                this::arrange,
                () -> results.add(count.peek()),
                this::lockAndIncrement,
                this::increment);
        assertThat(results).containsExactly(1, 2);
    }

    @Test
    void withTheLockNoScheduleLosesAnUpdate() {
        Set<Integer> results = new TreeSet<>();
        b.exhaust(
                new BoundedSearch(2, 0),
                this::arrange,
                () -> results.add(count.peek()),
                this::lockAndIncrement,
                this::lockAndIncrement);
        assertThat(results).containsExactly(2);
    }

    @Test
    void twoWhoLinkWithoutTheLockBreakTheListInSomeSchedule() {
        Set<String> forwards = new TreeSet<>();
        b.exhaust(
                new BoundedSearch(2, 0),
                this::arrange,
                () -> forwards.add(elements()),
                cpu -> head.addBefore(cpu, new ListNode<>("a", "a", lock)),
                cpu -> head.addBefore(cpu, new ListNode<>("b", "b", lock)));
        assertThat(forwards).contains("ab", "ba").containsAnyOf("a", "b");
    }

    @Test
    void aGuardThatIsNotBindingOpensTheWindowAndReportsNothing() {
        Guard lenient = new Guard() {
            @Override
            public boolean isHeldBy(Pcpu cpu) {
                return false;
            }

            @Override
            public LockClass lockClass() {
                return LockClass.RANK;
            }

            @Override
            public boolean isBinding() {
                return false;
            }
        };
        IntCell cell = new IntCell("cell", lenient, 0);
        b.run(new RandomWalk(1), cell::getGuarded, cpu -> {});
        assertThat(b.steps).contains("cpu0 LOAD cell");
        assertThat(b.validator.violations()).isEmpty();
    }

    private String elements() {
        StringBuilder s = new StringBuilder();
        for (ListNode<String> n = head.next(); n != head; n = n.next()) {
            s.append(n.element());
        }
        return s.toString();
    }
}

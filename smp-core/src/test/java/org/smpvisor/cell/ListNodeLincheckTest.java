package org.smpvisor.cell;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashSet;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Fresh;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

/** An intrusive list whose users hold its lock, against a set that keeps the order of insertion. */
@Param(name = "cpu", gen = ThreadIdGen.class)
@Param(name = "element", gen = IntGen.class, conf = "0:1")
public class ListNodeLincheckTest {
    private final Pcpu[] cpus = Fresh.fresh(2);
    final SpinLock lock = new SpinLock(LockClass.VGIC_CPU, "lock", 0);
    private final ListNode<Integer> list = new ListNode<>(null, "list", lock);
    private final ListNode<Integer> node0 = new ListNode<>(0, "node0", lock);
    private final ListNode<Integer> node1 = new ListNode<>(1, "node1", lock);

    private Pcpu cpu(int thread) {
        return cpus[thread & 1];
    }

    private ListNode<Integer> node(int element) {
        return element == 0 ? node0 : node1;
    }

    @Operation
    public boolean add(@Param(name = "cpu") int cpu, @Param(name = "element") int element) {
        Pcpu p = cpu(cpu);
        lock.lock(p);
        boolean isNew = node(element).isEmpty(p);
        if (isNew) {
            list.addBefore(p, node(element));
        }
        lock.unlock(p);
        return isNew;
    }

    @Operation
    public boolean remove(@Param(name = "cpu") int cpu, @Param(name = "element") int element) {
        Pcpu p = cpu(cpu);
        before(p);
        boolean wasThere = !node(element).isEmpty(p);
        node(element).unlink(p);
        after(p);
        return wasThere;
    }

    void before(Pcpu p) {
        lock.lock(p);
    }

    void after(Pcpu p) {
        lock.unlock(p);
    }

    /** Both ways round: the elements in order as digits plus one, times 1000 the same from the end. */
    @Operation
    public int elements(@Param(name = "cpu") int cpu) {
        Pcpu p = cpu(cpu);
        lock.lock(p);
        int forward = 0;
        int backward = 0;
        for (ListNode<Integer> n = list.next(p); n != list; n = n.next(p)) {
            forward = 10 * forward + n.element() + 1;
        }
        for (ListNode<Integer> n = list.prev(p); n != list; n = n.prev(p)) {
            backward = 10 * backward + n.element() + 1;
        }
        lock.unlock(p);
        return 1000 * backward + forward;
    }

    /** A set in order of insertion. */
    public static final class Specification {
        private final LinkedHashSet<Integer> list = new LinkedHashSet<>();

        public boolean add(int cpu, int element) {
            return list.add(element);
        }

        public boolean remove(int cpu, int element) {
            return list.remove(element);
        }

        public int elements(int cpu) {
            int forward = 0;
            int backward = 0;
            int place = 1;
            for (int e : list) {
                forward = 10 * forward + e + 1;
                backward += place * (e + 1);
                place *= 10;
            }
            return 1000 * backward + forward;
        }
    }

    /** One whose users take elements out without the lock. */
    public static final class RemovesWithoutLock extends ListNodeLincheckTest {
        @Override
        void before(Pcpu p) {}

        @Override
        void after(Pcpu p) {}
    }

    @Test
    void underItsLockAListNeverBreaks() {
        Budget.modelChecking(4, 30).sequentialSpecification(Specification.class).check(ListNodeLincheckTest.class);
    }

    @Test
    void underItsLockAListNeverBreaksOnRealThreads() {
        Budget.stress(2, 100).sequentialSpecification(Specification.class).check(ListNodeLincheckTest.class);
    }

    @Test
    void withoutItItDoes() {
        assertThatThrownBy(() -> Budget.modelChecking(4, 30)
                        .sequentialSpecification(Specification.class)
                        .check(RemovesWithoutLock.class))
                .isInstanceOf(LincheckAssertionError.class);
    }
}

package org.smpvisor.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.BytesCell;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

/** Litmus tests: which results some schedule shows, and which none does. */
class StoreBufferTest {
    private final ControlledPcpus b = new ControlledPcpus(2);
    private IntCell x;
    private IntCell y;
    private final int[] seen = new int[2];

    private void arrange() {
        x = new IntCell("x");
        y = new IntCell("y");
        seen[0] = -1;
        seen[1] = -1;
    }

    private Strategy all(boolean buffers) {
        Strategy s = new BoundedSearch(BoundedSearch.UNBOUNDED, BoundedSearch.UNBOUNDED);
        return buffers ? new BufferedStores(s) : s;
    }

    private Set<String> results(boolean buffers, ControlledEngine.Body first, ControlledEngine.Body second) {
        Set<String> out = new TreeSet<>();
        b.exhaust(all(buffers), this::arrange, () -> out.add(seen[0] + "," + seen[1]), first, second);
        return out;
    }

    /** Each stores to its own cell, does something between, and reads the other's. */
    private Set<String> storeBuffering(boolean buffers, BiFunction<Pcpu, IntCell, Void> between) {
        return results(
                buffers,
                cpu -> {
                    x.setOpaque(cpu, 1);
                    between.apply(cpu, x);
                    seen[0] = y.getOpaque(cpu);
                },
                cpu -> {
                    y.setOpaque(cpu, 1);
                    between.apply(cpu, y);
                    seen[1] = x.getOpaque(cpu);
                });
    }

    private static Void nothing(Pcpu cpu, IntCell own) {
        return null;
    }

    @Test
    void withBuffersBothMayMissTheOthersStore() {
        assertThat(storeBuffering(true, StoreBufferTest::nothing)).containsExactly("0,0", "0,1", "1,0", "1,1");
    }

    @Test
    void withoutBuffersOneOfThemSeesTheOthersStore() {
        assertThat(storeBuffering(false, StoreBufferTest::nothing)).containsExactly("0,1", "1,0", "1,1");
    }

    @Test
    void aFullFenceBetweenStoreAndLoadForbidsIt() {
        assertThat(storeBuffering(true, (cpu, own) -> {
                    cpu.smpMb();
                    return null;
                }))
                .containsExactly("0,1", "1,0", "1,1");
    }

    @Test
    void anAtomicWithABarrierForbidsIt() {
        assertThat(storeBuffering(true, (cpu, own) -> {
                    own.testAndSetBit(cpu, 4);
                    return null;
                }))
                .doesNotContain("0,0");
    }

    @Test
    void aLockOperationForbidsIt() {
        SpinLock[] locks = {new SpinLock(LockClass.RANK, "l0", 0), new SpinLock(LockClass.RANK, "l1", 1)};
        assertThat(storeBuffering(true, (cpu, own) -> {
                    locks[cpu.id()].lock(cpu);
                    locks[cpu.id()].unlock(cpu);
                    return null;
                }))
                .doesNotContain("0,0");
    }

    @Test
    void fencesBetweenStoresOrBetweenLoadsDoNot() {
        assertThat(storeBuffering(true, (cpu, own) -> {
                    cpu.smpWmb();
                    cpu.smpRmb();
                    return null;
                }))
                .contains("0,0");
    }

    @Test
    void anAtomicBitWithoutOrderingDoesNot() {
        assertThat(results(
                        true,
                        cpu -> {
                            x.setBit(cpu, 0);
                            seen[0] = y.getOpaque(cpu);
                        },
                        cpu -> {
                            y.setBit(cpu, 0);
                            seen[1] = x.getOpaque(cpu);
                        }))
                .contains("0,0");
    }

    @Test
    void storesOfOnePcpuKeepTheirOrder() {
        assertThat(results(
                        true,
                        cpu -> {
                            x.setOpaque(cpu, 1);
                            y.setRelease(cpu, 1);
                        },
                        cpu -> {
                            seen[0] = y.getAcquire(cpu);
                            seen[1] = x.getOpaque(cpu);
                        }))
                .containsExactly("0,0", "0,1", "1,1");
    }

    @Test
    void aPcpuSeesItsOwnStoresAtOnce() {
        BytesCell bytes = new BytesCell("bytes", null);
        RefCell<String> ref = new RefCell<>("ref", null);
        ListNode<String> head = new ListNode<>(null, "head", null);
        ListNode<String> node = new ListNode<>("a", "a", null);
        List<Object> own = new ArrayList<>();
        arrange();
        b.run(
                new BufferedStores(new RandomWalk(1)),
                cpu -> {
                    x.setOpaque(cpu, 4);
                    x.setBit(cpu, 0);
                    x.clearBit(cpu, 2);
                    own.add(x.getOpaque(cpu));
                    own.add(x.peek(cpu));
                    bytes.setGuarded(cpu, 5, 7);
                    bytes.setGuarded(cpu, 6, 9);
                    own.add(bytes.getOpaque(cpu, 5) + bytes.getOpaque(cpu, 6));
                    ref.setRelease(cpu, "a");
                    ref.replace(cpu, "a", "b");
                    ref.replace(cpu, "a", "c");
                    own.add(ref.getAcquire(cpu));
                    head.addBefore(cpu, node);
                    own.add(head.next(cpu));
                    own.add(head.isEmptyOpaque(cpu));
                },
                cpu -> {});
        assertThat(own).containsExactly(1, 1, 16, "b", node, false);
    }

    @Test
    void atRestEveryStoreHasReachedTheMemory() {
        Set<Integer> ends = new TreeSet<>();
        b.exhaust(all(true), this::arrange, () -> ends.add(x.peek()), cpu -> x.setBit(cpu, 0), cpu -> x.setBit(cpu, 1));
        assertThat(ends).containsExactly(3);
    }

    @Test
    void aScheduleWithBuffersReplaysWithoutBeingToldOfThem() {
        ControlledEngine.Body first = cpu -> {
            x.setOpaque(cpu, 1);
            seen[0] = y.getOpaque(cpu);
        };
        ControlledEngine.Body second = cpu -> {
            y.setOpaque(cpu, 1);
            seen[1] = x.getOpaque(cpu);
        };
        Strategy random = new BufferedStores(new RandomWalk(3));
        do {
            arrange();
            b.run(random, first, second);
        } while (seen[0] + seen[1] != 0);
        List<String> steps = List.copyOf(b.steps);
        byte[] decisions = b.engine.decisions();
        arrange();
        b.run(new Replay(decisions, true), first, second);
        assertThat(seen).containsExactly(0, 0);
        assertThat(b.steps).isEqualTo(steps);
    }
}

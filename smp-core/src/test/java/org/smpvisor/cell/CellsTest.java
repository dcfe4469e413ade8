package org.smpvisor.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;

class CellsTest {
    private final BarePcpus b = new BarePcpus(2);
    private final Pcpu cpu = b.cpus[0];
    private final SpinLock lock = new SpinLock(LockClass.RANK, "rank", 0);

    // ---- IntCell ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 17, 31})
    void bitsAreSetAndClearedOneByOne(int bit) {
        IntCell c = new IntCell("bits");
        c.setBit(cpu, bit);
        assertThat(c.peek()).isEqualTo(1 << bit);
        assertThat(c.testBit(cpu, bit)).isTrue();
        assertThat(c.testAndSetBit(cpu, bit)).isTrue();
        assertThat(c.testAndClearBit(cpu, bit)).isTrue();
        assertThat(c.testAndClearBit(cpu, bit)).isFalse();
        assertThat(c.testAndSetBit(cpu, bit)).isFalse();
        c.clearBit(cpu, bit);
        assertThat(c.peek()).isZero();
    }

    @Test
    void noBitIsLostWhenTwoPcpusSetAndClearDifferentOnes() {
        IntCell c = new IntCell("bits");
        int turns = 20_000;
        int[] lost = new int[2];
        Thread[] t = new Thread[2];
        for (int p = 0; p < 2; p++) {
            int me = p;
            t[p] = BarePcpus.start(() -> {
                for (int i = 0; i < turns; i++) {
                    c.setBit(b.cpus[me], me);
                    lost[me] += c.testBit(b.cpus[me], me) ? 0 : 1;
                    c.clearBit(b.cpus[me], me);
                    lost[me] += c.testBit(b.cpus[me], me) ? 1 : 0;
                }
            });
        }
        BarePcpus.join(t[0]);
        BarePcpus.join(t[1]);
        assertThat(lost).containsExactly(0, 0);
    }

    @Test
    void fetchAndModifyReturnsWhatWasThere() {
        IntCell c = new IntCell("n", null, 5);
        assertThat(c.getAndAdd(cpu, 3)).isEqualTo(5);
        assertThat(c.getAndOr(cpu, 0x10)).isEqualTo(8);
        assertThat(c.getOpaque(cpu)).isEqualTo(0x18);
        assertThat(c.compareAndSetOutside(0x18, 1)).isTrue();
        assertThat(c.compareAndSetOutside(0x18, 2)).isFalse();
        c.reset(9);
        assertThat(c.getAcquire(cpu)).isEqualTo(9);
        c.setRelease(cpu, 4);
        assertThat(c.peek()).isEqualTo(4);
    }

    // ---- BytesCell --------------------------------------------------------------------------------------------------

    @Test
    void bytesLieInTheirWordAsOnALittleEndianMachine() {
        BytesCell c = new BytesCell("bytes", lock);
        lock.lockIrqSave(cpu);
        c.setWordGuarded(cpu, 2, 0x44332211);
        c.setGuarded(cpu, 10, 0xff);
        assertThat(c.getWordGuarded(cpu, 2)).isEqualTo(0x44ff2211);
        lock.unlock(cpu);
        assertThat(c.getOpaque(cpu, 8)).isEqualTo(0x11);
        assertThat(c.getOpaque(cpu, 10)).isEqualTo(0xff);
        assertThat(c.peek(11)).isEqualTo(0x44);
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void allBytesCanBePreset() {
        BytesCell c = new BytesCell("bytes", lock);
        c.reset(0x81);
        for (int i = 0; i < 32; i++) {
            assertThat(c.peek(i)).isEqualTo(0x81);
        }
    }

    // ---- RefCell ----------------------------------------------------------------------------------------------------

    @Test
    void aReferenceIsPublishedAndRead() {
        RefCell<String> c = new RefCell<>("ref", null);
        assertThat(c.getOpaque(cpu)).isNull();
        c.setRelease(cpu, "x");
        assertThat(c.getAcquire(cpu)).isEqualTo("x");
        assertThat(c.peek()).isEqualTo("x");
        assertThat(c).hasToString("ref");
    }

    // ---- HwWords ----------------------------------------------------------------------------------------------------

    @Test
    void paddedWordsAreIndependent() {
        HwWords w = HwWords.padded(3);
        assertThat(w.length()).isEqualTo(3);
        w.setRelease(0, -1);
        w.setOpaque(2, 7);
        assertThat(w.getAndOr(1, 6)).isZero();
        assertThat(w.getAndAnd(1, 3)).isEqualTo(6);
        assertThat(w.getAndAdd(1, 5)).isEqualTo(2);
        assertThat(w.compareAndSet(1, 7, 1)).isTrue();
        assertThat(w.compareAndSet(1, 7, 2)).isFalse();
        assertThat(new long[] {w.getAcquire(0), w.getVolatile(1), w.getOpaque(2)})
                .containsExactly(-1, 1, 7);
    }

    // ---- ListNode ---------------------------------------------------------------------------------------------------

    private static List<String> elements(ListNode<String> head) {
        List<String> all = new ArrayList<>();
        for (ListNode<String> n = head.next(); n != head; n = n.next()) {
            all.add(n.element());
        }
        List<String> backwards = new ArrayList<>();
        for (ListNode<String> n = head.prev(); n != head; n = n.prev()) {
            backwards.add(0, n.element());
        }
        assertThat(backwards).isEqualTo(all);
        return all;
    }

    @Test
    void addingBeforeTheHeadAppends() {
        ListNode<String> head = new ListNode<>(null);
        ListNode<String> a = new ListNode<>("a");
        ListNode<String> c = new ListNode<>("c");
        assertThat(head.isEmpty(cpu)).isTrue();
        head.addBefore(cpu, a);
        head.addBefore(cpu, c);
        c.addBefore(cpu, new ListNode<>("b"));
        assertThat(elements(head)).containsExactly("a", "b", "c");
        assertThat(head.isEmptyOpaque(cpu)).isFalse();
    }

    @Test
    void unlinkingIsHarmlessTwice() {
        ListNode<String> head = new ListNode<>(null);
        ListNode<String> a = new ListNode<>("a");
        ListNode<String> c = new ListNode<>("c");
        head.addBefore(cpu, a);
        head.addBefore(cpu, c);
        a.unlink(cpu);
        a.unlink(cpu);
        assertThat(a.isEmpty()).isTrue();
        assertThat(elements(head)).containsExactly("c");
        c.unlink(cpu);
        assertThat(head.isEmpty(cpu)).isTrue();
    }

    @Test
    void withNobodyAtWorkANodeIsLinkedWithoutAPcpu() {
        ListNode<String> head = new ListNode<>(null);
        head.addBefore(new ListNode<>("a"));
        head.addBefore(new ListNode<>("b"));
        assertThat(elements(head)).containsExactly("a", "b");
    }
}

package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** List registers that run out: refill, underflow interrupt, eviction. SPIs from 40 on, four list registers. */
class EvictionTest {
    private static final int FIRST = 40;

    /** Fills the four list registers of pCPU 0 with SPIs 40..43 of these priorities. */
    private static Bench full(Variant variant, int... priorities) {
        Bench b = Bench.of(variant);
        for (int i = 0; i < priorities.length; i++) {
            b.enableWith(FIRST + i, priorities[i]);
            b.inject(0, FIRST + i);
        }
        assertThat(b.cpus[0].lrMask()).isEqualTo(0xf);
        return b;
    }

    /** Queues SPIs from 44 on with these priorities, then flushes. */
    private static void flushWith(Bench b, int... priorities) {
        for (int i = 0; i < priorities.length; i++) {
            b.enableWith(FIRST + 4 + i, priorities[i]);
            b.inject(1, FIRST + 4 + i);
        }
        b.flush(0);
    }

    private static List<Integer> prioritiesInLrs(Bench b) {
        List<Integer> out = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            out.add((int) (b.hardware.cpu(0).virtual().readLr(i) >>> 48) & 0xff);
        }
        return out;
    }

    @Test
    void oneMoreThanFitsWaitsAndArmsTheUnderflowInterrupt() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xa0);
        flushWith(b, 0xa0);
        assertThat(b.state(44)).isEqualTo("WAIT");
        assertThat(b.underflowArmed(0)).isTrue();
        assertThat(b.total(Counter.EVICTIONS)).isZero();
        int first = b.ack(0);
        b.eoi(0, first);
        b.sync(0);
        assertThat(b.underflowArmed(0)).as("disarmed first thing on exit").isFalse();
        b.flush(0);
        assertThat(b.state(44)).isEqualTo("INLR");
        assertThat(b.underflowArmed(0)).isFalse();
    }

    @Test
    void theUnderflowInterruptComesWhenOneListRegisterIsLeftAndReadsAsSpurious() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xa0);
        flushWith(b, 0xa0);
        b.settle(0); // takes the kick
        for (int i = 0; i < 3; i++) {
            assertThat(b.total(Counter.MAINTENANCE)).isZero();
            b.eoi(0, b.ack(0));
        }
        assertThat(b.total(Counter.MAINTENANCE)).isEqualTo(1);
        long spurious = b.total(Counter.HOST_SPURIOUS);
        b.irqExit(0);
        assertThat(b.total(Counter.HOST_SPURIOUS)).isEqualTo(spurious + 1);
        assertThat(b.total(Counter.HOST_IRQS)).as("the handler never runs").isZero();
        assertThat(b.state(44)).isEqualTo("INLR");
    }

    @Test
    void anUrgentInterruptEvictsTheLeastUrgentOne() {
        Bench b = full(Variant.xen(), 0xa0, 0x90, 0xb0, 0xa0);
        flushWith(b, 0x80);
        assertThat(b.state(44)).isEqualTo("INLR");
        assertThat(b.state(42)).isEqualTo("WAIT");
        assertThat(b.pending(42).lr().peek()).isEqualTo(PendingIrq.INVALID_LR);
        assertThat(b.inflightOn(0, 42)).isTrue();
        assertThat(b.cpus[0].lrMask()).isEqualTo(0xf);
    }

    @Test
    void equalPriorityNeverEvicts() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xa0);
        flushWith(b, 0xa0, 0xa0);
        assertThat(b.total(Counter.EVICTIONS)).isZero();
    }

    @Test
    void aLessUrgentInterruptNeverEvictsOnItsFirstWalk() {
        Bench b = full(Variant.xen(), 0x80, 0x80, 0x80, 0x80);
        flushWith(b, 0xa0);
        assertThat(b.total(Counter.EVICTIONS)).isZero();
    }

    @Test
    void anAcknowledgedInterruptIsNeverEvicted() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xa0);
        for (int i = 0; i < 4; i++) {
            b.hardware.cpu(0).virtual().writePriorityMask(0xff);
            assertThat(b.ack(0)).isBetween(40, 43);
            b.hardware.cpu(0).virtual().writeActivePriorities(0); // as if each had a lower running priority
        }
        b.sync(0);
        flushWith(b, 0x80);
        assertThat(b.state(44)).isEqualTo("WAIT");
        assertThat(b.total(Counter.EVICTIONS)).isZero();
    }

    @Test
    void amongEqualVictimsTheLatestGoes() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xa0);
        flushWith(b, 0x80);
        assertThat(b.state(43)).isEqualTo("WAIT");
    }

    // ---- H28, H26 ---------------------------------------------------------------------------------------------------

    @Test
    void xenLetsALessUrgentInterruptEvictAMoreUrgentOneAfterAnEviction() {
        Bench b = full(Variant.xen(), 0x90, 0x90, 0x90, 0xa0);
        flushWith(b, 0x80, 0xf0);
        assertThat(prioritiesInLrs(b)).containsExactlyInAnyOrder(0x80, 0x90, 0x90, 0xf0);
        assertThat(b.marks.hits(Quirk.H28)).isPositive();
    }

    @Test
    void correctedEvictionKeepsTheMostUrgentOnes() {
        Bench b = full(Variant.allFixed(), 0x90, 0x90, 0x90, 0xa0);
        flushWith(b, 0x80, 0xf0);
        assertThat(prioritiesInLrs(b)).containsExactlyInAnyOrder(0x80, 0x90, 0x90, 0x90);
    }

    @Test
    void xenVisitsARequeuedVictimAgainAndEvictsAMoreUrgentOneForIt() {
        Bench b = full(Variant.xen(), 0x90, 0x90, 0xa0, 0xb0);
        flushWith(b, 0x80, 0x80);
        assertThat(prioritiesInLrs(b)).containsExactlyInAnyOrder(0x80, 0x80, 0x90, 0xb0);
    }

    @Test
    void correctedEvictionOfTwoTakesTheTwoLeastUrgent() {
        Bench b = full(Variant.allFixed(), 0x90, 0x90, 0xa0, 0xb0);
        flushWith(b, 0x80, 0x80);
        assertThat(prioritiesInLrs(b)).containsExactlyInAnyOrder(0x80, 0x80, 0x90, 0x90);
    }

    @Test
    void xenWalksOverTheListHeadInTheThirdExample() {
        Bench b = thirdExample(Variant.xen());
        assertThat(b.marked(Quirk.H26, 46)).as("46 walked over the head").isTrue();
    }

    /**
     * The victim of a walk that begins at the first entry of the list, as it does once that was the last victim, and so comes to the
     * head at its first step. Behind the head is the least urgent entry of all, in a list register: whole lists have none there.
     */
    private static PendingIrq victimBehindTheHead(Bench b, Variant variant, int priority) {
        RankRules rules = new RankRules(variant, b.marks, b.driver, b.cpus);
        ListRegisters lrs = new ListRegisters(b.driver, b.cpus, rules, new FaultPlan(variant.fault()), Witness.NONE);
        b.enableWith(FIRST + 4, priority);
        b.inject(1, FIRST + 4);
        VgicVcpu v = b.vgicOf(0);
        assertThat(v.inflight().next().element()).isSameAs(b.pending(FIRST + 4));
        return rules.victim.find(b.cpus[0], lrs, v, v.inflight().next(), b.pending(FIRST + 4));
    }

    private static PendingIrq victimBehindTheHead(Variant variant, int priority) {
        return victimBehindTheHead(full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xf0), variant, priority);
    }

    @Test
    void xenGoesOnBehindTheListHead() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xf0);
        assertThat(victimBehindTheHead(b, Variant.xen(), 0x88)).isSameAs(b.pending(43));
        assertThat(b.marked(Quirk.H26, 44)).isTrue();
    }

    @Test
    void aCorrectedWalkEndsAtTheListHead() {
        assertThat(victimBehindTheHead(Variant.xen().with(Quirk.H26, true), 0x88))
                .isNull();
    }

    /** Three active list registers and one pending; the first of three more evicts the latter, the second evicts the first. */
    private static Bench thirdExample(Variant variant) {
        Bench b = Bench.of(variant);
        int[] priorities = {0x88, 0x88, 0x88, 0xb0};
        for (int i = 0; i < 4; i++) {
            b.enableWith(FIRST + i, priorities[i]);
            b.inject(0, FIRST + i);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(b.ack(0)).isBetween(40, 42);
            b.hardware.cpu(0).virtual().writeActivePriorities(0);
        }
        b.sync(0);
        flushWith(b, 0x80, 0xd0, 0xe0);
        assertThat(b.state(44)).as("evicted by 45, which came after it").isEqualTo("WAIT");
        assertThat(b.state(45)).isEqualTo("INLR");
        assertThat(b.state(46)).isEqualTo("WAIT");
        return b;
    }

    @Test
    void aPriorityThatEqualsAByteOfAnAddressEndsTheFlushAtTheListHead() {
        Bench b = full(Variant.xen(), 0xa0, 0xa0, 0xa0, 0xf0);
        assertThat(victimBehindTheHead(b, Variant.xen(), 0x80)).isNull();
        assertThat(b.marked(Quirk.H26, 44)).isTrue();
        assertThat(victimBehindTheHead(Variant.xen(), 0x78)).isNotNull();
    }

    @Test
    void theNextFlushRepairsAnInversion() {
        Bench b = full(Variant.xen(), 0x90, 0x90, 0x90, 0xa0);
        flushWith(b, 0x80, 0xf0);
        b.sync(0);
        b.flush(0);
        assertThat(prioritiesInLrs(b)).doesNotContain(0xf0);
    }

    @Test
    void bothListsAreOrderedByPriorityFirstComeFirstAmongEquals() {
        Bench b = Bench.xen();
        int[] priorities = {0xa0, 0x80, 0xa0, 0x90, 0x80};
        for (int i = 0; i < priorities.length; i++) {
            b.enableWith(FIRST + i, priorities[i]);
            b.inject(1, FIRST + i);
        }
        List<Integer> inflight = new ArrayList<>();
        List<Integer> waiting = new ArrayList<>();
        VgicVcpu v = b.vgicOf(0);
        for (var n = v.inflight().next(); n != v.inflight(); n = n.next()) {
            inflight.add(n.element().irq());
        }
        for (var n = v.lrPending().next(); n != v.lrPending(); n = n.next()) {
            waiting.add(n.element().irq());
        }
        assertThat(inflight).containsExactly(41, 44, 43, 40, 42);
        assertThat(waiting).isEqualTo(inflight);
    }
}

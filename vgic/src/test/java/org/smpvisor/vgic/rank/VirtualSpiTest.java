package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.vgic.rank.Bench.VIRTUAL;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.variant.Variant;

/** The life of an SPI without hardware behind it, transition by transition. */
class VirtualSpiTest {
    private final Bench b = Bench.xen();

    @Test
    void injectIntoTheCurrentVcpuGoesStraightIntoAListRegister() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.lrs(0)).containsExactly("40P", "-", "-", "-");
        assertThat(b.cpus[0].lrMask()).isEqualTo(1);
        assertThat(b.inflightOn(0, VIRTUAL)).isTrue();
    }

    @Test
    void injectFromElsewhereWaitsAndKicksTheTargetsPcpu() {
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("WAIT");
        assertThat(b.isKicked(0)).isTrue();
        assertThat(b.lrs(0)).containsOnly("-");
    }

    @Test
    void theKickMakesTheTargetExitFlushAndSeeTheInterrupt() {
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.irqExit(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.isKicked(0)).isFalse();
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void injectOfADisabledInterruptIsHeldAndKicksAllTheSame() {
        b.inject(1, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        assertThat(b.isKicked(0)).isTrue();
    }

    @Test
    void injectOfAWaitingInterruptChangesNothing() {
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.flush(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.copies(VIRTUAL)).isEqualTo(1);
    }

    @Test
    void fallingEdgeIsIgnored() {
        b.enable(0, VIRTUAL);
        b.vgic.injectIrq(b.cpus[0], b.domain, null, VIRTUAL, false);
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE");
    }

    @Test
    void injectIntoAVcpuThatIsDownIsDropped() {
        Bench down = Bench.down(Variant.xen(), 2);
        down.inject(0, VIRTUAL);
        assertThat(down.state(VIRTUAL)).isEqualTo("IDLE");
        assertThat(down.total(Counter.KICKS)).isZero();
    }

    @Test
    void secondAssertionFromElsewhereIsOnlyRecorded() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR+");
        assertThat(b.isKicked(0)).isTrue();
    }

    @Test
    void secondAssertionOfAPendingListRegisterCoalescesAtOnceOnTheOwnPcpu() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.lrs(0)).containsExactly("40P", "-", "-", "-");
    }

    @Test
    void secondAssertionWhileActiveMakesTheListRegisterPendingAgainAtTheNextSync() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
        b.inject(1, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR+");
        b.sync(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.has(VIRTUAL, PendingIrq.ACTIVE)).isTrue();
        assertThat(b.lrs(0)).containsExactly("40PA", "-", "-", "-");
        b.eoi(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.sync(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE");
    }

    @Test
    void secondAssertionWhileActiveIsFoldedInAtOnceOnTheOwnPcpu() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.inject(0, VIRTUAL);
        assertThat(b.lrs(0)).containsExactly("40PA", "-", "-", "-");
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
    }

    @Test
    void assertionRecordedForADisabledActiveInterruptStaysRecorded() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.disable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.sync(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR+");
        assertThat(b.lrs(0)).containsExactly("40A", "-", "-", "-");
    }

    @Test
    void syncOfAPendingListRegisterCoalesces() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.sync(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
    }

    @Test
    void syncOfAnEmptyListRegisterRetiresTheInterrupt() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.eoi(0, VIRTUAL);
        assertThat(b.state(VIRTUAL))
                .as("the end is invisible until the next exit")
                .isEqualTo("INLR");
        b.sync(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE");
        assertThat(b.cpus[0].lrMask()).isZero();
        assertThat(b.pending(VIRTUAL).lr().peek()).isEqualTo(PendingIrq.INVALID_LR);
        assertThat(b.has(VIRTUAL, PendingIrq.ACTIVE)).isFalse();
    }

    @Test
    void syncOfAnEmptyListRegisterRaisesARecordedAssertionAgain() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.inject(1, VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.sync(0);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void syncFindsAnAcknowledgedInterruptActive() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.sync(0);
        assertThat(b.has(VIRTUAL, PendingIrq.ACTIVE)).isTrue();
    }

    @Test
    void enableRaisesAHeldInterruptOnTheCurrentVcpu() {
        b.inject(0, VIRTUAL);
        b.enable(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
    }

    @Test
    void enableFromAnotherVcpuQueuesAHeldInterrupt() {
        b.inject(0, VIRTUAL);
        b.enable(1, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("WAIT");
    }

    @Test
    void disabledWhileWaitingIsHeldAndEnabledAgainIsRaised() {
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.disable(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        b.flush(0);
        assertThat(b.lrs(0)).containsOnly("-");
        b.enable(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
    }

    @Test
    void disabledInAListRegisterIsDeliveredAllTheSame() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.disable(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void enableOfAnInterruptInAListRegisterDoesNotRaiseItTwice() {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.disable(0, VIRTUAL);
        b.enable(0, VIRTUAL);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.copies(VIRTUAL)).isEqualTo(1);
    }

    @Test
    void priorityIsASnapshotTakenAtInjection() {
        b.enableWith(VIRTUAL, 0x80);
        b.inject(1, VIRTUAL);
        b.priority(VIRTUAL, 0x40);
        b.flush(0);
        assertThat(b.hardware.cpu(0).virtual().readLr(0) >>> 48 & 0xff).isEqualTo(0x80);
    }

    @Test
    void retargetWhileIdleChangesOnlyTheRoute() {
        b.enable(0, VIRTUAL);
        b.route(0, VIRTUAL, 1);
        b.inject(0, VIRTUAL);
        assertThat(b.inflightOn(1, VIRTUAL)).isTrue();
        assertThat(b.isKicked(1)).isTrue();
    }

    @Test
    void anInterruptForAVcpuInWfiWakesIt() {
        b.enable(0, VIRTUAL);
        b.vcpu(0).guest().unmask();
        b.vcpu(0).guest().complete(0);
        b.scheduler.blockUnlessEventPending(b.cpus[0]);
        b.settle(0);
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        b.inject(1, VIRTUAL);
        assertThat(b.isKicked(0))
                .as("the schedule softirq is announced by an SGI")
                .isTrue();
        b.settle(0);
        b.flush(0);
        assertThat(b.cpus[0].current()).isEqualTo(b.vcpu(0));
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    @Test
    void aVcpuNeverSleepsOnAnInterruptThatComesAtAnyPointOfItsWfi() {
        int points = 0;
        for (boolean more = true; more; points++) {
            Bench w = Bench.xen();
            w.enable(0, VIRTUAL);
            w.vcpu(0).guest().unmask();
            w.vcpu(0).guest().complete(0);
            w.interpose(0, points, () -> w.inject(1, VIRTUAL));
            w.cpus[0].localIrqEnable();
            w.scheduler.blockUnlessEventPending(w.cpus[0]);
            w.cpus[0].softirqs().run(w.cpus[0]);
            w.cpus[0].localIrqDisable();
            more = !w.withdraw(0);
            if (more) {
                w.settle(0);
                assertThat(w.cpus[0].current()).as("after point %d", points).isEqualTo(w.vcpu(0));
                w.flush(0);
                assertThat(w.ack(0)).as("after point %d", points).isEqualTo(VIRTUAL);
            }
        }
        assertThat(points).isGreaterThan(10);
    }

    @Test
    void nothingOfThisBreaksALockRule() {
        aVcpuNeverSleepsOnAnInterruptThatComesAtAnyPointOfItsWfi();
        secondAssertionWhileActiveMakesTheListRegisterPendingAgainAtTheNextSync();
        assertThat(b.validator.violations()).isEmpty();
    }
}

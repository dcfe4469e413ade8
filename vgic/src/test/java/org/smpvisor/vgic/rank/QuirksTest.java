package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.vgic.rank.Bench.HW;
import static org.smpvisor.vgic.rank.Bench.HW_2;
import static org.smpvisor.vgic.rank.Bench.VIRTUAL;

import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.ListNode;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.gic.host.HwIrqController;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.lock.HeldLocks;
import org.smpvisor.lock.LockClass;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** Each weak spot of Xen is there, marks its window, and is gone under its corrected rule. */
class QuirksTest {
    // ---- H1 ---------------------------------------------------------------------------------------------------------

    private static void retargetVirtualInLr(Bench b) {
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.route(0, VIRTUAL, 1);
    }

    @Test
    void h1XenDeliversAnInflightVirtualSpiOnItsOldTarget() {
        Bench b = Bench.xen();
        retargetVirtualInLr(b);
        assertThat(b.state(VIRTUAL)).as("only the route changed").isEqualTo("INLR");
        b.ack(0);
        b.inject(0, VIRTUAL);
        assertThat(b.marked(Quirk.H1, VIRTUAL)).isTrue();
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.ack(0)).as("again on vCPU 0, although routed to vCPU 1").isEqualTo(VIRTUAL);
    }

    @Test
    void h1FixedMovesAnInflightVirtualSpiAtItsEnd() {
        Bench b = Bench.fixed();
        retargetVirtualInLr(b);
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR,MIGRATING");
        b.ack(0);
        b.inject(1, VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.irqExit(0);
        assertThat(b.inflightOn(0, VIRTUAL)).isFalse();
        assertThat(b.inflightOn(1, VIRTUAL)).as("the assertion made meanwhile").isTrue();
        b.irqExit(1);
        assertThat(b.ack(1)).isEqualTo(VIRTUAL);
    }

    @Test
    void h1FixedMovesAWaitingVirtualSpiAtOnce() {
        Bench b = Bench.fixed();
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.route(0, VIRTUAL, 1);
        assertThat(b.inflightOn(0, VIRTUAL)).isFalse();
        assertThat(b.inflightOn(1, VIRTUAL)).isTrue();
    }

    @Test
    void h1XenUnlinksFromTheOldTargetsListUnderTheNewTargetsLock() {
        Bench b = Bench.xen();
        b.enable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.route(0, VIRTUAL, 1);
        b.disable(0, VIRTUAL);
        assertThat(b.marked(Quirk.H1, VIRTUAL)).isTrue();
        assertThat(b.vgicOf(0).lrPending().isEmpty()).isTrue();
    }

    // ---- H2 ---------------------------------------------------------------------------------------------------------

    @Test
    void anInterruptMayComeBetweenTheLookUpOfTheTargetAndItsLock() {
        boolean met = false;
        boolean done = false;
        for (int n = 0; !done; n++) {
            Bench b = Bench.xen();
            b.enable(0, VIRTUAL);
            b.enable(0, HW);
            b.cpus[0].localIrqEnable();
            boolean[] open = new boolean[1];
            b.interpose(0, n, () -> {
                open[0] = !b.cpus[0].isIrqMasked() && !b.has(VIRTUAL, PendingIrq.QUEUED);
                b.route(1, VIRTUAL, 1);
                b.pulse(HW);
            });
            b.inject(0, VIRTUAL);
            done = b.withdraw(0);
            met |= !done && open[0] && b.inflightOn(0, HW) && b.inflightOn(0, VIRTUAL);
            assertThat(b.validator.violations()).isEmpty();
        }
        assertThat(met)
                .as("another interrupt was injected, and then this one into the target of before")
                .isTrue();
    }

    /** Retargets at every point of an injection at which the injector holds no lock; returns how many ended on vCPU 0. */
    private static int injectionsOnTheOldTarget(Variant variant, int spi, boolean expectMark) {
        int onOld = 0;
        int n = 0;
        while (true) {
            Bench b = Bench.of(variant);
            b.enable(0, spi);
            b.interpose(0, n, () -> b.route(1, spi, 1));
            b.inject(0, spi);
            if (b.withdraw(0)) {
                break;
            }
            boolean old = b.inflightOn(0, spi);
            assertThat(old ^ b.inflightOn(1, spi))
                    .as("on exactly one list, point %d", n)
                    .isTrue();
            boolean migrating = b.has(spi, PendingIrq.MIGRATING);
            if (old && b.dist().peekTarget(spi) == 1 && !migrating && b.marked(Quirk.H2, spi)) {
                onOld++;
            }
            assertThat(b.validator.violations()).isEmpty();
            n++;
        }
        assertThat(n).isGreaterThan(2);
        assertThat(onOld > 0).isEqualTo(expectMark);
        return onOld;
    }

    @Test
    void h2XenQueuesOnATargetThatIsNoLongerTheTarget() {
        injectionsOnTheOldTarget(Variant.xen(), VIRTUAL, true);
        injectionsOnTheOldTarget(Variant.xen(), HW, true);
    }

    @Test
    void h2FixedLooksAgainOnceTheLockIsHeld() {
        injectionsOnTheOldTarget(Variant.allFixed(), VIRTUAL, false);
        injectionsOnTheOldTarget(Variant.allFixed(), HW, false);
    }

    // ---- H5 ---------------------------------------------------------------------------------------------------------

    @Test
    void h5XenSetsMigratingOnAHeldInterrupt() {
        Bench b = Bench.xen();
        b.inject(1, HW);
        b.route(0, HW, 1);
        assertThat(b.state(HW)).isEqualTo("HELD,MIGRATING");
        assertThat(b.marked(Quirk.H5, HW)).isTrue();
        assertThat(b.physicalTarget(HW)).isZero();
    }

    @Test
    void h5FixedRelinksAHeldInterruptOnTheNewTarget() {
        Bench b = Bench.fixed();
        b.inject(1, HW);
        b.route(0, HW, 1);
        assertThat(b.state(HW)).isEqualTo("HELD");
        assertThat(b.inflightOn(1, HW)).isTrue();
        b.enable(1, HW);
        assertThat(b.ack(1)).isEqualTo(HW);
    }

    // ---- H3, H27 ----------------------------------------------------------------------------------------------------

    /** Linux moves a busy SPI: the guest has ended it, Xen has not looked, the line rises, three stores on vCPU 1. */
    private static Bench moveInThreeWrites(Variant variant) {
        Bench b = Bench.of(variant);
        b.enable(0, HW);
        b.pulse(HW);
        b.irqExit(0);
        b.ack(0);
        b.eoi(0, HW);
        b.disable(1, HW);
        b.pulse(HW);
        b.route(1, HW, 1);
        b.enable(1, HW);
        b.irqExit(1);
        b.irqExit(0);
        b.irqExit(1);
        return b;
    }

    @Test
    void h27XenLosesAnSpiForEverInAnOrdinaryMove() {
        Bench b = moveInThreeWrites(Variant.xen());
        assertThat(b.marked(Quirk.H27, HW)).isTrue();
        assertThat(b.state(HW)).startsWith("IDLE");
        assertThat(b.hardware.distributor().isActive(HW))
                .as("active with nobody to end it")
                .isTrue();
        assertThat(b.copies(HW)).isZero();
    }

    @Test
    void h27FixedDeliversItToTheNewTarget() {
        Bench b = moveInThreeWrites(Variant.allFixed());
        assertThat(b.ack(1)).isEqualTo(HW);
        assertThat(b.hardware.cpu(1).virtual().acknowledgedGeneration()).isEqualTo(2);
        b.eoi(1, HW);
        b.irqExit(1);
        assertThat(b.state(HW)).isEqualTo("IDLE");
        assertThat(b.hardware.distributor().isActive(HW)).isFalse();
    }

    @Test
    void h3FixedInjectsWhatWasRecordedDuringTheMigration() {
        Bench b = Bench.fixed();
        b.enable(0, HW);
        b.inject(0, HW);
        b.route(1, HW, 1);
        b.inject(1, HW);
        assertThat(b.state(HW)).isEqualTo("INLR+,MIGRATING");
        b.ack(0);
        b.eoi(0, HW);
        b.irqExit(0);
        assertThat(b.inflightOn(1, HW)).isTrue();
        assertThat(b.isKicked(1)).isTrue();
        b.irqExit(1);
        assertThat(b.ack(1)).isEqualTo(HW);
    }

    @Test
    void h3XenDropsWhatWasRecordedDuringTheMigration() {
        Bench b = Bench.xen();
        b.enable(0, HW);
        b.inject(0, HW);
        b.route(0, HW, 1);
        b.inject(0, HW);
        assertThat(b.marked(Quirk.H3, HW))
                .as("under the lock of vCPU 1, on the list of vCPU 0")
                .isTrue();
        b.ack(0);
        b.eoi(0, HW);
        b.irqExit(0);
        assertThat(b.inflightOn(0, HW) || b.inflightOn(1, HW)).isFalse();
    }

    @Test
    void h3XenSyncsAWrongListRegisterAndMarksWhatItOnceHeld() {
        Bench b = Bench.xen();
        b.enable(0, HW);
        b.enable(0, HW_2);
        b.inject(0, HW);
        b.route(0, HW_2, 1);
        b.inject(1, HW_2);
        b.ack(1);
        b.eoi(1, HW_2);
        b.sync(1);
        b.route(0, HW, 1);
        b.inject(1, HW);
        assertThat(b.marked(Quirk.H3, HW)).isTrue();
        assertThat(b.marked(Quirk.H3, HW_2))
                .as("register 0 of the wrong pCPU was looked at, which nobody has allocated")
                .isTrue();
    }

    @Test
    void h3XenDoesNoHarmToAnInterruptWhoseListRegisterIsSyncedEarly() {
        Bench b = Bench.xen();
        b.enable(0, HW);
        b.enable(0, HW_2);
        b.inject(0, HW);
        b.route(0, HW_2, 1);
        b.inject(1, HW_2);
        assertThat(b.lrs(1)).containsExactly("34P", "-", "-", "-");
        b.route(0, HW, 1);
        b.inject(1, HW);
        assertThat(b.marked(Quirk.H3, HW)).isTrue();
        assertThat(b.marked(Quirk.H3, HW_2)).isFalse();
    }

    // ---- marks on neighbours ----------------------------------------------------------------------------------------

    @Test
    void anEntryUnlinkedUnderTheWrongLockMarksItselfAndItsNeighboursAndNobodyElse() {
        Bench b = Bench.xen();
        int[] line = {VIRTUAL, VIRTUAL + 1, VIRTUAL + 2, VIRTUAL + 3, VIRTUAL + 4};
        for (int i : line) {
            b.enable(0, i);
            b.inject(1, i);
        }
        b.route(0, line[2], 1);
        b.disable(0, line[2]); // takes it off lr_pending of vCPU 0 under V of vCPU 1

        assertThat(b.marked(Quirk.H1, line[2])).isTrue();
        assertThat(b.marked(Quirk.H1, line[1])).isTrue();
        assertThat(b.marked(Quirk.H1, line[3])).isTrue();
        assertThat(b.marked(Quirk.H1, line[0])).isFalse();
        assertThat(b.marked(Quirk.H1, line[4])).isFalse();
    }

    @Test
    void anEntryUnlinkedUnderItsOwnersLockMarksNobody() {
        Bench b = Bench.xen();
        for (int i = VIRTUAL; i < VIRTUAL + 3; i++) {
            b.enable(0, i);
            b.inject(1, i);
        }
        b.disable(0, VIRTUAL + 1);

        for (Quirk q : Quirk.values()) {
            assertThat(b.marks.hits(q)).as("%s", q).isZero();
        }
        assertThat(b.marked(Quirk.H1, VIRTUAL)).isFalse();
        assertThat(b.marked(Quirk.H1, VIRTUAL + 2)).isFalse();
    }

    @Test
    void whoIsCutOffByABrokenLinkOfAMarkedEntryIsMarkedAtTheEnd() {
        Bench b = Bench.xen();
        for (int i = VIRTUAL; i < VIRTUAL + 4; i++) {
            b.enable(0, i);
            b.inject(1, i);
        }
        b.vgic.settleMarks(b.domain);
        b.marks.affect(Bench.DOMAIN, -1, VIRTUAL + 1, Marks.bit(Quirk.H1));
        b.vgic.settleMarks(b.domain);
        assertThat(b.marked(Quirk.H1, VIRTUAL + 2)).as("the list is whole").isFalse();

        new ListNode<PendingIrq>(null).addBefore(b.pending(VIRTUAL + 1).lrQueue()); // on another list, half of it
        b.vgic.settleMarks(b.domain);
        assertThat(b.marked(Quirk.H1, VIRTUAL + 2)).isTrue();
        assertThat(b.marked(Quirk.H1, VIRTUAL + 3)).isTrue();
    }

    // ---- combinations -----------------------------------------------------------------------------------------------

    private static Bench only(Quirk faithful) {
        return Bench.of(Variant.allFixed().with(faithful, false));
    }

    /** Moves {@code spi}, in a list register of vCPU 0, to vCPU 1, and asserts it again there. */
    private static Bench assertedAgainAfterTheMove(Quirk faithful, int spi) {
        Bench b = only(faithful);
        b.enable(0, spi);
        b.inject(0, spi);
        b.ack(0);
        b.route(0, spi, 1);
        b.inject(1, spi);
        b.eoi(0, spi);
        b.irqExit(0);
        return b;
    }

    @Test
    void withOnlyH1FaithfulAVirtualSpiGoesAstrayAndAHardwareOneDoesNot() {
        Bench virtual = assertedAgainAfterTheMove(Quirk.H1, VIRTUAL);
        assertThat(virtual.inflightOn(1, VIRTUAL)).as("it stays on vCPU 0").isFalse();
        assertThat(virtual.marked(Quirk.H1, VIRTUAL)).isTrue();
        Bench hardware = assertedAgainAfterTheMove(Quirk.H1, HW);
        assertThat(hardware.inflightOn(1, HW)).isTrue();
        assertThat(hardware.marked(Quirk.H3, HW) || hardware.marked(Quirk.H1, HW))
                .isFalse();
    }

    @Test
    void withOnlyH3FaithfulAHardwareSpiIsDroppedAndAVirtualOneIsNot() {
        Bench hardware = assertedAgainAfterTheMove(Quirk.H3, HW);
        assertThat(hardware.inflightOn(0, HW) || hardware.inflightOn(1, HW)).isFalse();
        assertThat(hardware.marked(Quirk.H3, HW)).isTrue();
        Bench virtual = assertedAgainAfterTheMove(Quirk.H3, VIRTUAL);
        assertThat(virtual.inflightOn(1, VIRTUAL)).isTrue();
        assertThat(virtual.marked(Quirk.H3, VIRTUAL) || virtual.marked(Quirk.H1, VIRTUAL))
                .isFalse();
    }

    @Test
    void withOnlyH5FaithfulAHeldVirtualSpiIsRelinkedAtOnce() {
        Bench b = only(Quirk.H5);
        b.inject(1, VIRTUAL);
        b.route(0, VIRTUAL, 1);
        assertThat(b.inflightOn(1, VIRTUAL)).isTrue();
        assertThat(b.marked(Quirk.H5, VIRTUAL)).isFalse();
    }

    // ---- H11, H12 ---------------------------------------------------------------------------------------------------

    private static Bench assertedWhileDisabledInLr(Variant variant) {
        Bench b = Bench.of(variant);
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.disable(0, VIRTUAL);
        b.inject(1, VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.sync(0);
        return b;
    }

    @Test
    void h11XenDropsAnAssertionOfADisabledInterruptWithItsListRegister() {
        Bench b = assertedWhileDisabledInLr(Variant.xen());
        assertThat(b.state(VIRTUAL)).isEqualTo("IDLE+QUEUED");
        assertThat(b.marked(Quirk.H11, VIRTUAL)).isTrue();
        b.enable(0, VIRTUAL);
        assertThat(b.copies(VIRTUAL)).isZero();
    }

    @Test
    void h11FixedHoldsItUntilItIsEnabled() {
        Bench b = assertedWhileDisabledInLr(Variant.allFixed());
        assertThat(b.state(VIRTUAL)).isEqualTo("HELD");
        b.enable(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    private static Bench pendingAgainAfterActive(Variant variant) {
        Bench b = Bench.of(variant);
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.inject(0, VIRTUAL);
        b.eoi(0, VIRTUAL);
        b.sync(0);
        assertThat(b.lrs(0)).containsExactly("40P", "-", "-", "-");
        return b;
    }

    @Test
    void h12XenKeepsTheActiveMarkOfAListRegisterThatIsPendingAgain() {
        Bench b = pendingAgainAfterActive(Variant.xen());
        assertThat(b.has(VIRTUAL, PendingIrq.ACTIVE)).isTrue();
        assertThat(b.marked(Quirk.H12, VIRTUAL)).isTrue();
    }

    @Test
    void h12FixedTakesTheActiveMarkBack() {
        assertThat(pendingAgainAfterActive(Variant.allFixed()).has(VIRTUAL, PendingIrq.ACTIVE))
                .isFalse();
    }

    // ---- SV1 --------------------------------------------------------------------------------------------------------

    private static Bench enableAHeldInterruptOfASleeper(Variant variant) {
        Bench b = Bench.of(variant);
        b.inject(0, VIRTUAL);
        b.vcpu(0).guest().unmask();
        b.vcpu(0).guest().complete(0);
        b.scheduler.blockUnlessEventPending(b.cpus[0]);
        b.settle(0);
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        b.enable(1, VIRTUAL);
        b.settle(0);
        return b;
    }

    @Test
    void sv1XenLeavesASleeperAsleepThatAnotherVcpuEnabledAnInterruptFor() {
        Bench b = enableAHeldInterruptOfASleeper(Variant.xen());
        assertThat(b.state(VIRTUAL)).isEqualTo("WAIT");
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        assertThat(b.marked(Quirk.SV1, VIRTUAL)).isTrue();
    }

    @Test
    void sv1FixedWakesIt() {
        Bench b = enableAHeldInterruptOfASleeper(Variant.allFixed());
        assertThat(b.cpus[0].current()).isEqualTo(b.vcpu(0));
    }

    // ---- SV2 --------------------------------------------------------------------------------------------------------

    /** An SPI reaches a list register, is disabled from elsewhere, its vCPU sleeps, and it is enabled again. */
    private static Bench enableAnInterruptInAListRegisterOfASleeper(Variant variant) {
        Bench b = Bench.of(variant);
        b.enable(1, VIRTUAL);
        b.vcpu(0).guest().unmask();
        b.vcpu(0).guest().complete(0);
        b.inject(0, VIRTUAL);
        b.disable(1, VIRTUAL);
        b.scheduler.blockUnlessEventPending(b.cpus[0]);
        b.settle(0);
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        b.enable(1, VIRTUAL);
        b.settle(0);
        return b;
    }

    @Test
    void sv2XenLeavesASleeperAsleepWhoseListRegisterHoldsWhatAnotherVcpuEnabled() {
        Bench b = enableAnInterruptInAListRegisterOfASleeper(Variant.xen());
        assertThat(b.has(VIRTUAL, PendingIrq.VISIBLE)).isTrue();
        assertThat(b.cpus[0].current().isIdle()).isTrue();
        assertThat(b.marked(Quirk.SV2, VIRTUAL)).isTrue();
    }

    @Test
    void sv2FixedWakesIt() {
        Bench b = enableAnInterruptInAListRegisterOfASleeper(Variant.allFixed());
        assertThat(b.cpus[0].current()).isEqualTo(b.vcpu(0));
    }

    // ---- SV4 --------------------------------------------------------------------------------------------------------

    /** The vCPU has left its guest, and its list register has been looked at; then it is asserted again, and the kick is taken. */
    private static Bench assertedBetweenSyncAndEntry(Variant variant) {
        Bench b = Bench.of(variant);
        b.enable(0, VIRTUAL);
        b.inject(0, VIRTUAL);
        b.ack(0);
        b.sync(0);
        b.inject(1, VIRTUAL);
        assertThat(b.isKicked(0)).isTrue();
        b.settle(0);
        assertThat(b.isKicked(0))
                .as("nothing is left that would make it leave again")
                .isFalse();
        b.flush(0);
        return b;
    }

    @Test
    void sv4XenEntersTheGuestWithAnAssertionThatIsOnlyRecorded() {
        Bench b = assertedBetweenSyncAndEntry(Variant.xen());
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR+");
        assertThat(b.lrs(0)).containsExactly("40A", "-", "-", "-");
        assertThat(b.marked(Quirk.SV4, VIRTUAL)).isTrue();
        b.eoi(0, VIRTUAL);
        assertThat(b.ack(0)).as("until it leaves the guest for another reason").isNotEqualTo(VIRTUAL);
    }

    @Test
    void sv4FixedLooksAtTheListRegisterAgainBeforeTheGuestIsEntered() {
        Bench b = assertedBetweenSyncAndEntry(Variant.allFixed());
        assertThat(b.state(VIRTUAL)).isEqualTo("INLR");
        assertThat(b.lrs(0)).containsExactly("40PA", "-", "-", "-");
        b.eoi(0, VIRTUAL);
        assertThat(b.ack(0)).isEqualTo(VIRTUAL);
    }

    // ---- H6, H10, C1 ------------------------------------------------------------------------------------------------

    /** Enables {@code spi} on pCPU 1 at every point of routing it to the guest; whether the none controller was met. */
    private static boolean noneControllerIsMet(Variant variant) {
        for (int n = 0; ; n++) {
            Bench b = Bench.of(variant);
            int spi = 50;
            boolean[] met = new boolean[1];
            b.interposeUnder(
                    0,
                    n,
                    () -> met[0] = b.pending(spi).desc().peek() != null
                            && b.desc(spi).handler(b.cpus[1]) == HwIrqController.NONE);
            b.irq.routeIrqToGuest(b.cpus[0], b.domain, spi, spi, IrqDesc.Type.EDGE);
            if (b.withdraw(0)) {
                return false;
            }
            if (met[0]) {
                return true;
            }
        }
    }

    @Test
    void h6XenPublishesADescriptorWithoutControllerAndTheCorrectedOrderDoesNot() {
        assertThat(noneControllerIsMet(Variant.xen())).isTrue();
        assertThat(noneControllerIsMet(Variant.allFixed())).isFalse();
    }

    /** The vCPU on pCPU 1 enables {@code spi} at the n-th point of routing it to the guest, and waits if it has to; false without one. */
    private static boolean enabledWhileItIsRouted(Bench b, int spi, int n) {
        StateCorrupted[] end = new StateCorrupted[1];
        Thread guest = new Thread(() -> {
            try {
                b.enable(1, spi);
            } catch (StateCorrupted e) {
                end[0] = e;
            }
        });
        b.interposeUnder(0, n, () -> {
            guest.start();
            while (guest.isAlive() && b.cpus[1].waitingFor() == null) {
                Thread.onSpinWait();
            }
            if (end[0] != null) {
                throw end[0]; // locks stay as they are: the machine is at its end
            }
        });
        b.irq.routeIrqToGuest(b.cpus[0], b.domain, spi, spi, IrqDesc.Type.EDGE);
        if (b.withdraw(0)) {
            return false;
        }
        join(guest);
        return true;
    }

    private static void join(Thread t) {
        try {
            t.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void h6XenCallsAnAbsentCallbackWhenAGuestEnablesWhatIsBeingRoutedToIt() {
        int spi = 50;
        int corrupted = 0;
        boolean goesOn = true;
        for (int n = 0; goesOn; n++) {
            Bench b = Bench.xen();
            try {
                goesOn = enabledWhileItIsRouted(b, spi, n);
            } catch (StateCorrupted e) {
                assertThat(e).hasMessageContaining("none");
                assertThat(b.marked(Quirk.H6, spi)).isTrue();
                corrupted++;
            }
        }
        assertThat(corrupted).isPositive();
    }

    @Test
    void h6FixedEnablesWhatIsBeingRoutedAtAnyPointOfThat() {
        int spi = 50;
        int connected = 0;
        int busy = 0;
        boolean goesOn = true;
        for (int n = 0; goesOn; n++) {
            Bench b = Bench.fixed();
            goesOn = enabledWhileItIsRouted(b, spi, n);
            boolean isConnected = b.pending(spi).desc().peek() != null;
            assertThat(b.desc(spi).handler(b.cpus[1]) == HwIrqController.NONE).isNotEqualTo(isConnected);
            assertThat(b.has(spi, PendingIrq.ENABLED)).isEqualTo(goesOn);
            connected += isConnected ? 1 : 0;
            busy += isConnected ? 0 : 1;
        }
        assertThat(connected).isGreaterThan(1);
        assertThat(busy).as("enabled before it was connected").isPositive();
    }

    /** An SPI is taken from its domain at every point of the move of a vCPU that it follows; how often that ends the machine. */
    private static int releasedWhileItFollows(Variant variant) {
        int corrupted = 0;
        for (int n = 0; ; n++) {
            Bench b = Bench.of(variant);
            b.enable(0, HW);
            b.domain.setDying(b.cpus[0]);
            b.interpose(
                    1,
                    n,
                    () -> assertThat(b.irq.releaseGuestIrq(b.cpus[0], b.domain, HW, HW))
                            .isZero());
            b.cpus[1].localIrqEnable();
            try {
                b.vgic.moveIrqs(b.cpus[1], b.vcpu(0));
            } catch (StateCorrupted e) {
                assertThat(b.marked(Quirk.H6, HW)).isTrue();
                corrupted++;
            }
            if (b.withdraw(1)) {
                return corrupted;
            }
            assertThat(b.pending(HW).desc().peek()).isNull();
            assertThat(b.desc(HW).handler(b.cpus[0])).isSameAs(HwIrqController.NONE);
        }
    }

    /** A guest's store cannot meet that: it holds the lock of the rank, under which the descriptor is taken away. */
    @Test
    void h6XenCallsAnAbsentCallbackWhenAnSpiIsTakenAwayThatFollowsAVcpuAndTheCorrectedRuleDoesNothing() {
        assertThat(releasedWhileItFollows(Variant.xen())).isPositive();
        assertThat(releasedWhileItFollows(Variant.xen().with(Quirk.H6, true))).isZero();
        assertThat(releasedWhileItFollows(Variant.allFixed())).isZero();
    }

    /** The old vCPU cleans its list register at every point of a retarget; returns the worst physical target seen. */
    private static boolean endsOnTheOldPcpu(Variant variant, boolean[] marked) {
        boolean stale = false;
        for (int n = 0; ; n++) {
            Bench b = Bench.of(variant);
            b.enable(0, HW);
            b.pulse(HW);
            b.irqExit(0);
            b.ack(0);
            b.eoi(0, HW);
            b.interposeUnder(1, n, () -> {
                if (b.vgicOf(0).lock().owner() == null) {
                    b.sync(0);
                }
            });
            b.route(1, HW, 1);
            boolean done = b.withdraw(1);
            b.sync(0);
            assertThat(b.state(HW)).isEqualTo("IDLE");
            stale |= b.physicalTarget(HW) == 0;
            marked[0] |= b.marked(Quirk.H10, HW);
            if (done) {
                return stale;
            }
        }
    }

    @Test
    void h10XenRoutesByTheOldTargetIfTheListRegisterIsCleanedBeforeTheStore() {
        boolean[] marked = new boolean[1];
        assertThat(endsOnTheOldPcpu(Variant.xen(), marked)).isTrue();
        assertThat(marked[0]).isTrue();
    }

    @Test
    void h10FixedStoresTheTargetFirst() {
        boolean[] marked = new boolean[1];
        assertThat(endsOnTheOldPcpu(Variant.allFixed(), marked)).isFalse();
        assertThat(marked[0]).isFalse();
    }

    /** Whether pCPU 0 holds nothing that vCPU 1 needs to move: the lock of a rank, or that of vCPU 0, may be held. */
    private static boolean letsOthersMove(Bench b) {
        HeldLocks held = b.cpus[0].held();
        for (int i = 0; i < held.depth(); i++) {
            if (held.classAt(i) != LockClass.RANK
                    && held.lockAt(i) != b.vgicOf(0).lock()) {
                return false;
            }
        }
        return true;
    }

    /** A vCPU leaves pCPU {@code from}, on which it runs, and its SPIs follow. */
    private static void leave(Bench b, int vcpu, int from, int to) {
        b.move(from, vcpu, to);
        b.settle(from);
        assertThat(b.vcpu(vcpu).processor().peek()).isEqualTo(to);
    }

    /** vCPU 1 moves from pCPU 1 to pCPU 2 at every point of what vCPU 0 does with its SPI; whether that ends on pCPU 1. */
    private static boolean staysBehind(Variant variant, Consumer<Bench> before, Consumer<Bench> act, boolean[] marked) {
        boolean stale = false;
        for (int n = 0; ; n++) {
            Bench b = Bench.of(variant, 3, 4);
            before.accept(b);
            boolean[] moved = new boolean[1];
            b.interposeUnder(0, n, () -> {
                if (letsOthersMove(b)) {
                    leave(b, 1, 1, 2);
                    moved[0] = true;
                }
            });
            act.accept(b);
            if (b.withdraw(0)) {
                return stale;
            }
            assertThat(b.physicalTarget(HW)).isIn(1, moved[0] ? 2 : 1);
            if (moved[0] && b.physicalTarget(HW) == 1) {
                stale = true;
                marked[0] |= b.marked(Quirk.H10, HW);
                assertThat(b.marked(Quirk.H10, HW)).as("point %d", n).isTrue();
            }
        }
    }

    private static void assertStaysBehind(Consumer<Bench> before, Consumer<Bench> act) {
        boolean[] marked = new boolean[1];
        assertThat(staysBehind(Variant.xen(), before, act, marked)).isTrue();
        assertThat(marked[0]).isTrue();
        assertThat(staysBehind(Variant.allFixed(), before, act, marked)).isFalse();
        assertThat(staysBehind(Variant.xen().with(Quirk.H10, true), before, act, marked))
                .isFalse();
    }

    @Test
    void h10XenEnablesOnThePcpuThatTheTargetHasLeftAndTheCorrectedRuleLooksAgain() {
        assertStaysBehind(b -> b.route(0, HW, 1), b -> b.enable(0, HW));
    }

    @Test
    void h10XenRetargetsToThePcpuThatTheTargetHasLeftAndTheCorrectedRuleLooksAgain() {
        assertStaysBehind(b -> b.enable(0, HW), b -> b.route(0, HW, 1));
    }

    @Test
    void h10XenEndsAMigrationOnThePcpuThatTheTargetHasLeftAndTheCorrectedRuleLooksAgain() {
        assertStaysBehind(
                b -> {
                    b.enable(0, HW);
                    b.pulse(HW);
                    b.irqExit(0);
                    b.ack(0);
                    b.route(1, HW, 1);
                    b.eoi(0, HW);
                    assertThat(b.state(HW)).isEqualTo("INLR,MIGRATING");
                },
                b -> b.sync(0));
    }

    /** vCPU 0 moves from pCPU 0 to pCPU 2; its SPI is taken over by vCPU 1 at every point of that. */
    private static boolean followsAVcpuThatIsNotItsTarget(Variant variant, boolean[] marked) {
        boolean stale = false;
        for (int n = 0; ; n++) {
            Bench b = Bench.of(variant, 3, 4);
            b.enable(0, HW);
            b.move(0, 0, 2);
            b.interpose(0, n, () -> b.route(1, HW, 1));
            b.settle(0);
            if (b.withdraw(0)) {
                return stale;
            }
            if (b.physicalTarget(HW) != 1) {
                stale = true;
                assertThat(b.marked(Quirk.H10, HW)).as("point %d", n).isTrue();
            }
            marked[0] |= b.marked(Quirk.H10, HW);
        }
    }

    @Test
    void h10XenLetsAnSpiFollowAVcpuThatIsNoLongerItsTargetAndTheCorrectedRuleLooksAgain() {
        boolean[] marked = new boolean[1];
        assertThat(followsAVcpuThatIsNotItsTarget(Variant.xen(), marked)).isTrue();
        assertThat(marked[0]).isTrue();
        marked[0] = false;
        assertThat(followsAVcpuThatIsNotItsTarget(Variant.allFixed(), marked)).isFalse();
        assertThat(marked[0]).isFalse();
    }

    @Test
    void c1XenTakesTheHostGicLockWithInterruptsOpenWhenAVcpuMoves() {
        assertThat(takesTheHostGicLockOpen(Variant.xen())).isTrue();
        assertThat(takesTheHostGicLockOpen(Variant.xen().with(Quirk.C1, true))).isFalse();
        assertThat(takesTheHostGicLockOpen(Variant.allFixed())).isFalse();
    }

    /** Whether interrupts are open anywhere while a vCPU moves and its pCPU holds the host GIC's lock. */
    private static boolean takesTheHostGicLockOpen(Variant variant) {
        boolean met = false;
        boolean open = false;
        for (int n = 0; ; n++) {
            Bench b = Bench.of(variant);
            b.enable(0, HW);
            b.move(0, 0, 1);
            boolean[] seen = new boolean[2];
            b.interposeUnder(0, n, () -> {
                HeldLocks held = b.cpus[0].held();
                for (int i = 0; i < held.depth(); i++) {
                    seen[0] |= held.classAt(i) == LockClass.HOST_GIC;
                }
                seen[1] = seen[0] && !b.cpus[0].isIrqMasked();
            });
            b.settle(0);
            assertThat(b.physicalTarget(HW)).isEqualTo(1);
            met |= seen[0];
            open |= seen[1];
            if (b.withdraw(0)) {
                assertThat(met).isTrue();
                assertThat(b.marks.hits(Quirk.C1) > 0).isEqualTo(open);
                return open;
            }
        }
    }

    @Test
    void correctedRulesMarkNothing() {
        Bench b = moveInThreeWrites(Variant.allFixed());
        for (Quirk q : Quirk.values()) {
            assertThat(b.marks.hits(q)).as("%s", q).isZero();
        }
    }
}

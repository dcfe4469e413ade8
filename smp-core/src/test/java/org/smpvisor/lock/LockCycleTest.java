package org.smpvisor.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.lock.LockCycle.Standing.ACCEPTED;
import static org.smpvisor.lock.LockCycle.Standing.DEADLOCK;
import static org.smpvisor.lock.LockCycle.Standing.GATED;
import static org.smpvisor.lock.LockCycle.Standing.READERS;
import static org.smpvisor.lock.LockCycle.Standing.SAME_CPU;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockViolation.Rule;

/**
 * Shapes that need more than one path to be wrong, in the manner of lockdep's self-test: A, B and C are locks whose declared
 * order is A, B, C. Each path is walked once and alone; nobody ever waits. Interrupts are masked at first.
 */
class LockCycleTest {
    private final BarePcpus pcpus = new BarePcpus(3);
    private final Pcpu x = pcpus.cpus[0];
    private final Pcpu y = pcpus.cpus[1];
    private final Pcpu z = pcpus.cpus[2];
    private final SpinLock a = new SpinLock(LockClass.RANK, "A", 0);
    private final SpinLock b = new SpinLock(LockClass.DESC, "B", 0);
    private final SpinLock c = new SpinLock(LockClass.VGIC_CPU, "C", 0);
    private final SpinLock d = new SpinLock(LockClass.HOST_GIC, "D", 0);
    private final SpinLock call = new SpinLock(LockClass.CALL, "call_lock", 0);
    private final SpinLock dist = new SpinLock(LockClass.DIST, "dist", 0);

    private void path(Pcpu cpu, SpinLock... locks) {
        for (SpinLock l : locks) {
            l.lock(cpu);
        }
        for (int i = locks.length - 1; i >= 0; i--) {
            locks[i].unlock(cpu);
        }
    }

    private void inInterrupt(Pcpu cpu, SpinLock... locks) {
        int context = cpu.irqEnter();
        path(cpu, locks);
        cpu.irqExit(context);
    }

    private void open(Pcpu cpu, SpinLock... locks) {
        cpu.localIrqEnable();
        path(cpu, locks);
        cpu.localIrqDisable();
    }

    private List<Rule> rules() {
        return pcpus.validator.violations().stream().map(LockViolation::rule).toList();
    }

    private LockViolation last() {
        List<LockViolation> all = pcpus.validator.violations();
        return all.get(all.size() - 1);
    }

    private List<LockCycle.Standing> standings() {
        return pcpus.validator.cycles().stream().map(LockCycle::standing).toList();
    }

    @Nested
    class Nesting {
        @Test
        void abbaIsACircleOfTwo() {
            path(x, b, c);
            path(y, c, b);
            assertThat(rules()).containsExactly(Rule.ORDER, Rule.CYCLE);
            assertThat(last().cycle().classes()).containsExactly(LockClass.VGIC_CPU, LockClass.DESC);
            assertThat(last().cycle().instances()).containsExactly("C", "B");
            assertThat(last().cycle().closesOnInstances()).isTrue();
            assertThat(last().here()).contains("LockCycleTest");
            assertThat(last().there()).as("the other half").contains("DESC -> VGIC_CPU", "LockCycleTest");
        }

        @Test
        void baabIsTheSameWhenTheWrongHalfComesFirst() {
            path(y, c, b);
            assertThat(last().text()).contains("the other way round has not been seen");
            path(x, b, c);
            assertThat(rules()).containsExactly(Rule.ORDER, Rule.CYCLE);
        }

        @Test
        void anOrderReportHasTheOtherHalfIfItWasSeen() {
            path(x, b, c);
            path(y, c, b);
            LockViolation order = pcpus.validator.violations().get(0);
            assertThat(order.rule()).isEqualTo(Rule.ORDER);
            assertThat(order.there()).contains("DESC -> VGIC_CPU: B is held, C is wanted here, on cpu0");
        }

        @Test
        void abbccaIsACircleOfThree() {
            SpinLock v = c;
            path(x, b, v);
            path(y, v, d);
            path(z, d, b);
            assertThat(rules()).contains(Rule.ORDER, Rule.CYCLE);
            assertThat(pcpus.validator.cycles())
                    .anySatisfy(o -> assertThat(o.classes())
                            .containsExactly(LockClass.HOST_GIC, LockClass.DESC, LockClass.VGIC_CPU));
        }

        @Test
        void abbccddaIsACircleOfFour() {
            path(x, a, b);
            path(y, b, c);
            path(z, c, d);
            path(x, d, a);
            assertThat(rules()).containsExactly(Rule.ORDER, Rule.CYCLE);
            assertThat(last().cycle().edges()).hasSize(4);
            assertThat(last().there()).contains("RANK -> DESC", "DESC -> VGIC_CPU", "VGIC_CPU -> HOST_GIC");
        }

        @Test
        void aTryLockStartsNoEdgeButWhatIsTakenInsideOfItDoes() {
            path(x, b, c);
            c.lock(y);
            assertThat(b.tryLock(y)).isTrue();
            b.unlock(y);
            c.unlock(y);
            assertThat(rules()).as("the try waits for nobody").isEmpty();
            assertThat(c.tryLock(y)).isTrue();
            path(y, b);
            c.unlock(y);
            assertThat(rules()).containsExactly(Rule.ORDER, Rule.CYCLE);
        }

        @Test
        void oneCircleIsReportedOnce() {
            for (Pcpu cpu : pcpus.cpus) {
                path(cpu, b, c);
                path(cpu, c, b);
            }
            assertThat(rules()).containsExactly(Rule.ORDER, Rule.CYCLE);
        }

        @Test
        void theAcceptedInversionMakesACircleThatIsShownAndIsNoViolation() {
            path(x, a, b);
            path(y, b, a);
            assertThat(rules()).isEmpty();
            assertThat(standings()).containsExactly(ACCEPTED);
            assertThat(pcpus.validator.cycles().get(0).reason()).contains("gic_route_irq_to_guest");
        }

        @Test
        void aCircleUnderACommonOuterLockIsGated() {
            path(x, dist, b, c);
            path(y, dist, c, b);
            assertThat(rules()).as("the order is broken all the same").containsOnly(Rule.ORDER);
            assertThat(standings()).contains(GATED).doesNotContain(DEADLOCK);
            assertThat(pcpus.validator.cycles())
                    .anySatisfy(o -> assertThat(o.reason()).contains("dist"));
        }

        @Test
        void aGateThatIsMissingOnceIsNone() {
            path(x, dist, b, c);
            path(y, dist, c, b);
            path(x, b, c);
            assertThat(rules()).as("one half has the gate and the other not").contains(Rule.CYCLE);
        }

        @Test
        void aGateOfAnotherInstanceIsNoneThoughTheChainIsKnown() {
            path(x, dist, b, c);
            path(y, dist, c, b);
            assertThat(standings()).doesNotContain(DEADLOCK);
            path(x, new SpinLock(LockClass.DIST, "other", 1), b, c);
            assertThat(standings()).contains(DEADLOCK);
        }

        @Test
        void aCircleOfOnePcpuIsShownApartUntilAnotherJoins() {
            path(x, b, c);
            path(x, c, b);
            assertThat(rules()).containsExactly(Rule.ORDER);
            assertThat(standings()).containsExactly(SAME_CPU);
            path(y, b, c);
            assertThat(rules()).containsExactly(Rule.ORDER, Rule.CYCLE);
        }

        @Test
        void locksOfOneClassInDeclaredOrderMakeNoCircle() {
            SpinLock a1 = new SpinLock(LockClass.RANK, "A1", 1);
            path(x, a, a1);
            path(y, a, b);
            path(y, a1, b);
            assertThat(pcpus.validator.cycles()).isEmpty();
        }

        @Test
        void aKnownChainIsJudgedByItsInstances() {
            SpinLock a1 = new SpinLock(LockClass.RANK, "A1", 1);
            path(x, a, a1);
            path(x, a, a1);
            assertThat(rules()).isEmpty();
            path(x, a1, a);
            assertThat(rules()).containsExactly(Rule.NESTING);
        }

        @Test
        void equalPositionsAreNotAscending() {
            path(x, a, new SpinLock(LockClass.RANK, "A of another domain", 0));
            assertThat(rules()).containsExactly(Rule.NESTING);
        }
    }

    @Nested
    class Readers {
        private final RwLock io = new RwLock(LockClass.IO, "IO");

        @Test
        void readingAgainIsRecursionSinceAWriterMayHaveQueued() {
            io.readLock(x);
            io.readLock(x);
            assertThat(rules()).containsExactly(Rule.RECURSION);
            assertThat(last().text()).contains("a writer may have queued");
        }

        @Test
        void readingAgainIsRecursionAlsoWithAnotherLockBetween() {
            io.readLock(x);
            new SpinLock(LockClass.CONSOLE, "console", 0).lock(x);
            io.readLock(x);
            assertThat(rules()).contains(Rule.RECURSION);
        }

        @Test
        void theOwnerOfTheWriteSideMayRead() {
            io.writeLock(x);
            io.readLock(x);
            io.readUnlock(x);
            io.writeUnlock(x);
            assertThat(rules()).isEmpty();
        }

        @Test
        void tryingToReadAgainIsLegal() {
            io.readLock(x);
            assertThat(io.tryReadLock(x)).isTrue();
            io.readUnlock(x);
            io.readUnlock(x);
            assertThat(rules()).isEmpty();
        }

        @Test
        void readersOnlyMakeAWeakCircle() {
            readThen(x, c);
            lockThenRead(y, c);
            assertThat(rules()).as("the order is broken").containsOnly(Rule.ORDER);
            assertThat(standings()).containsOnly(READERS);
        }

        @Test
        void aWriterMakesItStrong() {
            readThen(x, c);
            lockThenRead(y, c);
            io.writeLock(z);
            io.writeUnlock(z);
            assertThat(rules()).contains(Rule.CYCLE);
        }

        @Test
        void aWriterInTheCircleIsStrongAtOnce() {
            readThen(x, c);
            c.lock(y);
            io.writeLock(y);
            io.writeUnlock(y);
            c.unlock(y);
            assertThat(rules()).contains(Rule.CYCLE);
        }

        @Test
        void releasingTheOtherSideIsWrong() {
            io.readLock(x);
            io.writeUnlock(x);
            assertThat(rules()).containsExactly(Rule.WRONG_CPU);
        }

        @Test
        void twoOfAClassThatNeverNestsAreReportedForReadersToo() {
            io.readLock(x);
            new RwLock(LockClass.IO, "IO2", 1).readLock(x);
            assertThat(rules()).containsExactly(Rule.NESTING);
        }

        @Test
        void readInAnInterruptAndReadOpenIsHarmlessUntilSomebodyWrites() {
            int context = x.irqEnter();
            io.readLock(x);
            io.readUnlock(x);
            x.irqExit(context);
            y.localIrqEnable();
            io.readLock(y);
            io.readUnlock(y);
            assertThat(rules()).isEmpty();
            assertThat(standings()).containsExactly(READERS);
            y.localIrqDisable();
            io.writeLock(z);
            io.writeUnlock(z);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
        }

        @Test
        void writtenOpenAndReadInAnInterruptIsUnsafe() {
            y.localIrqEnable();
            io.writeLock(y);
            io.writeUnlock(y);
            int context = x.irqEnter();
            io.readLock(x);
            io.readUnlock(x);
            x.irqExit(context);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
        }

        private void readThen(Pcpu cpu, SpinLock l) {
            io.readLock(cpu);
            path(cpu, l);
            io.readUnlock(cpu);
        }

        private void lockThenRead(Pcpu cpu, SpinLock l) {
            l.lock(cpu);
            io.readLock(cpu);
            io.readUnlock(cpu);
            l.unlock(cpu);
        }
    }

    @Nested
    class ThroughAnInterrupt {
        @Test
        void whatAnInterruptWaitsForMayLeadToWhatItInterrupted() {
            open(x, d); // C1 and C2 are of this shape
            inInterrupt(y, b);
            assertThat(rules()).isEmpty();
            path(z, b, d);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
            assertThat(last().lock()).isEqualTo(LockClass.HOST_GIC);
            assertThat(last().other()).isEqualTo(LockClass.DESC);
            assertThat(last().text()).startsWith("HOST_GIC (gicv3.lock)");
            assertThat(last().cycle().path()).contains("HOST_GIC ~irq~> DESC", "DESC -> HOST_GIC");
            assertThat(last().there()).contains("held here", "wanted here");
        }

        @Test
        void theChainMayBeLong() {
            open(x, d);
            inInterrupt(y, b);
            path(z, b, c);
            assertThat(rules()).isEmpty();
            path(z, c, d);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
            assertThat(last().cycle().edges()).hasSize(3);
        }

        @Test
        void theHalvesMayComeInAnyOrder() {
            path(z, b, d);
            inInterrupt(y, b);
            open(x, d);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
        }

        @Test
        void aLockTakenInAnInterruptWithInterruptsOpenCountsForBoth() {
            int context = x.irqEnter();
            x.localIrqEnable();
            d.lock(x);
            d.unlock(x);
            x.localIrqDisable();
            x.irqExit(context);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
        }

        @Test
        void aLockUnderWhichInterruptsAreOpenedIsHeldOpen() {
            inInterrupt(x, d);
            d.lock(y);
            y.localIrqEnable();
            y.localIrqDisable();
            d.unlock(y);
            assertThat(rules()).containsExactly(Rule.IRQ_MODE, Rule.IRQ_SAFETY);
        }

        @Test
        void aTryLockInAnInterruptWaitsForNobody() {
            open(x, d);
            int context = y.irqEnter();
            assertThat(d.tryLock(y)).isTrue();
            d.unlock(y);
            y.irqExit(context);
            assertThat(rules()).isEmpty();
        }

        @Test
        void aTryLockHeldOpenIsHeldAllTheSame() {
            x.localIrqEnable();
            assertThat(d.tryLock(x)).isTrue();
            d.unlock(x);
            inInterrupt(y, d);
            assertThat(rules()).containsExactly(Rule.IRQ_SAFETY);
        }

        @Test
        void openInsideOfMaskedIsNotReached() {
            inInterrupt(x, b);
            open(y, dist);
            path(z, dist, c);
            assertThat(rules()).as("nothing leads from B to dist").isEmpty();
        }

        @Test
        void maskedEverywhereIsSafe() {
            inInterrupt(x, b, c, d);
            path(y, a, b, c, d);
            assertThat(rules()).isEmpty();
        }
    }

    @Nested
    class Rendezvous {
        private void await(Pcpu cpu, Pcpu other, SpinLock... held) {
            for (SpinLock l : held) {
                l.lock(cpu);
            }
            cpu.held().awaitsAcknowledgement(other);
            for (SpinLock l : held) {
                l.unlock(cpu);
            }
        }

        @Test
        void aLockHeldAcrossARendezvousMustNotBeWantedMasked() {
            path(y, d);
            x.localIrqEnable();
            await(x, y, d);
            assertThat(rules()).containsExactly(Rule.RENDEZVOUS);
            assertThat(last().lock()).isEqualTo(LockClass.HOST_GIC);
            assertThat(last().text()).contains("acknowledgement");
            assertThat(last().cycle().edges().get(0).innerLock()).isEqualTo("interrupts of cpu1");
        }

        @Test
        void theMaskedPathMayComeLater() {
            x.localIrqEnable();
            await(x, y, d);
            assertThat(rules()).isEmpty();
            path(y, d);
            assertThat(rules()).containsExactly(Rule.RENDEZVOUS);
        }

        @Test
        void theMaskedPathMayLeadThroughOtherLocks() {
            x.localIrqEnable();
            await(x, y, d);
            z.localIrqEnable();
            int flags = c.lockIrqSave(z);
            c.unlockIrqRestore(z, flags);
            assertThat(rules()).isEmpty();
            c.lock(z);
            d.lock(z);
            d.unlock(z);
            c.unlock(z);
            assertThat(rules()).contains(Rule.RENDEZVOUS);
        }

        @Test
        void waitingMaskedIsWrongByItself() {
            await(x, y);
            assertThat(rules()).containsExactly(Rule.RENDEZVOUS);
        }

        @Test
        void anInterruptThatWaitsForOthersHoldsUpWhatItInterrupted() {
            open(x, d); // C6 is of this shape
            path(y, d);
            assertThat(rules()).isEmpty();
            int context = z.irqEnter();
            z.localIrqEnable();
            await(z, y);
            z.localIrqDisable();
            z.irqExit(context);
            assertThat(rules()).containsExactly(Rule.RENDEZVOUS);
            assertThat(last().cycle().path()).contains("HOST_GIC ~irq~> IRQS_OPEN", "IRQS_OPEN ~ipi~> HOST_GIC");
        }

        @Test
        void theCallLockIsLegal() {
            x.localIrqEnable();
            await(x, y, call);
            await(x, z, call);
            y.localIrqEnable();
            await(y, x, call);
            path(z, a, b, c, d);
            inInterrupt(z, b, c);
            assertThat(rules()).isEmpty();
        }
    }

    @Nested
    class Releasing {
        @Test
        void anInnerLockMustNotOutliveTheMaskOfTheOuter() {
            x.localIrqEnable();
            int outer = b.lockIrqSave(x);
            int inner = c.lockIrqSave(x);
            b.unlockIrqRestore(x, outer);
            assertThat(rules()).containsExactly(Rule.UNLOCK_ORDER);
            assertThat(last().lock()).isEqualTo(LockClass.VGIC_CPU);
            c.unlockIrqRestore(x, inner);
        }

        @Test
        void outOfOrderUnderOneMaskIsLegal() {
            b.lock(x);
            c.lock(x);
            b.unlock(x);
            d.lock(x);
            d.unlock(x);
            c.unlock(x);
            assertThat(rules()).isEmpty();
        }

        @Test
        void restoringAnOpenMaskUnderALockTakenOpenIsLegal() {
            call.lock(x);
            call.unlock(x);
            x.localIrqEnable();
            call.lock(x);
            int flags = d.lockIrqSave(x);
            d.unlockIrqRestore(x, flags);
            call.unlock(x);
            assertThat(rules()).containsOnly(Rule.ORDER);
        }

        @Test
        void anInterruptMustNotReleaseWhatItInterrupted() {
            b.lock(x);
            int context = x.irqEnter();
            b.unlock(x);
            x.irqExit(context);
            assertThat(rules()).containsExactly(Rule.WRONG_CPU);
        }

        @Test
        void whoeverMayBlockHoldsNothing() {
            x.held().assertMayBlock("in the scheduler");
            assertThat(rules()).isEmpty();
            c.lock(x);
            x.held().assertMayBlock("in the scheduler");
            assertThat(rules()).containsExactly(Rule.BLOCKING);
            assertThat(last().text()).isEqualTo("cpu0 may block in the scheduler while it holds C");
        }

        @Test
        void nobodyBlocksInAnInterrupt() {
            int context = x.irqEnter();
            x.held().assertMayBlock("in the scheduler");
            x.irqExit(context);
            assertThat(rules()).containsExactly(Rule.BLOCKING);
        }
    }

    @Nested
    class Cost {
        @Test
        void aKnownPathAllocatesNothingAlsoInsideOneClass() {
            SpinLock a1 = new SpinLock(LockClass.RANK, "A1", 1);
            RwLock io = new RwLock(LockClass.IO, "IO");
            Runnable paths = () -> {
                for (int i = 0; i < 20_000; i++) {
                    io.readLock(x);
                    io.readUnlock(x);
                    a.lock(x);
                    a1.lock(x);
                    b.lock(x);
                    b.unlock(x);
                    a1.unlock(x);
                    a.unlock(x);
                    x.held().awaitsAcknowledgement(y);
                    int context = x.irqEnter();
                    c.lock(x);
                    c.unlock(x);
                    x.irqExit(context);
                }
            };
            paths.run();
            com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            paths.run();
            assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                    .as("bytes for 20,000 rounds; the measurement itself takes some")
                    .isLessThan(10_000);
        }
    }

    @Nested
    class Reports {
        @Test
        void aReportHasBothHalvesTheClosingEdgeAndItsSource() {
            path(x, b, c);
            path(y, c, b);
            String report = LockReport.of(last(), "scenario s, seed 7");
            assertThat(report)
                    .startsWith("CYCLE: the nestings seen make a circle of 2")
                    .contains("seen in scenario s, seed 7")
                    .contains("VGIC_CPU -> DESC, which closed the circle: C is held, B is wanted here, on cpu1")
                    .contains("DESC -> VGIC_CPU: B is held, C is wanted here, on cpu0");
        }

        @Test
        void nestingsAreCountedByContextWhenMeasured() {
            x.held().measure();
            for (int i = 0; i < 10; i++) {
                path(x, b, c);
            }
            inInterrupt(x, b, c);
            LockRecord record = pcpus.validator.record(pcpus.cpus);
            LockEdge edge = record.edges().stream()
                    .filter(e -> e.kind() == LockEdge.Kind.NESTED)
                    .findFirst()
                    .orElseThrow();
            assertThat(edge.counts()).containsEntry(LockContext.MASKED, 10L).containsEntry(LockContext.HARD, 1L);
            LockRecord.Use use = record.uses().get(LockClass.VGIC_CPU.ordinal());
            assertThat(use.acquisitions()).isEqualTo(11);
            assertThat(use.holds().getTotalCount()).isEqualTo(11);
            assertThat(record.plus(record).edges())
                    .anySatisfy(e -> assertThat(e.count()).isEqualTo(2 * edge.count()));
        }
    }
}

package org.smpvisor.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.BytesCell;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockViolation.Rule;

/** Planted wrong shapes, each reported under its own rule, and legal shapes, all silent. Interrupts are masked at first. */
class LockValidatorTest {
    private final BarePcpus b = new BarePcpus(2);
    private final Pcpu cpu = b.cpus[0];
    private final Pcpu other = b.cpus[1];
    private final SpinLock rank0 = new SpinLock(LockClass.RANK, "rank0", 0);
    private final SpinLock rank1 = new SpinLock(LockClass.RANK, "rank1", 1);
    private final SpinLock desc = new SpinLock(LockClass.DESC, "irq33.lock", 33);
    private final SpinLock v = new SpinLock(LockClass.VGIC_CPU, "d1v0.vgic.lock", 0);
    private final SpinLock v1 = new SpinLock(LockClass.VGIC_CPU, "d1v1.vgic.lock", 1);
    private final SpinLock g = new SpinLock(LockClass.HOST_GIC, "gicv3.lock", 0);
    private final SpinLock s0 = new SpinLock(LockClass.SCHEDULE, "cpu0.schedule_lock", 0);
    private final SpinLock s1 = new SpinLock(LockClass.SCHEDULE, "cpu1.schedule_lock", 1);

    private List<Rule> rules() {
        return b.validator.violations().stream().map(LockViolation::rule).toList();
    }

    private LockViolation only() {
        assertThat(b.validator.violations()).hasSize(1);
        return b.validator.violations().get(0);
    }

    @Nested
    class Wrong {
        @Test
        void aLockTakenTwiceIsRecursion() {
            Thread t = BarePcpus.start(() -> {
                v.lock(cpu);
                v.lock(cpu);
            });
            BarePcpus.await(() -> b.validator.count() > 0);
            b.engine.stop();
            BarePcpus.join(t);
            assertThat(only().rule()).isEqualTo(Rule.RECURSION);
            assertThat(only().text()).contains("cpu0 acquires d1v0.vgic.lock, which it holds already");
        }

        @Test
        void recursionIsReportedAlsoOnAPathThatIsKnown() {
            v.lock(cpu);
            v.unlock(cpu);
            v1.lock(cpu);
            v1.unlock(cpu);
            aLockTakenTwiceIsRecursion();
        }

        @Test
        void aReadWriteLockWrittenTwiceIsRecursion() {
            RwLock io = new RwLock(LockClass.IO, "io");
            Thread t = BarePcpus.start(() -> {
                io.writeLock(cpu);
                io.writeLock(cpu);
            });
            BarePcpus.await(() -> b.validator.count() > 0);
            b.engine.stop();
            BarePcpus.join(t);
            assertThat(only().rule()).isEqualTo(Rule.RECURSION);
        }

        @Test
        void aClassTakenInsideOneThatMustNotContainItBreaksTheOrder() {
            v.lock(cpu);
            rank0.lock(cpu);
            assertThat(only().rule()).isEqualTo(Rule.ORDER);
            assertThat(only().lock()).isEqualTo(LockClass.RANK);
            assertThat(only().other()).isEqualTo(LockClass.VGIC_CPU);
            assertThat(only().text()).contains("VGIC_CPU -> RANK");
        }

        @Test
        void theOrderIsCheckedAgainstEveryLockHeldNotOnlyTheLast() {
            desc.lock(cpu);
            v.lock(cpu);
            s0.lock(cpu);
            assertThat(rules()).containsExactly(Rule.ORDER);
            assertThat(only().other())
                    .as("DESC -> SCHEDULE is legal, VGIC_CPU -> SCHEDULE is not")
                    .isEqualTo(LockClass.VGIC_CPU);
        }

        @Test
        void oneViolationIsReportedOncePerPair() {
            for (int i = 0; i < 3; i++) {
                v.lock(cpu);
                rank0.lock(cpu);
                rank0.unlock(cpu);
                v.unlock(cpu);
            }
            assertThat(rules()).containsExactly(Rule.ORDER);
        }

        @Test
        void twoVgicLocksOfOneClassAreNeverNested() {
            v.lock(cpu);
            v1.lock(cpu);
            assertThat(only().rule()).isEqualTo(Rule.NESTING);
            assertThat(only().text()).contains("never allowed");
        }

        @Test
        void ranksInDescendingOrderBreakTheNesting() {
            rank1.lock(cpu);
            rank0.lock(cpu);
            assertThat(only().rule()).isEqualTo(Rule.NESTING);
            assertThat(only().text()).contains("ascending order of INDEX");
        }

        @Test
        void runQueuesInDescendingOrderBreakTheNesting() {
            s1.lock(cpu);
            s0.lock(cpu);
            assertThat(only().rule()).isEqualTo(Rule.NESTING);
        }

        @Test
        void aClassTakenInAnInterruptAndWithInterruptsOpenIsUnsafe() {
            int context = cpu.irqEnter();
            g.lock(cpu);
            g.unlock(cpu);
            cpu.irqExit(context);
            assertThat(rules()).isEmpty();
            other.localIrqEnable();
            g.lock(other);
            g.unlock(other);
            assertThat(only().rule()).isEqualTo(Rule.IRQ_SAFETY);
            assertThat(only().there()).as("the stack of the other half").isNotBlank();
            assertThat(only().here()).isNotBlank();
        }

        @Test
        void theOrderOfTheTwoHalvesDoesNotMatter() {
            cpu.localIrqEnable();
            g.lock(cpu);
            g.unlock(cpu);
            cpu.localIrqDisable();
            int context = cpu.irqEnter();
            g.lock(cpu);
            g.unlock(cpu);
            cpu.irqExit(context);
            assertThat(only().rule()).isEqualTo(Rule.IRQ_SAFETY);
        }

        @Test
        void theIrqFormUnderAMaskIsAWrongMode() {
            v.lockIrq(cpu);
            assertThat(only().rule()).isEqualTo(Rule.IRQ_MODE);
            assertThat(only().lock()).isEqualTo(LockClass.VGIC_CPU);
        }

        @Test
        void aReleaseByAnotherPcpuIsReported() {
            v.lock(cpu);
            v.unlock(other);
            assertThat(rules()).containsOnly(Rule.WRONG_CPU);
            assertThat(b.validator.violations().get(0).text())
                    .isEqualTo("cpu1 releases d1v0.vgic.lock, which is held by cpu0");
        }

        @Test
        void aReleaseOfALockThatNobodyHoldsIsReported() {
            v.unlock(cpu);
            assertThat(rules()).containsOnly(Rule.WRONG_CPU);
        }

        @Test
        void aReadReleaseWithoutAReadLockIsReported() {
            new RwLock(LockClass.IO, "io").readUnlock(cpu);
            assertThat(rules()).containsOnly(Rule.WRONG_CPU);
        }

        @Test
        void aLockHeldAtGuestEntryIsALeak() {
            v.lock(cpu);
            cpu.held().assertNoneHeld("at guest entry");
            assertThat(only().rule()).isEqualTo(Rule.LEAK);
            assertThat(only().text()).isEqualTo("cpu0 still holds d1v0.vgic.lock at guest entry");
        }

        @Test
        void aLockHeldAtTheEndOfAnInterruptIsALeak() {
            int context = cpu.irqEnter();
            v.lock(cpu);
            cpu.irqExit(context);
            assertThat(only().rule()).isEqualTo(Rule.LEAK);
        }

        @Test
        void aGuardedCellTouchedWithoutItsLockIsReported() {
            IntCell i = new IntCell("ienable", rank0, 0);
            i.getGuarded(cpu);
            assertThat(only().rule()).isEqualTo(Rule.GUARD);
            assertThat(only().text()).contains("ienable").contains("rank0");
        }

        @Test
        void everyKindOfGuardedAccessIsChecked() {
            rank0.lock(other); // somebody holds it, but not the one who touches the cell
            List<Runnable> accesses = List.of(
                    () -> new IntCell("c", rank0, 0).setGuarded(cpu, 1),
                    () -> new RefCell<String>("c", rank0).getGuarded(cpu),
                    () -> new RefCell<String>("c", rank0).setGuarded(cpu, ""),
                    () -> new BytesCell("c", rank0).setGuarded(cpu, 0, 1),
                    () -> new BytesCell("c", rank0).getWordGuarded(cpu, 0),
                    () -> new BytesCell("c", rank0).setWordGuarded(cpu, 0, 1));
            for (Runnable r : accesses) {
                LockValidatorTest fresh = new LockValidatorTest();
                assertThat(fresh.rules()).isEmpty();
                int before = b.validator.count();
                r.run();
                assertThat(rules()).containsOnly(Rule.GUARD);
                assertThat(b.validator.count()).as("once per class").isEqualTo(Math.max(1, before));
            }
        }
    }

    @Nested
    class Legal {
        @Test
        void declaredAndComposedOrdersAreSilent() {
            rank0.lock(cpu);
            desc.lock(cpu);
            v.lock(cpu);
            g.lock(cpu);
            g.unlock(cpu);
            v.unlock(cpu);
            s0.lock(cpu);
            s1.lock(cpu);
            s1.unlock(cpu);
            s0.unlock(cpu);
            desc.unlock(cpu);
            rank0.unlock(cpu);
            assertThat(rules()).isEmpty();
            assertThat(b.validator.edges())
                    .contains("RANK->DESC", "RANK->VGIC_CPU", "DESC->VGIC_CPU", "VGIC_CPU->HOST_GIC", "RANK->HOST_GIC");
        }

        @Test
        void ranksInAscendingOrderAreSilent() {
            rank0.lock(cpu);
            rank1.lock(cpu);
            assertThat(rules()).isEmpty();
        }

        @Test
        void theAcceptedInversionIsSilent() {
            desc.lock(cpu);
            rank0.lock(cpu);
            assertThat(rules()).isEmpty();
        }

        @Test
        void aTryLockMayGoAgainstTheOrder() {
            v.lock(cpu);
            assertThat(rank0.tryLock(cpu)).isTrue();
            assertThat(rules()).isEmpty();
        }

        @Test
        void locksMayBeReleasedInAnyOrder() {
            rank0.lock(cpu);
            v.lock(cpu);
            rank0.unlock(cpu);
            g.lock(cpu);
            g.unlock(cpu);
            v.unlock(cpu);
            assertThat(rules()).isEmpty();
            assertThat(cpu.held().depth()).isZero();
            assertThat(cpu.held().describe()).isEqualTo("nothing");
        }

        @Test
        void anInterruptHasAStackOfItsOwn() {
            v.lock(cpu);
            int context = cpu.irqEnter();
            desc.lock(cpu);
            v1.lock(cpu);
            v1.unlock(cpu);
            desc.unlock(cpu);
            cpu.irqExit(context);
            assertThat(rules()).isEmpty();
            assertThat(cpu.held().describe()).isEqualTo("d1v0.vgic.lock");
            v.unlock(cpu);
            cpu.held().assertNoneHeld("at guest entry");
            assertThat(rules()).isEmpty();
        }

        @Test
        void theOrderIsStillCheckedAfterAnInterrupt() {
            v.lock(cpu);
            int context = cpu.irqEnter();
            desc.lock(cpu);
            desc.unlock(cpu);
            cpu.irqExit(context);
            rank0.lock(cpu);
            assertThat(rules()).containsExactly(Rule.ORDER);
        }

        @Test
        void aClassTakenWithInterruptsOpenAndMaskedButNeverInAnInterruptIsSilent() {
            SpinLock io = new SpinLock(LockClass.LOCAL_TYPE, "local_irqs_type_lock", 0);
            io.lock(cpu);
            io.unlock(cpu);
            cpu.localIrqEnable();
            io.lock(cpu);
            io.unlock(cpu);
            assertThat(rules()).isEmpty();
        }

        @Test
        void aClassTakenInAnInterruptAndMaskedElsewhereIsSilent() {
            int context = cpu.irqEnter();
            v.lock(cpu);
            v.unlock(cpu);
            cpu.irqExit(context);
            other.localIrqEnable();
            int flags = v.lockIrqSave(other);
            v.unlockIrqRestore(other, flags);
            assertThat(rules()).isEmpty();
        }

        @Test
        void aGuardedCellUnderItsLockIsSilent() {
            IntCell i = new IntCell("ienable", rank0, 0);
            rank0.lock(cpu);
            i.setGuarded(cpu, 5);
            assertThat(i.getGuarded(cpu)).isEqualTo(5);
            assertThat(rules()).isEmpty();
        }

        @Test
        void readersOnDifferentPcpusAreSilent() {
            RwLock io = new RwLock(LockClass.IO, "io");
            io.readLock(cpu);
            io.readLock(other);
            io.readUnlock(other);
            io.readUnlock(cpu);
            assertThat(rules()).isEmpty();
        }

        @Test
        void aValidatorThatIsOffReportsNothing() {
            LockValidator off = new LockValidator(false);
            Pcpu p = new Pcpu(0, 0, 1, b.engine, off, new org.smpvisor.trace.EventRing("x", 0, b.engine));
            v.lock(p);
            rank0.lock(p);
            assertThat(off.violations()).isEmpty();
            assertThat(p.held().depth()).as("what is held is still known").isEqualTo(2);
        }
    }
}

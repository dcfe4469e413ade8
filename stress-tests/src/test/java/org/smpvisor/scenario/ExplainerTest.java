package org.smpvisor.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

class ExplainerTest {
    private final Marks marks = new Marks(3);
    private final Explainer explainer = new Explainer(marks);
    private final Pcpu cpu =
            new Machine(MachineSpec.of(MachineDescription.qemuVirt().withCpus(1), Variant.xen())).pcpu(0);

    private static Violation violation(Violation.Kind kind, int domain, int vcpu, int intid) {
        return new Violation(kind, domain, intid, vcpu, "text", List.of());
    }

    @Test
    void aViolationIsExplainedOnTheVeryInterruptWhoseWindowWasReachedAndOnNoOther() {
        marks.reached(cpu, Quirk.H3, 1, -1, 40);

        for (Violation.Kind kind : List.of(
                Violation.Kind.LOST,
                Violation.Kind.DUPLICATED,
                Violation.Kind.WRONG_TARGET,
                Violation.Kind.LEFT_BEHIND,
                Violation.Kind.INCONSISTENT,
                Violation.Kind.CORRUPTED)) {
            assertThat(explainer.explain(violation(kind, 1, 0, 40)))
                    .as("%s", kind)
                    .isEqualTo(Quirk.H3);
            assertThat(explainer.explain(violation(kind, 1, 0, 41)))
                    .as("%s", kind)
                    .isNull();
            assertThat(explainer.explain(violation(kind, 2, 0, 40)))
                    .as("%s", kind)
                    .isNull();
            assertThat(explainer.explain(violation(kind, 1, 0, -1)))
                    .as("%s", kind)
                    .isNull();
        }
    }

    @Test
    void aListFoundBrokenFarFromTheBreakIsExplainedByWhatBrokeOneOfThatDomain() {
        assertThat(explainer.explainBrokenList(1)).isNull();

        marks.reached(cpu, Quirk.H3, 1, -1, 69);

        assertThat(explainer.explainBrokenList(1)).isEqualTo(Quirk.H3);
        assertThat(explainer.explainBrokenList(2)).isNull();
        assertThat(explainer.explain(violation(Violation.Kind.CORRUPTED, 1, 0, 10)))
                .isNull();
    }

    @Test
    void whatH25TakesAwayIsAskedWhenADomainEndsAndNotBefore() {
        marks.reached(cpu, Quirk.H25, 1, -1, 48);

        assertThat(explainer.explain(violation(Violation.Kind.LEFT_ACTIVE, 1, -1, 48)))
                .isEqualTo(Quirk.H25);
        assertThat(explainer.explain(violation(Violation.Kind.LOST, 1, 0, 48))).isNull();
    }

    @Test
    void anSgiIsExplainedForTheVcpuWhoseSgiWasMarked() {
        marks.affect(1, 2, 4, Marks.bit(Quirk.H3));

        assertThat(explainer.explain(violation(Violation.Kind.LOST, 1, 2, 4))).isEqualTo(Quirk.H3);
        assertThat(explainer.explain(violation(Violation.Kind.LOST, 1, 1, 4))).isNull();
        assertThat(explainer.explain(violation(Violation.Kind.LOST, 1, -1, 4))).isNull();
    }

    @Test
    void aWindowThatCannotHaveTheEffectExplainsNothing() {
        marks.reached(cpu, Quirk.H12, 1, -1, 40);
        marks.reached(cpu, Quirk.H28, 1, -1, 40);
        marks.reached(cpu, Quirk.SV1, 1, -1, 40);

        assertThat(explainer.explain(violation(Violation.Kind.CORRUPTED, 1, 0, 40)))
                .isNull();
        assertThat(explainer.explain(violation(Violation.Kind.DUPLICATED, 1, 0, 40)))
                .isNull();
    }

    private static Watchdog.Hang hang(Watchdog.Blocker... circle) {
        return new Watchdog.Hang(List.of(circle), "cpu0 (in an interrupt) waits for gicv3.lock", "");
    }

    @Test
    void aDeadlockIsExplainedOnlyIfAPcpuOfTheCircleWasInterruptedInTheWindowOfC1() {
        Watchdog.Blocker other = new Watchdog.Blocker(1, false, LockClass.VGIC_CPU);
        Watchdog.Blocker interrupted = new Watchdog.Blocker(0, true, LockClass.HOST_GIC);
        assertThat(explainer.explain(hang(interrupted, other)))
                .as("not in the window")
                .isNull();

        marks.enter(cpu, Quirk.C1);
        assertThat(explainer.explain(hang(interrupted, other))).isEqualTo(Quirk.C1);
        assertThat(explainer.explain(hang(new Watchdog.Blocker(0, false, LockClass.HOST_GIC), other)))
                .as("not interrupted")
                .isNull();
        assertThat(explainer.explain(hang(new Watchdog.Blocker(0, true, LockClass.RANK), other)))
                .as("another lock")
                .isNull();
        assertThat(explainer.explain(hang(new Watchdog.Blocker(1, true, LockClass.HOST_GIC), other)))
                .as("another pCPU")
                .isNull();

        marks.leave(cpu, Quirk.C1);
        assertThat(explainer.explain(hang(interrupted, other))).isNull();
    }

    @Test
    void aBrokenLockRuleIsExplainedOnlyWhereXenTakesTheLockWithInterruptsOpen() {
        marks.enter(cpu, Quirk.C1);
        String known = "    at vgic.rank.RankVgic.moveIrqs:1\n";
        String other = "    at vgic.rank.RankVgic.enableIrqs:1\n";

        assertThat(explainer.explain(locking(LockClass.HOST_GIC, known))).isEqualTo(Quirk.C1);
        assertThat(explainer.explain(locking(LockClass.HOST_GIC, other))).isNull();
        assertThat(explainer.explain(locking(LockClass.RANK, known))).isNull();
    }

    private static LockViolation locking(LockClass lock, String open) {
        return new LockViolation(LockViolation.Rule.IRQ_SAFETY, lock, LockClass.DESC, "text", "here", open, null);
    }
}

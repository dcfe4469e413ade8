package org.smpvisor.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.lock.XenEdge;
import org.smpvisor.trace.EventRing;

/** Nestings that were seen, set against the table, and what follows for the verdict. */
class LockStudyTest {
    private final LockValidator validator = new LockValidator(true);
    private final NativeEngine engine = new NativeEngine(1);
    private final Pcpu cpu = new Pcpu(0, 0, 1, engine, validator, new EventRing("cpu0", 0, engine));
    private final SpinLock dist = new SpinLock(LockClass.DIST, "D", 0);
    private final SpinLock rank = new SpinLock(LockClass.RANK, "R", 0);
    private final SpinLock desc = new SpinLock(LockClass.DESC, "I", 0);
    private final SpinLock vgic = new SpinLock(LockClass.VGIC_CPU, "V", 0);
    private final SpinLock gic = new SpinLock(LockClass.HOST_GIC, "G", 0);
    private final SpinLock timers = new SpinLock(LockClass.TIMERS, "T", 0);

    private void path(SpinLock... locks) {
        for (SpinLock l : locks) {
            l.lock(cpu);
        }
        for (int i = locks.length - 1; i >= 0; i--) {
            locks[i].unlock(cpu);
        }
    }

    private LockStudy study() {
        LockStudy.Run run = new LockStudy.Run("test", 1, 7, 0, "clean", false, "");
        return new LockStudy(List.of(run), validator.record(cpu), Map.of(), Map.of());
    }

    private LockStudy.Pair pair(LockClass o, LockClass i) {
        return study().pairs().stream()
                .filter(p -> p.outer() == o && p.inner() == i)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aRowThatIsAloneBetweenItsLocksIsSeenWhoeverTakesThem() {
        path(rank, desc);
        assertThat(study().state(XenEdge.E5)).isEqualTo(LockStudy.RowState.SEEN);
        assertThat(pair(LockClass.RANK, LockClass.DESC).rows()).containsExactly(XenEdge.E5);
        assertThat(study().failed()).isFalse();
    }

    @Test
    void rowsBetweenTheSameLocksAreToldApartByFunctions() {
        path(vgic, gic);
        assertThat(study().state(XenEdge.E10)).as("below no function of Xen's").isEqualTo(LockStudy.RowState.NOT_SEEN);
        assertThat(pair(LockClass.VGIC_CPU, LockClass.HOST_GIC).standing()).isEqualTo(LockStudy.Standing.IN_TABLE);
    }

    @Test
    void whatTheModelHasNotIsNotMissed() {
        assertThat(study().state(XenEdge.E13)).isEqualTo(LockStudy.RowState.NOT_MODELLED);
        assertThat(study().state(XenEdge.E7)).isEqualTo(LockStudy.RowState.NOT_SEEN);
    }

    @Test
    void aNestingWithAnotherLockBetweenIsAComposition() {
        path(dist, vgic, gic);
        LockStudy.Pair p = pair(LockClass.DIST, LockClass.HOST_GIC);
        assertThat(p.standing()).isEqualTo(LockStudy.Standing.COMPOSED);
        assertThat(p.rows()).hasSize(2).startsWith(XenEdge.E1);
        assertThat(study().failed()).isFalse();
    }

    @Test
    void aNestingThatXenDoesNotMakeFailsThoughTheOrderAllowsIt() {
        path(dist, timers);
        assertThat(pair(LockClass.DIST, LockClass.TIMERS).standing()).isEqualTo(LockStudy.Standing.NOT_IN_TABLE);
        assertThat(study().failed()).isTrue();
    }

    @Test
    void aNestingThatXenNeverMakesIsForbiddenThoughTheOrderAllowsIt() {
        path(dist, rank);
        assertThat(pair(LockClass.DIST, LockClass.RANK).standing()).isEqualTo(LockStudy.Standing.FORBIDDEN);
        assertThat(validator.violations()).isEmpty();
        assertThat(new LockText(study()).conclusion()).contains("1 nesting(s) that Xen does not make");
    }

    @Test
    void aClassThatNestsInItsOrderIsLegal() {
        SpinLock s0 = new SpinLock(LockClass.SCHEDULE, "S0", 0);
        path(s0, new SpinLock(LockClass.SCHEDULE, "S1", 1));
        assertThat(pair(LockClass.SCHEDULE, LockClass.SCHEDULE).standing()).isEqualTo(LockStudy.Standing.ORDERED);
        assertThat(study().failed()).isFalse();
    }

    @Test
    void studiesAddUp() {
        path(rank, desc);
        LockStudy both = study().plus(study());
        assertThat(both.runs()).hasSize(2);
        assertThat(both.locks().uses().get(LockClass.RANK.ordinal()).acquisitions())
                .isEqualTo(2);
        assertThat(both.pairs()).hasSize(1);
    }

    @Test
    void countsAreShort() {
        assertThat(LockPicture.brief(999)).isEqualTo("999");
        assertThat(LockPicture.brief(1_234)).isEqualTo("1.2k");
        assertThat(LockPicture.brief(123_456)).isEqualTo("123k");
        assertThat(LockPicture.brief(12_345_678)).isEqualTo("12M");
    }
}

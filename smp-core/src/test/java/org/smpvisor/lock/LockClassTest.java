package org.smpvisor.lock;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LockClassTest {
    @Test
    void theDeclaredEdgesHaveNoCycle() {
        assertThat(LockClass.declaredCycle()).isEmpty();
    }

    @Test
    void constantsStandOuterFirst() {
        for (LockClass inner : LockClass.values()) {
            assertThat(inner.inside())
                    .allSatisfy(outer ->
                            assertThat(outer).as("outside of %s", inner).isLessThan(inner));
        }
    }

    @Test
    void legalIsTheTransitiveClosure() {
        assertThat(LockClass.RANK.mayContain(LockClass.VGIC_CPU)).isTrue();
        assertThat(LockClass.DIST.mayContain(LockClass.HOST_GIC))
                .as("through RANK or VGIC_CPU")
                .isTrue();
        assertThat(LockClass.CALL.mayContain(LockClass.TIMERS))
                .as("through SCHEDULE")
                .isTrue();
    }

    @Test
    void theVgicLocksAreInnermostOfTheVgic() {
        for (LockClass inner : new LockClass[] {
            LockClass.DIST, LockClass.RANK, LockClass.DESC, LockClass.SCHEDULE, LockClass.TIMERS, LockClass.IO
        }) {
            assertThat(LockClass.VGIC_CPU.mayContain(inner))
                    .as("%s inside of V", inner)
                    .isFalse();
        }
        assertThat(LockClass.VGIC_CPU.mayContain(LockClass.HOST_GIC)).isTrue();
    }

    @Test
    void theOnlyAcceptedInversionConnectsADescriptor() {
        assertThat(LockClass.inversions()).singleElement().satisfies(i -> {
            assertThat(i.outer()).isEqualTo(LockClass.DESC);
            assertThat(i.inner()).isEqualTo(LockClass.RANK);
            assertThat(i.reason()).isNotBlank();
        });
        assertThat(LockClass.DESC.mayContain(LockClass.RANK)).isTrue();
        assertThat(LockClass.RANK.mayContain(LockClass.DESC)).isTrue();
    }

    @Test
    void nothingIsTakenInsideTheConsoleLock() {
        for (LockClass c : LockClass.values()) {
            assertThat(LockClass.CONSOLE.mayContain(c)).as("%s", c).isFalse();
        }
    }

    @Test
    void classesThatAnInterruptTakesAreAlwaysTakenMasked() {
        for (LockClass c : new LockClass[] {
            LockClass.DESC, LockClass.VGIC_CPU, LockClass.HOST_GIC, LockClass.SCHEDULE, LockClass.TIMERS
        }) {
            assertThat(c.irqMode()).as("%s", c).isEqualTo(LockClass.IrqMode.OFF);
        }
    }

    @Test
    void onlyRanksRunQueuesAndTimersNestAmongThemselves() {
        for (LockClass c : LockClass.values()) {
            boolean nests = c == LockClass.RANK || c == LockClass.SCHEDULE || c == LockClass.TIMERS;
            assertThat(c.nesting() != LockClass.Nesting.NEVER).as("%s", c).isEqualTo(nests);
        }
    }

    @Test
    void everyClassSaysWhatItIs() {
        for (LockClass c : LockClass.values()) {
            assertThat(c.xenName()).isNotBlank();
            assertThat(c.guards()).isNotBlank();
        }
    }
}

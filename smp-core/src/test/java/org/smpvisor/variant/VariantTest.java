package org.smpvisor.variant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.BarePcpus;
import org.smpvisor.cpu.Pcpu;

class VariantTest {
    @Test
    void xenHasEveryWeakSpotAndFixedHasNone() {
        for (Quirk q : Quirk.values()) {
            assertThat(Variant.xen().isFixed(q)).as("%s", q).isFalse();
            assertThat(Variant.allFixed().isFixed(q)).as("%s", q).isTrue();
        }
    }

    @Test
    void oneQuirkIsSetAtATime() {
        Variant one = Variant.xen().with(Quirk.H2, true);
        assertThat(one.fixed()).containsExactly(Quirk.H2);
        assertThat(one.with(Quirk.H2, false)).isEqualTo(Variant.xen());
        assertThat(one.with(Fault.DROP_LR).with(Variant.XenVersion.V4_17).fixed())
                .containsExactly(Quirk.H2);
    }

    @Test
    void everyQuirkAndFaultSaysWhatItIs() {
        for (Quirk q : Quirk.values()) {
            assertThat(q.weakness()).isNotBlank();
            assertThat(q.corrected()).isNotBlank();
        }
        for (Fault f : Fault.values()) {
            assertThat(f.what()).isNotBlank();
        }
    }

    @Test
    void marksAreKeptPerInterruptAndDomainAndForgottenTogether() {
        Pcpu cpu = new BarePcpus(1).cpus[0];
        Marks m = new Marks(3);
        m.reached(cpu, Quirk.H1, 2, -1, 1019);
        m.reached(cpu, Quirk.H1, 2, -1, 1019);
        assertThat(m.isReached(Quirk.H1, 2, 1019)).isTrue();
        assertThat(m.isReached(Quirk.H2, 2, 1019)).isFalse();
        assertThat(m.isReached(Quirk.H1, 1, 1019)).isFalse();
        assertThat(m.isReached(Quirk.H1, 2, 1018)).isFalse();
        assertThat(m.hits(Quirk.H1)).isEqualTo(2);
        m.forget();
        assertThat(m.isReached(Quirk.H1, 2, 1019)).isFalse();
        assertThat(m.hits(Quirk.H1)).as("totals stay").isEqualTo(2);
    }

    @Test
    void aPrivateInterruptIsMarkedForItsOwnVcpuOnly() {
        Marks m = new Marks(2);
        m.reached(new BarePcpus(1).cpus[0], Quirk.H3, 1, 2, 5);
        assertThat(m.isReached(Quirk.H3, 1, 2, 5)).isTrue();
        assertThat(m.isReached(Quirk.H3, 1, 1, 5)).isFalse();
        assertThat(m.isReached(Quirk.H3, 1, 2 * 32 + 5)).isFalse();
    }

    @Test
    void everyPcpuCountsItsOwnHitsAndTheSumIsRead() {
        Pcpu[] cpus = new BarePcpus(2).cpus;
        Marks m = new Marks(2);
        m.reached(cpus[0], Quirk.H3, 1, -1, 40);
        m.reached(cpus[1], Quirk.H3, 1, -1, 41);
        m.affect(1, -1, 42, Marks.bit(Quirk.H3));
        assertThat(m.hits(Quirk.H3)).as("who is affected was not there").isEqualTo(2);
    }

    @Test
    void aPcpuIsInsideAWindowUntilItLeavesIt() {
        Pcpu[] cpus = new BarePcpus(2).cpus;
        Marks m = new Marks(1);
        m.enter(cpus[1], Quirk.C1);
        assertThat(m.isInside(Quirk.C1, 1)).isTrue();
        assertThat(m.isInside(Quirk.C1, 0)).isFalse();
        m.leave(cpus[1], Quirk.C1);
        assertThat(m.isInside(Quirk.C1, 1)).isFalse();
        assertThat(m.hits(Quirk.C1)).isEqualTo(1);
    }

    @Test
    void bugsCombineUnlessTheyChangeTheSamePlace() {
        Variant v = Variant.allFixed().with(Bug.XB_001).with(Bug.XB_039);
        assertThat(v.has(Bug.XB_001)).isTrue();
        assertThat(v.with(Quirk.H1, false).has(Bug.XB_039)).isTrue();
        assertThat(Variant.xen().bugs()).isEmpty();
        assertThatThrownBy(() -> v.with(Bug.XB_002).with(Bug.XB_012))
                .hasMessage(
                        "XB-002 and XB-012 cannot be switched on together: both change the look-up of the priority in"
                                + " injection");
    }

    @Test
    void aBugWhosePartIsNotModelledSaysWhatItWaitsFor() {
        assertThatThrownBy(() -> Variant.xen().with(Bug.XB_015))
                .hasMessage("XB-015 cannot be switched on yet: it waits for event channels");
    }

    @Test
    void everyBugThatCannotBeHuntedSaysWhy() {
        for (Bug b : Bug.values()) {
            assertThat(b.isHunted()).as(b.id()).isEqualTo(b.waitsFor() == null);
            assertThat(Bug.named(b.id())).contains(b);
        }
    }
}

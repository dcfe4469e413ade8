package org.smpvisor.variant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

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
        Marks m = new Marks(3);
        m.reached(Quirk.H1, 2, 1019);
        m.reached(Quirk.H1, 2, 1019);
        assertThat(m.isReached(Quirk.H1, 2, 1019)).isTrue();
        assertThat(m.isReached(Quirk.H2, 2, 1019)).isFalse();
        assertThat(m.isReached(Quirk.H1, 1, 1019)).isFalse();
        assertThat(m.isReached(Quirk.H1, 2, 1018)).isFalse();
        assertThat(m.hits(Quirk.H1)).isEqualTo(2);
        m.forget();
        assertThat(m.isReached(Quirk.H1, 2, 1019)).isFalse();
        assertThat(m.hits(Quirk.H1)).as("totals stay").isEqualTo(2);
    }
}

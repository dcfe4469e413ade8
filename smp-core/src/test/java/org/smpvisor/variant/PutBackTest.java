package org.smpvisor.variant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PutBackTest {
    @AfterEach
    void clear() {
        System.clearProperty(PutBack.PROPERTY);
    }

    @Test
    void nothingIsPutBackUnasked() {
        assertThat(PutBack.into(Variant.allFixed())).isEqualTo(Variant.allFixed());
    }

    @Test
    void aBugComesWithXensRuleForWhatWouldHideIt() {
        System.setProperty(PutBack.PROPERTY, "xb-026, XB-049");
        Variant v = PutBack.into(Variant.allFixed());
        assertThat(v.bugs()).containsExactlyInAnyOrder(Bug.XB_026, Bug.XB_049);
        assertThat(v.isFixed(Quirk.H3)).isFalse();
        assertThat(v.isFixed(Quirk.H1)).isTrue();
    }

    @Test
    void anUnknownNameIsRefused() {
        System.setProperty(PutBack.PROPERTY, "XB-1");
        assertThatThrownBy(PutBack::bugs).hasMessageContaining("there is no bug 'XB-1'");
    }
}

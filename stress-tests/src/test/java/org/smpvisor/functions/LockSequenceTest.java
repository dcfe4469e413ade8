package org.smpvisor.functions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The language in which the table says what a function may do with locks. */
class LockSequenceTest {
    private static final Map<String, String> NAMES =
            Map.of("inject", "VGIC_CPU [SCHEDULE]", "twice", "<inject> <inject>", "round", "DESC <round>");

    private static boolean allows(String expected, String seen) {
        return LockSequence.compile(expected, NAMES::get)
                .matcher(LockSequence.encode(seen))
                .matches();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "-; ''; true",
                "-; RANK{ }; false",
                "RANK; RANK{ }; true",
                "RANK; ''; false",
                "RANK; RANK{ } RANK{ }; false",
                "RANK; RANK:on{ }; false",
                "RANK:on; RANK:on{ }; true",
                "RANK:on; RANK{ }; false",
                "RANK:any; RANK{ }; true",
                "RANK:any; RANK:on{ }; true",
                "IO:r:on; IO:r:on{ }; true",
                "IO:on; IO:r:on{ }; false",
                "RANK; RANK{ VGIC_CPU{ } }; false",
                "RANK{VGIC_CPU}; RANK{ VGIC_CPU{ } }; true",
                "RANK VGIC_CPU; RANK{ VGIC_CPU{ } }; false",
                "RANK{VGIC_CPU}; RANK{ } VGIC_CPU{ }; false",
                "RANK{[VGIC_CPU]}; RANK{ }; true",
                "RANK | DIST; DIST{ }; true",
                "(RANK | DIST) DESC; DIST{ }; false",
                "VGIC_CPU*; ''; true",
                "VGIC_CPU+; ''; false",
                "(VGIC_CPU DESC)+; VGIC_CPU{ } DESC{ } VGIC_CPU{ } DESC{ }; true",
                "(VGIC_CPU DESC)+; VGIC_CPU{ } DESC{ } VGIC_CPU{ }; false",
                "<twice>; VGIC_CPU{ } SCHEDULE{ } VGIC_CPU{ }; true",
                "<twice>; VGIC_CPU{ }; false"
            })
    void aSequenceIsAllowedOrNot(String expected, String seen, boolean allowed) {
        assertThat(allows(expected, seen)).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''; -",
                "RANK{ VGIC_CPU{ } VGIC_CPU{ } }; RANK{VGIC_CPU+}",
                "VGIC_CPU{ } DESC{ HOST_GIC{ } } VGIC_CPU{ } DESC{ HOST_GIC{ } }; (VGIC_CPU DESC{HOST_GIC})+",
                "HOST_GIC:on{ } HOST_GIC:on{ } HOST_GIC{ }; HOST_GIC:on+ HOST_GIC",
                "}; }"
            })
    void whatWasSeenIsShownWithItsLoops(String seen, String shown) {
        assertThat(LockSequence.readable(seen)).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"RANK{DESC", "RANK:off", "(RANK", "NO_LOCK", "RANK)", "<round>"})
    void whatCannotBeReadIsRefused(String expected) {
        assertThatThrownBy(() -> LockSequence.compile(expected, NAMES::get))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theTableTellsAWrongOrderFromARightOne() {
        FunctionTable table = new FunctionTable();
        assertThat(table.allows("vgic_disable_irqs", true, "VGIC_CPU{ } DESC{ HOST_GIC{ } }"))
                .isTrue();
        assertThat(table.allows("vgic_disable_irqs", true, "VGIC_CPU{ DESC{ HOST_GIC{ } } }"))
                .isFalse();
        assertThat(table.allows("arch_move_irqs", true, "HOST_GIC{ }")).isFalse();
        assertThat(table.allows("arch_move_irqs", false, "HOST_GIC{ }")).isTrue();
    }
}

package org.smpvisor.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockCycle;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.XenEdge;

/** docs/locks.md says what the enums say. */
class LocksPageTest {
    private final List<String> page = Files.readAllLines(Path.of("..", "docs", "locks.md"));

    LocksPageTest() throws IOException {}

    private static String code(List<?> names) {
        return names.stream().map(n -> n.equals("*") ? "any" : "`" + n + "`").collect(Collectors.joining(", "));
    }

    private static String yes(boolean b) {
        return b ? "yes" : "";
    }

    @Test
    void thePageHasEveryClassAsDeclared() {
        for (LockClass c : LockClass.values()) {
            assertThat(page)
                    .contains(String.format(
                                    "| `%s` | `%s` | %s | `%s` | %s | `%s` |",
                                    c, c.xenName(), c.guards(), c.irqMode(), code(c.inside()), c.nesting())
                            .replace("|  |", "| |"));
        }
    }

    @Test
    void thePageHasEveryNestingOfXen() {
        for (XenEdge x : XenEdge.values()) {
            assertThat(page)
                    .contains(String.format(
                            "| %s | %s | %s | %s | %s | %s | %s |",
                            x,
                            code(x.outer()),
                            code(x.inner()),
                            yes(x.isHard()),
                            yes(x.isModelled()),
                            x.when(),
                            code(x.functions())));
        }
    }

    @Test
    void thePageHasWhatXenNeverNests() {
        for (XenEdge.Never n : XenEdge.never()) {
            String but = n.but().isEmpty() ? "" : " but " + code(n.but());
            assertThat(page).contains("| `" + n.outer() + "` | " + code(List.of(n.inner())) + but + " |");
        }
    }

    @Test
    void thePageExplainsEveryRuleInversionAndStanding() {
        for (LockViolation.Rule r : LockViolation.Rule.values()) {
            assertThat(page).anyMatch(l -> l.startsWith("| `" + r + "` |"));
        }
        for (LockCycle.Standing s : LockCycle.Standing.values()) {
            assertThat(page).anyMatch(l -> l.startsWith("| `" + s + "` |"));
        }
        for (LockClass.Inversion i : LockClass.inversions()) {
            assertThat(page).anyMatch(l -> l.startsWith("| `" + i.outer() + "` | `" + i.inner() + "` |"));
        }
    }
}

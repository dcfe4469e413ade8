package org.smpvisor.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smpvisor.report.BugTable;
import org.smpvisor.variant.Bug;
import org.smpvisor.verify.BugRecord.Cell;
import org.smpvisor.verify.BugRecord.State;
import org.smpvisor.verify.BugRecord.Tool;
import org.smpvisor.verify.TestResult.Result;

class BugTableTest {
    @TempDir
    private Path folder;

    private static Map<Tool, Cell> cells(Cell explore, Cell jcstress) {
        Map<Tool, Cell> m = new EnumMap<>(Tool.class);
        for (Tool t : Tool.values()) {
            m.put(t, Cell.notFound(20));
        }
        m.put(Tool.EXPLORE, explore);
        m.put(Tool.JCSTRESS, jcstress);
        return m;
    }

    private static BugRecord record(Map<Tool, Cell> bug, Map<Tool, Cell> control) {
        return new BugRecord(
                Path.of("runs"),
                "./smpvisor verify --bugs",
                "here",
                20,
                List.of(new BugRecord.Row(Bug.XB_026, bug)),
                control);
    }

    private static final Map<Tool, Cell> QUIET = cells(Cell.notFound(20), Cell.notFound(3));

    @Test
    void aBugThatAToolFindsAndASilentControlAreFine() {
        BugRecord r = record(cells(Cell.found(0.04, "history"), Cell.noTest("")), QUIET);
        assertThat(r.isFine()).isTrue();
        StringWriter out = new StringWriter();
        new BugTable(r).print(new PrintWriter(out));
        assertThat(out.toString())
                .contains("0.04 s (history)", "no (in 20 s)", "XB-015   waits for event channels")
                .contains("explore 1 of 1", "jcstress 0 of 0", "by at least one tool 1 of 1");
        assertThat(new BugTable(r).markdown()).contains("| `XB-026` ", "**0.04 s** history |", "| no bug |");
    }

    @Test
    void aBugThatNothingFindsFails() {
        BugRecord r = record(QUIET, QUIET);
        assertThat(r.isFine()).isFalse();
        assertThat(new BugTable(r).markdown()).contains("XB-026: found by nothing");
    }

    @Test
    void aReportWithoutABugFails() {
        BugRecord r =
                record(cells(Cell.found(1, "history"), Cell.noTest("")), cells(Cell.found(1, "LOST"), Cell.noTest("")));
        assertThat(r.isFine()).isFalse();
        assertThat(new BugTable(r).markdown()).contains("REPORTS LOST");
    }

    @Test
    void aToolThatBreaksDownFails() {
        BugRecord r = record(cells(Cell.found(1, "history"), Cell.broken(1, "nothing ran")), QUIET);
        assertThat(r.isFine()).isFalse();
        assertThat(new BugTable(r).markdown()).contains("jcstress broke down: nothing ran");
    }

    @Test
    void aTestThatFailsFindsTheBugAndOneThatDidNotRunProvesNothing() {
        assertThat(state(Result.PASSED, Result.FAILED)).isEqualTo(State.FOUND);
        assertThat(state(Result.MISSING, Result.FAILED)).isEqualTo(State.FOUND);
        assertThat(state(Result.PASSED, Result.SKIPPED)).isEqualTo(State.NOT_FOUND);
        assertThat(state(Result.PASSED, Result.TIMEOUT)).isEqualTo(State.BROKEN);
        assertThat(state(Result.SKIPPED, Result.SKIPPED)).isEqualTo(State.NO_TEST);
    }

    @Test
    void theLockValidatorIsShownWhereItWasFirst() {
        Cell stress = Cell.found(3, "stress");
        Cell explore = Cell.found(0.02, "explore");
        assertThat(BugStudy.earlier(stress, explore)).isEqualTo(Cell.found(0.02, "explore; stress 3.0 s"));
        assertThat(BugStudy.earlier(stress, Cell.notFound(5))).isEqualTo(stress);
        assertThat(BugStudy.earlier(Cell.notFound(4), Cell.notFound(5))).isEqualTo(Cell.notFound(9));
    }

    private static State state(Result... results) {
        return BugStudy.cell(
                        Arrays.stream(results)
                                .map(r -> new TestResult("jcstress", "a.B", r, "", -1, "", List.of(), ""))
                                .toList(),
                        List.of(),
                        2)
                .state();
    }

    @Test
    void onlyThePartBetweenTheMarksIsWritten() throws IOException {
        Path page = Files.writeString(
                folder.resolve("p.md"), "mine\n" + MarkedPage.BEGIN + "\nold\n" + MarkedPage.END + "\nmine, too\n");
        new MarkedPage(page).write("new\n");
        assertThat(page).hasContent("mine\n" + MarkedPage.BEGIN + "\n\nnew\n\n" + MarkedPage.END + "\nmine, too\n");
        new MarkedPage(page).write("newer");
        assertThat(page).content().contains("newer").doesNotContain("new\n");
    }

    @Test
    void aPageWithoutMarksIsRefused() throws IOException {
        for (String text : List.of("", MarkedPage.BEGIN, MarkedPage.END + MarkedPage.BEGIN)) {
            Path page = Files.writeString(folder.resolve("q.md"), text);
            assertThatThrownBy(() -> new MarkedPage(page)).isInstanceOf(IOException.class);
        }
    }
}

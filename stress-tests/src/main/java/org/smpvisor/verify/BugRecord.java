package org.smpvisor.verify;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smpvisor.variant.Bug;

/**
 * Which tool finds which historical bug, and how soon; reports are made from this alone.
 *
 * @param folder where the logs lie
 * @param command the command that runs it again
 * @param host the machine and its JDK
 * @param secondsEach time for stress, and for explore, for each bug
 * @param rows one for each bug that was put back
 * @param control the same model without a bug: what each tool says then
 */
public record BugRecord(
        Path folder, String command, String host, double secondsEach, List<Row> rows, Map<Tool, Cell> control) {
    /** The columns. */
    public enum Tool {
        STRESS("stress"),
        LOCKS("lock validator"),
        EXPLORE("explore"),
        JCSTRESS("jcstress"),
        LINCHECK("Lincheck");

        private final String text;

        Tool(String text) {
            this.text = text;
        }

        /** The name in reports. */
        public String text() {
            return text;
        }
    }

    /** What a cell says. */
    public enum State {
        /** The tool reported the bug; of the control: something is wrong without one. */
        FOUND,
        /** It did not. */
        NOT_FOUND,
        /** It has no test for this bug, or cannot reach it. */
        NO_TEST,
        /** It broke down, so that nothing was learnt. */
        BROKEN
    }

    /**
     * What became of a bug with one tool.
     *
     * @param seconds until it was found, or how long was looked in vain, 0 if that was not timed
     * @param how what was reported and where, or why not; may be empty
     */
    public record Cell(State state, double seconds, String how) {
        static Cell found(double seconds, String how) {
            return new Cell(State.FOUND, seconds, how);
        }

        static Cell notFound(double seconds) {
            return new Cell(State.NOT_FOUND, seconds, "");
        }

        static Cell noTest(String why) {
            return new Cell(State.NO_TEST, 0, why);
        }

        static Cell broken(double seconds, String how) {
            return new Cell(State.BROKEN, seconds, how);
        }

        /** As it stands in a table. */
        public String text() {
            return switch (state) {
                case FOUND -> seconds(seconds);
                case NOT_FOUND -> seconds == 0 ? "no" : "no (in " + seconds(seconds) + ")";
                case NO_TEST -> "-";
                case BROKEN -> "broke down";
            };
        }

        private static String seconds(double s) {
            return String.format(Locale.ROOT, s < 0.1 ? "%.2f s" : s < 10 ? "%.1f s" : "%.0f s", s);
        }
    }

    /** One bug with all tools. */
    public record Row(Bug bug, Map<Tool, Cell> cells) {
        public Row {
            cells = Map.copyOf(new EnumMap<>(cells));
        }

        /** Whether a tool found it. */
        public boolean isFound() {
            return cells.values().stream().anyMatch(c -> c.state() == State.FOUND);
        }
    }

    public BugRecord {
        rows = List.copyOf(rows);
        control = Map.copyOf(control);
    }

    /** Whether every bug was found by some tool, no tool broke down, and none reported anything without a bug. */
    public boolean isFine() {
        return rows.stream()
                        .allMatch(r ->
                                r.isFound() && r.cells().values().stream().noneMatch(c -> c.state() == State.BROKEN))
                && control.values().stream().noneMatch(c -> c.state() == State.FOUND || c.state() == State.BROKEN);
    }
}

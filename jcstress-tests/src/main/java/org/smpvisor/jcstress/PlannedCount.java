package org.smpvisor.jcstress;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Exit status 0 of jcstress also means that nothing ran: no test matched, or none could be scheduled on this machine. This
 * compares what it says it did with the list of tests that the build made.
 */
public final class PlannedCount {
    private static final Pattern RESULTS = Pattern.compile(
            "Results: (\\d+) planned; (\\d+) passed, (\\d+) failed, (\\d+) soft errs, (\\d+) hard errs");

    private PlannedCount() {}

    /** Arguments: the log of jcstress, and its META-INF/TestList. Exits with 1, and says why, when a test did not run. */
    public static void main(String[] args) throws IOException {
        String complaint = complaint(Files.readString(Path.of(args[0])), tests(Files.readAllLines(Path.of(args[1]))));
        if (complaint != null) {
            System.err.println("jcstress: " + complaint);
            System.exit(1);
        }
    }

    private static List<String> tests(List<String> testList) {
        return testList.stream()
                .map(PlannedCount::nameOf)
                .filter(n -> !n.isEmpty())
                .toList();
    }

    /** A line of the list is a serialised test whose first field is its name. */
    private static String nameOf(String line) {
        Matcher m = Pattern.compile("org\\.smpvisor[\\w.$]*").matcher(line);
        return m.find() ? m.group() : "";
    }

    private static String complaint(String log, List<String> tests) {
        Matcher m = RESULTS.matcher(log);
        int planned = -1;
        int passed = -1;
        while (m.find()) {
            planned = Integer.parseInt(m.group(1));
            passed = Integer.parseInt(m.group(2));
        }
        if (tests.isEmpty()) {
            return "the list of tests names none";
        }
        if (planned < 0) {
            return "the log has no line of results";
        }
        // Older JVMs run each test once per locking mode: the number planned is a multiple.
        if (planned == 0 || planned % tests.size() != 0) {
            return planned + " runs were planned for " + tests.size()
                    + " tests: some cannot be scheduled on this machine";
        }
        if (passed != planned) {
            return planned + " runs were planned and " + passed + " passed";
        }
        return null;
    }
}

package org.smpvisor.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.jar.JarFile;
import org.smpvisor.variant.PutBack;
import org.smpvisor.verify.TestClasses.TestClass;
import org.smpvisor.verify.TestResult.Result;

/**
 * Runs the tests of jcstress. What its log says is read by the gate that is built with the tests; which tests there are is read
 * from their classes, since jcstress ends with status 0 also where nothing ran.
 */
final class JcstressRun {
    static final String TOOL = "jcstress";

    private static final String GATE = "org.smpvisor.jcstress.Gate";
    /** The gate may let tests run once more. */
    private static final double GATE_LIMIT_SECONDS = 3600;

    private static final int LAST_WITH_BIASED_LOCKING = 17;
    private static final long SHORTEST_MILLIS = 10;
    private static final long LONGEST_MILLIS = 10_000;
    private static final double START_SECONDS = 1;
    private static final double PROBING_SECONDS = 15;

    /** How many JVMs jcstress starts for a test in each mode, how often a test is played in each, and for how long. */
    private enum Mode {
        QUICK(2, 5, 0.2),
        DEFAULT(6, 5, 1),
        TOUGH(60, 10, 1);

        private final int forks;
        private final int iterations;
        private final double seconds;

        Mode(int forks, int iterations, double seconds) {
            this.forks = forks;
            this.iterations = iterations;
            this.seconds = seconds;
        }

        static Mode named(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT));
        }
    }

    private final Toolbox tools;
    private final Path folder;

    /** What jcstress reports goes to {@code folder}, its log to {@code jcstress.log} there. */
    JcstressRun(Toolbox tools, Path folder) {
        this.tools = tools;
        this.folder = folder.toAbsolutePath();
    }

    /** Runs all tests that are wanted. */
    VerifyRecord.ToolRun run(Settings settings) throws IOException, InterruptedException {
        long began = System.nanoTime();
        List<String> names = TestClasses.jcstress(tools.jcstress()).stream()
                .map(TestClass::name)
                .filter(settings::wants)
                .toList();
        List<String> problems = new ArrayList<>();
        if (names.isEmpty() && settings.pattern() == null) {
            problems.add("there is no test of jcstress");
        }
        List<TestResult> results =
                names.isEmpty() ? List.of() : results(names, settings, settings.pattern() == null, problems);
        JsonNode gate = gateJson();
        List<String> unproven = new ArrayList<>();
        gate.path("unproven").forEach(n -> unproven.add(n.isTextual() ? n.asText() : n.toString()));
        return new VerifyRecord.ToolRun(
                TOOL,
                version(),
                names.size(),
                (System.nanoTime() - began) / 1e9,
                results,
                problems,
                unproven.stream().filter(names::contains).toList());
    }

    /**
     * Runs just these tests.
     *
     * @param all whether these are all tests that there are
     * @param problems where what went wrong beside the tests is told
     */
    List<TestResult> results(List<String> names, Settings settings, boolean all, List<String> problems)
            throws IOException, InterruptedException {
        Path log = folder.resolve("jcstress.log");
        Child.Ending ending = Child.run(command(names, settings, all), folder, log, limit(names.size(), settings));
        if (ending.timedOut()) {
            problems.add("jcstress was not finished after " + Math.round(ending.seconds()) + " s");
        }
        int gate = gate(log);
        List<TestResult> results = read(gateJson(), names);
        boolean fine = results.stream().allMatch(r -> r.result().isFine());
        if (Files.notExists(folder.resolve("gate.json"))) {
            problems.add("the log of jcstress could not be judged: " + lastLine(folder.resolve("gate.log")));
        } else if (gate != 0 && fine) {
            problems.add(lastLine(folder.resolve("gate.log")));
        } else if (ending.status() != 0 && !ending.timedOut() && fine) {
            problems.add("jcstress ended with status " + ending.status() + ": " + lastLine(log));
        }
        return results;
    }

    private List<String> command(List<String> names, Settings settings, boolean all) {
        List<String> options = new ArrayList<>(Toolbox.jvmOptions());
        if (!settings.bugs().isEmpty()) {
            options.add("-D" + PutBack.PROPERTY + "=" + settings.bugs());
        }
        String jar = tools.jcstress().toAbsolutePath().toString();
        if (Runtime.version().feature() <= LAST_WITH_BIASED_LOCKING && jar.indexOf(' ') < 0) {
            options.add("-javaagent:" + jar); // or everything is run twice; jcstress takes no spaces there
        }
        List<String> command = tools.javaWith(
                "-jar",
                jar,
                "-m",
                settings.mode(),
                "-sc",
                "false",
                "-af",
                "NONE",
                "-spinStyle",
                "THREAD_YIELD",
                "-v",
                "-r",
                folder.toString(),
                "-jvmArgs",
                String.join(" ", options));
        if (!all) {
            command.addAll(List.of("-t", selector(names)));
        }
        if (settings.threads() > 0) {
            command.addAll(List.of("-c", Integer.toString(settings.threads())));
        }
        if (settings.seconds() > 0) {
            command.addAll(List.of("-time", Long.toString(iterationMillis(names.size(), settings))));
        }
        return command;
    }

    /** A pattern that finds these names and no others. */
    static String selector(List<String> names) {
        return "^("
                + String.join(
                        "|", names.stream().map(n -> n.replace(".", "\\.")).toList()) + ")$";
    }

    /** How long to play a test so that all of it takes about as long as is wanted. */
    static long iterationMillis(int tests, Settings settings) {
        Mode m = Mode.named(settings.mode());
        double fork = (settings.seconds() - PROBING_SECONDS) / ((double) tests * m.forks);
        return Math.max(
                SHORTEST_MILLIS, Math.min(LONGEST_MILLIS, Math.round(1000 * (fork - START_SECONDS) / m.iterations)));
    }

    /** Seconds after which it hangs: several times what it should take. */
    static double limit(int tests, Settings settings) {
        Mode m = Mode.named(settings.mode());
        double seconds = settings.seconds() > 0 ? iterationMillis(tests, settings) / 1e3 : m.seconds;
        return 300 + 6.0 * tests * m.forks * (m.iterations * seconds + START_SECONDS);
    }

    private int gate(Path log) throws IOException, InterruptedException {
        Path json = folder.resolve("gate.json");
        Files.deleteIfExists(json);
        return Child.run(
                        tools.javaWith(
                                "-cp",
                                tools.jcstress().toAbsolutePath().toString(),
                                GATE,
                                log.toString(),
                                "--json",
                                json.toString()),
                        folder,
                        folder.resolve("gate.log"),
                        GATE_LIMIT_SECONDS)
                .status();
    }

    private JsonNode gateJson() throws IOException {
        Path json = folder.resolve("gate.json");
        return new ObjectMapper().readTree(Files.exists(json) ? Files.readString(json) : "{}");
    }

    /** What the gate says of the tests that had to run; a test of which it says nothing did not. */
    static List<TestResult> read(JsonNode gate, List<String> names) {
        Map<String, JsonNode> told = new LinkedHashMap<>();
        gate.path("tests").forEach(t -> told.put(t.path("name").asText(), t));
        List<TestResult> results = new ArrayList<>();
        for (String name : names) {
            JsonNode t = told.get(name);
            results.add(
                    t == null || isSilent(t)
                            ? result(name, Result.MISSING, "jcstress says nothing of it", List.of(), "")
                            : result(
                                    name,
                                    resultNamed(t.path("result").asText()),
                                    text(t, "reason"),
                                    outcomes(t),
                                    note(t)));
        }
        return results;
    }

    /** Whether it is said to have passed although nothing was observed. */
    private static boolean isSilent(JsonNode test) {
        return test.path("result").asText().equals(Result.PASSED.text())
                && test.path("outcomes").isEmpty();
    }

    private static TestResult result(
            String name, Result result, String reason, List<TestResult.Outcome> outcomes, String note) {
        return new TestResult(TOOL, name, result, reason, -1, "jcstress/jcstress.log", outcomes, note);
    }

    private static Result resultNamed(String word) {
        for (Result r : Result.values()) {
            if (r.text().equals(word)) {
                return r;
            }
        }
        return Result.ERROR;
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).isNull() ? "" : node.path(field).asText("");
    }

    private static List<TestResult.Outcome> outcomes(JsonNode test) {
        List<TestResult.Outcome> all = new ArrayList<>();
        for (JsonNode o : test.path("outcomes")) {
            all.add(new TestResult.Outcome(
                    text(o, "id"), o.path("count").asLong(), text(o, "expect"), text(o, "desc")));
        }
        return all;
    }

    private static String note(JsonNode test) {
        String twin = text(test, "twinOf");
        if (twin.isEmpty()) {
            return "";
        }
        String shown = switch (text(test, "shown")) {
            case "true" -> "and shows it";
            case "false" -> "and does not show it here";
            default -> "and is not expected to show it on this machine";
        };
        String pattern = text(test, "pattern");
        return "weak twin of " + twin.substring(twin.lastIndexOf('.') + 1)
                + (pattern.isEmpty() ? "" : " (" + pattern + ")") + ", " + shown;
    }

    /** The tests that each bug must make fail, by its id. */
    Map<String, List<String>> showing() throws IOException, InterruptedException {
        Path log = folder.resolve("gate-bugs.log");
        Child.Ending ending = Child.run(
                tools.javaWith("-cp", tools.jcstress().toAbsolutePath().toString(), GATE, "--bugs"),
                folder,
                log,
                GATE_LIMIT_SECONDS);
        Map<String, List<String>> all = new LinkedHashMap<>();
        if (ending.timedOut() || ending.status() != 0) {
            throw new IOException("the tests of jcstress do not say which bugs they show: " + lastLine(log));
        }
        for (String line : Files.readAllLines(log)) {
            String[] f = line.split("\t", -1);
            if (f.length == 2) {
                all.computeIfAbsent(f[0], k -> new ArrayList<>()).add(f[1]);
            }
        }
        return all;
    }

    private String version() throws IOException {
        String properties = "META-INF/maven/org.openjdk.jcstress/jcstress-core/pom.properties";
        try (JarFile jar = new JarFile(tools.jcstress().toFile())) {
            if (jar.getEntry(properties) == null) {
                return "";
            }
            try (var in = jar.getInputStream(jar.getEntry(properties))) {
                Properties p = new Properties();
                p.load(in);
                return p.getProperty("version", "");
            }
        }
    }

    private static String lastLine(Path log) throws IOException {
        return new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .filter(l -> !l.isBlank())
                .reduce((a, b) -> b)
                .map(String::strip)
                .orElse("nothing was said");
    }
}

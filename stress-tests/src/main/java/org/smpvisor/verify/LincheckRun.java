package org.smpvisor.verify;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.smpvisor.verify.TestClasses.TestClass;
import org.smpvisor.verify.TestResult.Result;

/** Runs the tests of Lincheck, each class in a JVM of its own with a time limit. */
final class LincheckRun {
    static final String TOOL = "lincheck";

    /** System property that the tests read. */
    static final String MODE = "smpvisor.lincheck.mode";

    private static final double QUICK_LIMIT_SECONDS = 300;
    private static final double LIMIT_SECONDS = 1200;
    private static final double TOUGH_LIMIT_SECONDS = 6000;

    private final Toolbox tools;
    private final Path folder;

    /** Logs go to {@code folder/lincheck}. */
    LincheckRun(Toolbox tools, Path folder) {
        this.tools = tools;
        this.folder = folder;
    }

    /** Seconds that a class may take. */
    static double limit(String mode) {
        return switch (mode) {
            case "quick" -> QUICK_LIMIT_SECONDS;
            case "tough" -> TOUGH_LIMIT_SECONDS;
            default -> LIMIT_SECONDS;
        };
    }

    /** Runs all classes that are wanted; each is told to {@code listener} when it has ended. */
    VerifyRecord.ToolRun run(Settings settings, Consumer<TestResult> listener)
            throws IOException, InterruptedException {
        long began = System.nanoTime();
        List<TestResult> results = new ArrayList<>();
        List<String> names = wanted(settings);
        for (String name : names) {
            double left =
                    settings.seconds() == 0 ? Double.MAX_VALUE : settings.seconds() - (System.nanoTime() - began) / 1e9;
            TestResult r = left <= 0
                    ? result(name, Result.MISSING, "the time was up before its turn came", -1)
                    : run(name, settings, Math.min(left, limit(settings.mode())));
            results.add(r);
            listener.accept(r);
        }
        List<String> problems = names.isEmpty() && settings.pattern() == null
                ? List.of("there is no class of Lincheck tests")
                : List.of();
        return new VerifyRecord.ToolRun(
                TOOL, version(), names.size(), (System.nanoTime() - began) / 1e9, results, problems, List.of());
    }

    private List<String> wanted(Settings settings) throws IOException {
        return TestClasses.lincheck(tools.lincheckJars()).stream()
                .map(TestClass::name)
                .filter(settings::wants)
                .toList();
    }

    /** One class. */
    TestResult run(String name, Settings settings, double limitSeconds) throws IOException, InterruptedException {
        // Most of what it runs it runs a few times only: the second compiler costs more than it saves.
        List<String> command =
                tools.javaWith("-XX:+EnableDynamicAgentLoading", "-XX:+UseParallelGC", "-XX:TieredStopAtLevel=1");
        command.addAll(Toolbox.jvmOptions());
        command.add("-D" + MODE + "=" + settings.mode());
        if (!settings.bugs().isEmpty()) {
            command.add("-Dsmpvisor.bugs=" + settings.bugs());
        }
        command.addAll(List.of("-cp", tools.lincheckClassPath(), LincheckMain.class.getName(), name));
        Path log = folder.resolve(log(name));
        return judged(name, Child.run(command, folder, log, limitSeconds), log);
    }

    /** What the log and the way in which the JVM ended say together. */
    static TestResult judged(String name, Child.Ending ending, Path log) throws IOException {
        if (ending.timedOut()) {
            return result(
                    name,
                    Result.TIMEOUT,
                    "not finished after " + Math.round(ending.seconds()) + " s",
                    ending.seconds());
        }
        String line = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .filter(l -> l.startsWith(LincheckMain.RESULT))
                .reduce((a, b) -> b)
                .orElse(null);
        if (line == null) {
            return result(
                    name,
                    Result.ERROR,
                    "its JVM ended with status " + ending.status() + " and without a result",
                    ending.seconds());
        }
        String[] f = line.substring(LincheckMain.RESULT.length()).split("\t", -1);
        int ran = Integer.parseInt(f[0]);
        int failed = Integer.parseInt(f[1]);
        int leftOut = Integer.parseInt(f[2]);
        if (failed > 0) {
            return result(name, Result.FAILED, f[3], ending.seconds());
        }
        if (leftOut > 0) {
            return result(name, Result.SKIPPED, f[3].isEmpty() ? "left out by itself" : f[3], ending.seconds());
        }
        return ran == 0
                ? result(name, Result.MISSING, "there is no test in it", ending.seconds())
                : result(name, Result.PASSED, "", ending.seconds());
    }

    private static TestResult result(String name, Result result, String reason, double seconds) {
        return new TestResult(TOOL, name, result, reason, seconds, seconds < 0 ? "" : log(name), List.of(), "");
    }

    private static String log(String name) {
        return "lincheck/" + name.substring(name.lastIndexOf('.') + 1) + ".log";
    }

    /** Lincheck's, by the name of its jar. */
    private String version() throws IOException {
        return Versions.of(tools.lincheck(), "lincheck-");
    }
}

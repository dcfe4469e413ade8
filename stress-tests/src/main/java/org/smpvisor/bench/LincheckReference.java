package org.smpvisor.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Reference: invocations a second of Lincheck's model checker on the race that {@link ScheduleJob} explores, in a JVM of its own
 * with the same options, which lives for the whole job. A tool that loses itself costs the time limit and no more.
 */
final class LincheckReference implements Subject {
    private static final String MARKER = "org/jetbrains/lincheck/datastructures/ModelCheckingOptions.class";
    private static final String FOLDER = "lincheck";
    private static final long PATIENCE_SECONDS = 240;
    private static final int FEWEST = 6;
    private static final int MOST = 2_000;

    private final BlockingQueue<String> answers = new ArrayBlockingQueue<>(16);
    private Process process;
    private String found = "";
    private double last = FEWEST;
    private double building;

    @Override
    public String missing() {
        return classPath() == null ? "Lincheck is not available" : null;
    }

    @Override
    public double rate(double seconds) {
        try {
            if (process == null) {
                start();
            }
            int n = (int) Math.max(FEWEST, Math.min(MOST, Math.ceil(seconds * last)));
            process.outputWriter(StandardCharsets.US_ASCII)
                    .append(Integer.toString(n))
                    .append('\n')
                    .flush();
            String[] answer = answer(LincheckRace.RATE).split(" ");
            building = Double.parseDouble(answer[1]);
            last = Double.parseDouble(answer[0]);
            return last;
        } catch (IOException e) {
            throw new BenchFailure("the JVM with Lincheck ended: " + e.getMessage(), e);
        }
    }

    private void start() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-XX:+UseParallelGC",
                "-XX:+EnableDynamicAgentLoading",
                "--add-exports",
                "java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-opens",
                "java.base/jdk.internal.misc=ALL-UNNAMED"));
        if (Runtime.version().feature() >= 23) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", classPath(), LincheckRace.class.getName()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Process started = process;
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        Thread reader = new Thread(() -> read(started), "lincheck");
        reader.setDaemon(true);
        reader.start();
        int after = Integer.parseInt(answer(LincheckRace.FOUND));
        if (after == 0) {
            throw new BenchFailure("Lincheck does not find what Xen's rule does wrong: it explores nothing");
        }
        found = "Lincheck finds H2 after " + after + " invocations";
    }

    private void read(Process from) {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(from.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith(LincheckRace.FOUND) || line.startsWith(LincheckRace.RATE)) {
                    answers.add(line);
                }
            }
        } catch (IOException e) {
            // The process was ended; whoever waits for an answer is told by what follows.
        }
        answers.add("");
    }

    private String answer(String what) {
        try {
            String a = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (a == null || !a.startsWith(what)) {
                close();
                throw new BenchFailure(a == null ? "Lincheck hangs" : "Lincheck failed");
            }
            return a.substring(what.length());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchFailure("interrupted", e);
        }
    }

    @Override
    public String note() {
        return String.format(
                Locale.ROOT,
                "%s; the %.0f %% of its time in which it builds the model anew are not counted against it",
                found,
                100 * building);
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly();
            process = null;
        }
    }

    /** This program's class path with Lincheck, or {@code null}: packaged, it lies in a folder beside the jar. */
    private static String classPath() {
        String own = System.getProperty("java.class.path");
        if (ClassLoader.getSystemResource(MARKER) != null) {
            return own;
        }
        try {
            Path home = Path.of(LincheckReference.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .resolveSibling(FOLDER);
            return Files.isDirectory(home) ? own + File.pathSeparator + home.resolve("*") : null;
        } catch (URISyntaxException e) {
            return null;
        }
    }
}

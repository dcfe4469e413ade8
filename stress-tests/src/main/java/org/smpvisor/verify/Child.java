package org.smpvisor.verify;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of its own with a time limit and a log. A tool that loses itself costs that limit and no more. */
final class Child {
    /**
     * How it ended.
     *
     * @param status its exit status; of no meaning when it was ended
     * @param timedOut whether it was ended because its time was up
     * @param seconds how long it ran
     */
    record Ending(int status, boolean timedOut, double seconds) {}

    private Child() {}

    /**
     * Runs {@code command} in {@code folder}, all that it prints going to {@code log}. When it is over, or this JVM is, so is
     * everything that it started.
     *
     * @throws IOException if it cannot be started
     */
    static Ending run(List<String> command, Path folder, Path log, double limitSeconds)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Files.createDirectories(log.toAbsolutePath().getParent());
        long began = System.nanoTime();
        Process p = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(nothing()))
                .redirectOutput(log.toFile())
                .start();
        Thread end = new Thread(() -> end(p), "end of a tool");
        Runtime.getRuntime().addShutdownHook(end);
        try {
            boolean over = p.waitFor((long) Math.ceil(limitSeconds * 1e3), TimeUnit.MILLISECONDS);
            double seconds = (System.nanoTime() - began) / 1e9;
            return new Ending(over ? p.exitValue() : -1, !over, seconds);
        } finally {
            end(p);
            p.waitFor();
            try {
                Runtime.getRuntime().removeShutdownHook(end);
            } catch (IllegalStateException e) {
                // The JVM is on its way down, and the hook does the same.
            }
        }
    }

    private static void end(Process p) {
        p.descendants().forEach(ProcessHandle::destroyForcibly);
        p.destroyForcibly();
    }

    private static File nothing() {
        return new File(System.getProperty("os.name").startsWith("Windows") ? "NUL" : "/dev/null");
    }
}

package org.smpvisor.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The machine that the figures are of.
 *
 * @param cores cores that the JVM may use
 * @param cpu model of the CPU, or its architecture when the model is not told
 */
public record Host(int cores, String cpu, String os, String jdk) {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");

    /** The one that this JVM runs on. */
    public static Host here() {
        return new Host(
                Runtime.getRuntime().availableProcessors(),
                model(CPUINFO),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                Runtime.version() + ", " + System.getProperty("java.vm.name") + ", "
                        + System.getProperty("java.vendor"));
    }

    static String model(Path cpuinfo) {
        try (Stream<String> lines = Files.lines(cpuinfo, StandardCharsets.ISO_8859_1)) {
            return lines.filter(l -> l.startsWith("model name") && l.indexOf(':') > 0)
                    .map(l -> l.substring(l.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException | java.io.UncheckedIOException e) {
            return System.getProperty("os.arch");
        }
    }
}

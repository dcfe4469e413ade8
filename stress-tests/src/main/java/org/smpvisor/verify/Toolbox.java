package org.smpvisor.verify;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the tools and their tests lie, as the build leaves them.
 *
 * @param java the binary that runs them
 * @param program class path of this program
 * @param lincheck folder of Lincheck and of what its tests need; the tests are in {@code tests} below it
 * @param jcstress the jar with jcstress and its tests
 */
public record Toolbox(Path java, String program, Path lincheck, Path jcstress) {
    /** Internal packages of the JDK that the model uses; the same as jvm.internals in the build. */
    private static final List<String> INTERNALS = List.of(
            "--add-exports",
            "java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens",
            "java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-exports",
            "java.base/jdk.internal.vm=ALL-UNNAMED");

    private static final int WARNS_ABOUT_UNSAFE = 23;

    /** Those of the build that this program comes from. */
    public static Toolbox ofThisProgram() {
        Path home;
        try {
            home = Path.of(Toolbox.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        return new Toolbox(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                absolute(System.getProperty("java.class.path")),
                home.resolve("lincheck"),
                home.resolve("../../jcstress-tests/target/jcstress.jar").normalize());
    }

    private static String absolute(String classPath) {
        List<String> parts = new ArrayList<>();
        for (String part : classPath.split(File.pathSeparator)) {
            parts.add(Path.of(part).toAbsolutePath().toString());
        }
        return String.join(File.pathSeparator, parts);
    }

    /** What is missing for the tests of Lincheck, {@code null} if nothing. */
    public String missingForLincheck() {
        return Files.isDirectory(lincheck.resolve("tests"))
                ? null
                : "the Lincheck tests are not built: there is no folder " + lincheck.resolve("tests");
    }

    /** What is missing for the tests of jcstress, {@code null} if nothing. */
    public String missingForJcstress() {
        return Files.isRegularFile(jcstress) ? null : "the jcstress tests are not built: there is no file " + jcstress;
    }

    /** The jars of tests. */
    List<Path> lincheckJars() throws IOException {
        try (var files = Files.list(lincheck.resolve("tests"))) {
            return files.filter(f -> f.toString().endsWith(".jar")).sorted().toList();
        }
    }

    /** Options of every JVM that runs the model. */
    static List<String> jvmOptions() {
        List<String> all = new ArrayList<>(INTERNALS);
        if (Runtime.version().feature() >= WARNS_ABOUT_UNSAFE) {
            all.add("--sun-misc-unsafe-memory-access=allow");
        }
        return all;
    }

    /** {@code java} with {@code arguments}. */
    List<String> javaWith(String... arguments) {
        List<String> all = new ArrayList<>();
        all.add(java.toString());
        all.addAll(Arrays.asList(arguments));
        return all;
    }

    /** Everything that a test of Lincheck needs. */
    String lincheckClassPath() {
        return String.join(
                File.pathSeparator,
                program,
                lincheck.resolve("tests") + File.separator + "*", // no path: Windows has none with an asterisk
                lincheck + File.separator + "*");
    }
}

package org.smpvisor.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Versions of libraries by the names of their jars. */
final class Versions {
    private Versions() {}

    /** What follows {@code prefix} in the name of a jar in {@code folder}; empty if there is none. */
    static String of(Path folder, String prefix) throws IOException {
        Pattern name = Pattern.compile(Pattern.quote(prefix) + "(\\d[\\w.-]*)\\.jar");
        try (var files = Files.list(folder)) {
            return files.map(f -> name.matcher(f.getFileName().toString()))
                    .filter(Matcher::matches)
                    .map(m -> m.group(1))
                    .findFirst()
                    .orElse("");
        }
    }
}

package org.smpvisor.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;
import org.smpvisor.verify.TestClasses.TestClass;

class TestClassesTest {
    @TempDir
    private Path folder;

    /** As a test of Lincheck is named and annotated. */
    @Shows({Bug.XB_026, Bug.XB_049})
    static final class ShowingLincheckTest {}

    /** Shows nothing. */
    static final class PlainLincheckTest {}

    @Test
    void testsAreFoundByTheirNamesWithTheBugsThatTheyShow() throws IOException {
        Path jar = folder.resolve("tests.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Class<?> c : List.of(ShowingLincheckTest.class, PlainLincheckTest.class, TestClassesTest.class)) {
                String file = c.getName().replace('.', '/') + ".class";
                out.putNextEntry(new JarEntry(file));
                try (InputStream in = c.getClassLoader().getResourceAsStream(file)) {
                    in.transferTo(out);
                }
            }
        }
        assertThat(TestClasses.lincheck(List.of(jar)))
                .containsExactly(
                        new TestClass(PlainLincheckTest.class.getName(), Set.of()),
                        new TestClass(ShowingLincheckTest.class.getName(), Set.of(Bug.XB_026, Bug.XB_049)));
        assertThat(TestClasses.jcstress(jar)).isEmpty();
    }
}

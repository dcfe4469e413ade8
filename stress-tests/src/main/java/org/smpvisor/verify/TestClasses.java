package org.smpvisor.verify;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.objectweb.asm.AnnotationVisitor;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.Opcodes;
import org.smpvisor.variant.Bug;

/** The tests that a jar holds, read from its classes: what has to run, whatever the tools say that ran. */
final class TestClasses {
    /**
     * One class of tests.
     *
     * @param name its full name
     * @param shows the historical bugs with which it must fail
     */
    record TestClass(String name, Set<Bug> shows) {}

    private static final String MODEL = "org/smpvisor/";
    private static final String LINCHECK = "LincheckTest.class";
    private static final String JCSTRESS = "Lorg/openjdk/jcstress/annotations/JCStressTest;";
    private static final String SHOWS = "Lorg/smpvisor/variant/Shows;";

    private TestClasses() {}

    /** The classes whose name says that they are tests of Lincheck, by name. */
    static List<TestClass> lincheck(List<Path> jars) throws IOException {
        List<TestClass> all = new ArrayList<>();
        for (Path jar : jars) {
            all.addAll(in(jar, LINCHECK, null));
        }
        return all;
    }

    /** The classes that are annotated as tests of jcstress, by name, as jcstress writes it. */
    static List<TestClass> jcstress(Path jar) throws IOException {
        return in(jar, ".class", JCSTRESS).stream()
                .map(t -> new TestClass(t.name().replace('$', '.'), t.shows()))
                .toList();
    }

    private static List<TestClass> in(Path jar, String suffix, String annotation) throws IOException {
        List<TestClass> all = new ArrayList<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            for (Enumeration<JarEntry> entries = file.entries(); entries.hasMoreElements(); ) {
                JarEntry e = entries.nextElement();
                if (e.getName().startsWith(MODEL) && e.getName().endsWith(suffix)) {
                    Look look = new Look(annotation);
                    try (InputStream in = file.getInputStream(e)) {
                        new ClassReader(in)
                                .accept(look, ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
                    }
                    if (look.wanted) {
                        all.add(new TestClass(className(e.getName()), Set.copyOf(look.shows)));
                    }
                }
            }
        }
        all.sort((a, b) -> a.name().compareTo(b.name()));
        return all;
    }

    private static String className(String entry) {
        return entry.substring(0, entry.length() - ".class".length()).replace('/', '.');
    }

    /** What a class says of itself. */
    private static final class Look extends ClassVisitor {
        private final String annotation;
        private final EnumSet<Bug> shows = EnumSet.noneOf(Bug.class);
        private boolean wanted;

        Look(String annotation) {
            super(Opcodes.ASM9);
            this.annotation = annotation;
            this.wanted = annotation == null;
        }

        @Override
        public AnnotationVisitor visitAnnotation(String descriptor, boolean visible) {
            wanted |= descriptor.equals(annotation);
            return descriptor.equals(SHOWS) ? new Bugs(shows) : null;
        }
    }

    private static final class Bugs extends AnnotationVisitor {
        private final Set<Bug> into;

        Bugs(Set<Bug> into) {
            super(Opcodes.ASM9);
            this.into = into;
        }

        @Override
        public AnnotationVisitor visitArray(String name) {
            return this;
        }

        @Override
        public void visitEnum(String name, String descriptor, String value) {
            into.add(Bug.valueOf(value));
        }
    }
}

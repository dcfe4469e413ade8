package org.smpvisor.mutate;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.vgic.rank.RankVgic;

/** The classes that model Xen's code, found where they were loaded from: folders or jars. */
public final class ModelClasses {
    /** Xen's side; the hardware, the cells and the locks themselves are what the tools rest on. */
    private static final List<String> PACKAGES = List.of(
            "org.smpvisor.sched.",
            "org.smpvisor.entry.",
            "org.smpvisor.evtchn.",
            "org.smpvisor.domain.",
            "org.smpvisor.cpu.Softirqs",
            "org.smpvisor.cpu.Tasklets",
            "org.smpvisor.cpu.CpuTimers",
            "org.smpvisor.gic.host.",
            "org.smpvisor.vgic.");

    /** One of each module. */
    private static final List<Class<?>> ANCHORS = List.of(Scheduler.class, HostGic.class, RankVgic.class);

    private ModelClasses() {}

    static boolean contains(String className) {
        return PACKAGES.stream().anyMatch(className::startsWith);
    }

    /** Names of all of them, in order. */
    public static SortedSet<String> names() {
        TreeSet<String> names = new TreeSet<>();
        for (Class<?> c : ANCHORS) {
            names.addAll(namesBeside(c));
        }
        return names;
    }

    /** All sites of the model, by class and in the order of the code. */
    static List<Site> sites() {
        List<Site> out = new ArrayList<>();
        for (String n : names()) {
            out.addAll(Weaver.sites(bytes(n)));
        }
        return out;
    }

    /** The code of a class of this program, as it was loaded. */
    public static byte[] bytes(String className) {
        String file = className.replace('.', '/') + ".class";
        try (InputStream in = ModelClasses.class.getClassLoader().getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalArgumentException("there is no class " + className);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> namesBeside(Class<?> anchor) {
        try {
            Path home = Path.of(
                    anchor.getProtectionDomain().getCodeSource().getLocation().toURI());
            if (Files.isDirectory(home)) {
                return namesIn(home);
            }
            try (FileSystem jar = FileSystems.newFileSystem(URI.create("jar:" + home.toUri()), java.util.Map.of())) {
                return namesIn(jar.getPath("/"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> namesIn(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(p -> root.relativize(p).toString().replace('\\', '/'))
                    .filter(n -> n.endsWith(".class"))
                    .map(n -> n.substring(0, n.length() - ".class".length()).replace('/', '.'))
                    .filter(ModelClasses::contains)
                    .toList();
        }
    }
}

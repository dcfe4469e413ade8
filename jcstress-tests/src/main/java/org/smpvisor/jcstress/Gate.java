package org.smpvisor.jcstress;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * Judges a run of jcstress, whose exit status 0 also means that nothing ran: every test of the jar must have run or be left out for
 * a reason, none may have failed, and each weak twin must have shown what it has lost where this host can show it. A
 * twin that has not is run once more for longer before that is a failure.
 *
 * <pre>
 * java -cp jcstress.jar org.smpvisor.jcstress.Gate LOG [--json FILE]
 * java -cp jcstress.jar org.smpvisor.jcstress.Gate --bugs
 * </pre>
 */
public final class Gate {
    private static final String LIST = "META-INF/TestList";
    private static final String[] AGAIN = {
        "-m", "default", "-sc", "false", "-af", "NONE", "-spinStyle", "THREAD_YIELD", "-v"
    };
    private static final long AGAIN_MINUTES = 20;

    private final List<Subject> subjects;
    private final RunLog log;
    private final List<String> complaints = new ArrayList<>();

    private Gate(List<Subject> subjects, RunLog log) {
        this.subjects = subjects;
        this.log = log;
    }

    /** Exits with 1, and says why, when the run proves less than it should. */
    public static void main(String[] args) throws IOException, InterruptedException {
        List<Subject> subjects = subjects();
        if (args.length == 1 && args[0].equals("--bugs")) {
            bugs(subjects);
            return;
        }
        if (args.length != 1 && !(args.length == 3 && args[1].equals("--json"))) {
            System.err.println("usage: Gate LOG [--json FILE] | --bugs");
            System.exit(2);
        }
        RunLog log = RunLog.of(Files.readAllLines(Path.of(args[0])));
        checkList(subjects);
        Gate gate = new Gate(
                subjects.stream().filter(s -> log.selects(s.planned().name())).toList(), log);
        gate.judge(Path.of(args[0] + ".again"));
        if (args.length == 3) {
            Files.writeString(Path.of(args[2]), gate.summary().json());
        }
        gate.tell();
        System.exit(gate.complaints.isEmpty() ? 0 : 1);
    }

    // ---- what there is ----------------------------------------------------------------------------------------------

    private static List<Subject> subjects() throws IOException {
        List<Subject> found = new ArrayList<>();
        try (InputStream in = Gate.class.getClassLoader().getResourceAsStream(LIST)) {
            if (in == null) {
                throw new IOException(LIST + " is not in the class path");
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            for (String line : lines.lines().filter(l -> !l.isBlank()).toList()) {
                Planned p = Planned.of(line);
                if (p.className().startsWith("org.smpvisor.")) {
                    found.add(new Subject(p, load(p.className())));
                }
            }
        }
        return found;
    }

    private static Class<?> load(String name) throws IOException {
        try {
            return Class.forName(name, false, Gate.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IOException(LIST + " names a class that is not there", e);
        }
    }

    private static void bugs(List<Subject> subjects) {
        for (Subject s : subjects) {
            Shows shows = s.test().getAnnotation(Shows.class);
            for (Bug b : shows == null ? new Bug[0] : shows.value()) {
                System.out.println(b.id() + "\t" + s.planned().name());
            }
        }
    }

    /** The list may have been made before a class became a test. */
    private static void checkList(List<Subject> subjects) throws IOException {
        long annotated = annotated();
        if (annotated != subjects.size()) {
            throw new IOException(annotated + " classes are tests and " + LIST + " names " + subjects.size());
        }
        List<Subject> mute = subjects.stream().filter(s -> !s.canFail()).toList();
        if (!mute.isEmpty()) {
            throw new IOException("nothing shows that these can fail, and they do not say why: " + names(mute));
        }
    }

    /** The classes in this jar or folder that say they are tests. */
    private static long annotated() throws IOException {
        Path here = Path.of(here());
        List<String> names;
        if (Files.isDirectory(here)) {
            try (var files = Files.walk(here)) {
                names = files.map(f -> here.relativize(f).toString().replace(File.separatorChar, '/'))
                        .toList();
            }
        } else {
            try (JarFile jar = new JarFile(here.toFile())) {
                names = jar.stream().map(e -> e.getName()).toList();
            }
        }
        long n = 0;
        for (String name : names) {
            if (name.startsWith("org/smpvisor/") && name.endsWith(".class") && !name.contains("_jcstress")) {
                String className =
                        name.substring(0, name.length() - ".class".length()).replace('/', '.');
                n += load(className).isAnnotationPresent(JCStressTest.class) ? 1 : 0;
            }
        }
        return n;
    }

    private static String here() {
        return new File(Gate.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .getPath();
    }

    // ---- the verdict ------------------------------------------------------------------------------------------------

    private void judge(Path again) throws IOException, InterruptedException {
        if (log.planned() < 0) {
            complaints.add("the log has no line of results");
            return;
        }
        judgeSums();
        for (Subject s : subjects) {
            for (String verdict : log.of(s.planned().name()).verdicts()) {
                if (!verdict.equals("OK")) {
                    complaints.add(s.planned().name() + ": " + verdict);
                }
            }
        }
        if (!complaints.isEmpty()) {
            return;
        }
        if (!missing().isEmpty()) {
            runAgain(missing(), again);
        }
        for (Subject s : missing()) {
            complaints.add(s.planned().name() + " has not shown that "
                    + s.pattern().what() + ": does the test that it is the twin of still test something?");
        }
    }

    private void judgeSums() {
        long can = subjects.stream().filter(this::canRun).count();
        if (can == 0) {
            complaints.add("no test can run with " + log.cores() + " cores");
        } else if (log.planned() != can * log.configurations()) {
            complaints.add(log.planned() + " runs were planned for " + can + " tests in " + log.configurations()
                    + " configurations");
        }
        if (log.passed() != log.planned()) {
            complaints.add(log.planned() + " runs were planned and " + log.passed() + " passed");
        }
    }

    private boolean canRun(Subject s) {
        return log.cores() < 0
                || s.planned().actors() <= log.cores(); // without a word on cores nothing ran, for another reason
    }

    private boolean isShown(Subject s) {
        return log.of(s.planned().name()).isInteresting();
    }

    /** Twins that should have shown something and have not. */
    private List<Subject> missing() {
        return subjects.stream()
                .filter(s -> s.sight() == Pattern.Sight.SEEN && canRun(s) && !isShown(s))
                .toList();
    }

    private void runAgain(List<Subject> twins, Path to) throws IOException, InterruptedException {
        String names = twins.stream()
                .map(s -> "^" + s.planned().name().replace(".", "\\.") + "$")
                .collect(Collectors.joining("|"));
        System.out.println("jcstress: once more, and longer: " + names(twins));
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", here()));
        command.addAll(List.of(AGAIN));
        Path results = Files.createTempDirectory("jcstress");
        command.addAll(List.of("-r", results.toString(), "-t", names, "-jvmArgs", log.jvmArgs()));
        Process p = new ProcessBuilder(command)
                .directory(results.toFile())
                .redirectErrorStream(true)
                .redirectOutput(to.toFile())
                .start();
        if (!p.waitFor(AGAIN_MINUTES, TimeUnit.MINUTES)) {
            p.destroyForcibly().waitFor();
            complaints.add("the second run was not over after " + AGAIN_MINUTES + " minutes, see " + to);
        } else if (p.exitValue() != 0) {
            complaints.add("the second run ended with exit status " + p.exitValue() + ", see " + to);
        }
        log.add(RunLog.of(Files.readAllLines(to)));
    }

    private static String names(List<Subject> some) {
        return some.stream().map(s -> s.planned().name()).collect(Collectors.joining(", "));
    }

    // ---- the report -------------------------------------------------------------------------------------------------

    private void tell() {
        List<Subject> shown =
                subjects.stream().filter(s -> s.pattern() != null && isShown(s)).toList();
        List<Subject> unproven = summary().unproven();
        System.out.println("jcstress: " + subjects.size() + " tests, " + log.planned() + " runs planned, "
                + log.passed() + " passed");
        for (Subject s : subjects) {
            if (!canRun(s)) {
                System.out.println("jcstress: left out " + s.planned().name() + ": " + reason(s));
            }
        }
        System.out.println("jcstress: " + shown.size() + " weak twins have shown it: " + names(shown));
        System.out.println("jcstress: " + unproven.size() + " weak twins unproven on this host ("
                + System.getProperty("os.arch") + "): "
                + unproven.stream()
                        .map(s -> s.planned().name() + " (" + s.pattern() + ")")
                        .collect(Collectors.joining(", ")));
        complaints.forEach(c -> System.err.println("jcstress: " + c));
    }

    private String reason(Subject s) {
        return canRun(s) ? "" : "needs " + s.planned().actors() + " actors, host has " + log.cores() + " cores";
    }

    private Summary summary() {
        return new Summary(subjects, log, this::reason);
    }
}

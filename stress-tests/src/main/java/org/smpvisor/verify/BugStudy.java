package org.smpvisor.verify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.smpvisor.explore.BugHunt;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Variant;
import org.smpvisor.verify.BugRecord.Cell;
import org.smpvisor.verify.BugRecord.State;
import org.smpvisor.verify.BugRecord.Tool;
import org.smpvisor.verify.TestClasses.TestClass;

/** Puts back one historical bug after the other and sees which tools find it, and how soon. */
public final class BugStudy {
    /** The tests as every build runs them. */
    private static final String MODE = "quick";

    private final Toolbox tools;
    private final Path folder;
    private final double seconds;
    private final long seed;
    private final Consumer<String> progress;
    private final BugHunt hunter;
    private final Set<String> twinFindings = new TreeSet<>();
    private Map<String, List<String>> jcstressTests = Map.of();
    private List<TestClass> lincheckTests = List.of();
    private String noJcstress;
    private String noLincheck;

    /**
     * @param folder where logs go
     * @param seconds for stress and for explore, each, for each bug
     * @param progress told a line for each bug
     */
    public BugStudy(Toolbox tools, Path folder, double seconds, long seed, Consumer<String> progress) {
        this.tools = tools;
        this.folder = folder;
        this.seconds = seconds;
        this.seed = seed;
        this.progress = progress;
        this.hunter = new BugHunt(SmallScenarios.all(), seconds);
    }

    /**
     * All of {@code bugs}, then the model without any.
     *
     * @throws IOException if a tool cannot be started
     */
    public BugRecord run(List<Bug> bugs, String command) throws IOException, InterruptedException {
        noJcstress = tools.missingForJcstress();
        if (noJcstress == null) {
            jcstressTests = new JcstressRun(tools, folder.resolve("jcstress")).showing();
        }
        noLincheck = tools.missingForLincheck();
        if (noLincheck == null) {
            lincheckTests = TestClasses.lincheck(tools.lincheckJars());
        }
        List<BugRecord.Row> rows = new ArrayList<>();
        for (Bug b : bugs) {
            BugRecord.Row row = new BugRecord.Row(b, cells(b));
            rows.add(row);
            tell(b.id(), row.cells());
        }
        Map<Tool, Cell> control = control(bugs);
        tell("no bug", control);
        return new BugRecord(folder, command, Verification.host(), seconds, rows, control);
    }

    private void tell(String what, Map<Tool, Cell> cells) {
        StringBuilder line = new StringBuilder(what).append(':');
        for (Tool t : Tool.values()) {
            line.append(' ')
                    .append(t.text())
                    .append(' ')
                    .append(cells.get(t).text())
                    .append(';');
        }
        progress.accept(line.substring(0, line.length() - 1));
    }

    // ---- with a bug -------------------------------------------------------------------------------------------------

    private Map<Tool, Cell> cells(Bug b) throws IOException, InterruptedException {
        Map<Tool, Cell> cells = new EnumMap<>(Tool.class);
        StressHunt.Result storm = StressHunt.run(BugHunt.background(b).with(b), seconds, seed);
        BugHunt.Result hunt = hunter.hunt(b, seed, () -> Thread.currentThread().isInterrupted());
        twinFindings.addAll(hunt.twinFindings());
        cells.put(Tool.STRESS, b == Bug.XB_052 ? Cell.noTest("needs 32 list registers") : storm.stress());
        cells.put(Tool.EXPLORE, explored(hunt, false));
        cells.put(Tool.LOCKS, earlier(storm.locks(), explored(hunt, true)));
        cells.put(Tool.JCSTRESS, jcstress(b));
        cells.put(Tool.LINCHECK, lincheck(b));
        return cells;
    }

    private static Cell explored(BugHunt.Result hunt, boolean byValidator) {
        return hunt.catches().stream()
                .filter(c -> (c.tool() == Bug.Tool.LOCKS) == byValidator)
                .findFirst()
                .map(c -> Cell.found(c.seconds(), byValidator ? Tool.EXPLORE.text() : c.tool() + " in " + c.scenario()))
                .orElse(Cell.notFound(hunt.seconds()));
    }

    /** Of two cells of the lock validator the one that found it first, with a word on the other; in vain, both looked. */
    static Cell earlier(Cell a, Cell b) {
        if (a.state() == State.FOUND && b.state() == State.FOUND) {
            Cell first = a.seconds() <= b.seconds() ? a : b;
            Cell second = first == a ? b : a;
            return Cell.found(first.seconds(), first.how() + "; " + second.how() + " " + second.text());
        }
        return both(a, b);
    }

    private Cell jcstress(Bug b) throws IOException, InterruptedException {
        if (noJcstress != null) {
            return Cell.noTest(noJcstress);
        }
        List<String> names = jcstressTests.getOrDefault(b.id(), List.of());
        return names.isEmpty() ? Cell.noTest("") : jcstress(names, b.id());
    }

    /** Found if a test fails; the time is that of the whole run. */
    private Cell jcstress(List<String> names, String id) throws IOException, InterruptedException {
        long began = System.nanoTime();
        List<String> problems = new ArrayList<>();
        List<TestResult> results = new JcstressRun(
                        tools, folder.resolve("jcstress").resolve(id.isEmpty() ? "none" : id))
                .results(names, new Settings(MODE, 0, 0, null, id), false, problems);
        return cell(results, problems, (System.nanoTime() - began) / 1e9);
    }

    /** What results of tests say that had to fail; a test that did not run says nothing. */
    static Cell cell(List<TestResult> results, List<String> problems, double seconds) {
        for (TestResult r : results) {
            if (r.result() == TestResult.Result.FAILED) {
                return Cell.found(r.seconds() < 0 ? seconds : r.seconds(), r.shortName());
            }
        }
        for (TestResult r : results) {
            if (!r.result().isFine()) {
                return Cell.broken(seconds, r.shortName() + ": " + r.reason());
            }
        }
        if (!problems.isEmpty()) {
            return Cell.broken(seconds, problems.get(0));
        }
        if (results.stream().allMatch(r -> r.result() == TestResult.Result.SKIPPED)) {
            return Cell.noTest(results.isEmpty() ? "" : results.get(0).reason());
        }
        return Cell.notFound(seconds);
    }

    private Cell lincheck(Bug b) throws IOException, InterruptedException {
        if (noLincheck != null) {
            return Cell.noTest(noLincheck);
        }
        Set<String> names = new LinkedHashSet<>();
        for (TestClass t : lincheckTests) {
            if (t.shows().contains(b)) {
                names.add(t.name());
            }
        }
        return names.isEmpty() ? Cell.noTest("") : lincheck(names, b.id());
    }

    /** Found as soon as a class fails. */
    private Cell lincheck(Set<String> names, String id) throws IOException, InterruptedException {
        Settings s = new Settings(MODE, 0, 0, null, id);
        LincheckRun run = new LincheckRun(tools, folder.resolve(id.isEmpty() ? "none" : id));
        double spent = 0;
        List<TestResult> results = new ArrayList<>();
        for (String name : names) {
            TestResult r = run.run(name, s, LincheckRun.limit(MODE));
            spent += r.seconds();
            results.add(r);
            if (r.result() == TestResult.Result.FAILED) {
                return Cell.found(spent, r.shortName());
            }
        }
        return cell(results, List.of(), spent);
    }

    // ---- without ----------------------------------------------------------------------------------------------------

    /** What each tool says of the model without a bug: on the same tests, and for stress in each variant that was used. */
    private Map<Tool, Cell> control(List<Bug> bugs) throws IOException, InterruptedException {
        Map<Tool, Cell> cells = new EnumMap<>(Tool.class);
        Set<Variant> variants = new LinkedHashSet<>();
        Map<String, String> jcstress = new LinkedHashMap<>();
        Set<String> lincheck = new TreeSet<>();
        for (Bug b : bugs) {
            variants.add(BugHunt.background(b));
            jcstressTests.getOrDefault(b.id(), List.of()).forEach(t -> jcstress.put(t, t));
            lincheckTests.stream().filter(t -> t.shows().contains(b)).forEach(t -> lincheck.add(t.name()));
        }
        Cell stress = Cell.notFound(0);
        Cell locks = Cell.notFound(0);
        for (Variant v : variants) {
            StressHunt.Result r = StressHunt.run(v, seconds, seed);
            stress = both(stress, r.stress());
            locks = both(locks, r.locks());
        }
        cells.put(Tool.STRESS, stress);
        cells.put(Tool.LOCKS, both(locks, twin(true)));
        cells.put(Tool.EXPLORE, twin(false));
        cells.put(Tool.JCSTRESS, jcstress.isEmpty() ? Cell.noTest("") : jcstress(List.copyOf(jcstress.keySet()), ""));
        cells.put(Tool.LINCHECK, lincheck.isEmpty() ? Cell.noTest("") : lincheck(lincheck, ""));
        return cells;
    }

    /** What was found in either, or the time of both. */
    private static Cell both(Cell a, Cell b) {
        if (a.state() == State.FOUND) {
            return a;
        }
        return b.state() == State.FOUND ? b : Cell.notFound(a.seconds() + b.seconds());
    }

    private Cell twin(boolean byValidator) {
        return twinFindings.stream()
                .filter(f -> f.contains(": LOCKING ") == byValidator)
                .findFirst()
                .map(f -> Cell.found(0, f))
                .orElse(Cell.notFound(0));
    }
}

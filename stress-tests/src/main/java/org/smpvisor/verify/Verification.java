package org.smpvisor.verify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.smpvisor.bench.Host;

/** Runs the tests of jcstress and of Lincheck outside of the build. */
public final class Verification {
    private final Toolbox tools;
    private final Path folder;
    private final String command;
    private final Consumer<String> progress;

    /**
     * @param folder where logs and reports go
     * @param command the command that runs the same again
     * @param progress told a line for each test
     */
    public Verification(Toolbox tools, Path folder, String command, Consumer<String> progress) {
        this.tools = tools;
        this.folder = folder;
        this.command = command;
        this.progress = progress;
    }

    /**
     * Runs what is wanted: first Lincheck, in half of the time if both are, then jcstress in what is left.
     *
     * @throws IOException if a tool cannot be started
     */
    public VerifyRecord run(Settings settings, boolean jcstress, boolean lincheck)
            throws IOException, InterruptedException {
        long began = System.nanoTime();
        List<VerifyRecord.ToolRun> runs = new ArrayList<>();
        if (lincheck) {
            Settings half = settings.within(jcstress ? settings.seconds() / 2 : settings.seconds());
            runs.add(new LincheckRun(tools, folder).run(half, this::tell));
        }
        if (jcstress) {
            double used = (System.nanoTime() - began) / 1e9;
            double left = settings.seconds() == 0 ? 0 : Math.max(1, settings.seconds() - used);
            progress.accept("jcstress: all tests in one run, log in " + folder.resolve("jcstress/jcstress.log"));
            VerifyRecord.ToolRun run = new JcstressRun(tools, folder.resolve("jcstress")).run(settings.within(left));
            run.results().forEach(this::tell);
            runs.add(0, run);
        }
        return new VerifyRecord(folder, settings.mode(), command, host(), (System.nanoTime() - began) / 1e9, runs);
    }

    private void tell(TestResult r) {
        progress.accept(r.tool() + ": " + r.shortName() + ": " + r.result().text()
                + (r.reason().isEmpty() ? "" : ": " + r.reason()));
    }

    /** This machine in a line. */
    static String host() {
        Host h = Host.here();
        return h.cpu() + ", " + h.cores() + (h.cores() == 1 ? " core, " : " cores, ") + System.getProperty("os.name")
                + " " + System.getProperty("os.arch") + ", JDK "
                + Runtime.version().feature();
    }

    /**
     * How many tests a pattern chooses, of the tools that are wanted.
     *
     * @throws IOException if their jars cannot be read
     */
    public static int chosen(Toolbox tools, Settings settings, boolean jcstress, boolean lincheck) throws IOException {
        List<TestClasses.TestClass> all = new ArrayList<>();
        if (jcstress) {
            all.addAll(TestClasses.jcstress(tools.jcstress()));
        }
        if (lincheck) {
            all.addAll(TestClasses.lincheck(tools.lincheckJars()));
        }
        return (int) all.stream().filter(t -> settings.wants(t.name())).count();
    }
}

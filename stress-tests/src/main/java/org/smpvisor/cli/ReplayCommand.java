package org.smpvisor.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.smpvisor.explore.ReplayFile;
import org.smpvisor.explore.Replayed;
import org.smpvisor.explore.Subject;
import org.smpvisor.report.ReplayReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Reproduces a recorded schedule and tells it. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Repeats a schedule step for step, compares each step with what the file expects, and tells the story: a column"
                    + " per CPU, one line for each step that matters.",
            ""
        },
        footer = {
            "",
            "Exit status 0: what went wrong is explained by a weak spot, or nothing goes",
            "wrong. 1: something went wrong that nothing explains, or the program has",
            "changed and the run differs from the file. 2: wrong use, a damaged file."
        })
public final class ReplayCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ReplayOptions options;

    @Option(names = "--all-steps", description = "Tells every step, not only those that matter.")
    private boolean allSteps;

    @Option(names = "--json", description = "Prints one JSON object on standard output.")
    private boolean json;

    @Override
    public Integer call() {
        ReplayFile file = options.read();
        Subject subject = options.subject(file);
        Replayed r = Replayed.of(file, subject, options.decisions(file, subject), allSteps);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(new ReplayReport(options.file(), r).json());
        } else {
            new ReplayReport(options.file(), r).print(out);
        }
        out.flush();
        return r.difference() != null || r.isUnexplained() ? Main.FAILED : Main.OK;
    }
}

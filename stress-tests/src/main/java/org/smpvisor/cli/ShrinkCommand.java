package org.smpvisor.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.smpvisor.explore.ReplayFile;
import org.smpvisor.explore.Shrunk;
import org.smpvisor.explore.Subject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes a recorded schedule shorter while it fails in the same way. */
@Command(
        name = "shrink",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Removes switches between CPUs and steps from a recorded schedule as long as the failure stays the same, and"
                    + " writes what is left to a file of its own.",
            ""
        },
        footer = {
            "",
            "Exit status 0: done. 1: the file does not show its failure any more.",
            "2: wrong use, a damaged file."
        })
public final class ShrinkCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ReplayOptions options;

    @Option(
            names = "--schedules",
            paramLabel = "N",
            defaultValue = "20000",
            description = "How many schedules to try at most (default: ${DEFAULT-VALUE}).")
    private int schedules;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description =
                    "Where the shorter schedule goes (default: the name of the file with '.short' before its ending).")
    private Path output;

    @Override
    public Integer call() {
        if (schedules < 1) {
            throw new ParameterException(spec.commandLine(), "--schedules: " + schedules + " is not 1 or more");
        }
        ReplayFile file = options.read();
        Subject subject = options.subject(file);
        Shrunk s = Shrunk.of(file, subject, options.decisions(file, subject), schedules);
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (s == null) {
            err.println("smpvisor shrink: " + options.file()
                    + " does not show its failure any more; see 'smpvisor replay'");
            err.flush();
            return Main.FAILED;
        }
        Path target = output == null ? shorter(options.file()) : output;
        try {
            Files.writeString(target, s.file().text());
        } catch (IOException e) {
            throw new ParameterException(
                    spec.commandLine(), "--output: " + target + " cannot be written: " + e.getMessage());
        }
        out.printf(
                Locale.ROOT,
                "%d steps with %d switches became %d with %d, in %,d schedules%nwritten to %s%n",
                file.steps().size(),
                s.switchesBefore(),
                s.file().steps().size(),
                s.switchesAfter(),
                s.tried(),
                target);
        out.flush();
        return Main.OK;
    }

    private static Path shorter(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        String next = dot < 0 ? name + ".short" : name.substring(0, dot) + ".short" + name.substring(dot);
        return file.resolveSibling(next);
    }
}

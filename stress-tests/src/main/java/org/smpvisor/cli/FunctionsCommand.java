package org.smpvisor.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import org.smpvisor.functions.FunctionsReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Lists Xen's functions with the methods that model them and the locks that they take, and checks these. */
@Command(
        name = "functions",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Lists the functions of Xen around interrupts: the methods that model them, the sequences of locks that are"
                    + " expected of them, and those that they were seen to take in schedules of the small scenarios of"
                    + " 'explore', which are always the same.",
            ""
        },
        footer = {
            "",
            "Exit status 0: what was seen is what is expected, and nothing is missing. 1: otherwise. 2: wrong use.",
            "",
            "Example:",
            "  smpvisor functions --markdown docs/functions.md"
        })
public final class FunctionsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--markdown", paramLabel = "FILE", description = "Writes the page to a file (default: prints it).")
    private Path markdown;

    @Override
    public Integer call() {
        checkFile();
        FunctionsReport report = new FunctionsReport();
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (markdown == null) {
            out.print(report.page());
            out.flush();
        } else {
            try {
                Files.writeString(markdown, report.page(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw wrong(markdown + " cannot be written: " + e.getMessage());
            }
        }
        report.problems().forEach(p -> err.println("smpvisor functions: " + p));
        err.flush();
        return report.problems().isEmpty() ? Main.OK : Main.FAILED;
    }

    /** A file that cannot be written is said so before anything runs. */
    private void checkFile() {
        if (markdown == null) {
            return;
        }
        if (Files.isDirectory(markdown)) {
            throw wrong(markdown + " is a directory");
        }
        try {
            Files.newOutputStream(markdown, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    .close();
        } catch (IOException e) {
            throw wrong(markdown + " cannot be written: " + e.getMessage());
        }
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), "--markdown: " + text);
    }
}

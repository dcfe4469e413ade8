package org.smpvisor.cli;

import java.nio.file.Path;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.explore.BadReplayFile;
import org.smpvisor.explore.ReplayFile;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.explore.Subject;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the commands that read a replay file have in common. */
final class ReplayOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Parameters(paramLabel = "FILE", description = "A replay file that 'explore' or 'shrink' wrote.")
    private Path file;

    @Option(
            names = "--vehicle",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "What carries the CPUs' stacks: continuations (fast, JDK 21 and later), threads, or auto (default).")
    private String vehicle;

    Path file() {
        return file;
    }

    /** Reads the file. */
    ReplayFile read() {
        try {
            return ReplayFile.read(file);
        } catch (BadReplayFile e) {
            throw wrong(e.getMessage());
        }
    }

    /** Builds the machine that the file was found on. */
    Subject subject(ReplayFile r) {
        SmallScenario s = SmallScenarios.named(r.scenario())
                .orElseThrow(() -> wrong(file + ": there is no small scenario '" + r.scenario()
                        + "'; 'smpvisor explore --list-scenarios' lists them"));
        boolean continuations = switch (vehicle) {
            case "auto" -> true;
            case "threads" -> false;
            case "continuations" -> {
                if (!ControlledEngine.hasContinuations()) {
                    throw wrong("--vehicle: this Java has no continuations that can be used; JDK 21 or later has"
                            + " (see SMPVISOR_JAVA)");
                }
                yield true;
            }
            default -> throw wrong("--vehicle: '" + vehicle + "' is none of auto, continuations, threads");
        };
        return new Subject(s, r.variant(), continuations);
    }

    /** The decisions of the file on that machine. */
    byte[] decisions(ReplayFile r, Subject subject) {
        try {
            return r.decisions(subject);
        } catch (BadReplayFile e) {
            throw wrong(file + ": " + e.getMessage());
        }
    }

    private ParameterException wrong(String text) {
        return new ParameterException(command.commandLine(), text);
    }
}

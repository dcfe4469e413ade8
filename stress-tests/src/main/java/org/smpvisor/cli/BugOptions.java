package org.smpvisor.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Variant;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that puts back bugs of Xen's past. */
final class BugOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--bug",
            paramLabel = "ID",
            description = "A bug of Xen's past to put back; may be repeated. 'smpvisor bugs list' lists them.")
    private List<String> bugs = new ArrayList<>();

    /** Whether none is given. */
    boolean isEmpty() {
        return bugs.isEmpty();
    }

    /**
     * {@code v} with these bugs.
     *
     * @throws ParameterException if one of them does not exist, or cannot be switched on
     */
    Variant into(Variant v) {
        Variant out = v;
        for (String id : bugs) {
            Bug b = named(command, id);
            try {
                out = out.with(b);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(command.commandLine(), "--bug: " + e.getMessage(), e);
            }
        }
        return out;
    }

    /** The bug with that id. */
    static Bug named(CommandSpec command, String id) {
        return Bug.named(id)
                .orElseThrow(() -> new ParameterException(
                        command.commandLine(), "--bug: there is no bug '" + id + "'; 'smpvisor bugs list' lists them"));
    }

    /** The options as they were given, with a blank in front. */
    String text() {
        return bugs.stream().map(x -> " --bug " + x).collect(Collectors.joining());
    }
}

package org.smpvisor.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that choose which weak spots the model has. */
final class QuirkOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--quirks",
            paramLabel = "xen|fixed",
            defaultValue = "xen",
            description = "All weak spots as Xen has them, or all corrected (default: ${DEFAULT-VALUE}).")
    private String quirks;

    @Option(
            names = "--quirk",
            paramLabel = "NAME=xen|fixed",
            description =
                    "One weak spot as Xen has it, or corrected; may be repeated. 'stress --list-quirks' lists them.")
    private Map<String, String> quirk = new LinkedHashMap<>();

    /**
     * The variant that the options describe.
     *
     * @throws ParameterException if one of them names nothing
     */
    Variant variant() {
        Variant variant = fixed("--quirks", quirks) ? Variant.allFixed() : Variant.xen();
        for (Map.Entry<String, String> e : quirk.entrySet()) {
            variant = variant.with(quirkNamed(e.getKey()), fixed("--quirk " + e.getKey(), e.getValue()));
        }
        return variant;
    }

    /** The options as they were given, with a blank in front. */
    String text() {
        StringBuilder b = new StringBuilder(" --quirks ").append(quirks);
        quirk.forEach(
                (name, value) -> b.append(" --quirk ").append(name).append('=').append(value));
        return b.toString();
    }

    private boolean fixed(String option, String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "xen" -> false;
            case "fixed" -> true;
            default -> throw wrong(option + ": '" + value + "' is neither 'xen' nor 'fixed'");
        };
    }

    private Quirk quirkNamed(String name) {
        return Arrays.stream(Quirk.values())
                .filter(q -> q.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> wrong("--quirk: there is no quirk '" + name + "'; there are "
                        + Arrays.stream(Quirk.values()).map(Enum::name).collect(Collectors.joining(", "))));
    }

    private ParameterException wrong(String text) {
        return new ParameterException(command.commandLine(), text);
    }
}

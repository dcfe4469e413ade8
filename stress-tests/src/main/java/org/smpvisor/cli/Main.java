package org.smpvisor.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.smpvisor.machine.DeviceTreeException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code smpvisor}. What a user does wrong is answered with a sentence, never with a stack trace. */
@Command(
        name = "smpvisor",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            BootCommand.class,
            StressCommand.class,
            ExploreCommand.class,
            ReplayCommand.class,
            ShrinkCommand.class,
            LocksCommand.class,
            FunctionsCommand.class,
            BugsCommand.class,
            VerifyCommand.class,
            MutateCommand.class,
            BenchCommand.class,
            CommandLine.HelpCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        description = {
            "A laboratory for the interrupt code of a hypervisor. It models how Xen on Arm virtualises a GICv3 on several"
                    + " CPUs at once: each physical CPU is a thread of the host, and the locks, the lock-free reads"
                    + " and the weak spots are Xen's.",
            ""
        },
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "'smpvisor COMMAND --help' explains a command.",
            "Exit status: 0 when all is well, 1 when the model failed or found something, 2 for wrong use."
        })
public final class Main implements Callable<Integer> {
    /** All is well. */
    public static final int OK = 0;

    /** The machine failed, or something was found. */
    public static final int FAILED = 1;

    /** Wrong use: an option, a file or a device tree that cannot be used. */
    public static final int WRONG_USE = 2;

    @Spec
    private CommandSpec spec;

    /** Returns the command, ready to execute or to be given other streams. */
    public static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler((e, args) -> wrongUse(e))
                .setExecutionExceptionHandler((e, command, result) -> failed(e, command));
    }

    public static void main(String[] args) {
        CommandLine command = commandLine();
        int status;
        try {
            status = command.execute(args);
        } catch (Throwable e) { // an Error; exceptions do not come this far
            status = modelBug(e, command);
        }
        System.exit(status);
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    private static int wrongUse(ParameterException e) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        String name = command.getCommandSpec().qualifiedName();
        err.println(name + ": " + e.getMessage());
        if (!UnmatchedArgumentException.printSuggestions(e, err)) {
            err.println("'" + name + " --help' explains the "
                    + (command.getSubcommands().isEmpty() ? "options" : "commands") + ".");
        }
        err.flush();
        return WRONG_USE;
    }

    private static int failed(Exception e, CommandLine command) {
        String name = command.getCommandSpec().qualifiedName();
        if (e instanceof DeviceTreeException) {
            command.getErr().println(name + ": " + e.getMessage());
            command.getErr().flush();
            return WRONG_USE;
        }
        return modelBug(e, command);
    }

    /**
     * Says that the model itself is at fault and leaves the stack trace in a file.
     *
     * @return {@link #FAILED}
     */
    static int modelBug(Throwable e, CommandLine command) {
        PrintWriter err = command.getErr();
        String text = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        err.println(command.getCommandSpec().qualifiedName() + ": a bug of the model, not of your input: " + text);
        try {
            Path report = Files.createTempFile("smpvisor-bug-", ".txt");
            try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(report))) {
                out.println("arguments: " + arguments(command));
                out.println("java: " + Runtime.version() + ", " + System.getProperty("os.name") + ", "
                        + Runtime.getRuntime().availableProcessors() + " cores");
                e.printStackTrace(out);
            }
            err.println("Where it happened is written to " + report + "; please send that file with a report.");
        } catch (IOException io) {
            err.println("(The stack trace could not be written to a file: " + io.getMessage() + ")");
        }
        err.flush();
        return FAILED;
    }

    private static List<String> arguments(CommandLine command) {
        CommandLine.ParseResult parsed = command.getParseResult();
        return parsed == null ? List.of() : parsed.originalArgs();
    }

    /** The version that the jar's manifest names. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"smpvisor " + (version == null ? "(not packaged)" : version)};
        }
    }
}

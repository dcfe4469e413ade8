package org.smpvisor.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;

/** What a command answers: exit status, standard output, standard error. */
record Ending(int status, String out, String err) {
    /** Runs {@code command} with these arguments, without colours. */
    static Ending of(String command, String... args) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(Arrays.asList(args));
        return of(all);
    }

    /** Runs the program with these arguments, without colours. */
    static Ending of(List<String> all) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.commandLine()
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(String[]::new));
        return new Ending(status, out.toString(), err.toString());
    }

    /** Standard output, which is one JSON object. */
    JsonNode json() throws IOException {
        return new ObjectMapper().readTree(out);
    }
}

package org.smpvisor.functions;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.smpvisor.lock.XenEdge;

/** What is expected of the functions of Xen that take part in virtualising interrupts; data of the project. */
final class FunctionTable {
    private static final String FUNCTIONS = "functions.tsv";
    private static final String EDGES = "edges.tsv";
    private static final String SAME = "=";

    /** Of a function that is not there yet, and takes locks that are not there yet. */
    static final String NOT_TOLD = "?";

    private static final String NOTHING = "-";
    private static final int COLUMNS = 8;

    /**
     * A function of Xen.
     *
     * @param file where it stands in Xen
     * @param needs classes of the locks that its caller holds
     * @param takes the locks that it takes, as {@link LockSequence} writes them
     * @param corrected the same with all weak spots corrected; {@code takes} is possible then, too
     * @param irqs how interrupts stand when it is called: {@code any}, {@code masked} or {@code open}
     * @param lockFree what it reads or writes without a lock although others may change it, in words; or empty
     * @param reason why the model does not have it, or the runs do not reach it; or empty
     */
    record Row(
            String function,
            String file,
            Set<String> needs,
            String takes,
            String corrected,
            String irqs,
            String lockFree,
            String reason) {}

    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final Map<String, String> fragments = new LinkedHashMap<>();
    private final Map<XenEdge, String> edges = new LinkedHashMap<>();
    private final Map<String, Pattern> faithful = new LinkedHashMap<>();
    private final Map<String, Pattern> corrected = new LinkedHashMap<>();

    /** The table that is shipped. */
    FunctionTable() {
        for (String line : lines(FUNCTIONS)) {
            String[] c = line.split("\t", -1);
            if (c[0].equals("let")) {
                fragments.put(c[1], c[2]);
                continue;
            }
            if (c.length != COLUMNS) {
                throw new IllegalArgumentException(FUNCTIONS + ": " + c.length + " columns in '" + line + "'");
            }
            Set<String> needs = c[2].equals(NOTHING) ? Set.of() : Set.of(c[2].split(" "));
            Row r = new Row(
                    c[0], c[1], needs, c[3], c[4].equals(SAME) ? c[3] : c[4], c[5], orEmpty(c[6]), orEmpty(c[7]));
            if (rows.put(r.function(), r) != null) {
                throw new IllegalArgumentException(FUNCTIONS + ": " + r.function() + " is there twice");
            }
        }
        for (String line : lines(EDGES)) {
            String[] c = line.split("\t", -1);
            edges.put(XenEdge.valueOf(c[0]), c[1]);
        }
        for (Row r : rows.values()) {
            if (r.takes().equals(NOT_TOLD)) {
                continue;
            }
            Pattern p = LockSequence.compile(r.takes(), this::faithfully);
            faithful.put(r.function(), p);
            Pattern q = LockSequence.compile(r.corrected(), this::correctedly);
            corrected.put(r.function(), Pattern.compile("(?:" + p + ")|(?:" + q + ")"));
        }
    }

    private static String orEmpty(String cell) {
        return cell.equals(NOTHING) ? "" : cell;
    }

    private static List<String> lines(String name) {
        try (InputStream in = FunctionTable.class.getResourceAsStream(name);
                BufferedReader r = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            List<String> out = new ArrayList<>();
            for (String line = r.readLine(); line != null; line = r.readLine()) {
                if (!line.startsWith("#") && !line.isBlank()) {
                    out.add(line);
                }
            }
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String faithfully(String name) {
        return rows.containsKey(name) ? rows.get(name).takes() : fragment(name);
    }

    private String correctedly(String name) {
        return rows.containsKey(name) ? rows.get(name).corrected() : fragment(name);
    }

    private String fragment(String name) {
        String f = fragments.get(name);
        if (f == null) {
            throw new IllegalArgumentException(FUNCTIONS + ": <" + name + "> is neither a function nor a fragment");
        }
        return f;
    }

    /** By name, in the order of the table. */
    Map<String, Row> rows() {
        return rows;
    }

    /** Names for sequences that several functions share. */
    Map<String, String> fragments() {
        return fragments;
    }

    /** Why a nesting of Xen's is not to be seen. */
    Map<XenEdge, String> unseenEdges() {
        return edges;
    }

    /** Whether that sequence of locks is expected of a function. */
    boolean allows(String function, boolean isFaithful, String seen) {
        Pattern p = (isFaithful ? faithful : corrected).get(function);
        return p != null && p.matcher(LockSequence.encode(seen)).matches();
    }
}

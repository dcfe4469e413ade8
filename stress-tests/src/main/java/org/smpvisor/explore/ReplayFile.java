package org.smpvisor.explore;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * A schedule as a text file: a header, then one line for each run of steps by the same actor: its name, their number, what
 * the first of them was, and four hexadecimal digits for each step, from which a replay tells where it meets something else.
 *
 * @param scenario name of the small scenario
 * @param fixed quirks whose corrected rule was in force
 * @param bugs historical bugs that were put back
 * @param foundBy strategy, seed and number of the schedule; for the record only
 * @param failure what was wrong
 * @param steps the schedule
 */
public record ReplayFile(
        String scenario, Set<Quirk> fixed, Set<Bug> bugs, String foundBy, String failure, List<Recording.Step> steps) {
    private static final String MAGIC = "smpvisor replay 1";
    private static final int DIGITS = 4;
    private static final int MAX_BYTES = 16 << 20;
    private static final Pattern RUN = Pattern.compile("(\\S+)\\*(\\d{1,7})\\s+\\[(.*)] ([0-9a-f]+)");

    public ReplayFile {
        fixed = Set.copyOf(fixed);
        bugs = Set.copyOf(bugs);
        steps = List.copyOf(steps);
    }

    /** The variant that the schedule was found on. */
    public Variant variant() {
        Variant v = Variant.xen();
        for (Quirk q : fixed) {
            v = v.with(q, true);
        }
        for (Bug b : bugs) {
            v = v.with(b);
        }
        return v;
    }

    // ---- writing ----------------------------------------------------------------------------------------------------

    /** The file's text. */
    public String text() {
        StringBuilder b = new StringBuilder(MAGIC).append('\n');
        b.append("scenario: ").append(scenario).append('\n');
        b.append("fixed: ")
                .append(fixed.stream().sorted().map(Enum::name).collect(Collectors.joining(" ")))
                .append('\n');
        b.append("bugs: ")
                .append(bugs.stream().sorted().map(Bug::id).collect(Collectors.joining(" ")))
                .append('\n');
        b.append("found by: ").append(foundBy).append('\n');
        b.append("failure: ").append(failure).append('\n');
        b.append("steps: ").append(steps.size()).append('\n');
        for (int i = 0; i < steps.size(); ) {
            int end = i;
            StringBuilder hashes = new StringBuilder();
            while (end < steps.size()
                    && steps.get(end).actor().equals(steps.get(i).actor())) {
                hashes.append(String.format("%04x", steps.get(end).hash()));
                end++;
            }
            b.append(steps.get(i).actor()).append('*').append(end - i);
            b.append(" [")
                    .append(steps.get(i).what())
                    .append("] ")
                    .append(hashes)
                    .append('\n');
            i = end;
        }
        return b.append("end\n").toString();
    }

    // ---- reading ----------------------------------------------------------------------------------------------------

    /**
     * Reads a file.
     *
     * @throws BadReplayFile if it is no replay file or is damaged, with the line and the remedy
     */
    public static ReplayFile read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new BadReplayFile(file + " is too large for a replay file");
            }
            return parse(file.toString(), Files.readAllLines(file));
        } catch (NoSuchFileException e) {
            throw new BadReplayFile(file + ": there is no such file");
        } catch (MalformedInputException e) {
            throw new BadReplayFile(file + ": not a text file, so not a replay file");
        } catch (IOException e) {
            throw new BadReplayFile(file + ": cannot be read: " + e.getMessage());
        }
    }

    /** Parses the lines of a file named {@code name}. */
    static ReplayFile parse(String name, List<String> lines) {
        if (lines.isEmpty() || !lines.get(0).equals(MAGIC)) {
            throw new BadReplayFile(name + ", line 1: a replay file begins with '" + MAGIC
                    + "'; files of another version must be found anew with 'smpvisor explore'");
        }
        Map<String, String> header = new LinkedHashMap<>();
        int at = 1;
        for (String key : List.of("scenario", "fixed", "bugs", "found by", "failure", "steps")) {
            if (at >= lines.size() || !lines.get(at).startsWith(key + ":")) {
                throw bad(name, at, "'" + key + ": ...' is expected here");
            }
            header.put(key, lines.get(at).substring(key.length() + 1).strip());
            at++;
        }
        List<Recording.Step> steps = new ArrayList<>();
        for (; at < lines.size() && !lines.get(at).equals("end"); at++) {
            run(name, at, lines.get(at), steps);
        }
        if (at == lines.size()) {
            throw bad(name, at, "the last line, 'end', is missing: the file is cut off");
        }
        if (!header.get("steps").equals(Integer.toString(steps.size()))) {
            throw bad(name, 6, "the header announces " + header.get("steps") + " steps, but there are " + steps.size());
        }
        return new ReplayFile(
                header.get("scenario"),
                quirks(name, header.get("fixed")),
                bugs(name, header.get("bugs")),
                header.get("found by"),
                header.get("failure"),
                steps);
    }

    private static void run(String name, int at, String line, List<Recording.Step> steps) {
        Matcher m = RUN.matcher(line);
        if (!m.matches()) {
            throw bad(name, at, "'" + line + "' is not of the form actor*count [what] hashes");
        }
        int count = Integer.parseInt(m.group(2));
        if (count == 0 || m.group(4).length() != count * DIGITS) {
            throw bad(
                    name,
                    at,
                    count + " steps need " + count * DIGITS + " digits, not "
                            + m.group(4).length());
        }
        for (int i = 0; i < count; i++) {
            int hash = Integer.parseInt(m.group(4).substring(i * DIGITS, (i + 1) * DIGITS), 16);
            steps.add(new Recording.Step(m.group(1), hash, i == 0 ? m.group(3) : ""));
        }
    }

    private static Set<Quirk> quirks(String name, String text) {
        EnumSet<Quirk> out = EnumSet.noneOf(Quirk.class);
        for (String q : text.isEmpty() ? new String[0] : text.split(" +")) {
            try {
                out.add(Quirk.valueOf(q));
            } catch (IllegalArgumentException e) {
                throw bad(name, 2, "there is no quirk '" + q + "'");
            }
        }
        return out;
    }

    private static Set<Bug> bugs(String name, String text) {
        EnumSet<Bug> out = EnumSet.noneOf(Bug.class);
        for (String b : text.isEmpty() ? new String[0] : text.split(" +")) {
            out.add(Bug.named(b).orElseThrow(() -> bad(name, 3, "there is no bug '" + b + "'")));
        }
        Variant together = Variant.xen();
        for (Bug b : out) {
            try {
                together = together.with(b);
            } catch (IllegalArgumentException e) {
                throw bad(name, 3, e.getMessage());
            }
        }
        return out;
    }

    private static BadReplayFile bad(String name, int index, String what) {
        return new BadReplayFile(name + ", line " + (index + 1) + ": " + what);
    }

    // ---- replaying --------------------------------------------------------------------------------------------------

    /**
     * The decisions for a subject.
     *
     * @throws BadReplayFile if it names an actor that the scenario does not have
     */
    public byte[] decisions(Subject subject) {
        byte[] out = new byte[steps.size()];
        for (int i = 0; i < out.length; i++) {
            int a = subject.engine().actorNamed(steps.get(i).actor());
            if (a < 0) {
                throw new BadReplayFile("step " + i + ": scenario " + scenario + " has no actor '"
                        + steps.get(i).actor() + "' any more");
            }
            out[i] = (byte) a;
        }
        return out;
    }

    /** Whether the recorded failure is among {@code violations}, numbers aside. */
    boolean isShownBy(List<Violation> violations) {
        String recorded = Failure.withoutNumbers(failure);
        return violations.stream()
                .anyMatch(
                        v -> Failure.withoutNumbers(v.kind() + ": " + v.text()).equals(recorded));
    }

    /** The first step at which {@code seen} differs from the file, in words; {@code null} when nothing differs. */
    public String difference(List<Recording.Step> seen) {
        String lastKnown = "";
        for (int i = 0; i < steps.size(); i++) {
            Recording.Step expected = steps.get(i);
            lastKnown = expected.what().isEmpty() ? lastKnown : expected.what();
            if (i >= seen.size()) {
                return "step " + i + ": the file goes on with " + expected.actor() + " (" + lastKnown
                        + " or later), but the run is over";
            }
            Recording.Step met = seen.get(i);
            if (met.hash() != expected.hash()) {
                String was = expected.what().isEmpty()
                        ? "a step of " + expected.actor() + " that follows '" + lastKnown + "'"
                        : expected.actor() + " '" + expected.what() + "'";
                return "step " + i + ": expected " + was + ", met " + met.actor() + " '" + met.what() + "'";
            }
        }
        return seen.size() > steps.size()
                ? "step " + steps.size() + ": the file is at its end, but the run goes on with '"
                        + seen.get(steps.size()).what() + "'"
                : null;
    }
}

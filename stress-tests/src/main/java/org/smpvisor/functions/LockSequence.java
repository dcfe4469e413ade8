package org.smpvisor.functions;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.smpvisor.lock.LockClass;

/**
 * Which sequences of locks are expected of a function: a small regular language over acquisitions and releases.
 *
 * <table><caption>The language</caption>
 * <tr><td>{@code RANK}</td><td>taken with interrupts masked and dropped, nothing in between</td></tr>
 * <tr><td>{@code RANK{VGIC_CPU}}</td><td>what is taken inside of it</td></tr>
 * <tr><td>{@code RANK:on}</td><td>taken with interrupts open; {@code :any} both</td></tr>
 * <tr><td>{@code IO:r}</td><td>as a reader</td></tr>
 * <tr><td>{@code A B}</td><td>one after the other</td></tr>
 * <tr><td>{@code A | B}, {@code [A]}, {@code (A)*}, {@code (A)+}</td><td>either; perhaps; any number; at least one</td></tr>
 * <tr><td>{@code <name>}</td><td>the sequences of another function, or of a fragment of the table</td></tr>
 * <tr><td>{@code -}</td><td>none</td></tr>
 * </table>
 */
final class LockSequence {
    /** Gives the sequences that a name stands for. */
    interface Names {
        String sequences(String name);
    }

    private static final String DROP = "\u0001";
    private static final Set<String> MODIFIERS = Set.of("on", "any", "r");

    private final String text;
    private final Names names;
    private final List<String> open = new ArrayList<>();
    private int at;

    private LockSequence(String text, Names names) {
        this.text = text;
        this.names = names;
    }

    /** What matches exactly the expected sequences, in the form that {@link #encode} gives. */
    static Pattern compile(String text, Names names) {
        return Pattern.compile(regex(text, names, new ArrayList<>()));
    }

    private static String regex(String text, Names names, List<String> open) {
        LockSequence s = new LockSequence(text, names);
        s.open.addAll(open);
        String r = text.equals("-") ? "" : s.choice();
        s.blanks();
        if (!text.equals("-") && s.at != text.length()) {
            throw new IllegalArgumentException("'" + text + "' cannot be read from its character " + s.at + " on");
        }
        return r;
    }

    private void blanks() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
    }

    private boolean next(char c) {
        blanks();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private String choice() {
        StringBuilder b = new StringBuilder(row());
        while (next('|')) {
            b.append('|').append(row());
        }
        return "(?:" + b + ")";
    }

    private String row() {
        StringBuilder b = new StringBuilder();
        while (true) {
            blanks();
            if (at == text.length() || "|)]}".indexOf(text.charAt(at)) >= 0) {
                return b.toString();
            }
            String item = item();
            if (next('*')) {
                item = "(?:" + item + ")*";
            } else if (next('+')) {
                item = "(?:" + item + ")+";
            }
            b.append(item);
        }
    }

    private String item() {
        if (next('(')) {
            return closed(choice(), ')');
        }
        if (next('[')) {
            return closed(choice(), ']') + "?";
        }
        if (next('<')) {
            String name = word();
            expect('>');
            if (open.contains(name)) {
                throw new IllegalArgumentException("<" + name + "> leads back to itself");
            }
            List<String> inside = new ArrayList<>(open);
            inside.add(name);
            return "(?:" + regex(names.sequences(name), names, inside) + ")";
        }
        return lock();
    }

    private String closed(String inner, char with) {
        expect(with);
        return inner;
    }

    private void expect(char c) {
        if (!next(c)) {
            throw new IllegalArgumentException("'" + text + "' lacks a '" + c + "' at its character " + at);
        }
    }

    private String word() {
        int from = at;
        while (at < text.length()
                && (Character.isLetterOrDigit(text.charAt(at)) || "_-".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        return text.substring(from, at);
    }

    private String lock() {
        LockClass c = LockClass.valueOf(word());
        boolean on = false;
        boolean off = true;
        boolean read = false;
        while (at < text.length() && text.charAt(at) == ':') {
            at++;
            String m = word();
            if (!MODIFIERS.contains(m)) {
                throw new IllegalArgumentException("'" + text + "': ':" + m + "' is unknown");
            }
            on |= !m.equals("r");
            off &= !m.equals("on");
            read |= m.equals("r");
        }
        String taken = (off ? taken(c, read, false) : "") + (on ? taken(c, read, true) : "");
        String inner = "";
        if (at < text.length() && text.charAt(at) == '{') {
            at++;
            inner = choice();
            expect('}');
        }
        return "[" + taken + "]" + inner + DROP;
    }

    private static String taken(LockClass c, boolean read, boolean on) {
        return String.valueOf((char) (0x100 + c.ordinal() * 4 + (read ? 2 : 0) + (on ? 1 : 0)));
    }

    // ---- what was seen ----------------------------------------------------------------------------------------------

    /** A sequence that was seen, as {@link Recorder} tells it, in the form to be matched. */
    static String encode(String seen) {
        StringBuilder b = new StringBuilder();
        for (String w : words(seen)) {
            if (w.equals("}")) {
                b.append(DROP);
            } else {
                String[] parts = w.substring(0, w.length() - 1).split(":");
                List<String> modifiers = List.of(parts);
                b.append(taken(LockClass.valueOf(parts[0]), modifiers.contains("r"), modifiers.contains("on")));
            }
        }
        return b.toString();
    }

    private static List<String> words(String seen) {
        return seen.isEmpty() ? List.of() : List.of(seen.split(" "));
    }

    /** The same for a reader: in the language above, with repetitions as loops. */
    static String readable(String seen) {
        List<String> words = words(seen);
        List<String> items = new ArrayList<>();
        int[] at = {0};
        while (at[0] < words.size()) {
            items.addAll(nested(words, at));
            if (at[0] < words.size()) {
                items.add("}"); // drops a lock of its caller's
                at[0]++;
            }
        }
        return items.isEmpty() ? "-" : String.join(" ", items);
    }

    private static List<String> nested(List<String> words, int[] at) {
        List<String> items = new ArrayList<>();
        while (at[0] < words.size() && !words.get(at[0]).equals("}")) {
            String lock = words.get(at[0]++);
            List<String> inner = nested(words, at);
            at[0]++;
            items.add(lock.substring(0, lock.length() - 1)
                    + (inner.isEmpty() ? "" : "{" + String.join(" ", inner) + "}"));
        }
        return looped(items);
    }

    /** Neighbours that repeat, singly or as groups, become a loop. */
    private static List<String> looped(List<String> items) {
        for (int size = 1; size <= items.size() / 2; size++) {
            for (int from = 0; from + 2 * size <= items.size(); from++) {
                int end = from + size;
                List<String> group = items.subList(from, from + size);
                while (end + size <= items.size()
                        && items.subList(end, end + size).equals(group)) {
                    end += size;
                }
                if (end > from + size) {
                    List<String> out = new ArrayList<>(items.subList(0, from));
                    String inside = String.join(" ", group);
                    boolean isLock = size == 1 && !inside.endsWith("+");
                    out.add(isLock ? inside + "+" : size == 1 ? inside : "(" + inside + ")+");
                    out.addAll(items.subList(end, items.size()));
                    return looped(out);
                }
            }
        }
        return items;
    }
}

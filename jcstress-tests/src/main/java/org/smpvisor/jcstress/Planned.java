package org.smpvisor.jcstress;

/**
 * One test as the annotation processor of jcstress has listed it.
 *
 * @param name its name in logs, with dots also before nested classes
 * @param className its name for a class loader
 * @param actors how many threads take part
 */
record Planned(String name, String className, int actors) {
    private static final String MAGIC = "JCTEST";

    /** Reads a line of META-INF/TestList. */
    static Planned of(String line) {
        Reader in = new Reader(line);
        String name = in.next('S');
        String className = in.next('S');
        in.next('S'); // the generated runner
        in.next('S'); // a description
        return new Planned(name, className, Integer.parseInt(in.next('I')));
    }

    /** The format: a length in decimal, the type's letter, and as many characters. */
    private static final class Reader {
        private final String text;
        private int at = MAGIC.length();

        Reader(String text) {
            if (!text.startsWith(MAGIC)) {
                throw new IllegalArgumentException("no line of a list of tests: " + text);
            }
            this.text = text;
        }

        String next(char type) {
            int end = at;
            while (Character.isDigit(text.charAt(end))) {
                end++;
            }
            if (text.charAt(end) != type) {
                throw new IllegalArgumentException("expected " + type + " at " + end + " of: " + text);
            }
            int from = end + 1;
            at = from + Integer.parseInt(text.substring(at, end));
            return text.substring(from, at);
        }
    }
}

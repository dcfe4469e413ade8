package org.smpvisor.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A page of which a part between two marks is made by this program and the rest by people. */
public final class MarkedPage {
    /** The line in front of that part. */
    public static final String BEGIN = "<!-- bug table: begin -->";

    /** The line behind it. */
    public static final String END = "<!-- bug table: end -->";

    private final Path file;
    private final String before;
    private final String after;

    /**
     * Reads the page.
     *
     * @throws IOException if it cannot be read, or does not have each mark once, in that order
     */
    public MarkedPage(Path file) throws IOException {
        this.file = file;
        String text = Files.readString(file);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin || text.lastIndexOf(BEGIN) != begin || text.lastIndexOf(END) != end) {
            throw new IOException("there must be one line '" + BEGIN + "' and behind it one '" + END + "'");
        }
        this.before = text.substring(0, begin + BEGIN.length());
        this.after = text.substring(end);
    }

    /** Writes the page with that part between the marks. */
    public void write(String part) throws IOException {
        Files.writeString(file, before + "\n\n" + part.strip() + "\n\n" + after);
    }
}

package org.smpvisor.machine;

/**
 * Says what is wrong with a device tree that a user gave, where, and what to do about it. It is the only exception that
 * reading a tree throws, whatever the input; it carries no stack trace, because the fault lies in the input and
 * {@link #getMessage()} is printed as it stands.
 */
public final class DeviceTreeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The place of a defect of the file as a whole. */
    static final String FILE = "file";

    /** The place of a defect of the 40-byte header. */
    static final String HEADER = "header";

    private final String place;
    private final long offset;

    /**
     * @param input name of the file or resource, for the message; empty if it has none
     * @param place node path, or {@link #FILE} or {@link #HEADER}; never empty
     * @param offset byte offset in the input, 0 for the file as a whole
     * @param problem what was found, what was expected and, where it is not obvious, the remedy
     */
    DeviceTreeException(String input, String place, long offset, String problem) {
        super(message(input, place, offset, problem), null, false, false);
        this.place = place;
        this.offset = offset;
    }

    /**
     * Returns where the defect is: the path of the node, {@code "header"}, or {@code "file"} for the input as a whole.
     *
     * @return never empty
     */
    public String place() {
        return place;
    }

    /**
     * Returns the byte offset of the defect in the input.
     *
     * @return 0 or more; 0 if the place is {@code "file"}
     */
    public long offset() {
        return offset;
    }

    private static String message(String input, String place, long offset, String problem) {
        String prefix = input.isEmpty() ? "device tree: " : "device tree " + input + ": ";
        if (place.equals(FILE)) {
            return prefix + problem;
        }
        return prefix + place + " (offset 0x" + Long.toHexString(offset) + "): " + problem;
    }
}

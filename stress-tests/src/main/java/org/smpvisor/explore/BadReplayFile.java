package org.smpvisor.explore;

/** A replay file cannot be used; the message names the place and the remedy. */
public final class BadReplayFile extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadReplayFile(String message) {
        super(message);
    }
}

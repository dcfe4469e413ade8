package org.smpvisor.bench;

/** The model failed under a benchmark, or its oracle or lock validator found something: the figures mean nothing. */
public final class BenchFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BenchFailure(String message, Throwable cause) {
        super(message, cause);
    }

    BenchFailure(String message) {
        super(message);
    }
}

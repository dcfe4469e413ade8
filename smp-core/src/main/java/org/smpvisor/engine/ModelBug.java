package org.smpvisor.engine;

/** An invariant of the model itself is broken. The run is over and its machine is never used again. */
public class ModelBug extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelBug(String message) {
        super(message);
    }

    public ModelBug(String message, Throwable cause) {
        super(message, cause);
    }
}

package org.smpvisor.engine;

/** Thrown by an engine alone, to unwind a pCPU when its run is over. Carries no stack trace. */
public final class RunAborted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The one instance that an engine throws. */
    static final RunAborted INSTANCE = new RunAborted();

    private RunAborted() {
        super("run aborted", null, false, false);
    }
}

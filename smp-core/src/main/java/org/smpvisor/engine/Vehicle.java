package org.smpvisor.engine;

/** Carries the stacks of the pCPUs in a controlled run: exactly one of them runs at any time. */
interface Vehicle {
    /** Code of one pCPU, from its first to its last step. */
    interface Body {
        /** Runs the pCPU; returns which pCPU goes on when it has ended, -1 when the run is over. */
        int run(int pcpu);
    }

    /** Gives each pCPU a fresh stack, starts {@code first}, and returns when the run is over. */
    void run(int pcpus, Body body, int first);

    /** From the stack of pCPU {@code from}: lets {@code to} go on; returns when somebody lets {@code from} go on. */
    void switchTo(int from, int to);

    /** From the stack of pCPU {@code from}: the run is over. Does not return to the caller's stack in an orderly way. */
    void end(int from);

    /** The vehicle's name, for reports. */
    String name();
}

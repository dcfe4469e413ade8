package org.smpvisor.bench;

/** Something whose speed is measured, one run after another; between two runs it leaves nothing running. */
interface Subject extends AutoCloseable {
    /**
     * Does one run.
     *
     * @param seconds how long to count; what comes before, such as booting, is extra
     * @return operations per second
     * @throws BenchFailure if the model failed or its checks found something
     */
    double rate(double seconds);

    /** Why it cannot run here, or {@code null}. */
    default String missing() {
        return null;
    }

    /** What else is worth knowing of the runs, in a few words; asked after them. */
    default String note() {
        return "";
    }

    /** Ends what lives longer than a run. */
    @Override
    default void close() {}
}

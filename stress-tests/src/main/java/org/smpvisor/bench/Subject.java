package org.smpvisor.bench;

/** Something whose speed is measured, one run after another; between two runs it leaves nothing running. */
interface Subject {
    /**
     * Does one run.
     *
     * @param seconds how long to count; what comes before, such as booting, is extra
     * @return operations per second
     * @throws BenchFailure if the model failed or its checks found something
     */
    double rate(double seconds);
}

package org.smpvisor.bench;

/** The second thread of a run. */
final class Partner implements AutoCloseable {
    private static final long PATIENCE_MILLIS = 10_000;

    private final Thread thread;
    private final Runnable stop;
    private volatile Throwable failure;

    /**
     * Starts it.
     *
     * @param body ends soon after {@code stop}
     * @param stop also called when the body fails, so that nobody waits for it
     */
    Partner(Runnable body, Runnable stop) {
        this.stop = stop;
        this.thread = new Thread(null, () -> guarded(body), "partner");
        thread.setDaemon(true);
        thread.start();
    }

    private void guarded(Runnable body) {
        try {
            body.run();
        } catch (Throwable e) {
            failure = e;
            stop.run();
        }
    }

    /** Stops it and waits for its end. */
    @Override
    public void close() {
        stop.run();
        try {
            thread.join(PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw new BenchFailure("the second thread failed: " + failure, failure);
        }
        if (thread.isAlive()) {
            throw new BenchFailure("the second thread does not end");
        }
    }
}

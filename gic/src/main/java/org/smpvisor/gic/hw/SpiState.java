package org.smpvisor.gic.hw;

/**
 * The whole state of one SPI in one 64-bit word, so that every step of the hardware on it is one compare-and-set: pending
 * latch, line level, active, enabled, group, trigger, priority, target and the generation of its assertion.
 */
final class SpiState {
    static final long LATCH = 1;
    static final long LINE = 1 << 1;
    static final long ACTIVE = 1 << 2;
    static final long ENABLED = 1 << 3;
    static final long GROUP1 = 1 << 4;
    static final long EDGE = 1 << 5;
    private static final int PRIORITY_SHIFT = 8;
    private static final int TARGET_SHIFT = 16;
    private static final int GENERATION_SHIFT = 32;
    /** No pCPU has the affinity that the router names. */
    static final int NO_TARGET = 0xffff;

    private SpiState() {}

    static int priority(long w) {
        return (int) (w >>> PRIORITY_SHIFT) & 0xff;
    }

    static long withPriority(long w, int priority) {
        return w & ~(0xffL << PRIORITY_SHIFT) | (long) (priority & 0xff) << PRIORITY_SHIFT;
    }

    static int target(long w) {
        return (int) (w >>> TARGET_SHIFT) & 0xffff;
    }

    static long withTarget(long w, int target) {
        return w & ~(0xffffL << TARGET_SHIFT) | (long) (target & 0xffff) << TARGET_SHIFT;
    }

    /** Counts assertions, modulo 2^32. */
    static long generation(long w) {
        return w >>> GENERATION_SHIFT;
    }

    static boolean isPending(long w) {
        return (w & LATCH) != 0 || (w & (EDGE | LINE)) == LINE;
    }

    /** Pending and not active: an assertion that waits for its acknowledge, if it were enabled. */
    static boolean isWaiting(long w) {
        return (w & ACTIVE) == 0 && isPending(w);
    }

    static boolean isDeliverable(long w) {
        return (w & (ACTIVE | ENABLED | GROUP1)) == (ENABLED | GROUP1) && isPending(w);
    }

    /** {@code next} with the generation advanced if the step from {@code before} made a new assertion. */
    static long counted(long before, long next) {
        boolean asserted = (next & EDGE) != 0
                ? (before & LATCH) == 0 && (next & LATCH) != 0
                : !isWaiting(before) && isWaiting(next);
        return asserted ? next + (1L << GENERATION_SHIFT) : next;
    }
}

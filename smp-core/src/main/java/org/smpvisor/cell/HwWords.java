package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * An array of 64-bit words for state that belongs to the hardware or to an observer and not to Xen: its accesses are no
 * points, since hardware synchronises itself and is no part of Xen's lock order, and it may be touched from outside the
 * pCPUs (device lines, clocks).
 */
public final class HwWords extends Words {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int PAD = 8;

    private final int stride;

    /** {@code n} packed words, all zero. */
    public HwWords(int n) {
        this(n, 1);
    }

    private HwWords(int n, int stride) {
        super(n * stride + 2 * PAD);
        this.stride = stride;
    }

    /** {@code n} words, each in a cache line of its own. */
    public static HwWords padded(int n) {
        return new HwWords(n, PAD);
    }

    private int at(int i) {
        return PAD + i * stride;
    }

    /** Number of words. */
    public int length() {
        return (words.length - 2 * PAD) / stride;
    }

    public long getOpaque(int i) {
        return (long) WORDS.getOpaque(words, at(i));
    }

    public long getAcquire(int i) {
        return (long) WORDS.getAcquire(words, at(i));
    }

    public long getVolatile(int i) {
        return (long) WORDS.getVolatile(words, at(i));
    }

    public void setOpaque(int i, long v) {
        writes(at(i));
        WORDS.setOpaque(words, at(i), v);
    }

    public void setRelease(int i, long v) {
        writes(at(i));
        WORDS.setRelease(words, at(i), v);
    }

    public void setVolatile(int i, long v) {
        writes(at(i));
        WORDS.setVolatile(words, at(i), v);
    }

    /** Atomic, with a full barrier. */
    public boolean compareAndSet(int i, long expected, long v) {
        writes(at(i));
        return WORDS.compareAndSet(words, at(i), expected, v);
    }

    /** Atomic, with a full barrier. */
    public long getAndOr(int i, long bits) {
        writes(at(i));
        return (long) WORDS.getAndBitwiseOr(words, at(i), bits);
    }

    /** Atomic, with a full barrier. */
    public long getAndAnd(int i, long bits) {
        writes(at(i));
        return (long) WORDS.getAndBitwiseAnd(words, at(i), bits);
    }

    /** Atomic, with a full barrier. */
    public long getAndAdd(int i, long delta) {
        writes(at(i));
        return (long) WORDS.getAndAdd(words, at(i), delta);
    }
}

package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Counts that one pCPU makes and anybody may read: plain increments by the owner, untorn reads by others. */
public final class Tally {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    @OwnedBy("pcpu")
    private final long[] words;

    /** {@code n} counts, all zero. */
    public Tally(int n) {
        words = new long[n];
    }

    /** Adds to a count; for the owner alone. */
    public void add(int i, int n) {
        words[i] += n;
    }

    /** A count as it was a moment ago; from any thread. */
    public long get(int i) {
        return (long) WORDS.getOpaque(words, i);
    }
}

package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Counts that one pCPU makes and anybody may read: plain increments by the owner, untorn reads by others. */
public final class Tally extends Words {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    /** {@code n} counts, all zero. */
    public Tally(int n) {
        super(n);
    }

    /** Adds to a count; for the owner alone. */
    public void add(int i, int n) {
        writes(i);
        words[i] += n;
    }

    /** A count as it was a moment ago; from any thread. */
    public long get(int i) {
        return (long) WORDS.getOpaque(words, i);
    }
}

package org.smpvisor.cell;

import java.util.Arrays;

/**
 * Words of 64 bits in one array, which know in which part of it they have been written: who puts a machine back into an earlier
 * state, or compares it with that, need not look at the rest.
 */
public abstract class Words {
    final long[] words;

    /**
     * The part that has been written. Plain, and exact only where one thread at a time drives the machine, which is where
     * states are put back; elsewhere it only costs a look.
     */
    @OwnedBy("whoever writes a word")
    private int first;

    @OwnedBy("whoever writes a word")
    private int last;

    Words(int n) {
        words = new long[n];
        first = n;
        last = -1;
    }

    /** The word at place {@code i} is about to be written. Reads first, so that the cache line stays shared. */
    final void writes(int i) {
        if (i < first) {
            first = i;
        }
        if (i > last) {
            last = i;
        }
    }

    /** The array as it is now; while nobody drives the machine. Later writes are those after this. */
    public final long[] save() {
        forgetWrites();
        return words.clone();
    }

    /** Puts back what {@link #save} gave; while nobody drives the machine. */
    public final void restore(long[] saved) {
        if (first <= last) {
            System.arraycopy(saved, first, words, first, last - first + 1);
            forgetWrites();
        }
    }

    private void forgetWrites() {
        first = words.length;
        last = -1;
    }

    /** First place from {@code from} on where the array differs from what {@link #save} gave; -1 if there is none. */
    public final int mismatch(long[] saved, int from) {
        int begin = Math.max(from, first);
        if (begin > last) {
            return -1;
        }
        int i = Arrays.mismatch(words, begin, last + 1, saved, begin, last + 1);
        return i < 0 ? -1 : begin + i;
    }

    /** What stands at place {@code i} of the array. */
    public final long peek(int i) {
        return words[i];
    }
}

package org.smpvisor.engine;

import java.util.Arrays;

/**
 * States that a search has gone on from, each with the least that had been spent of its two bounds. When it is full, new states
 * are not kept any more: the search then does some work twice, and is as complete as before.
 */
final class Visited {
    private static final int FIRST = 1 << 12;
    private static final double FULL = 0.6;
    private static final int BYTES_PER_STATE = 12;

    /** A search may fill this part of the heap: a hunt keeps two dozen searches at hand, most of which stay small. */
    private static final int SHARE = 16;

    private final int limit;
    private long[] keys = new long[FIRST];
    private int[] spent = new int[FIRST];
    private int size;
    private boolean full;

    Visited() {
        this(Runtime.getRuntime().maxMemory() / SHARE);
    }

    Visited(long bytes) {
        long states = Math.min(1L << 28, Math.max(FIRST, bytes / BYTES_PER_STATE));
        limit = Integer.highestOneBit((int) states);
    }

    /**
     * Notes that the search goes on from a state. Both numbers are below 2<sup>15</sup>.
     *
     * @return false if it has gone on from there already, having spent no more of either bound
     */
    boolean add(long state, int preemptions, int interrupts) {
        long key = state == 0 ? 1 : state;
        int now = preemptions << 16 | interrupts;
        int at = slot(key);
        if (keys[at] == key) {
            int before = spent[at];
            if (before >>> 16 <= preemptions && (before & 0xffff) <= interrupts) {
                return false;
            }
            if (preemptions <= before >>> 16 && interrupts <= (before & 0xffff)) {
                spent[at] = now;
            }
            return true;
        }
        if (full) {
            return true;
        }
        keys[at] = key;
        spent[at] = now;
        if (++size > FULL * keys.length) {
            grow();
        }
        return true;
    }

    /** Number of states kept. */
    int size() {
        return size;
    }

    private int slot(long key) {
        int mask = keys.length - 1;
        int at = (int) (key ^ key >>> 32) & mask;
        while (keys[at] != 0 && keys[at] != key) {
            at = at + 1 & mask;
        }
        return at;
    }

    private void grow() {
        if (keys.length >= limit) {
            full = true;
            return;
        }
        long[] oldKeys = keys;
        int[] oldSpent = spent;
        keys = new long[2 * oldKeys.length];
        spent = new int[2 * oldKeys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = slot(oldKeys[i]);
                keys[at] = oldKeys[i];
                spent[at] = oldSpent[i];
            }
        }
    }

    void clear() {
        Arrays.fill(keys, 0);
        size = 0;
        full = false;
    }
}

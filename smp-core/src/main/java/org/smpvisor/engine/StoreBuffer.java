package org.smpvisor.engine;

import java.util.Arrays;

/** The stores of one pCPU that have not reached the memory yet: first in, first out. */
final class StoreBuffer {
    private static final int SIZE = 32;

    private final Location[] locations = new Location[SIZE];
    private final Location.Op[] ops = new Location.Op[SIZE];
    private final int[] words = new int[SIZE];
    private final int[] numbers = new int[SIZE];
    private final Object[] refs = new Object[SIZE];
    private final Object[] expected = new Object[SIZE];
    private int head;
    private int tail;

    boolean isEmpty() {
        return head == tail;
    }

    boolean isFull() {
        return tail - head == SIZE;
    }

    void clear() {
        head = 0;
        tail = 0;
        Arrays.fill(refs, null);
    }

    void add(Location l, Location.Op op, int word, int number, Object ref, Object expect) {
        int i = tail++ & SIZE - 1;
        locations[i] = l;
        ops[i] = op;
        words[i] = word;
        numbers[i] = number;
        refs[i] = ref;
        expected[i] = expect;
    }

    /** What the oldest store is on, {@code null} if there is none. */
    Location oldest() {
        return isEmpty() ? null : locations[head & SIZE - 1];
    }

    /** The oldest store reaches the memory. */
    void drainOne() {
        int i = head++ & SIZE - 1;
        locations[i].reach(ops[i], words[i], numbers[i], refs[i], expected[i]);
    }

    /** A number as the owner of the buffer sees it, {@code inMemory} being what everybody sees. */
    int forward(Location l, int word, int inMemory) {
        int v = inMemory;
        for (int at = head; at != tail; at++) {
            int i = at & SIZE - 1;
            if (locations[i] == l && words[i] == word) {
                v = switch (ops[i]) {
                    case SET -> numbers[i];
                    case OR -> v | numbers[i];
                    case AND -> v & numbers[i];
                    case REPLACE -> throw new IllegalStateException("a number is not replaced by a reference");
                };
            }
        }
        return v;
    }

    /** The same for a reference. */
    Object forward(Location l, int word, Object inMemory) {
        Object v = inMemory;
        for (int at = head; at != tail; at++) {
            int i = at & SIZE - 1;
            if (locations[i] == l && words[i] == word && (ops[i] != Location.Op.REPLACE || v == expected[i])) {
                v = refs[i];
            }
        }
        return v;
    }
}

package org.smpvisor.trace;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.engine.Engine;

/**
 * The last events of one pCPU (or of the environment). One writer; overwrites its oldest entries, which shortens a story
 * and never changes a verdict. Read when the writer is at rest, or racily for a report of a hang.
 */
public final class EventRing {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int WORDS_PER_EVENT = 2;

    /**
     * One event read back.
     *
     * @param nanos time of the engine's clock
     * @param source name of the ring
     * @param kind what happened
     * @param domain domain id, or 255 for a physical interrupt
     * @param intid virtual or physical INTID
     * @param arg argument, see {@link Event}
     */
    public record Entry(long nanos, String source, Event kind, int domain, int intid, int arg) {}

    private final String source;
    private final long[] words;
    private final int mask;
    private final Engine clock;

    @OwnedBy("writer")
    private long written;

    /**
     * @param capacity number of events kept, a power of two; 0 records nothing
     * @param clock whose time the events bear
     */
    public EventRing(String source, int capacity, Engine clock) {
        this.source = source;
        this.words = new long[Math.max(1, capacity) * WORDS_PER_EVENT];
        this.mask = capacity - 1;
        this.clock = clock;
    }

    /** Records an event; for the one writer. */
    public void record(Event kind, int domain, int intid, int arg) {
        if (mask < 0) {
            return;
        }
        int at = (int) (written & mask) * WORDS_PER_EVENT;
        WORDS.setOpaque(words, at, clock.now());
        WORDS.setOpaque(
                words,
                at + 1,
                (long) kind.ordinal() << 56
                        | (long) (domain & 0xff) << 48
                        | (long) (intid & 0xffff) << 32
                        | arg & 0xffffffffL);
        written++;
    }

    /** Forgets everything; while nobody writes. */
    public void clear() {
        Arrays.fill(words, 0, (int) Math.min(written * WORDS_PER_EVENT, words.length), 0);
        written = 0;
    }

    /** Whether nothing has been recorded since it was made or cleared; while nobody writes. */
    public boolean isEmpty() {
        return written == 0;
    }

    /** Appends everything that is known to {@code out}, unordered. */
    public void collectAll(List<Entry> out) {
        for (int i = 0; i <= mask; i++) {
            long w = (long) WORDS.getOpaque(words, i * WORDS_PER_EVENT + 1);
            if (w != 0) {
                long nanos = (long) WORDS.getOpaque(words, i * WORDS_PER_EVENT);
                out.add(new Entry(
                        nanos,
                        source,
                        Event.of((int) (w >>> 56)),
                        (int) (w >>> 48 & 0xff),
                        (int) (w >>> 32 & 0xffff),
                        (int) w));
            }
        }
    }

    /** Appends what is known of one interrupt to {@code out}, unordered. */
    public void collect(int domain, int intid, List<Entry> out) {
        for (int i = 0; i <= mask; i++) {
            long w = (long) WORDS.getOpaque(words, i * WORDS_PER_EVENT + 1);
            if (w != 0 && (int) (w >>> 48 & 0xff) == domain && (int) (w >>> 32 & 0xffff) == intid) {
                long nanos = (long) WORDS.getOpaque(words, i * WORDS_PER_EVENT);
                out.add(new Entry(nanos, source, Event.of((int) (w >>> 56)), domain, intid, (int) w));
            }
        }
    }
}

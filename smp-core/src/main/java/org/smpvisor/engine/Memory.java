package org.smpvisor.engine;

import java.util.Arrays;
import java.util.List;
import org.smpvisor.cpu.Pcpu;

/**
 * The memory as a controlled run can have it: each pCPU's stores wait in a buffer until they reach it, and unordered accesses
 * are noticed. Both can be switched on or off for each run; a run that buffers looks for no races. Natively there is no such
 * object, and accesses go straight to the host's memory.
 *
 * <p>Cells, locks and the SGI mailbox tell it what they do; the methods are called after the point was reported.
 */
public final class Memory {
    /**
     * No memory of its own: accesses go straight to the host's. Read from a field, so that this class is loaded in native runs,
     * too: a getter whose type is not loaded is not inlined, which costs a call at each access.
     */
    static final Memory NONE = null;

    private final RaceDetector races;
    private final StoreBuffer[] buffers;
    private boolean watchesRaces = true;
    private boolean watching;
    private boolean buffering;
    private boolean noting;
    private boolean everTimed;
    /** What the steps touch, {@code null} in runs in which nobody wants to know. */
    private Footprints tracing;

    private final Footprints footprints = new Footprints();
    /** By pCPU, a hash of what it has seen since it was in the guest or asleep. */
    private final long[] seen;

    private Watched[] written = new Watched[256];
    private int writtenCount;

    Memory(int pcpus, ControlledEngine engine) {
        races = new RaceDetector(pcpus, engine);
        buffers = new StoreBuffer[pcpus];
        seen = new long[pcpus];
        for (int i = 0; i < pcpus; i++) {
            buffers[i] = new StoreBuffer();
        }
    }

    /** Whether later runs look for races; at first they do. */
    public void watchRaces(boolean watches) {
        watchesRaces = watches;
    }

    /** The races found in this run, each object and pair of sites once. */
    public List<Race> races() {
        return races.races();
    }

    /**
     * @param notes whether it is noted what pCPUs see
     * @param traces whether it is noted what steps touch
     */
    void begin(boolean buffers, boolean notes, boolean traces) {
        tracing = traces ? footprints : null;
        footprints.begin();
        buffering = buffers;
        noting = notes;
        Arrays.fill(seen, 0);
        watching = watchesRaces && !buffers;
        races.begin();
        for (StoreBuffer b : this.buffers) {
            b.clear();
        }
    }

    // ---- what was written -------------------------------------------------------------------------------------------

    /** Notes a write, or that a lock was taken. What cells and locks do is noted without being told. */
    public void writes(Watched w) {
        if (tracing != null) {
            tracing.touch(w, true);
        }
        if (!w.written) {
            w.written = true;
            if (writtenCount == written.length) {
                written = Arrays.copyOf(written, 2 * writtenCount);
            }
            written[writtenCount++] = w;
        }
    }

    /** How many cells, list nodes and locks have been written since {@link #forgetWrites}. */
    public int writtenCount() {
        return writtenCount;
    }

    /** One of them. */
    public Watched written(int i) {
        return written[i];
    }

    /** Begins anew, while nobody drives the machine. */
    public void forgetWrites() {
        for (int i = 0; i < writtenCount; i++) {
            written[i].written = false;
        }
        writtenCount = 0;
    }

    // ---- what pCPUs see ---------------------------------------------------------------------------------------------

    /**
     * The pCPU has seen a number that may decide what it does next. What cells give is noted without being told; everything else
     * that is shared or changes has to say so here.
     */
    public void saw(Pcpu cpu, long value) {
        if (noting) {
            seen[cpu.id()] = mix(seen[cpu.id()] ^ value);
        }
    }

    /** The pCPU has looked at the time, which decides something only where deadlines are set. */
    public void sawTime(Pcpu cpu, long now) {
        if (everTimed) {
            saw(cpu, now);
            touchesAll();
        }
    }

    /** A deadline was set: from now on the time is part of the state. */
    public void setsDeadline() {
        everTimed |= noting || tracing != null;
        touchesAll();
    }

    /** Whether a deadline has been set in some run that was noted. */
    boolean isTimed() {
        return everTimed;
    }

    /** A hash of what the pCPU has seen since {@link #forget}. */
    long seen(int pcpu) {
        return seen[pcpu];
    }

    /** The pCPU is where its stack says nothing. */
    void forget(int pcpu) {
        seen[pcpu] = 0;
    }

    /** Spreads a number over 64 bits, for hashes of states. */
    public static long mix(long x) {
        long y = (x ^ x >>> 32) * 0x9E3779B97F4A7C15L;
        y = (y ^ y >>> 29) * 0xBF58476D1CE4E5B9L;
        return y ^ y >>> 32;
    }

    // ---- what steps touch -------------------------------------------------------------------------------------------

    /** What the steps of this run touch, {@code null} if nobody wants to know. */
    Footprints tracing() {
        return tracing;
    }

    private void touchesAll() {
        if (tracing != null) {
            tracing.touchAll();
        }
    }

    /** An SPI of the GIC is looked at, or changes. */
    public void touchesLine(int spi, boolean write) {
        if (tracing != null) {
            tracing.touchLine(spi, write);
        }
    }

    /** The pCPU looks at what is signalled to it, to acknowledge it for instance. */
    public void touchesSignal(Pcpu cpu) {
        if (tracing != null) {
            tracing.touchSignal(cpu.id(), false);
        }
    }

    /** Something is put into the pCPU's mailbox, or taken from it. */
    public void touchesMailbox(Pcpu cpu) {
        if (tracing != null) {
            tracing.touchMailbox(cpu.id());
        }
    }

    /** An observer takes down what happens to a virtual interrupt: what it finds depends on the order. */
    public void touchesAccount(int virq) {
        if (tracing != null) {
            tracing.touchAccount(virq);
        }
    }

    /** Work is posted to the pCPU, or taken from its queue. */
    public void touchesTasklets(Pcpu cpu) {
        if (tracing != null) {
            tracing.touchTasklets(cpu.id());
        }
    }

    // ---- store buffers ----------------------------------------------------------------------------------------------

    boolean isBuffering() {
        return buffering;
    }

    StoreBuffer buffer(int pcpu) {
        return buffers[pcpu];
    }

    /** Keeps a store in the pCPU's buffer; returns false if it is to be done at once. */
    public boolean holdBack(Pcpu cpu, Location l, Location.Op op, int word, int number, Object ref, Object expected) {
        writes(l);
        if (!buffering) {
            return false;
        }
        StoreBuffer b = buffers[cpu.id()];
        if (b.isFull()) {
            b.drainOne();
        }
        b.add(l, op, word, number, ref, expected);
        return true;
    }

    /** A number as the pCPU sees it: its own stores that wait come first. */
    public int forward(Pcpu cpu, Location l, int word, int inMemory) {
        int v = buffering ? buffers[cpu.id()].forward(l, word, inMemory) : inMemory;
        if (tracing != null) {
            tracing.touch(l, false);
        }
        saw(cpu, v);
        return v;
    }

    /** A reference as the pCPU sees it. */
    public Object forward(Pcpu cpu, Location l, int word, Object inMemory) {
        Object v = buffering ? buffers[cpu.id()].forward(l, word, inMemory) : inMemory;
        if (tracing != null) {
            tracing.touch(l, false);
        }
        if (noting) {
            saw(cpu, System.identityHashCode(v));
        }
        return v;
    }

    // ---- accesses ---------------------------------------------------------------------------------------------------

    /** A guarded access, or a plain one without the guard. */
    public void guarded(Pcpu cpu, Location l, boolean write) {
        guarded(cpu, l, 0, 1, write);
    }

    /** The same to some of its parts, {@code first} and those that follow. */
    public void guarded(Pcpu cpu, Location l, int first, int count, boolean write) {
        for (int i = first; watching && i < first + count; i++) {
            if (write) {
                races.write(cpu.id(), l, i);
            } else {
                races.read(cpu.id(), l, i);
            }
        }
    }

    public void load(Pcpu cpu, Location l, boolean acquire) {
        if (watching) {
            races.load(cpu.id(), l);
            if (acquire) {
                races.loadAcquire(cpu.id(), l);
            }
        }
    }

    public void store(Pcpu cpu, Location l, boolean release) {
        if (watching && release) {
            races.checkStore(cpu.id(), l);
            races.storeRelease(cpu.id(), l);
        } else if (watching) {
            races.store(cpu.id(), l);
        }
    }

    /** An atomic read-modify-write, either with a full barrier or without any ordering. */
    public void change(Pcpu cpu, Location l, boolean barrier) {
        writes(l);
        if (watching) {
            races.load(cpu.id(), l);
            races.checkStore(cpu.id(), l);
            if (barrier) {
                races.exchange(cpu.id(), l);
            } else {
                races.update(cpu.id(), l);
            }
        }
    }

    // ---- order ------------------------------------------------------------------------------------------------------

    public void fence(Pcpu cpu) {
        if (watching) {
            races.fence(cpu.id());
        }
    }

    public void storeFence(Pcpu cpu) {
        if (watching) {
            races.storeFence(cpu.id());
        }
    }

    public void loadFence(Pcpu cpu) {
        if (watching) {
            races.loadFence(cpu.id());
        }
    }

    public void acquired(Pcpu cpu, Watched lock, boolean exclusive) {
        writes(lock);
        if (watching) {
            races.acquire(cpu.id(), lock, exclusive);
        }
    }

    public void releasing(Pcpu cpu, Watched lock, boolean exclusive) {
        if (tracing != null) {
            tracing.touch(lock, true);
        }
        if (watching) {
            races.release(cpu.id(), lock, exclusive);
        }
    }

    /** An SGI is posted. */
    public void posts(Pcpu sender, Pcpu target) {
        touchesMailbox(target);
        if (watching) {
            races.post(sender.id(), target.id());
        }
    }

    /** The SGIs that were posted are pending at the pCPU now. */
    public void arrive(Pcpu cpu) {
        touchesMailbox(cpu);
        if (watching) {
            races.arrive(cpu.id());
        }
    }

    /** The pCPU acknowledges an SGI. */
    public void takes(Pcpu cpu) {
        if (watching) {
            races.take(cpu.id());
        }
    }
}

package org.smpvisor.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.smpvisor.cell.Guard;

/**
 * Finds unordered accesses to guarded state, in the manner of FastTrack: a vector clock per pCPU, and for each thing touched
 * the time of the last access by each. It does not need the collision, only a schedule in which both accesses happen.
 *
 * <p>What orders: releasing a lock and acquiring it later; a store-release and a load-acquire of what it stored; an atomic
 * read-modify-write with a full barrier; a fence before an opaque store and one after the load that sees it; a fence before
 * an SGI and the taking of that SGI. An interrupt is program order of its pCPU. An opaque access orders nothing by itself.
 *
 * <p>What is a race: two guarded accesses, one of them a write; or a guarded write and an opaque load, or a guarded access
 * and an opaque store, unless the thing may be read without its guard. Opaque accesses among themselves race never. A plain
 * access is judged as a guarded one whose lock may be missing: it says nothing of an order and needs one.
 */
final class RaceDetector {
    static final int WRITE = 0;
    static final int READ = 1;
    static final int STORE = 2;
    static final int LOAD = 3;
    static final int KINDS = 4;
    private static final String[] VERBS = {"writes", "reads", "stores (opaque)", "loads (opaque)"};
    private static final int STACK = 12;

    /** Locks that a pCPU holds: one and those taken before it. */
    record Locks(Object lock, Locks outer) {
        static final Locks NONE = new Locks(null, null);

        Locks without(Object l) {
            if (this == NONE) {
                return this;
            }
            return lock == l ? outer : new Locks(lock, outer.without(l));
        }

        @Override
        public String toString() {
            return this == NONE ? "nothing" : outer == NONE ? lock.toString() : outer + ", " + lock;
        }
    }

    private final int n;
    private final ControlledEngine engine;

    /** What each pCPU knows of the others' times; its own is the next entry of its row. */
    private final int[][] clock;

    /** What its next opaque store publishes: its clock at its last fence. */
    private final int[][] fenced;

    /** What its opaque loads have seen and its next fence will make known. */
    private final int[][] seen;

    /** By target: what came with SGIs that were posted, and with those that have arrived. */
    private final int[][] posted;

    private final int[][] arrived;
    private final Locks[] locks;
    private final List<Race> races = new ArrayList<>();
    private final Set<String> known = new HashSet<>();
    private int run;

    RaceDetector(int pcpus, ControlledEngine engine) {
        n = pcpus;
        this.engine = engine;
        clock = new int[n][n];
        fenced = new int[n][n];
        seen = new int[n][n];
        posted = new int[n][n];
        arrived = new int[n][n];
        locks = new Locks[n];
    }

    /** A run begins: all that was before it is known to everybody. */
    void begin() {
        run++;
        races.clear();
        known.clear();
        for (int k = 0; k < n; k++) {
            Arrays.fill(clock[k], 0);
            Arrays.fill(fenced[k], 0);
            Arrays.fill(seen[k], 0);
            Arrays.fill(posted[k], 0);
            Arrays.fill(arrived[k], 0);
            clock[k][k] = 1;
            locks[k] = Locks.NONE;
        }
    }

    List<Race> races() {
        return races;
    }

    private History history(Watched w) {
        History h = w.history;
        if (h == null) {
            h = new History(n, w instanceof Location l ? l.parts() : 1);
            w.history = h;
        }
        if (h.run != run) {
            h.forget(run);
        }
        return h;
    }

    private void join(int[] into, int[] from) {
        for (int i = 0; i < n; i++) {
            if (from[i] > into[i]) {
                into[i] = from[i];
            }
        }
    }

    private void copy(int[] from, int[] to) {
        for (int i = 0; i < n; i++) {
            to[i] = from[i];
        }
    }

    // ---- order ------------------------------------------------------------------------------------------------------

    /** A fence of either kind: both halves are joined, since only what a store or load makes of it matters. */
    void fence(int k) {
        join(clock[k], seen[k]);
        copy(clock[k], fenced[k]);
        clock[k][k]++;
    }

    void loadFence(int k) {
        join(clock[k], seen[k]);
    }

    void storeFence(int k) {
        copy(clock[k], fenced[k]);
        clock[k][k]++;
    }

    void acquire(int k, Watched lock, boolean exclusive) {
        History h = history(lock);
        join(clock[k], h.released);
        if (exclusive) {
            join(clock[k], h.shared);
        }
        fence(k);
        locks[k] = new Locks(lock, locks[k]);
    }

    void release(int k, Watched lock, boolean exclusive) {
        History h = history(lock);
        join(clock[k], seen[k]);
        if (exclusive) {
            copy(clock[k], h.released);
        } else {
            join(h.shared, clock[k]);
        }
        fence(k);
        locks[k] = locks[k].without(lock);
    }

    void loadAcquire(int k, Watched w) {
        History h = history(w);
        if (h.hasReleased) {
            join(clock[k], h.released);
        }
    }

    void storeRelease(int k, Watched w) {
        History h = history(w);
        copy(clock[k], h.released);
        h.hasReleased = true;
        clock[k][k]++;
    }

    /** An atomic read-modify-write with a full barrier. */
    void exchange(int k, Watched w) {
        History h = history(w);
        join(clock[k], h.released);
        fence(k);
        join(h.released, fenced[k]); // it goes on the chain of releases that it is put on
        h.hasReleased = true;
    }

    private void loadOpaque(int k, History h) {
        if (h.hasReleased) {
            join(seen[k], h.released);
        }
    }

    private void storeOpaque(int k, History h) {
        copy(fenced[k], h.released);
        h.hasReleased = true;
    }

    /** An atomic read-modify-write without ordering. */
    void update(int k, Watched w) {
        History h = history(w);
        loadOpaque(k, h);
        join(h.released, fenced[k]);
        h.hasReleased = true;
    }

    /** An SGI takes with it what its sender did before its last fence. */
    void post(int k, int target) {
        join(posted[target], fenced[k]);
    }

    void arrive(int k) {
        join(arrived[k], posted[k]);
    }

    void take(int k) {
        join(seen[k], arrived[k]); // the handler's fence makes it known
    }

    // ---- accesses ---------------------------------------------------------------------------------------------------

    /** A guarded or plain read of one part. */
    void read(int k, Location l, int part) {
        History h = history(l);
        int at = h.at(part, READ, k);
        int now = clock[k][k];
        if (h.time[at] == now) {
            return; // nothing that it could be unordered with has happened to either
        }
        int w = h.writer[part];
        if (h.time[h.at(part, WRITE, w)] > clock[k][w]) {
            report(k, READ, l, part, h, WRITE, w);
        }
        if (!l.isOpenToReaders()) {
            check(k, READ, l, part, h, STORE);
        }
        note(h, at, k, now);
    }

    /** A guarded or plain write of one part. */
    void write(int k, Location l, int part) {
        History h = history(l);
        check(k, WRITE, l, part, h, WRITE);
        check(k, WRITE, l, part, h, READ);
        if (!l.isOpenToReaders()) {
            check(k, WRITE, l, part, h, STORE);
            check(k, WRITE, l, part, h, LOAD);
        }
        storeOpaque(k, h); // who reads it without the guard, and fences, knows as much as of an opaque store
        h.writer[part] = k;
        note(h, h.at(part, WRITE, k), k, clock[k][k]);
    }

    /** An opaque load, or the load of a read-modify-write. */
    void load(int k, Location l) {
        History h = history(l);
        loadOpaque(k, h);
        if (l.guard() != null && !l.isOpenToReaders()) {
            check(k, LOAD, l, 0, h, WRITE);
            note(h, h.at(0, LOAD, k), k, clock[k][k]);
        }
    }

    /** An opaque store. */
    void store(int k, Location l) {
        History h = history(l);
        storeOpaque(k, h);
        checkStore(k, l, h);
    }

    /** Any other store that is not a guarded one. */
    void checkStore(int k, Location l) {
        if (l.guard() != null) {
            checkStore(k, l, history(l));
        }
    }

    private void checkStore(int k, Location l, History h) {
        if (l.guard() != null && !l.isOpenToReaders()) {
            check(k, STORE, l, 0, h, WRITE);
            check(k, STORE, l, 0, h, READ);
            note(h, h.at(0, STORE, k), k, clock[k][k]);
        }
    }

    private void check(int k, int kind, Location l, int part, History h, int other) {
        int[] mine = clock[k];
        int base = h.at(part, other, 0);
        for (int i = 0; i < n; i++) {
            if (h.time[base + i] > mine[i]) {
                report(k, kind, l, part, h, other, i);
            }
        }
    }

    private void note(History h, int at, int k, int now) {
        h.time[at] = now;
        h.step[at] = engine.steps() - 1;
        h.locks[at] = locks[k];
    }

    private void report(int k, int kind, Location l, int part, History h, int other, int by) {
        Guard guard = l.guard();
        if (guard != null && !guard.isBinding()) {
            return;
        }
        String on = l.parts() == 1 ? l.toString() : l + "[" + part + "]";
        int at = h.at(part, other, by);
        Race.Access earlier = new Race.Access(by, h.step[at], VERBS[other], h.locks[at].toString(), "");
        Race.Access later = new Race.Access(k, engine.steps() - 1, VERBS[kind], locks[k].toString(), "");
        if (known.add(new Race(on, earlier, later).signature())) {
            races.add(new Race(on, earlier, new Race.Access(k, later.step(), later.what(), later.locks(), caller())));
        }
    }

    /** The method of the model that does the later access. */
    private static String caller() {
        return StackWalker.getInstance()
                .walk(frames -> frames.limit(STACK)
                        .map(StackWalker.StackFrame::toStackTraceElement)
                        .filter(f -> !f.getClassName().startsWith("org.smpvisor.cell.")
                                && !f.getClassName().equals(Memory.class.getName())
                                && !f.getClassName().startsWith(RaceDetector.class.getName() + "$")
                                && !f.getClassName().equals(RaceDetector.class.getName()))
                        .filter(f -> f.getClassName().startsWith("org.smpvisor."))
                        .findFirst()
                        .map(f -> f.getClassName().substring(f.getClassName().lastIndexOf('.') + 1) + "."
                                + f.getMethodName() + ":" + f.getLineNumber())
                        .orElse(""));
    }
}

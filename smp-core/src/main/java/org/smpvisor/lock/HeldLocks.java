package org.smpvisor.lock;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.HdrHistogram.Histogram;
import org.smpvisor.cell.Cell;
import org.smpvisor.cell.Guard;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cell.Tally;
import org.smpvisor.cpu.Pcpu;

/**
 * The locks that one pCPU holds, in order of acquisition, and its counters. Owned by the pCPU. A hard interrupt starts a
 * stack of its own above that of the code it interrupted: nesting is judged inside one context only, and a deadlock across
 * contexts is the irq-safety rule's business.
 *
 * <p>What a pCPU does with locks it does again and again. Each combination of classes and modes held, class and mode wanted,
 * relation to locks of the same class and state of interrupts has a hash; one that was judged before costs a look-up.
 */
public final class HeldLocks {
    /** Bits of how a lock is held or wanted; the first two are the index of a {@link LockContext}. */
    static final int MASKED = 1;

    static final int HARD = 2;
    static final int READ = 4;
    static final int TRY = 8;

    /** How the lock wanted stands to locks of its class that are held: the worst of all. */
    static final int NONE = 0;

    static final int OWN_WRITE = 1;
    static final int ASCENDING = 2;
    static final int DESCENDING = 3;
    static final int SAME = 4;

    private static final int MAX_HELD = 64;
    private static final int KNOWN = 1 << 12;
    private static final int WAYS = 4;
    private static final int SAMPLE = 1 << 10;
    private static final long MIX = 0x9E3779B97F4A7C15L;
    private static final long OPENS = 1L << 32;
    private static final long AWAITS = 1L << 33;
    private static final VarHandle HITS = MethodHandles.arrayElementVarHandle(long[].class);

    private final Pcpu cpu;
    private final LockValidator validator;
    private final boolean enabled;
    private final Object[] locks = new Object[MAX_HELD];
    private final LockClass[] classes = new LockClass[MAX_HELD];
    private final int[] uses = new int[MAX_HELD];
    /** Hash and set of the classes below a place of the stack, in its context. */
    private final long[] chains = new long[MAX_HELD + 1];

    private final long[] masks = new long[MAX_HELD + 1];
    private final long[] known = new long[KNOWN];
    private final long[] hits = new long[KNOWN];
    private final Tally acquisitions = new Tally(LockClass.values().length << 2);
    private final Tally contentions = new Tally(LockClass.values().length);

    @OwnedBy("boot")
    private LockTimes times;

    @OwnedBy("pcpu")
    private int depth;

    @OwnedBy("pcpu")
    private int base;

    @OwnedBy("pcpu")
    private int context;

    /** Whether the last release was that of a lock that another had been taken after. */
    @OwnedBy("pcpu")
    private boolean outOfOrder;

    public HeldLocks(Pcpu cpu, LockValidator validator) {
        this.cpu = cpu;
        this.validator = validator;
        this.enabled = validator.isEnabled();
    }

    /** Measures from now on how long locks are waited for and held, and counts every nesting. Before the pCPU is driven. */
    public void measure() {
        times = new LockTimes(MAX_HELD);
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    /** Number of locks held, those of interrupted contexts included. */
    public int depth() {
        return depth;
    }

    /** Index of the first lock of the running context. */
    public int base() {
        return base;
    }

    public LockClass classAt(int i) {
        return classes[i];
    }

    public Object lockAt(int i) {
        return locks[i];
    }

    int useAt(int i) {
        return uses[i];
    }

    static long orderOf(Object lock) {
        return lock instanceof SpinLock l ? l.order() : ((RwLock) lock).order();
    }

    /** Acquisitions of class {@code c} by this pCPU so far. */
    public long acquisitions(LockClass c) {
        long n = 0;
        for (LockContext in : LockContext.values()) {
            n += acquisitions(c, in);
        }
        return n;
    }

    /** Acquisitions of class {@code c} by this pCPU in that context so far. */
    public long acquisitions(LockClass c, LockContext in) {
        return acquisitions.get(c.ordinal() << 2 | in.ordinal());
    }

    /** Acquisitions of class {@code c} by this pCPU that had to wait. */
    public long contentions(LockClass c) {
        return contentions.get(c.ordinal());
    }

    void addWaits(LockClass c, Histogram sum) {
        if (times != null) {
            times.addWaits(c, sum);
        }
    }

    void addHolds(LockClass c, Histogram sum) {
        if (times != null) {
            times.addHolds(c, sum);
        }
    }

    /** Gives every chain in the look-up table and how often it was gone through to {@code counts}. */
    void chains(ChainCounts counts) {
        for (int i = 0; i < KNOWN; i++) {
            long n = (long) HITS.getOpaque(hits, i);
            if (n != 0) {
                counts.add(known[i], n);
            }
        }
    }

    /** Told how often a chain was gone through. */
    interface ChainCounts {
        void add(long chain, long times);
    }

    // ---- acquiring --------------------------------------------------------------------------------------------------

    void acquiring(SpinLock lock) {
        if (enabled) {
            acquiring(lock.lockClass(), lock, lock.order(), use());
        }
    }

    void acquiring(RwLock lock, boolean write) {
        if (enabled) {
            acquiring(lock.lockClass(), lock, lock.order(), use() | (write ? 0 : READ));
        }
    }

    private int use() {
        return (cpu.isIrqMasked() ? MASKED : 0) | (cpu.isInHardIrq() ? HARD : 0);
    }

    private void acquiring(LockClass c, Object lock, long order, int use) {
        int relation = (masks[depth] >>> c.ordinal() & 1) == 0 ? NONE : relation(c, lock, order, use);
        long key = mix(chains[depth] ^ ((c.ordinal() + 1L) << 8 | use << 4 | relation));
        int slot = find(key);
        if (slot < 0 || (validator.watched() >>> c.ordinal() & 1) != 0) {
            slot = learn(key, slot);
            validator.check(cpu, this, c, lock, use, key);
        }
        if (times != null) {
            long n = ++hits[slot];
            if (depth != base && ((n & n - 1) == 0 || n % SAMPLE == 0)) {
                validator.sample(key);
            }
        }
    }

    /** The place of a chain in the table; negative if it is new. */
    private int find(long key) {
        int slot = (int) (key >>> 52);
        for (int way = 0; way < WAYS; way++) {
            if (known[slot ^ way] == key) {
                return slot ^ way;
            }
        }
        return -1;
    }

    /** Gives a chain its place, which another may have to leave. */
    private int learn(long key, int found) {
        if (found >= 0) {
            return found;
        }
        int slot = (int) (key >>> 52);
        int way = 0;
        while (way < WAYS && known[slot ^ way] != 0) {
            way++;
        }
        slot ^= way < WAYS ? way : (int) (key >>> 40) & WAYS - 1;
        if (hits[slot] != 0) {
            validator.count(known[slot], hits[slot]);
            hits[slot] = 0;
        }
        known[slot] = key;
        return slot;
    }

    private int relation(LockClass c, Object lock, long order, int use) {
        int worst = NONE;
        for (int i = base; i < depth; i++) {
            if (classes[i] == c) {
                int r = orderOf(locks[i]) < order ? ASCENDING : DESCENDING;
                if (locks[i] == lock) {
                    r = (uses[i] & READ) == 0 && (use & READ) != 0 ? OWN_WRITE : SAME;
                }
                worst = Math.max(worst, r);
            }
        }
        return worst;
    }

    private static long mix(long x) {
        long product = x * MIX;
        return product ^ product >>> 29;
    }

    void acquired(SpinLock lock) {
        push(lock.lockClass(), lock, use());
    }

    void acquired(RwLock lock, boolean write) {
        push(lock.lockClass(), lock, use() | (write ? 0 : READ));
    }

    void acquiredByTry(SpinLock lock) {
        tried(lock.lockClass(), lock, use() | TRY);
    }

    void acquiredByTry(RwLock lock, boolean write) {
        tried(lock.lockClass(), lock, use() | TRY | (write ? 0 : READ));
    }

    /** A lock that was not waited for: what matters is that it is held, and how interrupts stand. */
    private void tried(LockClass c, Object lock, int use) {
        if (enabled) {
            long key = mix((c.ordinal() + 1L) << 8 | use << 4);
            if (find(key) < 0) {
                learn(key, -1);
                validator.tried(cpu, c, lock, use);
            }
        }
        push(c, lock, use);
    }

    private void push(LockClass c, Object lock, int use) {
        int d = depth;
        locks[d] = lock;
        classes[d] = c;
        uses[d] = use;
        extend(d);
        depth = d + 1;
        outOfOrder = false;
        acquisitions.add(c.ordinal() << 2 | use & (MASKED | HARD), 1);
        if (times != null) {
            times.taken(c, d, context, cpu.engine().now());
        }
    }

    private void extend(int d) {
        int c = classes[d].ordinal();
        chains[d + 1] = mix(chains[d] + (c << 1 | (uses[d] & READ) >> 2) + 1);
        masks[d + 1] = masks[d] | 1L << c;
    }

    void contended(SpinLock lock) {
        contended(lock.lockClass());
    }

    void contended(RwLock lock) {
        contended(lock.lockClass());
    }

    private void contended(LockClass c) {
        contentions.add(c.ordinal(), 1);
        if (times != null) {
            times.waits(context, cpu.engine().now());
        }
    }

    // ---- releasing --------------------------------------------------------------------------------------------------

    void releasing(SpinLock lock) {
        if (lock.owner() != cpu) {
            validator.add(
                    LockViolation.Rule.WRONG_CPU,
                    lock.lockClass(),
                    null,
                    cpu + " releases " + lock + ", which is held by " + lock.owner());
        }
        pop(lock.lockClass(), lock, 0);
    }

    void releasing(RwLock lock, boolean write) {
        pop(lock.lockClass(), lock, write ? 0 : READ);
    }

    private void pop(LockClass c, Object lock, int mode) {
        int last = depth - 1;
        if (last >= base && locks[last] == lock && (uses[last] & READ) == mode) {
            depth = last;
            outOfOrder = false;
            if (times != null) {
                times.released(c, last, cpu.engine().now());
            }
        } else {
            popFromMiddle(c, lock, mode);
        }
    }

    private void popFromMiddle(LockClass c, Object lock, int mode) {
        int i = depth - 1;
        while (i >= base && (locks[i] != lock || (uses[i] & READ) != mode)) {
            i--;
        }
        if (i < base) {
            validator.add(
                    LockViolation.Rule.WRONG_CPU,
                    c,
                    null,
                    cpu + " releases " + lock + (mode == READ ? " for reading" : "") + ", which it does not hold"
                            + (lock instanceof RwLock ? " so" : ""));
            return;
        }
        if (times != null) {
            times.released(c, i, cpu.engine().now());
        }
        for (int j = i; j < depth - 1; j++) {
            locks[j] = locks[j + 1];
            classes[j] = classes[j + 1];
            uses[j] = uses[j + 1];
            extend(j);
            if (times != null) {
                times.moved(j + 1, j);
            }
        }
        depth--;
        locks[depth] = null;
        outOfOrder = true;
    }

    // ---- contexts ---------------------------------------------------------------------------------------------------

    /** A hard interrupt begins: locks held so far belong to the interrupted context. Returns what {@link #leaveIrq} needs. */
    public int enterIrq() {
        int interrupted = base;
        base = depth;
        chains[depth] = depth == 0 ? 0 : MIX;
        masks[depth] = 0;
        context++;
        return interrupted;
    }

    /** The hard interrupt is over; it must have released all that it took. */
    public void leaveIrq(int interrupted) {
        assertNoneHeld("at the end of an interrupt");
        base = interrupted;
        context--;
        chains[base] = base == 0 ? 0 : MIX;
        masks[base] = 0;
        for (int j = base; j < depth; j++) {
            extend(j);
        }
    }

    /** Interrupts are about to be opened, perhaps under a lock. Interrupts masked. */
    public void opensIrqs() {
        if (enabled && depth != base) {
            int taken = 0;
            for (int i = base; i < depth; i++) {
                taken |= uses[i] & MASKED;
            }
            long key = mix(chains[depth] ^ OPENS ^ use() << 2 ^ taken << 1 ^ (outOfOrder ? 1 : 0));
            if (find(key) < 0) {
                learn(key, -1);
                validator.opens(cpu, this, outOfOrder);
            }
        }
    }

    /** This pCPU is about to wait until {@code other} has taken an interrupt. */
    public void awaitsAcknowledgement(Pcpu other) {
        if (enabled) {
            long key = mix(chains[depth] ^ AWAITS ^ use());
            if (find(key) < 0) {
                learn(key, -1);
                validator.awaits(cpu, this, other, use());
            }
        }
    }

    // ---- places where nothing may be held ---------------------------------------------------------------------------

    /** Reports a leak when the running context holds a lock at a place where it may not. */
    public void assertNoneHeld(String where) {
        if (depth != base) {
            validator.add(
                    LockViolation.Rule.LEAK,
                    classes[depth - 1],
                    null,
                    cpu + " still holds " + locks[depth - 1] + " " + where);
        }
    }

    /** Reports it when the pCPU is about to be given to another vCPU under a lock, or in a hard interrupt. */
    public void assertMayBlock(String where) {
        if (depth != 0 || cpu.isInHardIrq()) {
            validator.add(
                    LockViolation.Rule.BLOCKING,
                    depth == 0 ? null : classes[depth - 1],
                    null,
                    cpu + " may block " + where
                            + (depth == 0 ? " in a hard interrupt" : " while it holds " + locks[depth - 1]));
        }
    }

    /** Checks that a guarded cell is touched with its guard held, where that is a rule. Returns false if it is not held. */
    public boolean checkGuard(Guard guard, Cell cell) {
        if (!enabled || guard == null || (guard instanceof SpinLock l ? l.isHeldBy(cpu) : guard.isHeldBy(cpu))) {
            return true;
        }
        reportUnguarded(guard, cell);
        return false;
    }

    private void reportUnguarded(Guard guard, Cell cell) {
        if (guard.isBinding()) {
            validator.add(
                    LockViolation.Rule.GUARD,
                    guard.lockClass(),
                    null,
                    cpu + " touches " + cell.name() + " without " + guard + ", which guards it");
        }
    }

    /** An {@code _irq} form is about to mask interrupts, and will open them afterwards whatever they were before. */
    void checkIrqsOpen(LockClass c, Object lock) {
        if (cpu.isIrqMasked()) {
            validator.add(
                    LockViolation.Rule.IRQ_MODE,
                    c,
                    null,
                    cpu + " takes " + lock + " by its _irq form with interrupts masked already");
        }
    }

    /** The locks held, outermost first, for a report; may be read by the watchdog while the pCPU runs. */
    public String describe() {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < depth && i < MAX_HELD; i++) {
            Object lock = locks[i];
            if (lock != null) {
                b.append(b.isEmpty() ? "" : ", ").append(lock);
            }
        }
        return b.isEmpty() ? "nothing" : b.toString();
    }
}

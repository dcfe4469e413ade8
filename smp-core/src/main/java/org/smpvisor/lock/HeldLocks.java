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
    private final Holding[] stack = new Holding[MAX_HELD];
    private final long[] known = new long[KNOWN];
    private final long[] hits = new long[KNOWN];
    private final Tally acquisitions = new Tally(LockClass.values().length << 2);
    private final Tally contentions = new Tally(LockClass.values().length);

    @OwnedBy("boot")
    private LockTimes times;

    /** Index of the first free place of the stack. */
    @OwnedBy("pcpu")
    private int depth;

    /** Index of the first place of the running context. */
    @OwnedBy("pcpu")
    private int base;

    @OwnedBy("pcpu")
    private int context;

    /** Whether the last release was that of a lock that another had been taken after. */
    @OwnedBy("pcpu")
    private boolean outOfOrder;

    /** One place of the stack. What a free place says is of no account. */
    public static final class Holding {
        @OwnedBy("pcpu")
        private Object lock;

        @OwnedBy("pcpu")
        private int classIndex;

        @OwnedBy("pcpu")
        private int use;

        /** Hash and set of the classes below this place; not kept for the first place of a context, below which there is none. */
        @OwnedBy("pcpu")
        private long chain;

        @OwnedBy("pcpu")
        private long mask;
    }

    public HeldLocks(Pcpu cpu, LockValidator validator) {
        this.cpu = cpu;
        this.validator = validator;
        this.enabled = validator.isEnabled();
        for (int i = 0; i < MAX_HELD; i++) {
            stack[i] = new Holding();
        }
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
        return classOf(stack[i].lock);
    }

    public Object lockAt(int i) {
        return stack[i].lock;
    }

    int useAt(int i) {
        return stack[i].use;
    }

    private static LockClass classOf(Object lock) {
        return lock instanceof SpinLock l ? l.lockClass() : ((RwLock) lock).lockClass();
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

    /** The lock is about to be waited for. Returns how it will be held, for {@code acquired}. */
    int acquiring(SpinLock lock) {
        int use = use();
        if (enabled) {
            acquiring(lock.classIndex(), lock, use);
        }
        return use;
    }

    int acquiring(RwLock lock, boolean write) {
        int use = use() | (write ? 0 : READ);
        if (enabled) {
            acquiring(lock.classIndex(), lock, use);
        }
        return use;
    }

    private int use() {
        return (cpu.isIrqMasked() ? MASKED : 0) | (cpu.isInHardIrq() ? HARD : 0);
    }

    private void acquiring(int c, Object lock, int use) {
        int relation = (mask() >>> c & 1) == 0 ? NONE : relation(lock, use);
        long key = mix(chain() ^ ((c + 1L) << 8 | use << 4 | relation));
        int slot = find(key);
        if (slot < 0 || (validator.watched() >>> c & 1) != 0) {
            slot = learn(key, slot);
            validator.check(cpu, this, classOf(lock), lock, use, key);
        }
        if (times != null) {
            long n = ++hits[slot];
            if (depth != base && ((n & n - 1) == 0 || n % SAMPLE == 0)) {
                validator.sample(key);
            }
        }
    }

    /** Hash of the classes that the running context holds. */
    private long chain() {
        return depth == base ? start() : chainAbove(depth - 1);
    }

    private long chainAbove(int i) {
        Holding h = stack[i];
        return mix((i == base ? start() : h.chain) + (h.classIndex << 1 | (h.use & READ) >> 2) + 1);
    }

    private long start() {
        return base == 0 ? 0 : MIX;
    }

    /** Set of the classes that the running context holds. */
    private long mask() {
        if (depth == base) {
            return 0;
        }
        Holding h = stack[depth - 1];
        return (depth - 1 == base ? 0 : h.mask) | 1L << h.classIndex;
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

    private int relation(Object lock, int use) {
        LockClass c = classOf(lock);
        long order = orderOf(lock);
        int worst = NONE;
        for (int i = base; i < depth(); i++) {
            if (classAt(i) == c) {
                int r = orderOf(lockAt(i)) < order ? ASCENDING : DESCENDING;
                if (lockAt(i) == lock) {
                    r = (useAt(i) & READ) == 0 && (use & READ) != 0 ? OWN_WRITE : SAME;
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

    void acquired(SpinLock lock, int use) {
        push(lock.classIndex(), lock, use);
    }

    void acquired(RwLock lock, int use) {
        push(lock.classIndex(), lock, use);
    }

    void acquiredByTry(SpinLock lock) {
        tried(lock.classIndex(), lock, use() | TRY);
    }

    void acquiredByTry(RwLock lock, boolean write) {
        tried(lock.classIndex(), lock, use() | TRY | (write ? 0 : READ));
    }

    /** A lock that was not waited for: what matters is that it is held, and how interrupts stand. */
    private void tried(int c, Object lock, int use) {
        if (enabled) {
            long key = mix((c + 1L) << 8 | use << 4);
            if (find(key) < 0) {
                learn(key, -1);
                validator.tried(cpu, classOf(lock), lock, use);
            }
        }
        push(c, lock, use);
    }

    private void push(int c, Object lock, int use) {
        place(lock, c, use);
        ordered();
        acquisitions.add(c << 2 | use & (MASKED | HARD), 1);
        if (times != null) {
            times.taken(classOf(lock), depth - 1, context, cpu.engine().now());
        }
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
        pop(lock, 0);
    }

    void releasing(RwLock lock, boolean write) {
        pop(lock, write ? 0 : READ);
    }

    private void pop(Object lock, int mode) {
        int last = depth - 1;
        if (last >= base && stack[last].lock == lock && (stack[last].use & READ) == mode) {
            depth = last;
            ordered();
            if (times != null) {
                times.released(classOf(lock), last, cpu.engine().now());
            }
        } else {
            popFromMiddle(lock, mode);
        }
    }

    private void place(Object lock, int c, int use) {
        Holding free = stack[depth];
        if (depth != base) {
            free.chain = chain();
            free.mask = mask();
        }
        free.lock = lock;
        free.classIndex = c;
        free.use = use;
        depth++;
    }

    private void ordered() {
        if (outOfOrder) { // a look is cheaper than a store, which the lock's next barrier would wait for
            outOfOrder = false;
        }
    }

    private void popFromMiddle(Object lock, int mode) {
        LockClass c = classOf(lock);
        int i = depth() - 1;
        while (i >= base && (lockAt(i) != lock || (useAt(i) & READ) != mode)) {
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
        int end = depth;
        depth = i;
        for (int j = i + 1; j < end; j++) {
            Holding above = stack[j];
            place(above.lock, above.classIndex, above.use);
            if (times != null) {
                times.moved(j, j - 1);
            }
        }
        stack[depth].lock = null;
        outOfOrder = true;
    }

    // ---- contexts ---------------------------------------------------------------------------------------------------

    /** A hard interrupt begins: locks held so far belong to the interrupted context. Returns what {@link #leaveIrq} needs. */
    public int enterIrq() {
        int interrupted = base;
        base = depth;
        context++;
        return interrupted;
    }

    /** The hard interrupt is over; it must have released all that it took. */
    public void leaveIrq(int interrupted) {
        assertNoneHeld("at the end of an interrupt");
        context--;
        base = interrupted;
    }

    /** Interrupts are about to be opened, perhaps under a lock. Interrupts masked. */
    public void opensIrqs() {
        if (enabled && depth != base) {
            int taken = 0;
            for (int i = base; i < depth(); i++) {
                taken |= useAt(i) & MASKED;
            }
            long key = mix(chain() ^ OPENS ^ use() << 2 ^ taken << 1 ^ (outOfOrder ? 1 : 0));
            if (find(key) < 0) {
                learn(key, -1);
                validator.opens(cpu, this, outOfOrder);
            }
        }
    }

    /** This pCPU is about to wait until {@code other} has taken an interrupt. */
    public void awaitsAcknowledgement(Pcpu other) {
        if (enabled) {
            long key = mix(chain() ^ AWAITS ^ use());
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
                    classAt(depth() - 1),
                    null,
                    cpu + " still holds " + lockAt(depth() - 1) + " " + where);
        }
    }

    /** Reports it when the pCPU is about to be given to another vCPU under a lock, or in a hard interrupt. */
    public void assertMayBlock(String where) {
        int depth = depth();
        if (depth != 0 || cpu.isInHardIrq()) {
            validator.add(
                    LockViolation.Rule.BLOCKING,
                    depth == 0 ? null : classAt(depth - 1),
                    null,
                    cpu + " may block " + where
                            + (depth == 0 ? " in a hard interrupt" : " while it holds " + lockAt(depth - 1)));
        }
    }

    /** Checks that a guarded cell is touched with its guard held, where that is a rule. Returns false if it is not held. */
    public boolean checkGuard(Guard guard, Cell cell) {
        if (guard == null || (guard instanceof SpinLock l ? l.isHeldBy(cpu) : guard.isHeldBy(cpu))) {
            return true;
        }
        if (enabled) {
            reportUnguarded(guard, cell);
        }
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
        int depth = depth();
        for (int i = 0; i < depth; i++) {
            Object lock = lockAt(i);
            if (lock != null) {
                b.append(b.isEmpty() ? "" : ", ").append(lock);
            }
        }
        return b.isEmpty() ? "nothing" : b.toString();
    }
}

package org.smpvisor.lock;

import org.smpvisor.cell.Cell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cell.Tally;
import org.smpvisor.cpu.Pcpu;

/**
 * The locks that one pCPU holds, in order of acquisition, and its counters. Owned by the pCPU. A hard interrupt starts a
 * stack of its own above that of the code it interrupted: nesting is judged inside one context only, and a deadlock across
 * contexts is the irq-safety rule's business.
 */
public final class HeldLocks {
    private static final int MAX_HELD = 64;
    private static final int KNOWN = 1 << 12;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private final Pcpu cpu;
    private final LockValidator validator;
    private final boolean enabled;
    private final Object[] locks = new Object[MAX_HELD];
    private final LockClass[] classes = new LockClass[MAX_HELD];
    private final long[] chains = new long[MAX_HELD + 1];
    private final long[] known = new long[KNOWN];
    private final Tally acquisitions = new Tally(LockClass.values().length);
    private final Tally contentions = new Tally(LockClass.values().length);

    @OwnedBy("pcpu")
    private int depth;

    @OwnedBy("pcpu")
    private int base;

    @OwnedBy("pcpu")
    private long heldClasses;

    public HeldLocks(Pcpu cpu, LockValidator validator) {
        this.cpu = cpu;
        this.validator = validator;
        this.enabled = validator.isEnabled();
    }

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

    long orderAt(int i) {
        return locks[i] instanceof SpinLock l ? l.order() : 0;
    }

    /** Acquisitions of class {@code c} by this pCPU so far. */
    public long acquisitions(LockClass c) {
        return acquisitions.get(c.ordinal());
    }

    /** Acquisitions of class {@code c} by this pCPU that had to wait. */
    public long contentions(LockClass c) {
        return contentions.get(c.ordinal());
    }

    void acquiring(SpinLock lock) {
        if (enabled) {
            acquiring(lock.lockClass(), lock, lock.order());
        }
    }

    void acquiring(RwLock lock, boolean write) {
        if (enabled) {
            acquiring(lock.lockClass(), lock, 0);
        }
    }

    private void acquiring(LockClass c, Object lock, long order) {
        int context = (cpu.isIrqMasked() ? 1 : 0) | (cpu.isInHardIrq() ? 2 : 0);
        long key = (chains[depth] ^ (c.ordinal() + 1L) << 2 ^ context + 1L << 40) * MIX;
        int slot = (int) (key >>> 52);
        if (known[slot] != key || (heldClasses & 1L << c.ordinal()) != 0) {
            validator.check(cpu, this, c, lock, order, cpu.isInHardIrq());
            known[slot] = key;
        }
    }

    void acquired(SpinLock lock) {
        push(lock.lockClass(), lock);
    }

    void acquired(RwLock lock, boolean write) {
        push(lock.lockClass(), lock);
    }

    void acquiredByTry(SpinLock lock) {
        push(lock.lockClass(), lock);
    }

    void acquiredByTry(RwLock lock, boolean write) {
        push(lock.lockClass(), lock);
    }

    private void push(LockClass c, Object lock) {
        int d = depth;
        locks[d] = lock;
        classes[d] = c;
        chains[d + 1] = (chains[d] + c.ordinal() + 1) * MIX;
        heldClasses |= 1L << c.ordinal();
        depth = d + 1;
        acquisitions.add(c.ordinal(), 1);
    }

    void releasing(SpinLock lock) {
        if (lock.owner() != cpu) {
            validator.add(
                    LockViolation.Rule.WRONG_CPU,
                    lock.lockClass(),
                    null,
                    cpu + " releases " + lock + ", which is held by " + lock.owner(),
                    "");
        }
        pop(lock);
    }

    void releasing(RwLock lock, boolean write) {
        pop(lock);
    }

    private void pop(Object lock) {
        int last = depth - 1;
        if (last == base && locks[last] == lock) {
            depth = last; // the usual case: the only lock of this context
            heldClasses = 0;
        } else {
            popFromStack(lock);
        }
    }

    private void popFromStack(Object lock) {
        int i = depth - 1;
        while (i >= base && locks[i] != lock) {
            i--;
        }
        if (i < base) {
            validator.add(
                    LockViolation.Rule.WRONG_CPU,
                    null,
                    null,
                    cpu + " releases " + lock + ", which it does not hold",
                    "");
            return;
        }
        for (int j = i; j < depth - 1; j++) {
            locks[j] = locks[j + 1];
            classes[j] = classes[j + 1];
            chains[j + 1] = (chains[j] + classes[j].ordinal() + 1) * MIX;
        }
        depth--;
        locks[depth] = null;
        heldClasses = 0;
        for (int j = base; j < depth; j++) {
            heldClasses |= 1L << classes[j].ordinal();
        }
    }

    void contended(SpinLock lock) {
        contentions.add(lock.lockClass().ordinal(), 1);
    }

    void contended(RwLock lock) {
        contentions.add(lock.lockClass().ordinal(), 1);
    }

    /** A hard interrupt begins: locks held so far belong to the interrupted context. Returns what {@link #leaveIrq} needs. */
    public int enterIrq() {
        int interrupted = base;
        base = depth;
        heldClasses = 0;
        chains[depth] = depth == 0 ? 0 : MIX;
        return interrupted;
    }

    /** The hard interrupt is over; it must have released all that it took. */
    public void leaveIrq(int interrupted) {
        assertNoneHeld("at the end of an interrupt");
        base = interrupted;
        long mask = 0;
        chains[base] = base == 0 ? 0 : MIX;
        for (int j = base; j < depth; j++) {
            mask |= 1L << classes[j].ordinal();
            chains[j + 1] = (chains[j] + classes[j].ordinal() + 1) * MIX;
        }
        heldClasses = mask;
    }

    /** Reports a leak when the running context holds a lock at a place where it may not. */
    public void assertNoneHeld(String where) {
        if (depth != base) {
            validator.add(
                    LockViolation.Rule.LEAK,
                    classes[depth - 1],
                    null,
                    cpu + " still holds " + locks[depth - 1] + " " + where,
                    "");
        }
    }

    /** Checks that a guarded cell is touched with its lock held. */
    public void checkGuard(SpinLock guard, Cell cell) {
        if (enabled && guard != null && guard.owner() != cpu) {
            validator.add(
                    LockViolation.Rule.GUARD,
                    guard.lockClass(),
                    null,
                    cpu + " touches " + cell.name() + " without " + guard + ", which guards it",
                    "");
        }
    }

    /** An {@code _irq} form is about to mask interrupts, and will open them afterwards whatever they were before. */
    void checkIrqsOpen(LockClass c, Object lock) {
        if (cpu.isIrqMasked()) {
            validator.add(
                    LockViolation.Rule.IRQ_MODE,
                    c,
                    null,
                    cpu + " takes " + lock + " by its _irq form with interrupts masked already",
                    "");
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

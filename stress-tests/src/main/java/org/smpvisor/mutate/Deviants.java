package org.smpvisor.mutate;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.HeldLocks;
import org.smpvisor.lock.RwLock;
import org.smpvisor.lock.SpinLock;

/** What mutated model code calls instead of the right thing; by name, from woven byte code. One copy in each class loader. */
@SuppressWarnings("unused")
public final class Deviants {
    private static final Runnable NOTHING = () -> {};
    private static boolean reached;

    private Deviants() {}

    /** Whether the mutated site was ever executed, with an effect where that can be told at once. */
    static boolean isReached() {
        return reached;
    }

    /** The mutated site is being executed. */
    public static void reach() {
        reached = true;
    }

    /** The vCPU that runs here, whatever {@code meant} was. */
    public static Vcpu wrong(Pcpu cpu, Vcpu meant) {
        Vcpu here = cpu.current();
        if (here == null || here.isIdle() || here == meant) {
            return meant;
        }
        reached = true;
        return here;
    }

    private static boolean holds(Pcpu cpu, Object lock) {
        HeldLocks h = cpu.held();
        for (int i = 0; i < h.depth(); i++) {
            if (h.lockAt(i) == lock) {
                return true;
            }
        }
        return false;
    }

    // ---- a lock that is not taken -----------------------------------------------------------------------------------

    public static void drop_lock(SpinLock l, Pcpu cpu) {
        reached = true;
    }

    public static void drop_lockIrq(SpinLock l, Pcpu cpu) {
        reached = true;
        cpu.localIrqDisable();
    }

    public static int drop_lockIrqSave(SpinLock l, Pcpu cpu) {
        reached = true;
        return cpu.localIrqSave();
    }

    public static void drop_readLock(RwLock l, Pcpu cpu) {
        reached = true;
    }

    public static void drop_writeLock(RwLock l, Pcpu cpu) {
        reached = true;
    }

    public static int drop_readLockIrqSave(RwLock l, Pcpu cpu) {
        reached = true;
        return cpu.localIrqSave();
    }

    public static int drop_writeLockIrqSave(RwLock l, Pcpu cpu) {
        reached = true;
        return cpu.localIrqSave();
    }

    // ---- unlocks that put up with a lock that was not taken
    // -----------------------------------------------------------

    public static void lenient_unlock(SpinLock l, Pcpu cpu) {
        if (holds(cpu, l)) {
            l.unlock(cpu);
        }
    }

    public static void lenient_unlockIrq(SpinLock l, Pcpu cpu) {
        lenient_unlock(l, cpu);
        cpu.localIrqEnable();
    }

    public static void lenient_unlockIrqRestore(SpinLock l, Pcpu cpu, int flags) {
        lenient_unlock(l, cpu);
        cpu.localIrqRestore(flags);
    }

    public static void lenient_readUnlock(RwLock l, Pcpu cpu) {
        if (holds(cpu, l)) {
            l.readUnlock(cpu);
        }
    }

    public static void lenient_writeUnlock(RwLock l, Pcpu cpu) {
        if (holds(cpu, l)) {
            l.writeUnlock(cpu);
        }
    }

    public static void lenient_readUnlockIrqRestore(RwLock l, Pcpu cpu, int flags) {
        lenient_readUnlock(l, cpu);
        cpu.localIrqRestore(flags);
    }

    public static void lenient_writeUnlockIrqRestore(RwLock l, Pcpu cpu, int flags) {
        lenient_writeUnlock(l, cpu);
        cpu.localIrqRestore(flags);
    }

    // ---- interrupts
    // ---------------------------------------------------------------------------------------------------

    public static int plain_lockIrqSave(SpinLock l, Pcpu cpu) {
        reached |= !cpu.isIrqMasked();
        int flags = cpu.isIrqMasked() ? 1 : 0;
        l.lock(cpu);
        return flags;
    }

    public static void plain_lockIrq(SpinLock l, Pcpu cpu) {
        reached |= !cpu.isIrqMasked();
        l.lock(cpu);
    }

    public static int plain_readLockIrqSave(RwLock l, Pcpu cpu) {
        reached |= !cpu.isIrqMasked();
        int flags = cpu.isIrqMasked() ? 1 : 0;
        l.readLock(cpu);
        return flags;
    }

    public static int plain_writeLockIrqSave(RwLock l, Pcpu cpu) {
        reached |= !cpu.isIrqMasked();
        int flags = cpu.isIrqMasked() ? 1 : 0;
        l.writeLock(cpu);
        return flags;
    }

    public static void forcing_unlockIrqRestore(SpinLock l, Pcpu cpu, int flags) {
        reached |= flags != 0;
        l.unlockIrq(cpu);
    }

    public static void forcing_readUnlockIrqRestore(RwLock l, Pcpu cpu, int flags) {
        reached |= flags != 0;
        l.readUnlockIrq(cpu);
    }

    public static void forcing_writeUnlockIrqRestore(RwLock l, Pcpu cpu, int flags) {
        reached |= flags != 0;
        l.writeUnlockIrq(cpu);
    }

    // ---- locks that are kept, or taken twice
    // --------------------------------------------------------------------------

    public static void keep_unlock(SpinLock l, Pcpu cpu) {
        reached = true;
    }

    public static void keep_unlockIrq(SpinLock l, Pcpu cpu) {
        reached = true;
        cpu.localIrqEnable();
    }

    public static void keep_unlockIrqRestore(SpinLock l, Pcpu cpu, int flags) {
        reached = true;
        cpu.localIrqRestore(flags);
    }

    public static void keep_readUnlock(RwLock l, Pcpu cpu) {
        reached = true;
    }

    public static void keep_writeUnlock(RwLock l, Pcpu cpu) {
        reached = true;
    }

    public static void keep_readUnlockIrqRestore(RwLock l, Pcpu cpu, int flags) {
        reached = true;
        cpu.localIrqRestore(flags);
    }

    public static void keep_writeUnlockIrqRestore(RwLock l, Pcpu cpu, int flags) {
        reached = true;
        cpu.localIrqRestore(flags);
    }

    public static void relock_assertHeldBy(SpinLock l, Pcpu cpu) {
        reached = true;
        l.lock(cpu);
        l.unlock(cpu);
    }

    // ---- locks in the other order -----------------------------------------------------------------------------------

    /** Lets go of the lock that the running context took last, if any but {@code wanted}; returns how to take it again. */
    private static Runnable letGo(Pcpu cpu, Object wanted) {
        HeldLocks h = cpu.held();
        if (h.depth() == h.base() || h.lockAt(h.depth() - 1) == wanted) {
            return NOTHING;
        }
        reached = true;
        if (h.lockAt(h.depth() - 1) instanceof SpinLock held) {
            held.unlock(cpu);
            return () -> held.lock(cpu);
        }
        RwLock held = (RwLock) h.lockAt(h.depth() - 1);
        if (held.writer() == cpu.id()) {
            held.writeUnlock(cpu);
            return () -> held.writeLock(cpu);
        }
        held.readUnlock(cpu);
        return () -> held.readLock(cpu);
    }

    public static void swap_lock(SpinLock l, Pcpu cpu) {
        Runnable again = letGo(cpu, l);
        l.lock(cpu);
        again.run();
    }

    public static void swap_lockIrq(SpinLock l, Pcpu cpu) {
        cpu.localIrqDisable();
        swap_lock(l, cpu);
    }

    public static int swap_lockIrqSave(SpinLock l, Pcpu cpu) {
        int flags = cpu.localIrqSave();
        swap_lock(l, cpu);
        return flags;
    }

    public static void swap_readLock(RwLock l, Pcpu cpu) {
        Runnable again = letGo(cpu, l);
        l.readLock(cpu);
        again.run();
    }

    public static void swap_writeLock(RwLock l, Pcpu cpu) {
        Runnable again = letGo(cpu, l);
        l.writeLock(cpu);
        again.run();
    }

    public static int swap_readLockIrqSave(RwLock l, Pcpu cpu) {
        int flags = cpu.localIrqSave();
        swap_readLock(l, cpu);
        return flags;
    }

    public static int swap_writeLockIrqSave(RwLock l, Pcpu cpu) {
        int flags = cpu.localIrqSave();
        swap_writeLock(l, cpu);
        return flags;
    }

    // ---- tests that are not heeded ----------------------------------------------------------------------------------

    public static void overlook(Object a, Object b, boolean givesUpIfSame) {
        reached |= (a == b) == givesUpIfSame;
    }

    public static void overlook(Object a, boolean givesUpIfNull) {
        reached |= (a == null) == givesUpIfNull;
    }

    public static void overlook(int a, boolean givesUpIfZero) {
        reached |= (a == 0) == givesUpIfZero;
    }

    public static void overlook(int a, int b, boolean givesUpIfSame) {
        reached |= (a == b) == givesUpIfSame;
    }

    // ---- a load and a store
    // -------------------------------------------------------------------------------------------

    public static void torn_setBit(IntCell c, Pcpu cpu, int bit) {
        reached = true;
        c.setOpaque(cpu, c.getOpaque(cpu) | 1 << bit);
    }

    public static void torn_clearBit(IntCell c, Pcpu cpu, int bit) {
        reached = true;
        c.setOpaque(cpu, c.getOpaque(cpu) & ~(1 << bit));
    }

    public static boolean torn_testAndSetBit(IntCell c, Pcpu cpu, int bit) {
        reached = true;
        int before = c.getOpaque(cpu);
        c.setOpaque(cpu, before | 1 << bit);
        return (before & 1 << bit) != 0;
    }

    public static boolean torn_testAndClearBit(IntCell c, Pcpu cpu, int bit) {
        reached = true;
        int before = c.getOpaque(cpu);
        c.setOpaque(cpu, before & ~(1 << bit));
        return (before & 1 << bit) != 0;
    }

    public static int torn_getAndAdd(IntCell c, Pcpu cpu, int delta) {
        reached = true;
        int before = c.getOpaque(cpu);
        c.setOpaque(cpu, before + delta);
        return before;
    }

    public static int torn_getAndOr(IntCell c, Pcpu cpu, int bits) {
        reached = true;
        int before = c.getOpaque(cpu);
        c.setOpaque(cpu, before | bits);
        return before;
    }
}

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

package org.smpvisor.mutate;

import java.util.List;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;

/** What a call in the model's code is for, told by who is called and by what name: the same names everywhere, as in Xen. */
final class Calls {
    static final String DEVIANTS = "org/smpvisor/mutate/Deviants";
    static final String INT_CELL = "org/smpvisor/cell/IntCell";
    static final String PCPU = "org/smpvisor/cpu/Pcpu";
    static final String VCPU = "org/smpvisor/domain/Vcpu";

    static final Set<String> LOCKS =
            Set.of("lock", "lockIrq", "lockIrqSave", "readLock", "writeLock", "readLockIrqSave", "writeLockIrqSave");
    static final Set<String> UNLOCKS = Set.of(
            "unlock",
            "unlockIrq",
            "unlockIrqRestore",
            "readUnlock",
            "writeUnlock",
            "readUnlockIrqRestore",
            "writeUnlockIrqRestore");
    static final Set<String> ATOMICS =
            Set.of("setBit", "clearBit", "testAndSetBit", "testAndClearBit", "getAndAdd", "getAndOr");
    private static final String SPIN = "org/smpvisor/lock/SpinLock";
    private static final String RW = "org/smpvisor/lock/RwLock";
    private static final String CELLS = "org/smpvisor/cell/";
    private static final String LIST_NODE = CELLS + "ListNode";
    private static final String OURS = "org/smpvisor/";
    private static final Set<String> KICKS =
            Set.of("kick", "unblock", "wake", "sendSgi", "sendSgiMask", "sendSgiToOthers", "raise", "raiseFrom");
    private static final Set<String> KICKERS = Set.of(
            "org/smpvisor/sched/Scheduler",
            "org/smpvisor/cpu/IpiSender",
            "org/smpvisor/cpu/Softirqs",
            "org/smpvisor/gic/host/GicHwOperations");
    private static final Set<String> BARRIERS = Set.of("smpMb", "smpWmb", "smpRmb");
    private static final Set<String> REPLACING =
            Set.of("setOpaque", "setGuarded", "setRelease", "setWordGuarded", "replace");

    /** Observers see what happens and change nothing. */
    private static final List<String> OBSERVERS = List.of("org/smpvisor/trace/", "org/smpvisor/variant/");

    private Calls() {}

    static boolean isLock(String owner) {
        return owner.equals(SPIN) || owner.equals(RW);
    }

    /** Whether it is a call of the project's code that does something, or asks for something. */
    static boolean isOurs(String owner) {
        return owner.startsWith(OURS) && OBSERVERS.stream().noneMatch(owner::startsWith);
    }

    static boolean isKick(String owner, String name, String desc) {
        return isVoid(desc) && KICKS.contains(name) && KICKERS.contains(owner);
    }

    static boolean isBarrier(String owner, String name, String desc) {
        return isVoid(desc) && BARRIERS.contains(name) && owner.equals(PCPU);
    }

    /** Takes a lock, or calls a helper or a rule that does. */
    static boolean isAcquisition(MethodInsnNode c) {
        return isLock(c.owner) ? LOCKS.contains(c.name) : isOurs(c.owner) && c.name.startsWith("lock") && takesPcpu(c);
    }

    static boolean isRelease(MethodInsnNode c) {
        return isLock(c.owner) ? UNLOCKS.contains(c.name) : isOurs(c.owner) && c.name.startsWith("unlock");
    }

    static boolean isBarrier(MethodInsnNode c) {
        return isBarrier(c.owner, c.name, c.desc) || c.owner.equals(PCPU) && c.name.equals("dsb");
    }

    static boolean isKick(MethodInsnNode c) {
        return isKick(c.owner, c.name, c.desc);
    }

    /** Counts, records or marks a window as reached, and that is all. */
    static boolean isObserving(MethodInsnNode c) {
        boolean pcpuCounts = c.owner.equals(PCPU) && (c.name.equals("count") || c.name.equals("events"));
        boolean isMark = c.owner.startsWith(OURS) && (!isOurs(c.owner) || c.name.equals("reached"));
        return pcpuCounts || isMark || isPeek(c);
    }

    /** Looks for the sake of a mark or a report; decides nothing of Xen's. */
    private static boolean isPeek(MethodInsnNode c) {
        return c.owner.startsWith(OURS) && c.name.startsWith("peek");
    }

    /** Changes a cell that is no list. */
    static boolean isStore(MethodInsnNode c) {
        return isCell(c) && !isList(c) && (ATOMICS.contains(c.name) || REPLACING.contains(c.name));
    }

    /** Makes something known to whoever looks without a lock. */
    static boolean isPublication(MethodInsnNode c) {
        return isCell(c) && (c.name.equals("setRelease") || c.name.equals("replace")) || isInsertion(c) || isKick(c);
    }

    static boolean isInsertion(MethodInsnNode c) {
        return isList(c) && c.name.equals("addBefore");
    }

    /** Changes a cell or a list. */
    static boolean isCellChange(MethodInsnNode c) {
        return isStore(c) || isInsertion(c) || isList(c) && c.name.equals("unlink");
    }

    /** Asks for something that others may change. */
    static boolean isLook(MethodInsnNode c) {
        return !isVoid(c.desc) && isOurs(c.owner) && takesPcpu(c) && !isObserving(c) && !isChange(c);
    }

    /** Changes something, as far as can be told from outside. */
    static boolean isChange(MethodInsnNode c) {
        if (!c.owner.startsWith(OURS) || isObserving(c) || c.name.startsWith("assert") || c.name.equals("<init>")) {
            return false;
        }
        return isVoid(c.desc) || isStore(c) || isAcquisition(c) || isRelease(c);
    }

    /** Waits a little before it looks again. */
    static boolean isWait(MethodInsnNode c) {
        return c.name.equals("relax");
    }

    /** Follows a list. */
    static boolean isList(MethodInsnNode c) {
        return c.owner.equals(LIST_NODE)
                || Type.getReturnType(c.desc).getDescriptor().equals("L" + LIST_NODE + ";");
    }

    static boolean takesPcpu(MethodInsnNode c) {
        return c.desc.startsWith("(L" + PCPU + ";");
    }

    static boolean isCell(MethodInsnNode c) {
        return c.owner.startsWith(CELLS);
    }

    static boolean isVoid(String desc) {
        return desc.endsWith(")V");
    }

    /** A call that tells that the mutated site was reached. */
    static AbstractInsnNode reach() {
        return new MethodInsnNode(Opcodes.INVOKESTATIC, DEVIANTS, "reach", "()V", false);
    }
}

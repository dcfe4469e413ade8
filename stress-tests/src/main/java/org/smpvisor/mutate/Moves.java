package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.IntInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.VarInsnNode;
import org.smpvisor.mutate.Code.Statement;
import org.smpvisor.mutate.Rewriter.Change;

/**
 * Statements that change places with one that follows. Only neighbours are moved, with nothing but arithmetic, barriers,
 * counters and, before a publication, other stores between them, and only where neither uses a local variable that the other one sets: no jump leads between them, so
 * that every frame of the class stays valid.
 */
final class Moves {
    /** How many methods deep a store may lie: in a setter, or in a helper of a helper. */
    private static final int SETTER = 1;

    private static final int HELPER = 2;

    /** Whether a statement is one to move behind, and whether a barrier stands before it. */
    private interface Wanted {
        boolean test(Statement s, boolean barrier);
    }

    private final Code code;
    private final List<Change> out = new ArrayList<>();

    private Moves(Code code) {
        this.code = code;
    }

    /** All that can be moved in a method, in the order of its code. */
    static List<Change> in(Code code) {
        Moves m = new Moves(code);
        for (List<Statement> block : code.blocks()) {
            for (int i = 0; i < block.size() - 1; i++) {
                m.look(block, i);
            }
        }
        return m.out;
    }

    private void look(List<Statement> block, int at) {
        Statement first = block.get(at);
        if (!first.isClosed()) {
            return;
        }
        if (has(first, Calls::isAcquisition)) {
            move(Family.CHECK_OUTSIDE, block, at, (s, barrier) -> isTest(s));
            return;
        }
        if (stores(first, SETTER) && has(first, c -> Effects.include(c, SETTER, Calls::isStore))) {
            move(Family.CHECK_BEFORE_FLAG, block, at, (s, barrier) -> isTest(s) && !isOnSameCell(first, s));
        }
        if (stores(first, HELPER)) {
            move(Family.PUBLISH_EARLY, block, at, (s, barrier) -> publishes(s, barrier) && !isOnSameCell(first, s));
        }
    }

    /** Offers to move a statement behind the next one that matters, if it is one of those wanted. */
    private void move(Family family, List<Statement> block, int at, Wanted wanted) {
        Statement first = block.get(at);
        boolean barrier = false;
        for (int i = at + 1; i < block.size() && first.isIndependentOf(block.get(i)); i++) {
            Statement s = block.get(i);
            if (wanted.test(s, barrier)) {
                AbstractInsnNode from = first.insns().get(0);
                String what = names(first) + " after " + names(s);
                out.add(new Change(family, Code.line(from), what, () -> place(first, s)));
                return;
            }
            boolean isPassed = s.calls().stream().allMatch(c -> Calls.isBarrier(c) || Calls.isObserving(c))
                    || family == Family.PUBLISH_EARLY && stores(s, HELPER) && !isOnSameCell(first, s);
            if (!s.isClosed() || !isPassed) {
                return;
            }
            barrier |= has(s, Calls::isBarrier);
        }
    }

    private void place(Statement moved, Statement behind) {
        InsnList list = new InsnList();
        list.add(Calls.reach());
        for (AbstractInsnNode i : moved.insns()) {
            code.insns().remove(i);
            list.add(i);
        }
        if (behind.isClosed()) {
            code.insns().insert(behind.insns().get(behind.insns().size() - 1), list);
        } else {
            code.insns().insertBefore(behind.end(), list); // its operands stay on the stack meanwhile
        }
    }

    // ---- what statements do -----------------------------------------------------------------------------------------

    private static boolean has(Statement s, Predicate<MethodInsnNode> what) {
        return s.calls().stream().anyMatch(what);
    }

    /** Looks at something and remembers it or decides by it, and changes nothing. */
    private static boolean isTest(Statement s) {
        return s.isTested() && has(s, Calls::isLook) && s.calls().stream().allMatch(Effects::areNone);
    }

    /** Whether it stores, in a cell or a list, and takes and releases no lock and wakes nobody. */
    private static boolean stores(Statement s, int depth) {
        return has(s, c -> Effects.include(c, depth, Calls::isCellChange))
                && !has(s, c -> Effects.include(c, depth, x -> Calls.isAcquisition(x) || Calls.isRelease(x)))
                && !has(s, c -> Effects.include(c, depth, Calls::isKick));
    }

    /** Whether others learn of something by it; what is stored behind a barrier is stored there for that. */
    private static boolean publishes(Statement s, boolean barrier) {
        return s.isClosed()
                && (has(s, c -> Calls.isPublication(c) || Effects.include(c, HELPER, Calls::isInsertion))
                        || has(s, c -> Effects.include(c, SETTER, Calls::isKick))
                        || barrier && has(s, Calls::isStore));
    }

    /** Whether {@code other} uses the cell that {@code store} changes: that would be a plain mistake, and not one of order. */
    private static boolean isOnSameCell(Statement store, Statement other) {
        StringBuilder cell = new StringBuilder();
        for (AbstractInsnNode i : store.insns()) {
            if (i instanceof MethodInsnNode c && Calls.isStore(c)) {
                break;
            }
            cell.append(' ').append(text(i));
            boolean isChosen = i instanceof MethodInsnNode || i.getOpcode() == Opcodes.GETFIELD;
            AbstractInsnNode next = i.getNext();
            if (isChosen && next != null && next.getOpcode() == Opcodes.ALOAD) {
                break; // the cell; its arguments follow
            }
        }
        StringBuilder all = new StringBuilder();
        for (AbstractInsnNode i : other.insns()) {
            all.append(' ').append(text(i));
        }
        return (all + " ").contains(cell + " ");
    }

    private static String text(AbstractInsnNode i) {
        if (i instanceof MethodInsnNode c) {
            return c.owner + "." + c.name;
        }
        if (i instanceof FieldInsnNode f) {
            return f.owner + "." + f.name;
        }
        if (i instanceof VarInsnNode v) {
            return i.getOpcode() + ":" + v.var;
        }
        if (i instanceof IntInsnNode n) {
            return i.getOpcode() + ":" + n.operand;
        }
        return Integer.toString(i.getOpcode());
    }

    private static String names(Statement s) {
        List<MethodInsnNode> calls = s.calls();
        return calls.get(calls.size() - 1).name;
    }
}

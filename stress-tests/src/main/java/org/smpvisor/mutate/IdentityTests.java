package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.IntInsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.smpvisor.mutate.Rewriter.Change;

/**
 * Tests of whose something is now, or whether it is in use, one side of which gives up. The defect goes on whatever the test
 * says; it counts as reached when the right code would have given up.
 */
final class IdentityTests {
    private static final int PATIENCE = 40;

    private final Code code;

    private IdentityTests(Code code) {
        this.code = code;
    }

    /** All such tests of a method, in the order of its code. */
    static List<Change> in(Code code) {
        IdentityTests t = new IdentityTests(code);
        List<Change> out = new ArrayList<>();
        for (AbstractInsnNode i : code.insns()) {
            if (i instanceof JumpInsnNode j && isConditional(j)) {
                boolean jumpGivesUp = t.givesUp(j.label);
                if (jumpGivesUp != t.givesUp(j.getNext())) {
                    String whose = t.whose(j, jumpGivesUp);
                    if (!whose.isEmpty()) {
                        out.add(new Change(
                                Family.STALE_IDENTITY, Code.line(j), whose, () -> t.overlook(j, jumpGivesUp)));
                    }
                }
            }
        }
        return out;
    }

    private static boolean isConditional(JumpInsnNode j) {
        return j.getOpcode() != Opcodes.GOTO && j.getOpcode() != Opcodes.JSR;
    }

    // ---- what is tested ---------------------------------------------------------------------------------------------

    /** Says what is tested; empty if that is neither an owner nor whether something is in use. */
    private String whose(JumpInsnNode j, boolean jumpGivesUp) {
        return switch (j.getOpcode()) {
            case Opcodes.IF_ACMPEQ, Opcodes.IF_ACMPNE -> asked(j, 2);
            case Opcodes.IFNULL, Opcodes.IFNONNULL -> {
                boolean givesUpIfThere = (j.getOpcode() == Opcodes.IFNONNULL) == jumpGivesUp;
                yield givesUpIfThere ? asked(j, 1) : "";
            }
            case Opcodes.IF_ICMPEQ, Opcodes.IF_ICMPNE -> asked(j, 2);
            case Opcodes.IFEQ, Opcodes.IFNE -> busy(j, jumpGivesUp ? j.label : j.getNext());
            default -> "";
        };
    }

    /** The call that asks shared state for one of the operands. A list is no identity, and neither is a constant. */
    private String asked(JumpInsnNode j, int operands) {
        String found = "";
        for (int n = operands - 1; n >= 0; n--) {
            Set<AbstractInsnNode> from = code.origins(j, n);
            for (AbstractInsnNode i : from) {
                boolean isConstant = i.getOpcode() >= Opcodes.ACONST_NULL && i.getOpcode() <= Opcodes.LDC;
                if (isConstant
                        || i.getOpcode() == Opcodes.GETSTATIC
                        || i instanceof MethodInsnNode c && Calls.isList(c)) {
                    return "";
                }
                if (i instanceof MethodInsnNode c && Calls.isOurs(c.owner) && isState(c)) {
                    found = c.name;
                }
            }
        }
        return found;
    }

    /** Says what answers that something is in use: a bit before an error, or whatever is waited for. */
    private String busy(JumpInsnNode j, AbstractInsnNode givesUp) {
        for (AbstractInsnNode i : code.origins(j, 0)) {
            if (i.getOpcode() == Opcodes.IAND && leadsTo(givesUp, IdentityTests::isError)) {
                return "bits";
            }
            if (i instanceof MethodInsnNode c && Calls.isLook(c)) {
                boolean isBit = c.name.equals("testBit") && leadsTo(givesUp, IdentityTests::isError);
                if (isBit || leadsTo(givesUp, x -> x instanceof MethodInsnNode w && Calls.isWait(w))) {
                    return c.name;
                }
            }
        }
        return "";
    }

    private static boolean isState(MethodInsnNode c) {
        return (Calls.takesPcpu(c) || c.owner.equals(Calls.PCPU)) && !Calls.isObserving(c);
    }

    /** Whether the side that gives up comes by such an instruction. */
    private static boolean leadsTo(AbstractInsnNode from, Predicate<AbstractInsnNode> what) {
        AbstractInsnNode i = from;
        for (int n = 0; n < PATIENCE && i != null && !Code.isReturn(i); n++) {
            if (what.test(i)) {
                return true;
            }
            i = i instanceof JumpInsnNode j ? j.label : i.getNext();
        }
        return false;
    }

    // ---- which side gives up ----------------------------------------------------------------------------------------

    /** Whether the code from here on returns, goes round again or answers with an error, without having done anything. */
    private boolean givesUp(AbstractInsnNode from) {
        AbstractInsnNode i = from;
        for (int n = 0; n < PATIENCE && i != null; n++) {
            if (Code.isReturn(i) || isError(i)) {
                return true;
            }
            if (i instanceof JumpInsnNode j) {
                if (isConditional(j)) {
                    return false;
                }
                boolean isBack = code.insns().indexOf(j.label) < code.insns().indexOf(from);
                if (isBack) {
                    return true;
                }
                i = j.label;
            } else if (i instanceof MethodInsnNode c && does(c) || Code.isEnd(i) || i.getOpcode() == Opcodes.PUTFIELD) {
                return false;
            }
            i = i.getNext();
        }
        return false;
    }

    private static boolean does(MethodInsnNode c) {
        return Calls.isChange(c) && !Calls.isRelease(c) && !Calls.isWait(c) && !Calls.isBarrier(c);
    }

    private static boolean isError(AbstractInsnNode i) {
        return i instanceof IntInsnNode n && n.operand < 0
                || i instanceof LdcInsnNode l && l.cst instanceof Integer e && e < 0;
    }

    // ---- the defect -------------------------------------------------------------------------------------------------

    private void overlook(JumpInsnNode j, boolean jumpGivesUp) {
        int op = j.getOpcode();
        String operands = switch (op) {
            case Opcodes.IF_ACMPEQ, Opcodes.IF_ACMPNE -> "Ljava/lang/Object;Ljava/lang/Object;";
            case Opcodes.IFNULL, Opcodes.IFNONNULL -> "Ljava/lang/Object;";
            case Opcodes.IFEQ, Opcodes.IFNE -> "I";
            default -> "II";
        };
        boolean jumpsIfSame = Set.of(Opcodes.IF_ACMPEQ, Opcodes.IF_ICMPEQ, Opcodes.IFNULL, Opcodes.IFEQ)
                .contains(op);
        InsnList list = new InsnList();
        list.add(new InsnNode(jumpsIfSame == jumpGivesUp ? Opcodes.ICONST_1 : Opcodes.ICONST_0));
        list.add(new MethodInsnNode(Opcodes.INVOKESTATIC, Calls.DEVIANTS, "overlook", "(" + operands + "Z)V", false));
        if (!jumpGivesUp) {
            list.add(new InsnNode(Opcodes.ICONST_0)); // not GOTO: what follows would need a frame
            list.add(new JumpInsnNode(Opcodes.IFEQ, j.label));
        }
        code.insns().insertBefore(j, list);
        code.insns().remove(j);
    }
}

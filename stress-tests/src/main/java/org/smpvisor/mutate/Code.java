package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.LookupSwitchInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TableSwitchInsnNode;
import org.objectweb.asm.tree.VarInsnNode;
import org.objectweb.asm.tree.analysis.Analyzer;
import org.objectweb.asm.tree.analysis.AnalyzerException;
import org.objectweb.asm.tree.analysis.Frame;
import org.objectweb.asm.tree.analysis.SourceInterpreter;
import org.objectweb.asm.tree.analysis.SourceValue;

/** One method, cut into the statements that it was written as; and where its values come from. */
final class Code {
    /**
     * A statement without jumps: nothing is on the stack before it.
     *
     * @param end the jump or return that takes what it leaves on the stack; {@code null} if it leaves nothing
     */
    record Statement(List<AbstractInsnNode> insns, AbstractInsnNode end) {
        boolean isClosed() {
            return end == null;
        }

        List<MethodInsnNode> calls() {
            List<MethodInsnNode> out = new ArrayList<>();
            for (AbstractInsnNode i : insns) {
                if (i instanceof MethodInsnNode c) {
                    out.add(c);
                }
            }
            return out;
        }

        /** Whether what it computes decides a jump or is kept in a local variable. */
        boolean isTested() {
            if (isClosed()) {
                int op = insns.get(insns.size() - 1).getOpcode();
                return op >= Opcodes.ISTORE && op <= Opcodes.ASTORE;
            }
            return end instanceof JumpInsnNode && end.getOpcode() != Opcodes.GOTO;
        }

        /** Whether the two can change places as far as local variables go: then the JVM accepts it. */
        boolean isIndependentOf(Statement other) {
            Set<Integer> written = locals(true);
            Set<Integer> theirs = other.locals(true);
            Set<Integer> mine = locals(false);
            mine.addAll(written);
            Set<Integer> all = other.locals(false);
            all.addAll(theirs);
            return written.stream().noneMatch(all::contains) && theirs.stream().noneMatch(mine::contains);
        }

        private Set<Integer> locals(boolean written) {
            Set<Integer> out = new HashSet<>();
            for (AbstractInsnNode i : insns) {
                if (i instanceof IincInsnNode n) {
                    out.add(n.var);
                } else if (i instanceof VarInsnNode v && (v.getOpcode() >= Opcodes.ISTORE) == written) {
                    int op = v.getOpcode();
                    out.add(v.var);
                    if (op == Opcodes.LLOAD || op == Opcodes.DLOAD || op == Opcodes.LSTORE || op == Opcodes.DSTORE) {
                        out.add(v.var + 1);
                    }
                }
            }
            return out;
        }
    }

    private final ClassNode owner;
    private final MethodNode method;
    private final Frame<SourceValue>[] frames;
    private final List<List<Statement>> blocks = new ArrayList<>();

    Code(ClassNode owner, MethodNode method) {
        this.owner = owner;
        this.method = method;
        try {
            this.frames = new Analyzer<>(new SourceInterpreter()).analyze(owner.name, method);
        } catch (AnalyzerException e) {
            throw new IllegalStateException(owner.name + "." + method.name, e);
        }
        if (method.tryCatchBlocks.isEmpty()) { // what is moved must not leave its handler
            cut();
        }
    }

    ClassNode owner() {
        return owner;
    }

    InsnList insns() {
        return method.instructions;
    }

    /** Statements that follow each other whatever happens, nothing jumps in between. */
    List<List<Statement>> blocks() {
        return blocks;
    }

    /** Line of the source. */
    static int line(AbstractInsnNode insn) {
        for (AbstractInsnNode i = insn; i != null; i = i.getPrevious()) {
            if (i instanceof LineNumberNode n) {
                return n.line;
            }
        }
        return 0;
    }

    private void cut() {
        Set<LabelNode> targets = targets();
        List<Statement> block = new ArrayList<>();
        List<AbstractInsnNode> now = new ArrayList<>();
        boolean inStep = true;
        for (AbstractInsnNode i : method.instructions) {
            Frame<SourceValue> f = frameAt(i);
            boolean isTarget = i instanceof LabelNode l && targets.contains(l);
            if (i.getOpcode() < 0 && !isTarget) {
                continue;
            }
            boolean isEmpty = f != null && f.getStackSize() == 0;
            if (isEmpty && !now.isEmpty() && inStep) {
                block.add(new Statement(now, null));
                now = new ArrayList<>();
            }
            if (isTarget || f == null) {
                block = begin(block);
                now = new ArrayList<>();
                inStep = isEmpty;
                continue;
            }
            if (isEmpty) {
                inStep = true;
            }
            if (isEnd(i)) {
                if (inStep) {
                    block.add(new Statement(now, i));
                }
                block = begin(block);
                now = new ArrayList<>();
                inStep = false; // until the stack is seen to be empty
            } else if (inStep) {
                now.add(i);
            }
        }
        begin(block);
    }

    private List<Statement> begin(List<Statement> finished) {
        if (!finished.isEmpty()) {
            blocks.add(finished);
        }
        return new ArrayList<>();
    }

    static boolean isEnd(AbstractInsnNode i) {
        int op = i.getOpcode();
        boolean isSwitch = op == Opcodes.TABLESWITCH || op == Opcodes.LOOKUPSWITCH;
        return i instanceof JumpInsnNode || isSwitch || isReturn(i) || op == Opcodes.ATHROW;
    }

    static boolean isReturn(AbstractInsnNode i) {
        return i.getOpcode() >= Opcodes.IRETURN && i.getOpcode() <= Opcodes.RETURN;
    }

    private Set<LabelNode> targets() {
        Set<LabelNode> out = new HashSet<>();
        for (AbstractInsnNode i : method.instructions) {
            if (i instanceof JumpInsnNode j) {
                out.add(j.label);
            } else if (i instanceof TableSwitchInsnNode s) {
                out.addAll(s.labels);
                out.add(s.dflt);
            } else if (i instanceof LookupSwitchInsnNode s) {
                out.addAll(s.labels);
                out.add(s.dflt);
            }
        }
        return out;
    }

    private Frame<SourceValue> frameAt(AbstractInsnNode i) {
        return frames[method.instructions.indexOf(i)];
    }

    // ---- where values come from -------------------------------------------------------------------------------------

    /** All instructions that the operand of {@code insn} is computed by, through local variables; 0 is the last operand. */
    Set<AbstractInsnNode> origins(AbstractInsnNode insn, int operand) {
        Set<AbstractInsnNode> out = new LinkedHashSet<>();
        trace(insn, operand, out);
        return out;
    }

    private void trace(AbstractInsnNode insn, int operand, Set<AbstractInsnNode> out) {
        Frame<SourceValue> f = frameAt(insn);
        if (f != null) {
            for (AbstractInsnNode i : f.getStack(f.getStackSize() - 1 - operand).insns) {
                follow(i, out);
            }
        }
    }

    private void follow(AbstractInsnNode insn, Set<AbstractInsnNode> out) {
        if (!out.add(insn)) {
            return;
        }
        int op = insn.getOpcode();
        if (op >= Opcodes.ILOAD && op <= Opcodes.ALOAD) {
            for (AbstractInsnNode i : frameAt(insn).getLocal(((VarInsnNode) insn).var).insns) {
                follow(i, out);
            }
        } else if (op >= Opcodes.ISTORE && op <= Opcodes.ASTORE || op == Opcodes.DUP || op == Opcodes.CHECKCAST) {
            trace(insn, 0, out);
        } else if (op >= Opcodes.IADD && op <= Opcodes.LXOR) {
            trace(insn, 0, out);
            if (op < Opcodes.INEG || op > Opcodes.DNEG) {
                trace(insn, 1, out);
            }
        }
    }
}

package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * Finds the sites of all families in a class, and changes one. A call becomes one of {@link Deviants} with the same operands,
 * a jump falls through: neither shape of stack nor flow of control grows, so that frames stay valid. What takes more than one
 * instruction is the {@link Rewriter}'s.
 */
final class Weaver {
    private static final int API = Opcodes.ASM9;

    private Weaver() {}

    /** All sites of a class. */
    static List<Site> sites(byte[] bytes) {
        List<Site> out = new ArrayList<>();
        weave(bytes, null, out::add);
        out.addAll(Rewriter.sites(bytes));
        return out;
    }

    /** The class with the defect at {@code site}. */
    static byte[] mutate(byte[] bytes, Site site) {
        if (site.family().isRewritten()) {
            return Rewriter.mutate(bytes, site);
        }
        List<Site> hit = new ArrayList<>();
        byte[] out = weave(bytes, site, hit::add);
        if (!hit.contains(site)) {
            throw new IllegalArgumentException("there is no site " + site.name());
        }
        return out;
    }

    /** The class with unlocks that put up with a lock that was not taken. */
    static byte[] lenient(byte[] bytes) {
        ClassReader reader = new ClassReader(bytes);
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(
                new ClassVisitor(API, writer) {
                    @Override
                    public MethodVisitor visitMethod(int access, String name, String desc, String sig, String[] ex) {
                        return new MethodVisitor(API, super.visitMethod(access, name, desc, sig, ex)) {
                            @Override
                            public void visitMethodInsn(int op, String owner, String n, String d, boolean itf) {
                                if (Calls.isLock(owner) && Calls.UNLOCKS.contains(n)) {
                                    replace(mv, "lenient_", owner, n, d);
                                } else {
                                    super.visitMethodInsn(op, owner, n, d, itf);
                                }
                            }
                        };
                    }
                },
                0);
        return writer.toByteArray();
    }

    private static byte[] weave(byte[] bytes, Site chosen, Consumer<Site> found) {
        ClassReader reader = new ClassReader(bytes);
        String className = reader.getClassName().replace('/', '.');
        Map<String, Set<Integer>> rechecks = rechecks(reader);
        Map<String, Integer> ordinals = new HashMap<>();
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(
                new ClassVisitor(API, writer) {
                    private Bridge bridge;

                    @Override
                    public MethodVisitor visitMethod(int access, String name, String desc, String sig, String[] ex) {
                        MethodVisitor mv = super.visitMethod(access, name, desc, sig, ex);
                        return new Changer(mv, className, name, rechecks.getOrDefault(name + desc, Set.of())) {
                            @Override
                            boolean isChosen(Family f, String what) {
                                int n = ordinals.merge(f.label() + name, 1, Integer::sum) - 1;
                                Site s = new Site(f, className, name, n, line, what);
                                found.accept(s);
                                return chosen != null && chosen.name().equals(s.name());
                            }

                            @Override
                            void bridge(Bridge b) {
                                bridge = b;
                            }
                        };
                    }

                    @Override
                    public void visitEnd() {
                        if (bridge != null) {
                            bridge.write(cv);
                        }
                        super.visitEnd();
                    }
                },
                0);
        return writer.toByteArray();
    }

    private static void replace(MethodVisitor mv, String prefix, String owner, String name, String desc) {
        mv.visitMethodInsn(
                Opcodes.INVOKESTATIC, Calls.DEVIANTS, prefix + name, "(L" + owner + ";" + desc.substring(1), false);
    }

    // ---- calls
    // --------------------------------------------------------------------------------------------------------

    /** Asks at each instruction whether it is the chosen site. */
    private abstract static class Changer extends MethodVisitor {
        private final String className;
        private final String method;
        private final Set<Integer> rechecks;
        private int jumps;
        int line;

        Changer(MethodVisitor mv, String className, String method, Set<Integer> rechecks) {
            super(API, mv);
            this.className = className;
            this.method = method;
            this.rechecks = rechecks;
        }

        abstract boolean isChosen(Family f, String what);

        abstract void bridge(Bridge b);

        @Override
        public void visitLineNumber(int number, Label start) {
            line = number;
            super.visitLineNumber(number, start);
        }

        @Override
        public void visitMethodInsn(int op, String owner, String name, String desc, boolean itf) {
            String prefix = Calls.isLock(owner) ? lock(name) : call(owner, name, desc);
            if (prefix.isEmpty() && op != Opcodes.INVOKESPECIAL) {
                prefix = vcpu(op, owner, name, desc, itf);
            }
            switch (prefix) {
                case "" -> super.visitMethodInsn(op, owner, name, desc, itf);
                case "bridge" -> {}
                case "nothing" -> {
                    Type[] args = Type.getArgumentTypes(desc);
                    for (int i = args.length - 1; i >= 0; i--) {
                        super.visitInsn(args[i].getSize() == 2 ? Opcodes.POP2 : Opcodes.POP);
                    }
                    super.visitInsn(Opcodes.POP);
                    super.visitMethodInsn(Opcodes.INVOKESTATIC, Calls.DEVIANTS, "reach", "()V", false);
                }
                default -> replace(mv, prefix, owner, name, desc);
            }
        }

        private String lock(String name) {
            String prefix = "";
            if (Calls.LOCKS.contains(name)) {
                prefix = isChosen(Family.DROP_LOCK, name) ? "drop_" : prefix;
                prefix = isChosen(Family.SWAP_ACQUIRE, name) ? "swap_" : prefix;
                if (name.contains("Irq") && isChosen(Family.PLAIN_LOCK, name)) {
                    prefix = "plain_";
                }
            } else if (Calls.UNLOCKS.contains(name)) {
                prefix = isChosen(Family.KEEP_LOCK, name) ? "keep_" : prefix;
                if (name.endsWith("IrqRestore") && isChosen(Family.FORCING_UNLOCK, name)) {
                    prefix = "forcing_";
                }
            } else if (name.equals("assertHeldBy") && isChosen(Family.RELOCK, name)) {
                prefix = "relock_";
            }
            return prefix;
        }

        private String call(String owner, String name, String desc) {
            if (owner.equals(Calls.INT_CELL) && Calls.ATOMICS.contains(name)) {
                return isChosen(Family.PLAIN_RMW, name) ? "torn_" : "";
            }
            if (Calls.isKick(owner, name, desc) && isChosen(Family.SKIP_KICK, name)) {
                return "nothing";
            }
            if (Calls.isBarrier(owner, name, desc) && isChosen(Family.DROP_BARRIER, name)) {
                return "nothing";
            }
            return "";
        }

        private String vcpu(int op, String owner, String name, String desc, boolean itf) {
            Type[] args = Type.getArgumentTypes(desc);
            if (!Calls.isOurs(owner)
                    || args.length < 2
                    || !args[0].getInternalName().equals(Calls.PCPU)) {
                return "";
            }
            String prefix = "";
            for (int i = 1; i < args.length; i++) {
                if (args[i].getSort() == Type.OBJECT
                        && args[i].getInternalName().equals(Calls.VCPU)
                        && isChosen(Family.WRONG_VCPU, name)) {
                    Bridge b = new Bridge(className.replace('.', '/'), op, owner, name, desc, itf, i);
                    bridge(b);
                    super.visitMethodInsn(
                            Opcodes.INVOKESTATIC, b.self, Bridge.NAME, b.bridgeDesc(), b.isInterface(className));
                    prefix = "bridge";
                }
            }
            return prefix;
        }

        @Override
        public void visitJumpInsn(int op, Label to) {
            int index = jumps++;
            if (rechecks.contains(index) && isChosen(Family.NO_RECHECK, "jump in " + method)) {
                boolean two = op >= Opcodes.IF_ICMPEQ && op <= Opcodes.IF_ACMPNE;
                super.visitInsn(two ? Opcodes.POP2 : Opcodes.POP);
                super.visitMethodInsn(Opcodes.INVOKESTATIC, Calls.DEVIANTS, "reach", "()V", false);
            } else {
                super.visitJumpInsn(op, to);
            }
        }
    }

    /** A method that makes a call with another vCPU. */
    private record Bridge(String self, int op, String owner, String name, String desc, boolean itf, int arg) {
        static final String NAME = "deviant$vcpu";

        private boolean isStatic() {
            return op == Opcodes.INVOKESTATIC;
        }

        boolean isInterface(String className) {
            return itf && owner.equals(className.replace('.', '/'));
        }

        String bridgeDesc() {
            return isStatic() ? desc : "(L" + owner + ";" + desc.substring(1);
        }

        void write(ClassVisitor cv) {
            MethodVisitor m = cv.visitMethod(
                    Opcodes.ACC_PRIVATE | Opcodes.ACC_STATIC | Opcodes.ACC_SYNTHETIC, NAME, bridgeDesc(), null, null);
            m.visitCode();
            Type[] args = Type.getArgumentTypes(desc);
            int slot = 0;
            if (!isStatic()) {
                m.visitVarInsn(Opcodes.ALOAD, slot++);
            }
            int cpu = slot;
            for (int i = 0; i < args.length; i++) {
                if (i == arg) {
                    m.visitVarInsn(Opcodes.ALOAD, cpu);
                    m.visitVarInsn(Opcodes.ALOAD, slot);
                    m.visitMethodInsn(
                            Opcodes.INVOKESTATIC,
                            Calls.DEVIANTS,
                            "wrong",
                            "(L" + Calls.PCPU + ";L" + Calls.VCPU + ";)L" + Calls.VCPU + ";",
                            false);
                } else {
                    m.visitVarInsn(args[i].getOpcode(Opcodes.ILOAD), slot);
                }
                slot += args[i].getSize();
            }
            m.visitMethodInsn(op, owner, name, desc, itf);
            m.visitInsn(Type.getReturnType(desc).getOpcode(Opcodes.IRETURN));
            m.visitMaxs(0, 0);
            m.visitEnd();
        }
    }

    // ---- loops around locks
    // -------------------------------------------------------------------------------------------

    /**
     * By method, the numbers of the jumps that repeat what was done before a lock was taken, or decide whether to: conditional
     * jumps inside a loop, after a lock of that loop.
     */
    private static Map<String, Set<Integer>> rechecks(ClassReader reader) {
        Map<String, Set<Integer>> out = new HashMap<>();
        reader.accept(
                new ClassVisitor(API) {
                    @Override
                    public MethodVisitor visitMethod(int access, String name, String desc, String sig, String[] ex) {
                        return new LoopFinder(s -> out.put(name + desc, s));
                    }
                },
                0);
        return out;
    }

    private static final class LoopFinder extends MethodVisitor {
        private record Jump(int at, int number, boolean conditional, Label to) {}

        private final Consumer<Set<Integer>> result;
        private final Map<Label, Integer> labels = new HashMap<>();
        private final List<Jump> jumps = new ArrayList<>();
        private final List<Integer> locks = new ArrayList<>();
        private int at;

        LoopFinder(Consumer<Set<Integer>> result) {
            super(API);
            this.result = result;
        }

        @Override
        public void visitLabel(Label label) {
            labels.put(label, at++);
        }

        @Override
        public void visitJumpInsn(int op, Label to) {
            jumps.add(new Jump(at++, jumps.size(), op != Opcodes.GOTO && op != Opcodes.JSR, to));
        }

        @Override
        public void visitMethodInsn(int op, String owner, String name, String desc, boolean itf) {
            if (Calls.isLock(owner) && Calls.LOCKS.contains(name) || name.startsWith("lock") && Calls.isOurs(owner)) {
                locks.add(at);
            }
            at++;
        }

        @Override
        public void visitEnd() {
            Set<Integer> out = new TreeSet<>();
            for (Jump back : jumps) {
                int top = labels.get(back.to());
                if (top > back.at()) {
                    continue;
                }
                for (Jump j : jumps) {
                    boolean inside = j.at() > top && j.at() <= back.at();
                    boolean afterLock = locks.stream().anyMatch(l -> l > top && l < j.at());
                    if (j.conditional() && inside && afterLock) {
                        out.add(j.number());
                    }
                }
            }
            result.accept(out);
        }
    }
}

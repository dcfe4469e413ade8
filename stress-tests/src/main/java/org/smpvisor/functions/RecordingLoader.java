package org.smpvisor.functions;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.smpvisor.mutate.ModelClasses;

/** Loads this program's classes once more, with calls of the {@link Recorder} woven into them. */
final class RecordingLoader extends ClassLoader {
    private static final String OURS = "org.smpvisor.";
    private static final String RECORDER = "org/smpvisor/functions/Recorder";
    private static final String PCPU = "org/smpvisor/cpu/Pcpu";
    private static final String LOCKS = "org.smpvisor.lock.HeldLocks";
    private static final String ON_PCPU = "(L" + PCPU + ";)V";
    private static final String METHOD_ON_PCPU = "(L" + PCPU + ";I)V";

    private final Map<String, Map<String, Integer>> methods = new HashMap<>();
    private final List<ModelMethod> all;

    /** @param all the methods to record, by whose place in the list they go */
    RecordingLoader(List<ModelMethod> all) {
        super(RecordingLoader.class.getClassLoader());
        this.all = all;
        for (int i = 0; i < all.size(); i++) {
            ModelMethod m = all.get(i);
            methods.computeIfAbsent(m.owner(), k -> new HashMap<>()).put(m.name() + m.descriptor(), i);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> c = findLoadedClass(name);
            if (c == null) {
                byte[] bytes = woven(name);
                c = defineClass(name, bytes, 0, bytes.length);
            }
            if (resolve) {
                resolveClass(c);
            }
            return c;
        }
    }

    private byte[] woven(String name) throws ClassNotFoundException {
        byte[] bytes;
        try {
            bytes = ModelClasses.bytes(name);
        } catch (IllegalArgumentException e) {
            throw new ClassNotFoundException(name, e);
        }
        Map<String, Integer> ids = methods.getOrDefault(name, Map.of());
        boolean takesInterrupts = name.equals("org.smpvisor.entry.Entry");
        if (ids.isEmpty() && !takesInterrupts && !name.equals(LOCKS)) {
            return bytes;
        }
        ClassReader reader = new ClassReader(bytes);
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(
                new ClassVisitor(Opcodes.ASM9, writer) {
                    @Override
                    public MethodVisitor visitMethod(int access, String n, String desc, String sig, String[] ex) {
                        MethodVisitor mv = super.visitMethod(access, n, desc, sig, ex);
                        if (name.equals(LOCKS)) {
                            return locks(mv, n, desc);
                        }
                        if (takesInterrupts && n.equals("hypIrq")) {
                            return new Interrupt(mv);
                        }
                        Integer id = ids.get(n + desc);
                        return id == null ? mv : new Method(mv, all.get(id), id);
                    }
                },
                0);
        return writer.toByteArray();
    }

    private static MethodVisitor locks(MethodVisitor mv, String name, String desc) {
        if (name.equals("push") && desc.equals("(ILjava/lang/Object;I)V")) {
            return new Beginning(mv, "taken", "(L" + PCPU + ";II)V", 1, 3);
        }
        if (name.equals("pop") && desc.equals("(Ljava/lang/Object;I)V")) {
            return new Beginning(mv, "dropped", ON_PCPU);
        }
        return mv;
    }

    private static boolean isReturn(int op) {
        return op >= Opcodes.IRETURN && op <= Opcodes.RETURN;
    }

    /** Tells at its beginning, with some of its own integer arguments. */
    private static final class Beginning extends MethodVisitor {
        private final String told;
        private final String descriptor;
        private final int[] arguments;

        Beginning(MethodVisitor mv, String told, String descriptor, int... arguments) {
            super(Opcodes.ASM9, mv);
            this.told = told;
            this.descriptor = descriptor;
            this.arguments = arguments;
        }

        @Override
        public void visitCode() {
            super.visitCode();
            visitVarInsn(Opcodes.ALOAD, 0);
            visitFieldInsn(Opcodes.GETFIELD, LOCKS.replace('.', '/'), "cpu", "L" + PCPU + ";");
            for (int a : arguments) {
                visitVarInsn(Opcodes.ILOAD, a);
            }
            visitMethodInsn(Opcodes.INVOKESTATIC, RECORDER, told, descriptor, false);
        }
    }

    /** The taking of an interrupt on top of whatever runs. */
    private static final class Interrupt extends MethodVisitor {
        Interrupt(MethodVisitor mv) {
            super(Opcodes.ASM9, mv);
        }

        private void tell(String what) {
            visitVarInsn(Opcodes.ALOAD, 1);
            visitMethodInsn(Opcodes.INVOKESTATIC, RECORDER, what, ON_PCPU, false);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            tell("interrupted");
        }

        @Override
        public void visitInsn(int op) {
            if (isReturn(op)) {
                tell("resumed");
            }
            super.visitInsn(op);
        }
    }

    /** A method that stands for a function of Xen. One that throws is not left: its run is over. */
    private static final class Method extends MethodVisitor {
        private final ModelMethod method;
        private final int id;

        Method(MethodVisitor mv, ModelMethod method, int id) {
            super(Opcodes.ASM9, mv);
            this.method = method;
            this.id = id;
        }

        private void tell(String what) {
            visitVarInsn(Opcodes.ALOAD, method.isStatic() ? 0 : 1);
            visitLdcInsn(id);
            visitMethodInsn(Opcodes.INVOKESTATIC, RECORDER, what, METHOD_ON_PCPU, false);
        }

        @Override
        public void visitCode() {
            super.visitCode();
            if (method.knowsPcpu()) {
                tell("entered");
            } else {
                visitLdcInsn(id);
                visitMethodInsn(Opcodes.INVOKESTATIC, RECORDER, "touched", "(I)V", false);
            }
        }

        @Override
        public void visitInsn(int op) {
            if (isReturn(op) && method.knowsPcpu()) {
                tell("left");
            }
            super.visitInsn(op);
        }
    }
}

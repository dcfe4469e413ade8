package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * What a call brings about, by following it into the model's code; where several classes could answer, into all of them. A
 * method that the model does not have is taken for a change.
 */
final class Effects {
    /** The bodies that a call of that name, with its arguments, could run, by class or interface. */
    private static final Map<String, List<MethodNode>> BODIES = bodies();

    private Effects() {}

    /** Whether the call is one of those meant, or makes one, through at most {@code depth} methods. */
    static boolean include(MethodInsnNode call, int depth, Predicate<MethodInsnNode> meant) {
        if (meant.test(call)) {
            return true;
        }
        if (depth > 0 && !isLeaf(call)) {
            for (MethodNode m : bodies(call)) {
                for (AbstractInsnNode i : m.instructions) {
                    if (i instanceof MethodInsnNode c && include(c, depth - 1, meant)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** Whether nothing that others could see is different after the call; locks that it takes and releases are no difference. */
    static boolean areNone(MethodInsnNode call) {
        return !Calls.isAcquisition(call) && !Calls.isRelease(call) && areNone(call, new HashSet<>());
    }

    private static boolean areNone(MethodInsnNode call, Set<String> seen) {
        if (Calls.isAcquisition(call) || Calls.isRelease(call) || isLeaf(call)) {
            return Calls.isAcquisition(call) || Calls.isRelease(call) || !Calls.isChange(call);
        }
        if (call.name.equals("readGich")) {
            return true; // no register of GICH changes by being read, but the way there leads through all of a GICv2's
        }
        if (!seen.add(key(call.owner, call.name, call.desc))) {
            return true;
        }
        for (MethodNode m : bodies(call)) {
            for (AbstractInsnNode i : m.instructions) {
                boolean isStore = i.getOpcode() == Opcodes.PUTFIELD || i.getOpcode() == Opcodes.PUTSTATIC;
                if (isStore || i instanceof MethodInsnNode c && !areNone(c, seen)) {
                    return false;
                }
            }
        }
        return !bodies(call).isEmpty() || !Calls.takesPcpu(call) && !Calls.isVoid(call.desc); // else it computes
    }

    /** What is not looked into: its name says what it does. */
    private static boolean isLeaf(MethodInsnNode c) {
        return !Calls.isOurs(c.owner)
                || Calls.isCell(c)
                || Calls.isLock(c.owner)
                || c.owner.equals(Calls.PCPU)
                || c.name.startsWith("assert")
                || c.name.equals("<init>"); // of what nobody has seen yet
    }

    private static List<MethodNode> bodies(MethodInsnNode c) {
        return BODIES.getOrDefault(key(c.owner, c.name, c.desc), List.of());
    }

    private static String key(String owner, String name, String desc) {
        return owner + "." + name + desc;
    }

    private static Map<String, List<MethodNode>> bodies() {
        Map<String, ClassNode> classes = new HashMap<>();
        for (String name : ModelClasses.names()) {
            ClassNode n = new ClassNode();
            new ClassReader(ModelClasses.bytes(name)).accept(n, ClassReader.SKIP_DEBUG);
            classes.put(n.name, n);
        }
        Map<String, List<MethodNode>> out = new HashMap<>();
        for (ClassNode n : classes.values()) {
            for (MethodNode m : n.methods) {
                if ((m.access & Opcodes.ACC_ABSTRACT) == 0) {
                    for (String type : supertypes(n, classes)) {
                        out.computeIfAbsent(key(type, m.name, m.desc), k -> new ArrayList<>())
                                .add(m);
                    }
                }
            }
        }
        return out;
    }

    /** The class itself, and whatever of the model it is a kind of. */
    private static Set<String> supertypes(ClassNode n, Map<String, ClassNode> classes) {
        Set<String> out = new HashSet<>(Set.of(n.name));
        List<String> above = new ArrayList<>(n.interfaces);
        if (n.superName != null) {
            above.add(n.superName);
        }
        for (String a : above) {
            out.add(a);
            if (classes.containsKey(a)) {
                out.addAll(supertypes(classes.get(a), classes));
            }
        }
        return out;
    }
}

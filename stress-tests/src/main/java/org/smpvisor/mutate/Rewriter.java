package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/** Finds and makes the defects that take more than one instruction: those for which a method has to be understood first. */
final class Rewriter {
    /**
     * A defect that can be made in one method.
     *
     * @param make makes it, in the tree that it was found in
     */
    record Change(Family family, int line, String what, Runnable make) {}

    private record Found(Site site, Runnable make) {}

    private Rewriter() {}

    /** All sites of a class. */
    static List<Site> sites(byte[] bytes) {
        return find(read(bytes)).stream().map(Found::site).toList();
    }

    /** The class with the defect at {@code site}. */
    static byte[] mutate(byte[] bytes, Site site) {
        ClassNode c = read(bytes);
        find(c).stream()
                .filter(f -> f.site().name().equals(site.name()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no site " + site.name()))
                .make()
                .run();
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        c.accept(writer);
        return writer.toByteArray();
    }

    private static ClassNode read(byte[] bytes) {
        ClassNode c = new ClassNode();
        new ClassReader(bytes).accept(c, 0);
        return c;
    }

    private static List<Found> find(ClassNode c) {
        List<Found> out = new ArrayList<>();
        Map<String, Integer> ordinals = new HashMap<>();
        for (MethodNode m : c.methods) {
            if ((m.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) != 0) {
                continue;
            }
            Code code = new Code(c, m);
            List<Change> changes = new ArrayList<>(Moves.in(code));
            changes.addAll(IdentityTests.in(code));
            for (Change x : changes) {
                int n = ordinals.merge(x.family().label() + m.name, 1, Integer::sum) - 1;
                Site s = new Site(x.family(), c.name.replace('/', '.'), m.name, n, x.line(), x.what());
                out.add(new Found(s, x.make()));
            }
        }
        return out;
    }
}

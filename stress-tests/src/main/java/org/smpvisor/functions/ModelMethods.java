package org.smpvisor.functions;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.objectweb.asm.Type;
import org.smpvisor.mutate.ModelClasses;
import org.smpvisor.variant.Xen;

/** Finds the methods of the model that stand for functions of Xen, by their annotations. */
final class ModelMethods {
    /** Beside the model, what reads a device tree as Xen does. */
    private static final List<String> READERS = List.of("org.smpvisor.machine.FdtInterrupt");

    private ModelMethods() {}

    /** All of them, by class, name and descriptor. */
    static List<ModelMethod> all() {
        Set<String> names = new LinkedHashSet<>(ModelClasses.names());
        names.addAll(READERS);
        List<ModelMethod> out = new ArrayList<>();
        for (String n : names) {
            collect(load(n), out);
        }
        out.sort(Comparator.comparing(ModelMethod::owner)
                .thenComparing(ModelMethod::name)
                .thenComparing(ModelMethod::descriptor));
        return out;
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, ModelMethods.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void collect(Class<?> c, List<ModelMethod> out) {
        String file = file(c);
        for (Method m : c.getDeclaredMethods()) {
            Set<String> xen = new LinkedHashSet<>();
            named(c, m, xen);
            boolean isCode = !m.isSynthetic() && !Modifier.isAbstract(m.getModifiers());
            if (isCode && !xen.isEmpty()) {
                boolean isStatic = Modifier.isStatic(m.getModifiers());
                out.add(new ModelMethod(
                        c.getName(), m.getName(), Type.getMethodDescriptor(m), isStatic, List.copyOf(xen), file));
            }
        }
        for (Constructor<?> k : c.getDeclaredConstructors()) {
            Xen xen = k.getAnnotation(Xen.class);
            if (xen != null) {
                out.add(new ModelMethod(
                        c.getName(), "<init>", Type.getConstructorDescriptor(k), false, List.of(xen.value()), file));
            }
        }
    }

    /** Names on the method, and on those of interfaces and superclasses that it implements. */
    private static void named(Class<?> c, Method m, Set<String> out) {
        if (c == null) {
            return;
        }
        for (Method d : c.getDeclaredMethods()) {
            Xen xen = d.getAnnotation(Xen.class);
            if (xen != null
                    && d.getName().equals(m.getName())
                    && Arrays.equals(d.getParameterTypes(), m.getParameterTypes())) {
                out.addAll(List.of(xen.value()));
            }
        }
        named(c.getSuperclass(), m, out);
        for (Class<?> i : c.getInterfaces()) {
            named(i, m, out);
        }
    }

    private static String file(Class<?> c) {
        for (Class<?> k = c; k != null; k = k.getEnclosingClass()) {
            Xen xen = k.getAnnotation(Xen.class);
            if (xen != null && xen.value()[0].endsWith(".c")) {
                return xen.value()[0];
            }
        }
        return "";
    }
}

package org.smpvisor.lock;

import java.lang.reflect.Method;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/**
 * The stack of a pCPU as reports show it: the model's methods and, where they stand for functions of Xen, their names there.
 *
 * @param functions those of Xen's functions that belong to the running context
 */
record LockStack(String text, Set<String> functions) {
    static final LockStack EMPTY = new LockStack("", Set.of());

    private static final int DEPTH = 24;
    private static final Set<Class<?>> OWN =
            Set.of(LockStack.class, LockValidator.class, HeldLocks.class, SpinLock.class, RwLock.class);
    private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private record Frame(Class<?> type, String method, int line) {
        boolean isOfLocks() {
            return OWN.contains(type);
        }
    }

    /** The stack of the caller, without the frames of the locks themselves. */
    static LockStack here() {
        List<Frame> frames =
                WALKER.walk(s -> s.map(f -> new Frame(f.getDeclaringClass(), f.getMethodName(), f.getLineNumber()))
                        .dropWhile(Frame::isOfLocks)
                        .limit(DEPTH)
                        .toList());
        StringBuilder b = new StringBuilder();
        Set<String> functions = new LinkedHashSet<>();
        boolean interrupted = false;
        for (Frame f : frames) {
            Set<String> xen = functionsOf(f);
            interrupted |= f.type() == Pcpu.class; // what lies below is another context
            if (!interrupted) {
                functions.addAll(xen);
            }
            b.append("    at ")
                    .append(f.type().getName().replace("org.smpvisor.", ""))
                    .append('.')
                    .append(f.method())
                    .append(':')
                    .append(f.line());
            if (!xen.isEmpty()) {
                b.append("  [").append(String.join(", ", xen)).append(']');
            }
            b.append('\n');
        }
        return new LockStack(b.toString(), functions);
    }

    private static Set<String> functionsOf(Frame f) {
        Set<String> out = new LinkedHashSet<>();
        for (Class<?> c = f.type(); c != null; c = c.getSuperclass()) {
            collect(c, f.method(), out);
            for (Class<?> i : c.getInterfaces()) {
                collect(i, f.method(), out);
            }
        }
        return out;
    }

    private static void collect(Class<?> type, String method, Set<String> out) {
        for (Method m : type.getDeclaredMethods()) {
            Xen xen = m.getAnnotation(Xen.class);
            if (xen != null && m.getName().equals(method)) {
                out.addAll(List.of(xen.value()));
            }
        }
    }
}

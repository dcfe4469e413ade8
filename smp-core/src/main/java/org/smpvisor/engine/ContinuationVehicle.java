package org.smpvisor.engine;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * One carrier thread and the JDK's own continuations, which are internal to it and found at run time: a switch costs a
 * fraction of a microsecond. Needs {@code --add-exports java.base/jdk.internal.vm=ALL-UNNAMED} on JDK 21 or later.
 *
 * <p>Whoever starts a run must hold no monitor: a continuation that yields takes the carrier's monitors with it, and the JVM crashes
 * when they are left (seen on JDK 25).
 */
final class ContinuationVehicle implements Vehicle {
    /** Looked up once; absent on older JDKs or without the export. */
    private static final class Jdk {
        static final MethodHandle NEW;
        static final MethodHandle RUN;
        static final MethodHandle YIELD;
        static final Object SCOPE;
        static final String WHY_NOT;

        static {
            MethodHandle make = null;
            MethodHandle run = null;
            MethodHandle yield = null;
            Object scope = null;
            String why = null;
            try {
                MethodHandles.Lookup l = MethodHandles.lookup();
                Class<?> c = Class.forName("jdk.internal.vm.Continuation");
                Class<?> s = Class.forName("jdk.internal.vm.ContinuationScope");
                scope = l.findConstructor(s, MethodType.methodType(void.class, String.class))
                        .invoke("smpvisor");
                make = l.findConstructor(c, MethodType.methodType(void.class, s, Runnable.class))
                        .asType(MethodType.methodType(Object.class, Object.class, Runnable.class));
                run = l.findVirtual(c, "run", MethodType.methodType(void.class))
                        .asType(MethodType.methodType(void.class, Object.class));
                yield = l.findStatic(c, "yield", MethodType.methodType(boolean.class, s))
                        .asType(MethodType.methodType(boolean.class, Object.class));
            } catch (Throwable e) {
                why = e.toString();
                scope = null;
            }
            NEW = make;
            RUN = run;
            YIELD = yield;
            SCOPE = scope;
            WHY_NOT = why;
        }
    }

    private Object[] stacks = new Object[0];
    private int next;

    /** Whether this JVM lets us have continuations. */
    static boolean isAvailable() {
        return Jdk.WHY_NOT == null;
    }

    @Override
    public void run(int pcpus, Body body, int first) {
        if (stacks.length != pcpus) {
            stacks = new Object[pcpus];
        }
        try {
            for (int i = 0; i < pcpus; i++) {
                int k = i;
                Runnable r = () -> next = body.run(k);
                stacks[i] = (Object) Jdk.NEW.invokeExact(Jdk.SCOPE, r);
            }
            for (next = first; next >= 0; ) {
                Jdk.RUN.invokeExact(stacks[next]);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new ModelBug("a continuation broke", e);
        }
    }

    @Override
    public void switchTo(int from, int to) {
        next = to;
        leave();
    }

    @Override
    public void end(int from) {
        next = -1;
        leave();
        throw new ModelBug("a run goes on after its end"); // its stack is garbage from here on
    }

    private static void leave() {
        try {
            boolean ignored = (boolean) Jdk.YIELD.invokeExact(Jdk.SCOPE);
        } catch (IllegalStateException e) {
            throw new ModelBug("a pCPU is pinned at a point: a monitor or a native frame is on its stack", e);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new ModelBug("a continuation broke", e);
        }
    }

    @Override
    public String name() {
        return "continuations";
    }
}

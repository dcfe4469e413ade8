package org.smpvisor.explore;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.AbstractHistogram;
import org.jctools.queues.MessagePassingQueue;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.engine.Watched;
import org.smpvisor.lock.HeldLocks;
import org.smpvisor.lock.SpinLock;

/**
 * The state of everything that can be reached from some objects, to be put back in place: a machine is built and booted once
 * and explored from the same moment many thousands of times. It finds the fields by reflection, so that none can be
 * forgotten: every field of this project's classes that is not final, every array, every queue and collection.
 *
 * <p>The machine must be driven by nobody while it is taken or put back.
 */
final class Snapshot {
    private static final String OURS = "org.smpvisor.";

    /** Puts some objects' state back. */
    private interface Saved {
        void restore();
    }

    /** How to find and set the mutable fields of one class. */
    private static final class Shape {
        final List<Field> followed = new ArrayList<>();
        final List<Field> mutable = new ArrayList<>();
    }

    private final Set<Class<?>> leftAlone;
    private final Map<Class<?>, Shape> shapes = new HashMap<>();
    private final Map<Object, Object> seen = new IdentityHashMap<>();
    private final Deque<Object> todo = new ArrayDeque<>();
    private final List<Saved> saved = new ArrayList<>();
    private final Map<Field, Column> byField = new LinkedHashMap<>();

    private final List<IntCell> intCells = new ArrayList<>();
    private final List<RefCell<?>> refCells = new ArrayList<>();
    private final List<ListNode<?>> nodes = new ArrayList<>();
    private final List<SpinLock> spinLocks = new ArrayList<>();
    private Saved[] rest;
    private IntCell[] ints;
    private int[] intValues;
    private RefCell<?>[] refs;
    private Object[] refValues;
    private ListNode<?>[] links;
    private SpinLock[] locks;
    private int[] tickets;
    private ListNode<?>[] nexts;
    private ListNode<?>[] prevs;

    /**
     * Takes the state of all that can be reached from {@code roots}.
     *
     * @param leftAlone classes whose objects are neither saved nor followed
     */
    Snapshot(Set<Class<?>> leftAlone, Object... roots) {
        this.leftAlone = leftAlone;
        for (Object r : roots) {
            visit(r);
        }
        while (!todo.isEmpty()) {
            take(todo.poll());
        }
        pack();
    }

    private void visit(Object o) {
        if (o != null && isInteresting(o) && seen.put(o, o) == null) {
            todo.add(o);
        }
    }

    private boolean isInteresting(Object o) {
        Class<?> c = o.getClass();
        if (o instanceof Enum<?> || o instanceof Class<?> || o instanceof HeldLocks.Holding || leftAlone.contains(c)) {
            return false;
        }
        return c.isArray()
                || c.getName().startsWith(OURS)
                || o instanceof Collection<?>
                || o instanceof Map<?, ?>
                || o instanceof AtomicInteger
                || o instanceof MessagePassingQueue<?>;
    }

    private void take(Object o) {
        if (o instanceof IntCell c) {
            intCells.add(c);
        } else if (o instanceof RefCell<?> c) {
            refCells.add(c);
            visit(c.peek());
        } else if (o instanceof SpinLock l) {
            if (l.isLocked()) {
                throw new IllegalStateException(l + " is held: the machine is not at rest");
            }
            spinLocks.add(l);
        } else if (o instanceof ListNode<?> node) {
            nodes.add(node);
            visit(node.next());
            visit(node.prev());
            visit(node.element());
        } else if (o.getClass().isArray()) {
            takeArray(o);
        } else if (o instanceof MessagePassingQueue<?> q) {
            if (!q.isEmpty()) {
                throw new IllegalStateException("a message is on its way: the machine is not at rest");
            }
            saved.add(q::clear);
        } else if (o instanceof AtomicInteger a) {
            int v = a.get();
            saved.add(() -> a.set(v));
        } else if (o instanceof Collection<?> c) {
            takeCollection(c);
        } else if (o instanceof Map<?, ?> m) {
            takeMap(m);
        } else if (!(o instanceof AbstractHistogram)) {
            takeObject(o);
        }
    }

    private void takeArray(Object a) {
        int n = Array.getLength(a);
        if (n == 0) {
            return;
        }
        Object copy = Array.newInstance(a.getClass().getComponentType(), n);
        System.arraycopy(a, 0, copy, 0, n);
        if (a instanceof Object[] elements) {
            for (Object e : elements) {
                visit(e);
            }
        }
        saved.add(() -> System.arraycopy(copy, 0, a, 0, n));
    }

    @SuppressWarnings("unchecked")
    private void takeCollection(Collection<?> c) {
        List<Object> copy = new ArrayList<>(c);
        copy.forEach(this::visit);
        if (isImmutable(c)) {
            return;
        }
        Collection<Object> all = (Collection<Object>) c;
        saved.add(() -> {
            if (all.size() != copy.size() || !copy.isEmpty()) {
                all.clear();
                all.addAll(copy);
            }
        });
    }

    @SuppressWarnings("unchecked")
    private void takeMap(Map<?, ?> m) {
        Map<Object, Object> copy = new HashMap<>(m);
        copy.values().forEach(this::visit);
        if (isImmutable(m)) {
            return;
        }
        Map<Object, Object> all = (Map<Object, Object>) m;
        saved.add(() -> {
            if (all.size() != copy.size() || !copy.isEmpty()) {
                all.clear();
                all.putAll(copy);
            }
        });
    }

    private static boolean isImmutable(Object o) {
        return o.getClass().getName().startsWith("java.util.ImmutableCollections")
                || o.getClass().getName().startsWith("java.util.Collections$");
    }

    private void takeObject(Object o) {
        if (o instanceof HeldLocks h && h.depth() != 0) {
            throw new IllegalStateException(h.describe() + " is held: the machine is not at rest");
        }
        Shape shape = shapes.computeIfAbsent(o.getClass(), Snapshot::shape);
        try {
            for (Field f : shape.followed) {
                visit(f.get(o));
            }
            for (Field f : shape.mutable) {
                takeField(o, f);
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("cannot read a field of " + o.getClass(), e);
        }
    }

    private static Shape shape(Class<?> of) {
        Shape s = new Shape();
        for (Class<?> c = of; c != null && c.getName().startsWith(OURS) && c != Watched.class; c = c.getSuperclass()) {
            for (Field f : c.getDeclaredFields()) {
                // Keeps apart what different threads write; nothing reads it.
                boolean padding = f.getName().matches("p\\d+")
                                && c.getSimpleName().equals("Message")
                        || f.getType() == byte.class && c.getSimpleName().endsWith("Padding");
                // Which nestings the validator knows already: it keeps its findings over all schedules, too.
                boolean learned =
                        c == HeldLocks.class && Set.of("known", "hits").contains(f.getName());
                if (Modifier.isStatic(f.getModifiers()) || padding || learned) {
                    continue;
                }
                f.setAccessible(true);
                if (!Modifier.isFinal(f.getModifiers())) {
                    s.mutable.add(f);
                } else if (!f.getType().isPrimitive()) {
                    s.followed.add(f);
                }
            }
        }
        return s;
    }

    private void takeField(Object o, Field f) throws IllegalAccessException {
        Object v = f.get(o);
        if (!f.getType().isPrimitive()) {
            visit(v);
        }
        byField.computeIfAbsent(f, Column::new).add(o, v);
    }

    /** One field of many objects. */
    private static final class Column implements Saved {
        private final MethodHandle setter;
        private final Class<?> type;
        private final List<Object> owners = new ArrayList<>();
        private final List<Object> values = new ArrayList<>();
        private Object[] objects;
        private Object[] references;
        private long[] numbers;

        Column(Field f) {
            type = f.getType();
            Class<?> seenAs = type.isPrimitive() ? type : Object.class;
            try {
                setter = MethodHandles.lookup()
                        .unreflectSetter(f)
                        .asType(MethodType.methodType(void.class, Object.class, seenAs));
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("cannot write " + f, e);
            }
        }

        void add(Object o, Object v) {
            owners.add(o);
            values.add(v);
        }

        void pack() {
            objects = owners.toArray();
            if (!type.isPrimitive()) {
                references = values.toArray();
            } else if (type == boolean.class) {
                numbers = values.stream().mapToLong(v -> (Boolean) v ? 1 : 0).toArray();
            } else if (type == int.class || type == long.class) {
                numbers =
                        values.stream().mapToLong(v -> ((Number) v).longValue()).toArray();
            } else {
                throw new IllegalStateException("fields of type " + type + " are not foreseen");
            }
        }

        @Override
        public void restore() {
            try {
                if (references != null) {
                    for (int i = 0; i < objects.length; i++) {
                        setter.invokeExact(objects[i], references[i]);
                    }
                } else if (type == int.class) {
                    for (int i = 0; i < objects.length; i++) {
                        setter.invokeExact(objects[i], (int) numbers[i]);
                    }
                } else if (type == long.class) {
                    for (int i = 0; i < objects.length; i++) {
                        setter.invokeExact(objects[i], numbers[i]);
                    }
                } else {
                    for (int i = 0; i < objects.length; i++) {
                        setter.invokeExact(objects[i], numbers[i] != 0);
                    }
                }
            } catch (Throwable e) {
                throw new IllegalStateException("cannot put a field back", e);
            }
        }
    }

    private void pack() {
        byField.values().forEach(Column::pack);
        saved.addAll(byField.values());
        rest = saved.toArray(Saved[]::new);
        ints = intCells.toArray(IntCell[]::new);
        intValues = intCells.stream().mapToInt(IntCell::peek).toArray();
        refs = refCells.toArray(RefCell[]::new);
        refValues = refCells.stream().map(RefCell::peek).toArray();
        locks = spinLocks.toArray(SpinLock[]::new);
        tickets = spinLocks.stream().mapToInt(SpinLock::serving).toArray();
        links = nodes.toArray(ListNode[]::new);
        nexts = nodes.stream().map(ListNode::next).toArray(ListNode[]::new);
        prevs = nodes.stream().map(ListNode::prev).toArray(ListNode[]::new);
    }

    /** Puts everything back. */
    void restore() {
        for (int i = 0; i < ints.length; i++) {
            ints[i].restore(intValues[i]);
        }
        for (int i = 0; i < refs.length; i++) {
            refs[i].restore(refValues[i]);
        }
        for (int i = 0; i < links.length; i++) {
            links[i].restore(nexts[i], prevs[i]);
        }
        for (int i = 0; i < locks.length; i++) {
            locks[i].restore(tickets[i]);
        }
        for (Saved s : rest) {
            s.restore();
        }
    }
}

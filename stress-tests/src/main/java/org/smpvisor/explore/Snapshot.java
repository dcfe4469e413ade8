package org.smpvisor.explore;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
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
import org.agrona.UnsafeApi;
import org.jctools.queues.MessagePassingQueue;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cell.Tally;
import org.smpvisor.cell.Words;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Watched;
import org.smpvisor.lock.HeldLocks;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.trace.EventRing;

/**
 * The state of everything that can be reached from some objects, to be put back in place: a machine is built and booted once
 * and explored from the same moment many thousands of times. It finds the fields by reflection, so that none can be
 * forgotten: every field of this project's classes that is not final, every array, every queue and collection.
 *
 * <p>The machine must be driven by nobody while it is taken or put back.
 */
final class Snapshot {
    private static final String OURS = "org.smpvisor.";

    /** Fields that decide nothing: they count, they keep a time, or what they say is left over from before. */
    private static final Set<String> UNCOUNTED =
            Set.of("Ledger.stories", "Pcpu.tickets", "Pcpu.waits", "Pcpu.waitSerial", "Vcpu.sliceEnd");

    private static final int TURNS_PER_CHECK = 16;

    /** The one of them that decides something as soon as deadlines are set. */
    private static final String TIMED = "Vcpu.sliceEnd";

    /**
     * Tables that are filled when a machine is set up and stay as they are. They are not looked at for hashes; that they have not
     * changed is checked every few times that the state is put back.
     */
    private static final Set<String> SETTLED = Set.of(
            "Irq.local",
            "Irq.spis",
            "Marks.bugHits",
            "Marks.hits",
            "RankVgic.domains",
            "SgiMailbox.messages",
            "VgicDomain.pendingIrqs",
            "VgicVcpu.pendingIrqs");

    /** Puts some objects' state back, and says how it differs from what was saved. */
    private interface Saved {
        void restore();

        /** A sum over what differs; 0 if nothing does. */
        default long difference() {
            return 0;
        }
    }

    /** A queue that is empty. What is in it shows in flags of what was posted, but for the order of work. */
    private record Queue(int number, MessagePassingQueue<?> queue) implements Saved {
        @Override
        public void restore() {
            queue.clear();
        }

        @Override
        public long difference() {
            long sum = 0;
            int i = 0;
            if (!queue.isEmpty()) {
                for (Object o : (Collection<?>) queue) {
                    i++;
                    sum += o instanceof Tasklets.Work
                            ? Memory.mix(Memory.mix((long) number << 32 | i) + System.identityHashCode(o))
                            : 0;
                }
            }
            return sum;
        }
    }

    /** An array that does not change. */
    private record Table(String name, Object[] now, Object[] before) {
        void check() {
            for (int i = 0; i < before.length; i++) {
                if (now[i] != before[i]) {
                    throw new IllegalStateException(name + " is taken for a table that is settled, and has changed");
                }
            }
        }
    }

    /** How to find and set the mutable fields of one class. */
    private static final class Shape {
        final List<Field> followed = new ArrayList<>();
        final List<Field> mutable = new ArrayList<>();
    }

    private final Set<Class<?>> leftAlone;
    private final Memory memory;
    private final Map<Class<?>, Shape> shapes = new HashMap<>();
    private final Map<Object, Object> seen = new IdentityHashMap<>();
    private final Map<Object, Object> uncounted = new IdentityHashMap<>();
    private final Map<Object, String> settled = new IdentityHashMap<>();
    private final Deque<Object> todo = new ArrayDeque<>();
    private final List<Saved> saved = new ArrayList<>();
    private final Map<Field, Column> byField = new LinkedHashMap<>();

    private final List<IntCell> intCells = new ArrayList<>();
    private final List<RefCell<?>> refCells = new ArrayList<>();
    private final List<ListNode<?>> nodes = new ArrayList<>();
    private final List<SpinLock> spinLocks = new ArrayList<>();
    private final List<Table> tables = new ArrayList<>();
    private final List<Words> words = new ArrayList<>();
    private final List<Words> tallies = new ArrayList<>();
    private Words[] arrays;
    private int deciding;
    private long[][] arrayValues;
    private int turns;
    private Saved[] rest;
    private Column slices;
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
     * @param memory that of the engine that drives the machine, which knows what was written
     * @param leftAlone classes whose objects are neither saved nor followed
     */
    Snapshot(Set<Class<?>> leftAlone, Memory memory, Object... roots) {
        this.leftAlone = leftAlone;
        this.memory = memory;
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
        } else if (o instanceof Words w) {
            (w instanceof Tally ? tallies : words).add(w); // tallies count, and decide nothing
        } else if (o instanceof EventRing r) {
            if (!r.isEmpty()) {
                throw new IllegalStateException("events have been recorded: stories begin at the mark");
            }
            saved.add(r::clear);
        } else if (o instanceof MessagePassingQueue<?> q) {
            if (!q.isEmpty()) {
                throw new IllegalStateException("a message is on its way: the machine is not at rest");
            }
            saved.add(new Queue(saved.size(), q));
        } else if (o instanceof AtomicInteger a) {
            int v = a.get();
            int number = saved.size();
            saved.add(new Saved() {
                @Override
                public void restore() {
                    a.set(v);
                }

                @Override
                public long difference() {
                    return a.get() == v ? 0 : Memory.mix(number * 31L + a.get());
                }
            });
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
                if (settled.containsKey(a) && e != null && e.getClass().isArray()) {
                    settled.put(e, settled.get(a));
                }
                visit(e);
            }
            if (settled.containsKey(a)) {
                tables.add(new Table(settled.get(a), elements, (Object[]) copy));
                return;
            }
        }
        saved.add(new SavedArray(a, copy, n, saved.size(), !uncounted.containsKey(a)));
    }

    @SuppressWarnings("unchecked")
    private void takeCollection(Collection<?> c) {
        List<Object> copy = new ArrayList<>(c);
        copy.forEach(this::visit);
        if (isImmutable(c)) {
            return;
        }
        Collection<Object> all = (Collection<Object>) c;
        int number = saved.size();
        saved.add(new Saved() {
            @Override
            public void restore() {
                if (all.size() != copy.size() || !copy.isEmpty()) {
                    all.clear();
                    all.addAll(copy);
                }
            }

            @Override
            public long difference() {
                long sum = 0;
                int i = 0;
                for (Object o : all) {
                    sum += Memory.mix(Memory.mix(i++) + number * 31L + hashOf(o));
                }
                return sum;
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
        int number = saved.size();
        saved.add(new Saved() {
            @Override
            public void restore() {
                if (all.size() != copy.size() || !copy.isEmpty()) {
                    all.clear();
                    all.putAll(copy);
                }
            }

            @Override
            public long difference() {
                if (uncounted.containsKey(m)) {
                    return 0;
                }
                long sum = 0;
                for (Map.Entry<Object, Object> e : all.entrySet()) {
                    sum += Memory.mix(Memory.mix(e.getKey().hashCode()) + number * 31L + hashOf(e.getValue()));
                }
                return sum;
            }
        });
    }

    /** What is made anew in each run is the same if it says the same; all else is the same only if it is the same thing. */
    private static int hashOf(Object o) {
        return o instanceof Record ? o.hashCode() : System.identityHashCode(o);
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
                Object v = f.get(o);
                if (v != null && !countsAsState(f)) {
                    uncounted.put(v, v);
                }
                if (v != null && SETTLED.contains(name(f))) {
                    settled.put(v, name(f));
                }
                visit(v);
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
        byField.computeIfAbsent(f, x -> new Column(x, byField.size())).add(o, v);
    }

    /** One field of many objects. */
    private static final class Column implements Saved {
        private final long offset;
        private final boolean counts;
        private final int number;
        private final Class<?> type;
        private final List<Object> owners = new ArrayList<>();
        private final List<Object> values = new ArrayList<>();
        private Object[] objects;
        private Object[] references;
        private long[] numbers;

        Column(Field f, int number) {
            type = f.getType();
            this.number = number;
            counts = countsAsState(f);
            offset = UnsafeApi.objectFieldOffset(f);
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

        private long number(Object o) {
            if (type == int.class) {
                return UnsafeApi.getInt(o, offset);
            }
            return type == long.class ? UnsafeApi.getLong(o, offset) : UnsafeApi.getBoolean(o, offset) ? 1 : 0;
        }

        @Override
        public long difference() {
            return counts ? compare() : 0;
        }

        private long compare() {
            long sum = 0;
            for (int i = 0; i < objects.length; i++) {
                long v;
                if (references != null) {
                    Object r = UnsafeApi.getReference(objects[i], offset);
                    if (r == references[i]) {
                        continue;
                    }
                    v = System.identityHashCode(r);
                } else {
                    v = number(objects[i]);
                    if (v == numbers[i]) {
                        continue;
                    }
                }
                sum += Memory.mix(Memory.mix((long) number << 32 | i) + v);
            }
            return sum;
        }

        @Override
        public void restore() {
            for (int i = 0; i < objects.length; i++) {
                Object o = objects[i];
                if (references != null) {
                    if (UnsafeApi.getReference(o, offset) != references[i]) {
                        UnsafeApi.putReference(o, offset, references[i]);
                    }
                } else if (type == int.class) {
                    UnsafeApi.putInt(o, offset, (int) numbers[i]);
                } else if (type == long.class) {
                    UnsafeApi.putLong(o, offset, numbers[i]);
                } else {
                    UnsafeApi.putBoolean(o, offset, numbers[i] != 0);
                }
            }
        }
    }

    /** An array. */
    private static final class SavedArray implements Saved {
        private final Object array;
        private final Object copy;
        private final int length;
        private final int number;
        private final boolean counts;

        SavedArray(Object array, Object copy, int length, int number, boolean counts) {
            this.counts = counts;
            this.array = array;
            this.copy = copy;
            this.length = length;
            this.number = number;
        }

        @Override
        public void restore() {
            System.arraycopy(copy, 0, array, 0, length);
        }

        @Override
        public long difference() {
            long sum = 0;
            if (!counts) {
                return 0;
            }
            if (array instanceof long[] a) {
                long[] c = (long[]) copy;
                for (int i = Arrays.mismatch(a, c); i >= 0 && i < length; i++) {
                    sum += a[i] == c[i] ? 0 : Memory.mix(Memory.mix((long) number << 32 | i) + a[i]);
                }
            } else if (array instanceof int[] a) {
                int[] c = (int[]) copy;
                for (int i = Arrays.mismatch(a, c); i >= 0 && i < length; i++) {
                    sum += a[i] == c[i] ? 0 : Memory.mix(Memory.mix((long) number << 32 | i) + a[i]);
                }
            } else if (array instanceof Object[] a) {
                Object[] c = (Object[]) copy;
                for (int i = 0; i < length; i++) {
                    sum += a[i] == c[i]
                            ? 0
                            : Memory.mix(Memory.mix((long) number << 32 | i) + System.identityHashCode(a[i]));
                }
            } else {
                throw new IllegalStateException("arrays of " + array.getClass() + " are not foreseen");
            }
            return sum;
        }
    }

    /** Whether a field is part of the state that decides what can happen, and not of what is counted, timed or left over. */
    private static boolean countsAsState(Field f) {
        return !UNCOUNTED.contains(name(f));
    }

    private static String name(Field f) {
        return f.getDeclaringClass().getSimpleName() + "." + f.getName();
    }

    private void pack() {
        byField.values().forEach(Column::pack);
        byField.forEach((f, column) -> slices = name(f).equals(TIMED) ? column : slices);
        saved.addAll(byField.values());
        rest = saved.toArray(Saved[]::new);
        ints = intCells.toArray(IntCell[]::new);
        intValues = intCells.stream().mapToInt(IntCell::peek).toArray();
        refs = refCells.toArray(RefCell[]::new);
        refValues = refCells.stream().map(RefCell::peek).toArray();
        locks = spinLocks.toArray(SpinLock[]::new);
        tickets = spinLocks.stream().mapToInt(SpinLock::serving).toArray();
        links = nodes.toArray(ListNode[]::new);
        for (Watched[] all : List.of(ints, refs, links, locks)) {
            for (int i = 0; i < all.length; i++) {
                all[i].setPlace(i);
            }
        }
        memory.forgetWrites();
        deciding = words.size();
        words.addAll(tallies);
        arrays = words.toArray(Words[]::new);
        arrayValues = words.stream().map(Words::save).toArray(long[][]::new);
        nexts = nodes.stream().map(ListNode::next).toArray(ListNode[]::new);
        prevs = nodes.stream().map(ListNode::prev).toArray(ListNode[]::new);
    }

    /**
     * A hash of the state as it is now: the same for two states that differ in nothing that decides what can happen. Counters and
     * event rings are no part of it.
     *
     * @param isTimed whether the ends of time slices decide something
     */
    long hash(boolean isTimed) {
        long sum = 0;
        for (int i = 0; i < memory.writtenCount(); i++) {
            Watched w = memory.written(i);
            if (w.place() >= 0) {
                sum += difference(w, w.place());
            }
        }
        for (int i = 0; i < deciding; i++) {
            sum += difference(arrays[i], i);
        }
        for (Saved s : rest) {
            sum += s.difference();
        }
        return isTimed && slices != null ? sum + slices.compare() : sum;
    }

    /** Puts everything back. */
    void restore() {
        for (int i = 0; i < memory.writtenCount(); i++) {
            Watched w = memory.written(i);
            if (w.place() >= 0) {
                restore(w, w.place());
            }
        }
        memory.forgetWrites();
        for (int i = 0; i < arrays.length; i++) {
            arrays[i].restore(arrayValues[i]);
        }
        if (++turns % TURNS_PER_CHECK == 0) {
            tables.forEach(Table::check);
        }
        for (Saved s : rest) {
            s.restore();
        }
    }

    private long difference(Words now, int number) {
        long[] before = arrayValues[number];
        long sum = 0;
        for (int i = now.mismatch(before, 0); i >= 0; i = now.mismatch(before, i + 1)) {
            sum += Memory.mix(Memory.mix(6L << 40 | (long) number << 20 | i) + now.peek(i));
        }
        return sum;
    }

    private long difference(Watched w, int i) {
        if (w instanceof IntCell c) {
            int v = c.peek();
            return v == intValues[i] ? 0 : Memory.mix(Memory.mix(1L << 40 | i) + v);
        }
        if (w instanceof RefCell<?> c) {
            Object v = c.peek();
            return v == refValues[i] ? 0 : Memory.mix(Memory.mix(2L << 40 | i) + System.identityHashCode(v));
        }
        if (w instanceof ListNode<?> node) {
            ListNode<?> next = node.next();
            ListNode<?> prev = node.prev();
            return (next == nexts[i] ? 0 : Memory.mix(Memory.mix(3L << 40 | i) + System.identityHashCode(next)))
                    + (prev == prevs[i] ? 0 : Memory.mix(Memory.mix(4L << 40 | i) + System.identityHashCode(prev)));
        }
        SpinLock l = (SpinLock) w;
        return l.isLocked()
                ? Memory.mix(Memory.mix(5L << 40 | i) + l.queued() * 64L + System.identityHashCode(l.owner()))
                : 0;
    }

    private void restore(Watched w, int i) {
        if (w instanceof IntCell c) {
            c.restore(intValues[i]);
        } else if (w instanceof RefCell<?> c) {
            c.restore(refValues[i]);
        } else if (w instanceof ListNode<?> node) {
            node.restore(nexts[i], prevs[i]);
        } else {
            ((SpinLock) w).restore(tickets[i]);
        }
    }

    /** Names of what is not as it was saved, among cells, list nodes and locks: nothing, right after {@link #restore}. */
    List<String> strays() {
        List<String> out = new ArrayList<>();
        for (Watched[] all : List.of(ints, refs, links, locks)) {
            for (Watched w : all) {
                if (difference(w, w.place()) != 0) {
                    out.add(w.toString());
                }
            }
        }
        return out;
    }
}

package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;

/** A shared reference. The access mode is in the method's name. */
public final class RefCell<T> extends Cell {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(RefCell.class, "value", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("FieldMayBeFinal")
    private Object value;

    /** A cell that holds {@code null}, guarded by {@code guard} or, when that is {@code null}, lock-free. */
    public RefCell(String name, Guard guard) {
        super(name, guard);
    }

    /** Reads with the guarding lock held; checked by the lock validator. */
    @SuppressWarnings("unchecked")
    public T getGuarded(Pcpu cpu) {
        touch(cpu, Point.LOAD);
        Memory m = cpu.memory();
        return (T) (m == null ? value : m.forward(cpu, this, 0, value));
    }

    /** Writes with the guarding lock held; safe publication for lock-free readers is the caller's business. */
    public void setGuarded(Pcpu cpu, T v) {
        touch(cpu, Point.STORE);
        if (!holdBack(cpu, Op.SET, v, null)) {
            VALUE.setOpaque(this, v);
        }
    }

    /** A plain load, with whatever lock the caller happens to hold. For bugs of the past alone, see {@link BytesCell#getPlain}. */
    @SuppressWarnings("unchecked")
    public T getPlain(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        if (m == null) {
            return (T) value;
        }
        m.guarded(cpu, this, false);
        return (T) m.forward(cpu, this, 0, value);
    }

    /** Load without ordering. */
    @SuppressWarnings("unchecked")
    public T getOpaque(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        return m == null ? (T) VALUE.getOpaque(this) : load(m, cpu, false);
    }

    /** Load-acquire. */
    @SuppressWarnings("unchecked")
    public T getAcquire(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        return m == null ? (T) VALUE.getAcquire(this) : load(m, cpu, true);
    }

    /** Store-release. */
    public void setRelease(Pcpu cpu, T v) {
        cpu.point(Point.STORE, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.store(cpu, this, true);
        }
        if (!holdBack(cpu, Op.SET, v, null)) {
            VALUE.setRelease(this, v);
        }
    }

    @SuppressWarnings("unchecked")
    private T load(Memory m, Pcpu cpu, boolean acquire) {
        m.load(cpu, this, acquire);
        return (T) m.forward(cpu, this, 0, VALUE.getOpaque(this));
    }

    private boolean holdBack(Pcpu cpu, Op op, Object v, Object expected) {
        Memory m = cpu.memory();
        return m != null && m.holdBack(cpu, this, op, 0, 0, v, expected);
    }

    @Override
    protected void reach(Op op, int word, int number, Object ref, Object expected) {
        if (op == Op.SET || value == expected) {
            value = ref;
        }
    }

    /** Puts an earlier value back while nobody drives the machine. */
    public void restore(Object v) {
        if (value != v) {
            value = v;
        }
    }

    /** Store-release of {@code v} if the value is {@code expected}; for shadows that Xen does not have. */
    public void replace(Pcpu cpu, T expected, T v) {
        cpu.point(Point.UPDATE, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.store(cpu, this, true);
        }
        if (holdBack(cpu, Op.REPLACE, v, expected)) {
            return;
        }
        while (VALUE.getOpaque(this) == expected && !VALUE.weakCompareAndSetRelease(this, expected, v)) {
            Thread.onSpinWait(); // it may fail for no reason
        }
    }

    /** The value as the pCPU itself sees it, without a point: for shadows that decide nothing of Xen's. */
    @SuppressWarnings("unchecked")
    public T peek(Pcpu cpu) {
        Memory m = cpu.memory();
        return m == null ? peek() : (T) m.forward(cpu, this, 0, peek());
    }

    /** Sets the value before the machine starts. */
    public void reset(T v) {
        VALUE.setVolatile(this, v);
    }

    /** The value as an observer outside the machine sees it. For audits and reports only. */
    @SuppressWarnings("unchecked")
    public T peek() {
        return (T) VALUE.getOpaque(this);
    }
}

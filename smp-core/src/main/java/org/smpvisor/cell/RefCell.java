package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
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
        return (T) value;
    }

    /** Writes with the guarding lock held; safe publication for lock-free readers is the caller's business. */
    public void setGuarded(Pcpu cpu, T v) {
        touch(cpu, Point.STORE);
        VALUE.setOpaque(this, v);
    }

    /** Load without ordering. */
    @SuppressWarnings("unchecked")
    public T getOpaque(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        return (T) VALUE.getOpaque(this);
    }

    /** Load-acquire. */
    @SuppressWarnings("unchecked")
    public T getAcquire(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        return (T) VALUE.getAcquire(this);
    }

    /** Store-release. */
    public void setRelease(Pcpu cpu, T v) {
        cpu.point(Point.STORE, this);
        VALUE.setRelease(this, v);
    }

    /** Puts an earlier value back while nobody drives the machine. */
    public void restore(Object v) {
        if (value != v) {
            value = v;
        }
    }

    /** Store-release of {@code v} if the value is {@code expected}; for shadows that Xen does not have. */
    public void replace(Pcpu cpu, T expected, T v) {
        cpu.point(Point.RMW, this);
        while (VALUE.getOpaque(this) == expected && !VALUE.weakCompareAndSetRelease(this, expected, v)) {
            Thread.onSpinWait(); // it may fail for no reason
        }
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

package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;

/** A shared 32-bit field; also a set of up to 32 atomic bits. The access mode is in the method's name. */
public final class IntCell extends Cell {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(IntCell.class, "value", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("FieldMayBeFinal")
    private int value;

    /** A cell without a guarding lock. */
    public IntCell(String name) {
        this(name, null, 0);
    }

    /** A cell whose guarded accesses need {@code guard}; {@code null} for a lock-free cell. */
    public IntCell(String name, Guard guard, int initial) {
        super(name, guard);
        value = initial;
    }

    /** Reads with the guarding lock held; checked by the lock validator. */
    public int getGuarded(Pcpu cpu) {
        touch(cpu, Point.LOAD);
        Memory m = cpu.memory();
        return m == null ? value : m.forward(cpu, this, 0, value);
    }

    /** Writes with the guarding lock held; not torn for lock-free readers. */
    public void setGuarded(Pcpu cpu, int v) {
        touch(cpu, Point.STORE);
        if (!holdBack(cpu, Op.SET, v)) {
            VALUE.setOpaque(this, v);
        }
    }

    /** Single-copy atomic load without ordering (Xen's {@code read_atomic}, {@code ACCESS_ONCE}, {@code test_bit}). */
    public int getOpaque(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        return m == null ? (int) VALUE.getOpaque(this) : load(m, cpu, false);
    }

    /** Single-copy atomic store without ordering (Xen's {@code write_atomic}). */
    public void setOpaque(Pcpu cpu, int v) {
        cpu.point(Point.STORE, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.store(cpu, this, false);
        }
        if (!holdBack(cpu, Op.SET, v)) {
            VALUE.setOpaque(this, v);
        }
    }

    /** Load-acquire. */
    public int getAcquire(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        return m == null ? (int) VALUE.getAcquire(this) : load(m, cpu, true);
    }

    /** Store-release. */
    public void setRelease(Pcpu cpu, int v) {
        cpu.point(Point.STORE, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.store(cpu, this, true);
        }
        if (!holdBack(cpu, Op.SET, v)) {
            VALUE.setRelease(this, v);
        }
    }

    private int load(Memory m, Pcpu cpu, boolean acquire) {
        m.load(cpu, this, acquire);
        return m.forward(cpu, this, 0, (int) VALUE.getOpaque(this));
    }

    private boolean holdBack(Pcpu cpu, Op op, int operand) {
        Memory m = cpu.memory();
        return m != null && m.holdBack(cpu, this, op, 0, operand, null, null);
    }

    @Override
    protected void reach(Op op, int word, int number, Object ref, Object expected) {
        value = switch (op) {
            case SET -> number;
            case OR -> value | number;
            case AND -> value & number;
            case REPLACE -> throw new IllegalArgumentException(this + " holds a number");
        };
    }

    /** Whether {@code bit} is set; a plain load in Xen, opaque here. */
    public boolean testBit(Pcpu cpu, int bit) {
        return (getOpaque(cpu) & 1 << bit) != 0;
    }

    /** Atomic, without ordering: a weak compare-and-set loop, since VarHandle has no opaque bitwise RMW. */
    public void setBit(Pcpu cpu, int bit) {
        update(cpu, Op.OR, 1 << bit);
    }

    /** Atomic, without ordering. */
    public void clearBit(Pcpu cpu, int bit) {
        update(cpu, Op.AND, ~(1 << bit));
    }

    private void update(Pcpu cpu, Op op, int bits) {
        cpu.point(Point.UPDATE, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.change(cpu, this, false);
            if (m.holdBack(cpu, this, op, 0, bits, null, null)) {
                return;
            }
        }
        int seen;
        do {
            seen = (int) VALUE.getOpaque(this);
        } while (!VALUE.weakCompareAndSetPlain(this, seen, op == Op.OR ? seen | bits : seen & bits));
    }

    /** Atomic with a full barrier (Xen's {@code test_and_set_bit}); returns whether the bit was set before. */
    public boolean testAndSetBit(Pcpu cpu, int bit) {
        change(cpu);
        return (seen(cpu, (int) VALUE.getAndBitwiseOr(this, 1 << bit)) & 1 << bit) != 0;
    }

    /** Atomic with a full barrier (Xen's {@code test_and_clear_bit}); returns whether the bit was set before. */
    public boolean testAndClearBit(Pcpu cpu, int bit) {
        change(cpu);
        return (seen(cpu, (int) VALUE.getAndBitwiseAnd(this, ~(1 << bit))) & 1 << bit) != 0;
    }

    /** Atomic fetch-and-add with a full barrier. */
    public int getAndAdd(Pcpu cpu, int delta) {
        change(cpu);
        return seen(cpu, (int) VALUE.getAndAdd(this, delta));
    }

    /** Atomic fetch-and-or with a full barrier. */
    public int getAndOr(Pcpu cpu, int bits) {
        change(cpu);
        return seen(cpu, (int) VALUE.getAndBitwiseOr(this, bits));
    }

    private static int seen(Pcpu cpu, int before) {
        cpu.saw(before);
        return before;
    }

    private void change(Pcpu cpu) {
        cpu.point(Point.RMW, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.change(cpu, this, true);
        }
    }

    /** The value as the pCPU itself sees it, without a point: for shadows that decide nothing of Xen's. */
    public int peek(Pcpu cpu) {
        Memory m = cpu.memory();
        return m == null ? peek() : m.forward(cpu, this, 0, peek());
    }

    /** The value as an observer outside the machine sees it: no point, no ordering. For audits and reports only. */
    public int peek() {
        return (int) VALUE.getOpaque(this);
    }

    /** Compare-and-set from outside the machine (a debug agent); no point. */
    public boolean compareAndSetOutside(int expected, int v) {
        return VALUE.compareAndSet(this, expected, v);
    }

    /** Puts an earlier value back while nobody drives the machine. */
    public void restore(int v) {
        if (value != v) {
            value = v;
        }
    }

    /** Sets the value before the machine starts, or from outside at quiescence. */
    public void reset(int v) {
        VALUE.setVolatile(this, v);
    }
}

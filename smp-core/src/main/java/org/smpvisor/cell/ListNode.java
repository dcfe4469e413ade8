package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Xen;

/**
 * A node of an intrusive, circular, doubly linked list, or its head. A node that is on no list is linked to itself. All
 * operations are those of Xen's lists and as little protected: the caller holds the lock that guards the list. In a
 * controlled run each link that is read or written without it is a point, so that somebody else finds the list half changed;
 * natively a change is checked once, and a walk is not.
 *
 * @param <T> the type of the element that a node belongs to; a head belongs to none
 */
@Xen("struct list_head")
public final class ListNode<T> extends Cell {
    private static final VarHandle NEXT;
    private static final VarHandle PREV;

    static {
        try {
            MethodHandles.Lookup l = MethodHandles.lookup();
            NEXT = l.findVarHandle(ListNode.class, "next", ListNode.class);
            PREV = l.findVarHandle(ListNode.class, "prev", ListNode.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int NEXT_WORD = 0;
    private static final int PREV_WORD = 1;

    private final T element;
    private ListNode<T> next = this;
    private ListNode<T> prev = this;

    /** A node of {@code element}; {@code null} makes a list head. Nobody guards it. */
    public ListNode(T element) {
        this(element, element == null ? "list" : element + ".node", null);
    }

    /** A node of {@code element}, or a list head if that is {@code null}; its links are touched under {@code guard}. */
    public ListNode(T element, String name, Guard guard) {
        super(name, guard);
        this.element = element;
    }

    /** The element that this node is part of, {@code null} for a head. */
    public T element() {
        return element;
    }

    /** The node after this one, under the lock of the list. */
    public ListNode<T> next(Pcpu cpu) {
        if (cpu.memory() == null) {
            return next();
        }
        touch(cpu, Point.LOAD);
        return peekNext(cpu);
    }

    /** The node before this one, under the lock of the list. */
    public ListNode<T> prev(Pcpu cpu) {
        if (cpu.memory() == null) {
            return prev();
        }
        touch(cpu, Point.LOAD);
        return peekPrev(cpu);
    }

    /** The node after this one as the pCPU itself sees it, without a point: for shadows that decide nothing of Xen's. */
    @SuppressWarnings("unchecked")
    public ListNode<T> peekNext(Pcpu cpu) {
        Memory m = cpu.memory();
        return m == null ? next() : (ListNode<T>) m.forward(cpu, this, NEXT_WORD, next());
    }

    /** {@link #peekNext} for the node before this one. */
    @SuppressWarnings("unchecked")
    public ListNode<T> peekPrev(Pcpu cpu) {
        Memory m = cpu.memory();
        return m == null ? prev() : (ListNode<T>) m.forward(cpu, this, PREV_WORD, prev());
    }

    private void setNext(Pcpu cpu, ListNode<T> node) {
        touch(cpu, Point.STORE);
        Memory m = cpu.memory();
        if (m == null || !m.holdBack(cpu, this, Op.SET, NEXT_WORD, 0, node, null)) {
            NEXT.setOpaque(this, node);
        }
    }

    private void setPrev(Pcpu cpu, ListNode<T> node) {
        touch(cpu, Point.STORE);
        Memory m = cpu.memory();
        if (m == null || !m.holdBack(cpu, this, Op.SET, PREV_WORD, 0, node, null)) {
            PREV.setOpaque(this, node);
        }
    }

    @Override
    protected boolean isOpenToReaders() {
        return true;
    }

    @Override
    @SuppressWarnings("unchecked")
    protected void reach(Op op, int word, int number, Object ref, Object expected) {
        if (word == NEXT_WORD) {
            next = (ListNode<T>) ref;
        } else {
            prev = (ListNode<T>) ref;
        }
    }

    /** The node after this one, for observers. */
    @SuppressWarnings("unchecked")
    public ListNode<T> next() {
        return (ListNode<T>) NEXT.getOpaque(this);
    }

    /** The node before this one, for observers. */
    @SuppressWarnings("unchecked")
    public ListNode<T> prev() {
        return (ListNode<T>) PREV.getOpaque(this);
    }

    /** Puts earlier links back while nobody drives the machine. */
    @SuppressWarnings("unchecked")
    public void restore(ListNode<?> earlierNext, ListNode<?> earlierPrev) {
        if (next != earlierNext || prev != earlierPrev) {
            next = (ListNode<T>) earlierNext;
            prev = (ListNode<T>) earlierPrev;
        }
    }

    /** Whether the list of this head is empty, or this node is on no list; under the lock of the list. */
    @Xen("list_empty")
    public boolean isEmpty(Pcpu cpu) {
        return next(cpu) == this;
    }

    /** {@link #isEmpty(Pcpu)} for observers. */
    public boolean isEmpty() {
        return next() == this;
    }

    /** {@link #isEmpty(Pcpu)} for a reader without the lock: a point in any case. */
    public boolean isEmptyOpaque(Pcpu cpu) {
        return nextOpaque(cpu) == this;
    }

    /** {@link #next(Pcpu)} for a reader without the lock: a point in any case. */
    public ListNode<T> nextOpaque(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        if (m != null) {
            m.load(cpu, this, false);
        }
        return peekNext(cpu);
    }

    /** Links {@code node} before this node; before a head means at the tail. */
    @Xen("list_add_tail")
    public void addBefore(Pcpu cpu, ListNode<T> node) {
        if (cpu.memory() == null) {
            touch(cpu, Point.STORE);
            addBefore(node);
            return;
        }
        ListNode<T> p = prev(cpu);
        node.setNext(cpu, this);
        node.setPrev(cpu, p);
        p.setNext(cpu, node);
        setPrev(cpu, node);
    }

    /** {@link #addBefore(Pcpu, ListNode)} without a point or a check; while nobody drives the machine. */
    public void addBefore(ListNode<T> node) {
        ListNode<T> p = prev();
        NEXT.setOpaque(node, this);
        PREV.setOpaque(node, p);
        NEXT.setOpaque(p, node);
        PREV.setOpaque(this, node);
    }

    /** Unlinks this node; harmless when it is on no list. */
    @Xen("list_del_init")
    public void unlink(Pcpu cpu) {
        if (cpu.memory() == null) {
            touch(cpu, Point.STORE);
            unlink();
            return;
        }
        ListNode<T> n = next(cpu);
        ListNode<T> p = prev(cpu);
        n.setPrev(cpu, p);
        p.setNext(cpu, n);
        setNext(cpu, this);
        setPrev(cpu, this);
    }

    private void unlink() {
        ListNode<T> n = next();
        ListNode<T> p = prev();
        PREV.setOpaque(n, p);
        NEXT.setOpaque(p, n);
        NEXT.setOpaque(this, this);
        PREV.setOpaque(this, this);
    }
}

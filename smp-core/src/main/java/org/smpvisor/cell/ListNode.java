package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Point;
import org.smpvisor.variant.Xen;

/**
 * A node of an intrusive, circular, doubly linked list, or its head. A node that is on no list is linked to itself. All
 * operations are those of Xen's lists and as little protected: the caller holds the lock that guards the list.
 *
 * @param <T> the type of the element that a node belongs to; a head belongs to none
 */
@Xen("struct list_head")
public final class ListNode<T> {
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

    private final T element;
    private ListNode<T> next = this;
    private ListNode<T> prev = this;

    /** A node of {@code element}; {@code null} makes a list head. */
    public ListNode(T element) {
        this.element = element;
    }

    /** The element that this node is part of, {@code null} for a head. */
    public T element() {
        return element;
    }

    @SuppressWarnings("unchecked")
    public ListNode<T> next() {
        return (ListNode<T>) NEXT.getOpaque(this);
    }

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

    /** Whether the list of this head is empty, or this node is on no list. */
    @Xen("list_empty")
    public boolean isEmpty() {
        return next() == this;
    }

    /** {@link #isEmpty} for a reader without the lock: a point of its own. */
    public boolean isEmptyOpaque(Pcpu cpu) {
        cpu.point(Point.LOAD, this);
        return next() == this;
    }

    /** Links {@code node} before this node; before a head means at the tail. */
    @Xen("list_add_tail")
    public void addBefore(ListNode<T> node) {
        ListNode<T> p = prev();
        NEXT.setOpaque(node, this);
        PREV.setOpaque(node, p);
        NEXT.setOpaque(p, node);
        PREV.setOpaque(this, node);
    }

    /** Unlinks this node; harmless when it is on no list. */
    @Xen("list_del_init")
    public void unlink() {
        ListNode<T> n = next();
        ListNode<T> p = prev();
        PREV.setOpaque(n, p);
        NEXT.setOpaque(p, n);
        NEXT.setOpaque(this, this);
        PREV.setOpaque(this, this);
    }
}

package org.smpvisor.vgic.rank;

import java.util.HashSet;
import java.util.Set;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;

/**
 * Every change of the vGIC's lists, with a look at whom it may harm: an entry that is unlinked while the lock held is not that
 * of the list's owner is marked together with the two entries beside it, and where a link is found broken the marks of one
 * end go over to the other. Nobody else gets a mark, so that what happens elsewhere stays unexplained.
 */
final class ListLinks {
    /** The weak spots by which an entry is linked or unlinked under a lock that does not guard it. */
    private static final long LISTS =
            Marks.bit(Quirk.H1) | Marks.bit(Quirk.H2) | Marks.bit(Quirk.H3) | Marks.bit(Quirk.H5);

    private static final int MAX_WALK = 4096;

    private final Marks marks;
    private final Quirk virtualCause;
    private final Quirk hardwareCause;

    /**
     * @param virtualCause weak spot by which a virtual SPI is touched under the wrong lock
     * @param hardwareCause the same for an SPI with hardware behind it
     */
    ListLinks(Marks marks, Quirk virtualCause, Quirk hardwareCause) {
        this.marks = marks;
        this.virtualCause = virtualCause;
        this.hardwareCause = hardwareCause;
    }

    // ---- changes ----------------------------------------------------------------------------------------------------

    /** Links {@code node} before {@code at}, which is on a list of {@code v} or its head. V of {@code v} held. */
    void link(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> at, ListNode<PendingIrq> node) {
        if (node.peekNext(cpu) != node) { // another pCPU links it under another lock at the same time
            v.astray().setRelease(cpu, node.element());
            affect(node.peekPrev(cpu), bits(node));
            affect(node.peekNext(cpu), bits(node));
        }
        at.addBefore(cpu, node);
        look(cpu, node);
    }

    /**
     * Takes {@code node} off its list; harmless if it is on none.
     *
     * @param held vCPU whose V is held
     * @param owner vCPU whose list it is on
     */
    void unlink(Pcpu cpu, VgicVcpu held, VgicVcpu owner, ListNode<PendingIrq> node) {
        if (node.peekNext(cpu) != node) {
            if (owner != null && owner != held) {
                wrongLock(cpu, node, held, owner);
            }
            if (!look(cpu, node)) {
                joined(cpu, held, node);
            }
        }
        node.unlink(cpu);
    }

    /** Two that linked {@code node} at once can leave it between the heads of their lists, which its leaving joins. */
    private static void joined(Pcpu cpu, VgicVcpu held, ListNode<PendingIrq> node) {
        ListNode<PendingIrq> n = node.peekNext(cpu);
        ListNode<PendingIrq> p = node.peekPrev(cpu);
        if (n == p || n.element() != null || p.element() != null) {
            return;
        }
        Domain d = held.domain().domain();
        for (int i = 0; i < d.maxVcpus(); i++) {
            VgicVcpu v = RankVgic.of(d.vcpu(i));
            if (v.inflight() == n || v.inflight() == p || v.lrPending() == n || v.lrPending() == p) {
                v.astray().setRelease(cpu, node.element());
            }
        }
    }

    private void wrongLock(Pcpu cpu, ListNode<PendingIrq> node, VgicVcpu held, VgicVcpu owner) {
        PendingIrq p = node.element();
        Quirk q = p.desc().peek(cpu) == null ? virtualCause : hardwareCause;
        marks.reached(cpu, q, p.domain(), p.vcpu(), p.irq());
        affect(node.peekPrev(cpu), Marks.bit(q));
        affect(node.peekNext(cpu), Marks.bit(q));
        owner.astray().setRelease(cpu, p);
        held.astray().setRelease(cpu, p);
    }

    // ---- broken links -----------------------------------------------------------------------------------------------

    /** Passes the marks on if one of the two links of {@code node} is not the other way round what it is this way. */
    private boolean look(Pcpu cpu, ListNode<PendingIrq> node) {
        ListNode<PendingIrq> n = next(cpu, node);
        ListNode<PendingIrq> p = prev(cpu, node);
        ListNode<PendingIrq> m = prev(cpu, n);
        ListNode<PendingIrq> o = next(cpu, p);
        if (m == node && o == node) {
            return false;
        }
        long bits = bits(node) | bits(n) | bits(p) | bits(m) | bits(o);
        return bits != 0 && affect(node, bits) | affect(n, bits) | affect(p, bits) | affect(m, bits) | affect(o, bits);
    }

    /** The next node as the pCPU sees it, as everybody does when there is none. */
    private static ListNode<PendingIrq> next(Pcpu cpu, ListNode<PendingIrq> node) {
        return cpu == null ? node.next() : node.peekNext(cpu);
    }

    private static ListNode<PendingIrq> prev(Pcpu cpu, ListNode<PendingIrq> node) {
        return cpu == null ? node.prev() : node.peekPrev(cpu);
    }

    private long bits(ListNode<PendingIrq> node) {
        PendingIrq p = node.element();
        return p == null ? 0 : marks.of(p.domain(), p.vcpu(), p.irq()) & LISTS;
    }

    private boolean affect(ListNode<PendingIrq> node, long bits) {
        PendingIrq p = node.element();
        return p != null && bits != 0 && marks.affect(p.domain(), p.vcpu(), p.irq(), bits & LISTS);
    }

    /**
     * The entry at which a walk over {@code v}'s list went astray: where the list is broken, else where it goes over to entries
     * that belong elsewhere, else where the walk was at last, else what was last changed under a wrong lock.
     * Of the two on either side of a place the marked one is named. All of that as the pCPU sees it, whose walk it was.
     *
     * @param last node at which the walk was last
     */
    PendingIrq culprit(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> head, ListNode<PendingIrq> last) {
        ListNode<PendingIrq> a = head;
        for (int steps = 0; steps < MAX_WALK; steps++) {
            ListNode<PendingIrq> b = next(cpu, a);
            if (b == head && prev(cpu, b) == a) {
                break; // it has been mended meanwhile
            }
            PendingIrq p = b.element();
            boolean foreign = p != null
                    && (head == v.inflight()
                                    ? p.owner().peek(cpu)
                                    : p.queueOwner().peek(cpu))
                            != v;
            if (prev(cpu, b) != a || foreign || p == null) {
                ListNode<PendingIrq> at = bits(b) != 0 || a.element() == null ? b : a;
                if (bits(at) != 0) {
                    return at.element();
                }
                break;
            }
            a = b;
        }
        PendingIrq astray = v.astray().peek(cpu);
        return bits(last) == 0 && astray != null ? astray : last.element();
    }

    /** The list register that {@code p} says it is in holds {@code content} instead, and is about to be synced or taken away. */
    void misread(PendingIrq p, PendingIrq content) {
        affect(content.inflight(), bits(p.inflight()));
    }

    // ---- at the end -------------------------------------------------------------------------------------------------

    /** With the machine stopped or at rest: marks whatever the broken links of a domain's lists have cut off. */
    void settle(Domain d) {
        VgicDomain vd = RankVgic.of(d);
        boolean news = true;
        for (int pass = 0; news && pass < MAX_WALK; pass++) {
            news = false;
            for (int i = 0; i < d.maxVcpus(); i++) {
                VgicVcpu v = RankVgic.of(d.vcpu(i));
                for (int irq = 0; irq < 32; irq++) {
                    news |= lookAt(v.pendingIrq(irq));
                }
                news |= strand(d, vd, v, true) | strand(d, vd, v, false);
            }
            for (int irq = 32; irq < 32 + vd.nrSpis(); irq++) {
                news |= lookAt(vd.spi(irq));
            }
        }
    }

    private boolean lookAt(PendingIrq p) {
        boolean news = !p.inflight().isEmpty() && look(null, p.inflight());
        return !p.lrQueue().isEmpty() && look(null, p.lrQueue()) | news || news;
    }

    /** If a list of {@code v} is broken at a marked entry: passes its marks to all that belong on the list behind the break. */
    private boolean strand(Domain d, VgicDomain vd, VgicVcpu v, boolean inflight) {
        ListNode<PendingIrq> head = inflight ? v.inflight() : v.lrPending();
        Set<PendingIrq> reached = new HashSet<>();
        ListNode<PendingIrq> a = head;
        ListNode<PendingIrq> b = a.next();
        while (b.prev() == a && b.element() != null) {
            reached.add(b.element());
            a = b;
            b = a.next();
        }
        if (b.prev() == a && b == head) {
            return false;
        }
        PendingIrq astray = v.astray().peek();
        long bits = bits(a) | bits(b) | bits(b.prev());
        if (bits == 0 && astray != null && (a == head || b == head)) {
            bits = bits(astray.inflight());
        }
        if (bits == 0) {
            return false;
        }
        boolean news = false;
        for (int i = 0; i < d.maxVcpus(); i++) {
            for (int irq = 0; irq < 32; irq++) {
                news |= cutOff(RankVgic.of(d.vcpu(i)).pendingIrq(irq), v, inflight, reached, bits);
            }
        }
        for (int irq = 32; irq < 32 + vd.nrSpis(); irq++) {
            news |= cutOff(vd.spi(irq), v, inflight, reached, bits);
        }
        return news;
    }

    private boolean cutOff(PendingIrq p, VgicVcpu v, boolean inflight, Set<PendingIrq> reached, long bits) {
        ListNode<PendingIrq> node = inflight ? p.inflight() : p.lrQueue();
        VgicVcpu owner = inflight ? p.owner().peek() : p.queueOwner().peek();
        return !node.isEmpty() && owner == v && !reached.contains(p) && affect(node, bits);
    }
}

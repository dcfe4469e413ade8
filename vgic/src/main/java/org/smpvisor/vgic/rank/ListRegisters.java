package org.smpvisor.vgic.rank;

import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Fault;
import org.smpvisor.variant.Xen;

/** Moves pending interrupts into list registers and takes back what the guest finished. */
@Xen("gic-vgic.c")
final class ListRegisters {
    private static final long PENDING = VirtualCpuInterface.LR_PENDING;
    private static final int REINJECT_DEPTH = 64;

    /** Interrupts that must be injected into another vCPU once the lock held now has been dropped. */
    static final class Reinjections {
        @OwnedBy("pcpu")
        private final PendingIrq[] stack = new PendingIrq[REINJECT_DEPTH];

        @OwnedBy("pcpu")
        private int top;

        private void push(PendingIrq p) {
            stack[top++] = p;
        }

        /** Where the stack ends; taken before V. */
        int mark() {
            return top;
        }

        /** Next interrupt to inject again above {@code mark}, or {@code null}; V no longer held. */
        PendingIrq pop(int mark) {
            if (top == mark) {
                return null;
            }
            PendingIrq p = stack[--top];
            stack[top] = null;
            return p;
        }
    }

    private final GicHwOperations gic;
    private final Pcpu[] pcpus;
    private final RankRules rules;
    private final FaultPlan faults;
    private final Witness witness;
    private final Reinjections[] reinjections;

    ListRegisters(GicHwOperations gic, Pcpu[] pcpus, RankRules rules, FaultPlan faults, Witness witness) {
        this.gic = gic;
        this.pcpus = pcpus;
        this.rules = rules;
        this.faults = faults;
        this.witness = witness;
        this.reinjections = new Reinjections[pcpus.length];
        for (int i = 0; i < pcpus.length; i++) {
            reinjections[i] = new Reinjections();
        }
    }

    // ---- lists ------------------------------------------------------------------------------------------------------

    /** Inserts before the first strictly less urgent entry. V held. */
    private void insertByPriority(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> head, ListNode<PendingIrq> node) {
        int priority = node.element().priority().getGuarded(cpu);
        ListNode<PendingIrq> last = head;
        ListNode<PendingIrq> at = head.next(cpu);
        for (int steps = 0;
                at != head && entry(cpu, v, head, last, at, steps).priority().getGuarded(cpu) <= priority;
                steps++) {
            last = at;
            at = at.next(cpu);
        }
        rules.links.link(cpu, v, at, node);
    }

    /**
     * The entry of a node met on a walk over one of {@code v}'s lists; a foreign head or an endless walk is corruption.
     *
     * @param last the node from which the walk came here
     */
    PendingIrq entry(
            Pcpu cpu,
            VgicVcpu v,
            ListNode<PendingIrq> head,
            ListNode<PendingIrq> last,
            ListNode<PendingIrq> node,
            int steps) {
        PendingIrq p = node.element();
        checkSteps(cpu, v, head, last, steps);
        if (p == null) {
            throw corrupted(cpu, v, head, last, "runs into the head of another list");
        }
        return p;
    }

    /** Ends a walk over one of {@code v}'s lists that has taken more steps than there can be entries. */
    void checkSteps(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> head, ListNode<PendingIrq> last, int steps) {
        if (steps > 32 + 16 * v.domain().senders() + v.domain().nrSpis()) {
            throw corrupted(cpu, v, head, last, "does not end");
        }
    }

    private StateCorrupted corrupted(
            Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> head, ListNode<PendingIrq> last, String how) {
        PendingIrq at = rules.links.culprit(cpu, v, head, last);
        return new StateCorrupted(
                v.domain().domain().id(),
                at == null || at.irq() >= 32 ? v.vcpu().vcpuId() : at.vcpu(),
                at == null ? -1 : at.irq(),
                "a list of " + v + " " + how + (at == null ? "" : "; it went astray at interrupt " + at.irq()),
                true);
    }

    /** Links {@code p} on the vCPU's inflight list. V held. */
    void addInflight(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        v.lock().assertHeldBy(cpu);
        p.owner().setRelease(cpu, v); // before it is linked: whoever finds it on a list also finds whose list
        insertByPriority(cpu, v, v.inflight(), p.inflight());
    }

    /** Takes {@code p} off the inflight list that it is on; harmless if it is on none. V of {@code held} held. */
    void removeInflight(Pcpu cpu, VgicVcpu held, PendingIrq p) {
        VgicVcpu owner = p.owner().peek(cpu);
        rules.links.unlink(cpu, held, owner, p.inflight());
        if (owner != null) {
            p.owner().replace(cpu, owner, null); // under the wrong lock there may be a newer owner already
        }
    }

    /** Takes {@code p} off the lr_pending list that it is on; harmless if it is on none. V of {@code held} held. */
    @Xen("gic_remove_from_lr_pending")
    void removeLrPending(Pcpu cpu, VgicVcpu held, PendingIrq p) {
        rules.links.unlink(cpu, held, p.queueOwner().peek(cpu), p.lrQueue());
    }

    /** The first entry of a vCPU's inflight list, {@code null} if it is empty. V held. */
    PendingIrq firstInflight(Pcpu cpu, VgicVcpu v) {
        ListNode<PendingIrq> first = v.inflight().next(cpu);
        return first == v.inflight() ? null : entry(cpu, v, v.inflight(), v.inflight(), first, 0);
    }

    /** Forgets what waits for a list register of a vCPU that is down, and which of its saved ones are in use. V held. */
    @Xen("gic_clear_pending_irqs")
    void clearPendingIrqs(Pcpu cpu, VgicVcpu v) {
        v.lock().assertHeldBy(cpu);
        gic.setSavedLrMask(cpu, v.vcpu(), 0);
        ListNode<PendingIrq> head = v.lrPending();
        for (ListNode<PendingIrq> n = head.next(cpu); n != head; n = head.next(cpu)) {
            removeLrPending(cpu, v, entry(cpu, v, head, head, n, 0));
        }
    }

    /** Forgets that {@code p} was asserted: takes it off both lists. V of {@code held} held. */
    @Xen("vgic_remove_irq_from_queues")
    void removeFromQueues(Pcpu cpu, VgicVcpu held, PendingIrq p) {
        p.status().clearBit(cpu, PendingIrq.QUEUED);
        removeLrPending(cpu, held, p);
        removeInflight(cpu, held, p);
    }

    @Xen("gic_add_to_lr_pending")
    private void addToLrPending(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        v.lock().assertHeldBy(cpu);
        if (p.lrQueue().isEmpty(cpu)) {
            p.queueOwner().setRelease(cpu, v);
            insertByPriority(cpu, v, v.lrPending(), p.lrQueue());
        }
    }

    // ---- raising ----------------------------------------------------------------------------------------------------

    @Xen("gic_set_lr")
    private void setLr(Pcpu cpu, PendingIrq p, int lr) {
        IrqDesc desc = p.desc().getOpaque(cpu);
        if (desc == null || !faults.fires(Fault.DROP_LR)) {
            gic.updateLr(cpu, lr, p.virtualId(), p.priority().getGuarded(cpu), desc == null ? -1 : desc.irq(), PENDING);
            int last = gic.nrLrs() - 1; // filled last, so that the copy is not overwritten at once
            if (desc != null && lr != last && (cpu.lrMask() >>> last & 1) == 0 && faults.fires(Fault.DUPLICATE_LR)) {
                gic.updateLr(cpu, last, p.virtualId(), p.priority().getGuarded(cpu), desc.irq(), PENDING);
            }
        }
        cpu.events().record(Event.LR_WRITE, p.domain(), p.irq(), lr);
        p.status().setBit(cpu, PendingIrq.VISIBLE);
        p.status().clearBit(cpu, PendingIrq.QUEUED);
        p.lr().setGuarded(cpu, lr);
    }

    @Xen("gic_find_unused_lr")
    private int findUnusedLr(Pcpu cpu, int from) {
        long free = ~cpu.lrMask() & -1L << from;
        return free == 0 ? 64 : Long.numberOfTrailingZeros(free);
    }

    /** Puts an enabled interrupt into a list register if {@code v} is current and nothing waits; else queues it. V held. */
    @Xen("gic_raise_guest_irq")
    void raiseGuestIrq(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        v.lock().assertHeldBy(cpu);
        if (!rules.delivery.forward.raises(cpu, v.domain(), p)) {
            return;
        }
        if (v.vcpu() == cpu.current() && v.lrPending().isEmpty(cpu)) {
            int lr = findUnusedLr(cpu, 0);
            if (lr < gic.nrLrs()) {
                cpu.setLrMask(cpu.lrMask() | 1L << lr);
                setLr(cpu, p, lr);
                return;
            }
        }
        addToLrPending(cpu, v, p);
    }

    /** An inflight interrupt was asserted again: looks at its list register at once if {@code v} is current. V held. */
    @Xen("gic_raise_inflight_irq")
    void raiseInflightIrq(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        v.lock().assertHeldBy(cpu);
        if (rules.past.reassert.looks(cpu, v, p)
                && p.lrQueue().isEmpty(cpu)
                && v.vcpu() == cpu.current()
                && rules.delivery.forward.isInLr(cpu, p)) {
            int lr = lrOf(cpu, v, p);
            markWrongLr(cpu, v, p, lr);
            updateOneLr(cpu, v, lr);
        } else {
            cpu.events().record(Event.QUEUED_ONLY, p.domain(), p.irq(), v.vcpu().vcpuId());
        }
    }

    /** Syncing a list register early is harmless if its interrupt says that it is in it. */
    private void markWrongLr(Pcpu cpu, VgicVcpu v, PendingIrq p, int lr) {
        PendingIrq content = content(cpu, v, lr);
        if (content == p || content.lr().peek(cpu) == lr && (cpu.lrMask() >>> lr & 1) != 0) {
            return;
        }
        if (p.owner().peek(cpu) != v) {
            rules.wrongLr(cpu, p, content);
        } else {
            rules.links.misread(p, content);
        }
    }

    /** List register that {@code p} says it is in. V of {@code v} held; one that does not exist is corrupt state. */
    int lrOf(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        int lr = p.lr().getGuarded(cpu);
        if (lr >= gic.nrLrs()) {
            throw noSuchLr(v, p, lr);
        }
        return lr;
    }

    private static StateCorrupted noSuchLr(VgicVcpu v, PendingIrq p, int lr) {
        return new StateCorrupted(
                p.domain(),
                v.vcpu().vcpuId(),
                p.irq(),
                v + " uses list register " + lr + " for interrupt " + p.irq() + " (" + p.describe() + ")");
    }

    // ---- sync -------------------------------------------------------------------------------------------------------

    /** Looks at one list register and brings the interrupt that it names up to date. V held, interrupts masked. */
    @Xen("gic_update_one_lr")
    void updateOneLr(Pcpu cpu, VgicVcpu v, int i) {
        v.lock().assertHeldBy(cpu);
        long lr = gic.readLr(cpu, i);
        PendingIrq p = v.domain().inLr(v.vcpu(), lr);
        if (rules.delivery.recall.takes(cpu, this, v, i, p, lr)) {
            return;
        }
        if ((lr & VirtualCpuInterface.LR_ACTIVE) != 0) {
            p.status().setBit(cpu, PendingIrq.ACTIVE);
            if (p.status().testBit(cpu, PendingIrq.ENABLED)
                    && !rules.waitsForTarget(cpu, p)
                    && p.status().testAndClearBit(cpu, PendingIrq.QUEUED)) {
                if (p.desc().getOpaque(cpu) == null) {
                    if (rules.past.activeQueued.makesPending(cpu)) {
                        gic.writeLr(cpu, i, lr | PENDING);
                    }
                } else {
                    cpu.warn();
                    cpu.events()
                            .record(Event.DROPPED, p.domain(), p.irq(), v.vcpu().vcpuId());
                }
            }
        } else if ((lr & PENDING) != 0) {
            if (p.status().testAndClearBit(cpu, PendingIrq.QUEUED) && p.irq() < 16) {
                cpu.count(Counter.GUEST_SGIS_COALESCED);
            }
            rules.active.pendingAgain(cpu, p);
        } else {
            retire(cpu, v, i, p);
        }
    }

    @Deviation("release build: a retired list register is not zeroed and keeps its INTID in the invalid state")
    private void retire(Pcpu cpu, VgicVcpu v, int i, PendingIrq p) {
        cpu.setLrMask(cpu.lrMask() & ~(1L << i));
        cpu.events().record(Event.LR_CLEAN, p.domain(), p.irq(), i);
        IrqDesc desc = p.desc().getOpaque(cpu);
        if (desc != null && rules.delivery.progress.ends(cpu, p, desc)) {
            rules.past.status.finish(cpu, desc);
        }
        p.status().clearBit(cpu, PendingIrq.VISIBLE);
        p.status().clearBit(cpu, PendingIrq.ACTIVE);
        p.lr().setGuarded(cpu, PendingIrq.INVALID_LR);
        rules.delivery.level.ended(cpu, v.domain(), p);
        int status = p.status().getOpaque(cpu);
        boolean enabled = (status & 1 << PendingIrq.ENABLED) != 0;
        boolean queued = (status & 1 << PendingIrq.QUEUED) != 0;
        boolean migrating = (status & 1 << PendingIrq.MIGRATING) != 0;
        if (enabled && queued && !migrating && (desc == null || !faults.fires(Fault.FORGET_RERAISE))) {
            cpu.events().record(Event.RERAISE, p.domain(), p.irq(), v.vcpu().vcpuId());
            raiseGuestIrq(cpu, v, p);
        } else if (migrating) {
            finishMigration(cpu, v, p, desc, queued);
        } else if (enabled || !rules.disabled.staysHeld(cpu, p)) {
            removeInflight(cpu, v, p);
            cpu.smpWmb();
            if (queued) {
                dropped(cpu, v, p);
            }
        }
    }

    private void finishMigration(Pcpu cpu, VgicVcpu v, PendingIrq p, IrqDesc desc, boolean queued) {
        RankRules.MigrationEndRule end = rules.migrationEnd(cpu, p);
        boolean again = end.leaving(cpu, p, queued);
        rules.past.retireOrder.end(cpu, this, v, p, desc, end);
        if (again) {
            reinjections[cpu.id()].push(p);
        } else if (queued) {
            dropped(cpu, v, p);
        }
    }

    /**
     * Takes a list register back that the guest has not acknowledged: its interrupt is held from now on, or goes to the target of
     * its migration. V held, interrupts masked. Only corrected rules do that.
     */
    void withdraw(Pcpu cpu, VgicVcpu v, int i, PendingIrq p, long lr) {
        v.lock().assertHeldBy(cpu);
        gic.writeLr(cpu, i, lr & ~VirtualCpuInterface.LR_STATE);
        cpu.setLrMask(cpu.lrMask() & ~(1L << i));
        cpu.events().record(Event.WITHDRAWN, p.domain(), p.irq(), i);
        p.status().setBit(cpu, PendingIrq.QUEUED);
        p.status().clearBit(cpu, PendingIrq.VISIBLE);
        p.status().clearBit(cpu, PendingIrq.ACTIVE);
        p.lr().setGuarded(cpu, PendingIrq.INVALID_LR);
        if (p.status().testBit(cpu, PendingIrq.MIGRATING)) {
            RankRules.MigrationEndRule end = rules.injectsAgain;
            end.leaving(cpu, p, true);
            rules.past.retireOrder.end(cpu, this, v, p, p.desc().getOpaque(cpu), end);
            reinjections[cpu.id()].push(p);
        }
    }

    /**
     * Takes back what is recorded or pending of {@code p}. V of {@code held} held. Only corrected rules do that.
     *
     * @return whether {@code held} is to be kicked
     */
    boolean unpend(Pcpu cpu, VgicVcpu held, PendingIrq p) {
        int status = p.status().getOpaque(cpu);
        if (p.inflight().isEmpty(cpu) || (status & 1 << PendingIrq.MIGRATING) != 0) {
            return false;
        }
        p.status().clearBit(cpu, PendingIrq.QUEUED);
        if ((status & 1 << PendingIrq.VISIBLE) != 0) {
            p.orders().setGuarded(cpu, DeliveryRules.UNPEND);
            return DeliveryRules.recalled(cpu, this, held, p);
        }
        removeLrPending(cpu, held, p);
        removeInflight(cpu, held, p);
        IrqDesc desc = p.desc().getOpaque(cpu);
        if (desc != null) {
            rules.past.status.finish(cpu, desc);
            cpu.smpWmb(); // off the list before the line can fire again
            gic.deactivateIrq(cpu, desc.irq());
        }
        return false;
    }

    /** The vCPU to which an interrupt goes whose migration ends. V of the old vCPU held. */
    VgicVcpu targetOf(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        VgicVcpu target = rules.past.retiredTarget.lookUp(cpu, v.domain(), p.irq());
        rules.store.ending(cpu, p, target.vcpu().vcpuId());
        return target;
    }

    /** Routes an interrupt whose migration ends to the pCPU of its target, which is returned. V of the old vCPU held. */
    int routeTo(Pcpu cpu, VgicVcpu target, PendingIrq p, IrqDesc desc) {
        int at = target.vcpu().processor().getOpaque(cpu);
        rules.route(cpu, desc, pcpus[at], p);
        cpu.events().record(Event.MOVE_DONE, p.domain(), p.irq(), at);
        return at;
    }

    /** The migration has ended. V of the old vCPU held. */
    void moved(Pcpu cpu, VgicVcpu target, int at, PendingIrq p, IrqDesc desc, RankRules.MigrationEndRule end) {
        if (desc != null) {
            rules.place.routed(cpu, target.domain(), p, target, at, end.endsEarly());
        }
    }

    private void dropped(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        cpu.events().record(Event.DROPPED, p.domain(), p.irq(), v.vcpu().vcpuId());
        witness.assertionDropped(p.domain(), p.irq());
    }

    /** This pCPU's stack of what is to be injected again. */
    Reinjections reinjections(Pcpu cpu) {
        return reinjections[cpu.id()];
    }

    /** Disarms the underflow interrupt, then brings every allocated list register up to date under V. */
    @Xen("vgic_sync_from_lrs")
    void syncFromLrs(Pcpu cpu, VgicVcpu v) {
        gic.updateHcrStatus(cpu, VirtualCpuInterface.HCR_UIE, false);
        int flags = v.lock().lockIrqSave(cpu);
        for (long mask = cpu.lrMask(); mask != 0; mask &= mask - 1) {
            updateOneLr(cpu, v, Long.numberOfTrailingZeros(mask));
        }
        rules.late.synced(cpu, v);
        rules.delivery.recall.synced(cpu, v);
        v.lock().unlockIrqRestore(cpu, flags);
    }

    // ---- flush ------------------------------------------------------------------------------------------------------

    /** Fills list registers from lr_pending, evicting where that is allowed. Interrupts masked; takes V. */
    @Xen("gic_restore_pending_irqs")
    private void restorePendingIrqs(Pcpu cpu, VgicVcpu v) {
        v.lock().lock(cpu);
        rules.late.look(cpu, this, v);
        rules.delivery.recall.beforeEntry(cpu, this, v);
        ListNode<PendingIrq> walkFrom = v.inflight();
        int lr = 0;
        int left = gic.nrLrs();
        ListNode<PendingIrq> last = v.lrPending();
        ListNode<PendingIrq> node = last.next(cpu);
        while (node != v.lrPending() && left > 0) {
            ListNode<PendingIrq> following = node.next(cpu); // saved before a victim may be inserted
            PendingIrq p = entry(cpu, v, v.lrPending(), last, node, 0);
            lr = findUnusedLr(cpu, lr);
            if (lr >= gic.nrLrs()) {
                PendingIrq victim = rules.victim.find(cpu, this, v, walkFrom, p);
                if (victim == null) {
                    break;
                }
                lr = evict(cpu, v, victim);
                walkFrom = victim.inflight();
            }
            setLr(cpu, p, lr);
            removeLrPending(cpu, v, p);
            cpu.setLrMask(cpu.lrMask() | 1L << lr);
            left--;
            last = node;
            node = following;
        }
        v.lock().unlock(cpu);
    }

    private int evict(Pcpu cpu, VgicVcpu v, PendingIrq victim) {
        int lr = lrOf(cpu, v, victim);
        PendingIrq content = content(cpu, v, lr);
        if (content != victim) {
            rules.links.misread(victim, content);
        }
        cpu.count(Counter.EVICTIONS);
        cpu.events().record(Event.EVICTED, victim.domain(), victim.irq(), lr);
        victim.lr().setGuarded(cpu, PendingIrq.INVALID_LR);
        victim.status().setBit(cpu, PendingIrq.QUEUED);
        victim.status().clearBit(cpu, PendingIrq.VISIBLE);
        addToLrPending(cpu, v, victim);
        return lr;
    }

    /** Fills list registers of the current vCPU and arms the underflow interrupt if not all fit. Interrupts masked. */
    @Xen("vgic_sync_to_lrs")
    void syncToLrs(Pcpu cpu) {
        VgicVcpu v = (VgicVcpu) cpu.current().vgic();
        restorePendingIrqs(cpu, v);
        if (!v.lrPending().isEmptyOpaque(cpu) && rules.past.allFull.isFull(cpu, gic.nrLrs())) {
            gic.updateHcrStatus(cpu, VirtualCpuInterface.HCR_UIE, true);
            cpu.count(Counter.UIE);
        }
    }

    // ---- what is there ----------------------------------------------------------------------------------------------

    @Xen("gic_dump_vgic_info")
    String dump(Pcpu cpu, VgicVcpu v) {
        StringBuilder b = new StringBuilder();
        dump(cpu, v, v.inflight(), "Inflight", b);
        dump(cpu, v, v.lrPending(), "Pending", b);
        return b.toString();
    }

    /** A list that changes meanwhile may lead nowhere: the walk ends where there can be no more entries. */
    private static void dump(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> head, String name, StringBuilder out) {
        int left = 32 + v.domain().nrSpis();
        for (ListNode<PendingIrq> n = head.nextOpaque(cpu); n != head && left > 0; n = n.nextOpaque(cpu)) {
            PendingIrq p = n.element();
            out.append(name)
                    .append(" irq=")
                    .append(p == null ? "?" : p.irq())
                    .append(" lr=")
                    .append(p == null ? "?" : p.lr().getOpaque(cpu))
                    .append('\n');
            left--;
        }
    }

    // ---- what could be taken ----------------------------------------------------------------------------------------

    /** Whether an enabled interrupt of the current vCPU beats priority mask and active priority. */
    @Xen("vgic_vcpu_pending_irq")
    boolean pendingIrq(Pcpu cpu, VgicVcpu v) {
        int apr = gic.readApr(cpu);
        int mask = gic.readVmcrPriority(cpu);
        int running = apr == 0 ? 32 : Integer.numberOfTrailingZeros(apr);
        boolean pending = false;
        int flags = v.lock().lockIrqSave(cpu);
        int steps = 0;
        ListNode<PendingIrq> last = v.inflight();
        for (ListNode<PendingIrq> n = last.next(cpu); n != v.inflight(); n = n.next(cpu)) {
            PendingIrq p = entry(cpu, v, v.inflight(), last, n, steps++);
            last = n;
            if (rules.delivery.mask.holdsBack(cpu, p, p.priority().getGuarded(cpu), mask, running)) {
                break;
            }
            if (p.status().testBit(cpu, PendingIrq.ENABLED) && rules.delivery.forward.counts(cpu, v.domain(), p)) {
                pending = true;
                break;
            }
        }
        v.lock().unlockIrqRestore(cpu, flags);
        return pending;
    }

    /** Which interrupt list register {@code lr} of this pCPU names. */
    private PendingIrq content(Pcpu cpu, VgicVcpu v, int lr) {
        return v.domain().inLr(v.vcpu(), gic.readLr(cpu, lr));
    }
}

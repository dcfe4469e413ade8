package org.smpvisor.vgic.rank;

import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/**
 * The variant points of the old vGIC: one small rule per weak spot, as Xen has it or corrected. A faithful rule marks the
 * interrupt when its window is really met.
 */
final class RankRules {
    /** Whose lock protects an SPI (H1, H3). */
    interface OwnerRule {
        /** The vCPU whose V to take, {@code target} being the one that the route names. */
        VgicVcpu choose(Pcpu cpu, PendingIrq p, VgicVcpu target);

        /** With V of {@code v} held: whether it is the right lock, {@code route} being the vCPU that the route named. */
        boolean confirm(Pcpu cpu, PendingIrq p, VgicVcpu v, VgicVcpu route);

        /** Whether a purely virtual SPI migrates like a hardware one. */
        boolean movesVirtual();
    }

    /** Whether the route is looked at again once V is held (H2). */
    interface TargetRule {
        boolean confirm(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu v);
    }

    /** What becomes of an assertion that was recorded during a migration, when the LR is cleaned (H3). */
    interface MigrationEndRule {
        /**
         * The entry is about to leave the old vCPU's list; V(old) held.
         *
         * @return whether the recorded assertion is to be injected into the new target
         */
        boolean leaving(Pcpu cpu, PendingIrq p, boolean queued);

        /** The entry has left the list and the route is set. */
        void left(Pcpu cpu, PendingIrq p);
    }

    /** Whether enabling sets the route of an SPI at once (H27). */
    interface EnableRouteRule {
        boolean routesNow(Pcpu cpu, PendingIrq p);
    }

    /** Whether retargeting a held SPI sets MIGRATING (H5). */
    interface HeldMoveRule {
        boolean waitsForLr(Pcpu cpu, PendingIrq p);
    }

    /** Whether the new target is written inside the old vCPU's critical section (H10). */
    interface StoreRule {
        boolean storesEarly();

        /** A migration ends and routes by {@code target}. */
        void ending(Pcpu cpu, PendingIrq p, int target);
    }

    /** Whether an assertion of a disabled SPI stays held when its LR is cleaned (H11). */
    interface DisabledRule {
        boolean staysHeld(Pcpu cpu, PendingIrq p);
    }

    /** Whether a pending LR takes back the ACTIVE mark (H12). */
    interface ActiveRule {
        void pendingAgain(Pcpu cpu, PendingIrq p);
    }

    /** Finds whom to evict (H26, H28). */
    interface VictimRule {
        /**
         * @param from where the last walk of this flush ended, the head of the inflight list at first
         * @return the victim, or {@code null} to end the flush
         */
        PendingIrq find(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> from, PendingIrq p);
    }

    /** Whether an enable that raised an interrupt for {@code v} kicks it (SV1). */
    interface EnableKickRule {
        boolean kicks(Pcpu cpu, PendingIrq p, VgicVcpu v);
    }

    /** The interrupt mask around arch_move_irqs (C1). */
    interface MoveMaskRule {
        int enter(Pcpu cpu, int domain);

        void leave(Pcpu cpu, int flags);
    }

    final OwnerRule owner;
    final TargetRule target;
    final MigrationEndRule migrationEnd;
    final EnableRouteRule enableRoute;
    final HeldMoveRule heldMove;
    final StoreRule store;
    final DisabledRule disabled;
    final ActiveRule active;
    final VictimRule victim;
    final EnableKickRule enableKick;
    final MoveMaskRule moveMask;
    private final Marks marks;

    RankRules(Variant variant, Marks marks) {
        this.marks = marks;
        boolean ownerFixed = variant.isFixed(Quirk.H1);
        boolean staleFixed = variant.isFixed(Quirk.H3);
        owner = ownerFixed || staleFixed ? new OwnersLock(ownerFixed) : new TargetsLock();
        target = variant.isFixed(Quirk.H2) ? RankRules::recheckTarget : this::trustTarget;
        migrationEnd = staleFixed ? new InjectAgain() : new DropQueued();
        enableRoute = variant.isFixed(Quirk.H27) ? RankRules::routeUnlessMigrating : this::routeAlways;
        heldMove = variant.isFixed(Quirk.H5) ? RankRules::onlyIfVisible : this::always;
        store = variant.isFixed(Quirk.H10) ? new StoreEarly() : new StoreLate();
        disabled = variant.isFixed(Quirk.H11) ? RankRules::queuedStays : this::queuedIsDropped;
        active =
                variant.isFixed(Quirk.H12) ? (cpu, p) -> p.status().clearBit(cpu, PendingIrq.ACTIVE) : this::keepActive;
        victim = variant.isFixed(Quirk.H28) ? RankRules::leastUrgent : this::xenVictim;
        enableKick = variant.isFixed(Quirk.SV1) ? (cpu, p, v) -> true : this::noKick;
        moveMask = variant.isFixed(Quirk.C1) ? new Masked() : new Open();
    }

    // ---- H1, H3 -----------------------------------------------------------------------------------------------------

    /** Xen: the lock of the vCPU that the route names. */
    private final class TargetsLock implements OwnerRule {
        @Override
        public VgicVcpu choose(Pcpu cpu, PendingIrq p, VgicVcpu t) {
            return t;
        }

        @Override
        public boolean confirm(Pcpu cpu, PendingIrq p, VgicVcpu v, VgicVcpu route) {
            VgicVcpu o = p.owner().peek();
            if (o != null && o != v) {
                Quirk q = p.desc().peek() == null ? Quirk.H1 : Quirk.H3;
                marks.reached(q, p.domain(), p.irq());
                marks.taints(q, p.domain(), o.vcpu().vcpuId());
                marks.taints(q, p.domain(), v.vcpu().vcpuId());
            }
            return true;
        }

        @Override
        public boolean movesVirtual() {
            return false;
        }
    }

    /** Corrected: the lock of the vCPU whose list holds the entry, confirmed once it is held. */
    private static final class OwnersLock implements OwnerRule {
        private final boolean movesVirtual;

        OwnersLock(boolean movesVirtual) {
            this.movesVirtual = movesVirtual;
        }

        @Override
        public VgicVcpu choose(Pcpu cpu, PendingIrq p, VgicVcpu t) {
            VgicVcpu o = p.owner().getAcquire(cpu);
            return o != null ? o : t;
        }

        @Override
        public boolean confirm(Pcpu cpu, PendingIrq p, VgicVcpu v, VgicVcpu route) {
            VgicVcpu o = p.owner().getAcquire(cpu);
            return o == v || o == null && v == route;
        }

        @Override
        public boolean movesVirtual() {
            return movesVirtual;
        }
    }

    // ---- H2 ---------------------------------------------------------------------------------------------------------

    private boolean trustTarget(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu v) {
        if (d.peekTarget(p.irq()) != v.vcpu().vcpuId() && p.owner().peek() == null) {
            marks.reached(Quirk.H2, p.domain(), p.irq());
        }
        return true;
    }

    private static boolean recheckTarget(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu v) {
        return p.owner().getAcquire(cpu) == v || d.target(cpu, p.irq()) == v;
    }

    // ---- migration --------------------------------------------------------------------------------------------------

    /** Xen: MIGRATING goes last, and a recorded assertion is forgotten. */
    private final class DropQueued implements MigrationEndRule {
        @Override
        public boolean leaving(Pcpu cpu, PendingIrq p, boolean queued) {
            if (queued && p.desc().peek() != null) {
                marks.reached(Quirk.H3, p.domain(), p.irq());
            }
            return queued && p.desc().peek() == null; // Xen never migrates a virtual SPI; H1's rule must not lose one
        }

        @Override
        public void left(Pcpu cpu, PendingIrq p) {
            p.status().clearBit(cpu, PendingIrq.MIGRATING);
        }
    }

    /** Corrected: once the entry is on no list another pCPU may inject it, so its bits are settled before. */
    private static final class InjectAgain implements MigrationEndRule {
        @Override
        public boolean leaving(Pcpu cpu, PendingIrq p, boolean queued) {
            p.status().clearBit(cpu, PendingIrq.QUEUED);
            p.status().clearBit(cpu, PendingIrq.MIGRATING);
            return queued;
        }

        @Override
        public void left(Pcpu cpu, PendingIrq p) {
            // Not this pCPU's entry any more.
        }
    }

    private boolean routeAlways(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek() & 1 << PendingIrq.MIGRATING) != 0) {
            marks.reached(Quirk.H27, p.domain(), p.irq());
        }
        return true;
    }

    private static boolean routeUnlessMigrating(Pcpu cpu, PendingIrq p) {
        return !p.status().testBit(cpu, PendingIrq.MIGRATING);
    }

    private boolean always(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek() & 1 << PendingIrq.VISIBLE) == 0) {
            marks.reached(Quirk.H5, p.domain(), p.irq());
        }
        return true;
    }

    private static boolean onlyIfVisible(Pcpu cpu, PendingIrq p) {
        return p.status().testBit(cpu, PendingIrq.VISIBLE);
    }

    private final class StoreLate implements StoreRule {
        @Override
        public boolean storesEarly() {
            return false;
        }

        @Override
        public void ending(Pcpu cpu, PendingIrq p, int t) {
            if (p.migratingTo().peek() != t) {
                marks.reached(Quirk.H10, p.domain(), p.irq());
            }
        }
    }

    private static final class StoreEarly implements StoreRule {
        @Override
        public boolean storesEarly() {
            return true;
        }

        @Override
        public void ending(Pcpu cpu, PendingIrq p, int t) {
            // The value was written before MIGRATING became visible to anybody.
        }
    }

    private boolean noKick(Pcpu cpu, PendingIrq p, VgicVcpu v) {
        if (v.vcpu() != cpu.current()) {
            marks.reached(Quirk.SV1, p.domain(), p.irq());
        }
        return false;
    }

    // ---- list registers ---------------------------------------------------------------------------------------------

    private boolean queuedIsDropped(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek() & 1 << PendingIrq.QUEUED) != 0) {
            marks.reached(Quirk.H11, p.domain(), p.irq());
        }
        return false;
    }

    private static boolean queuedStays(Pcpu cpu, PendingIrq p) {
        return p.status().testBit(cpu, PendingIrq.QUEUED);
    }

    private void keepActive(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek() & 1 << PendingIrq.ACTIVE) != 0) {
            marks.reached(Quirk.H12, p.domain(), p.irq());
        }
    }

    /** Backwards from where the last walk ended; equal priority ends the flush; urgency is not compared. */
    @Xen("gic_restore_pending_irqs")
    private PendingIrq xenVictim(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> from, PendingIrq p) {
        int steps = 0;
        for (ListNode<PendingIrq> n = from.prev(); n != from; n = n.prev()) {
            PendingIrq candidate = n.element();
            ListRegisters.checkSteps(v, ++steps);
            if (candidate == null) {
                marks.reached(Quirk.H28, p.domain(), p.irq()); // the list head is read as an entry: never a victim
                continue;
            }
            if (candidate.priority().peek() == p.priority().peek()) {
                return null;
            }
            if (isEvictable(cpu, candidate)) {
                if (candidate.priority().peek() < p.priority().peek()) {
                    marks.reached(Quirk.H28, candidate.domain(), candidate.irq());
                }
                return candidate;
            }
        }
        return null;
    }

    private static PendingIrq leastUrgent(Pcpu cpu, VgicVcpu v, ListNode<PendingIrq> from, PendingIrq p) {
        int steps = 0;
        for (ListNode<PendingIrq> n = v.inflight().prev(); n != v.inflight(); n = n.prev()) {
            PendingIrq candidate = ListRegisters.entry(v, n, steps++);
            if (candidate.priority().peek() <= p.priority().peek()) {
                return null;
            }
            if (isEvictable(cpu, candidate)) {
                return candidate;
            }
        }
        return null;
    }

    private static boolean isEvictable(Pcpu cpu, PendingIrq p) {
        int s = p.status().getOpaque(cpu);
        return (s & 1 << PendingIrq.VISIBLE) != 0 && (s & 1 << PendingIrq.ACTIVE) == 0;
    }

    // ---- C1 ---------------------------------------------------------------------------------------------------------

    /** Xen: the caller's state, which is open. */
    private final class Open implements MoveMaskRule {
        @Override
        public int enter(Pcpu cpu, int domain) {
            marks.reached(Quirk.C1, domain, 0);
            return 0;
        }

        @Override
        public void leave(Pcpu cpu, int flags) {
            // The mask was not touched.
        }
    }

    private static final class Masked implements MoveMaskRule {
        @Override
        public int enter(Pcpu cpu, int domain) {
            return cpu.localIrqSave();
        }

        @Override
        public void leave(Pcpu cpu, int flags) {
            cpu.localIrqRestore(flags);
        }
    }

    /** A wrong list register was synced (H3): marks the interrupt that it holds. */
    void wrongLr(PendingIrq p, PendingIrq content) {
        if (p != content) {
            marks.reached(p.desc().peek() == null ? Quirk.H1 : Quirk.H3, content.domain(), content.irq());
        }
    }
}

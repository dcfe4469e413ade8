package org.smpvisor.vgic.rank;

import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.HwIrqController;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/**
 * The variant points of the old vGIC: one small rule per weak spot, as Xen has it or corrected. A faithful rule marks the
 * interrupt when its window is really met.
 */
final class RankRules {
    /** Whose lock protects an SPI (H1 without hardware behind it, H3 with). */
    interface OwnerRule {
        /** The vCPU whose V to take, {@code target} being the one that the route names. */
        VgicVcpu choose(Pcpu cpu, PendingIrq p, VgicVcpu target);

        /** With V of {@code v} held: whether it is the right lock, {@code route} being the vCPU that the route named. */
        boolean confirm(Pcpu cpu, PendingIrq p, VgicVcpu v, VgicVcpu route);
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

        /** Whether {@code leaving} lets others move the interrupt again, so that the route that is set may be out of date. */
        boolean endsEarly();
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

    /** Whether a route that was written is still one to where its target runs, which was read without a lock (H10). */
    interface PlaceRule {
        /** The SPIs of a vCPU are about to follow it to another pCPU. */
        default void follows(Pcpu cpu) {}

        /**
         * An SPI with hardware behind it was routed to pCPU {@code at}, where {@code named} ran, and what says that {@code named} is its target is written.
         *
         * @param mayMove whether its target may have changed meanwhile
         */
        void routed(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu named, int at, boolean mayMove);
    }

    /** Whether an assertion of a disabled SPI stays held when its LR is cleaned (H11). */
    interface DisabledRule {
        boolean staysHeld(Pcpu cpu, PendingIrq p);
    }

    /** Whether a pending LR takes back the ACTIVE mark (H12). */
    interface ActiveRule {
        void pendingAgain(Pcpu cpu, PendingIrq p);
    }

    /** Whether a victim walk goes on behind the head of its list (H26). */
    private interface HeadRule {
        boolean goesOn(Pcpu cpu, PendingIrq p);
    }

    /** Finds whom to evict (H28). */
    interface VictimRule {
        /**
         * @param from where the last walk of this flush ended, the head of the inflight list at first
         * @return the victim, or {@code null} to end the flush
         */
        PendingIrq find(Pcpu cpu, ListRegisters lrs, VgicVcpu v, ListNode<PendingIrq> from, PendingIrq p);
    }

    /** Whether an enable that raised an interrupt for {@code v} kicks it (SV1). */
    interface EnableKickRule {
        boolean kicks(Pcpu cpu, PendingIrq p, VgicVcpu v);
    }

    /** What is done before guest entry about assertions that were recorded since the sync (SV4). V held. */
    interface LateRule {
        /** An assertion was recorded, or enabled, that may concern a list register in use. V of {@code v} held. */
        default void noted(Pcpu cpu, VgicVcpu v) {}

        /** All list registers of {@code v} have been synced. V of {@code v} held. */
        default void synced(Pcpu cpu, VgicVcpu v) {}

        /** Guest entry: V of {@code v} held. */
        void look(Pcpu cpu, ListRegisters lrs, VgicVcpu v);
    }

    /** The interrupt mask around arch_move_irqs (C1). */
    interface MoveMaskRule {
        int enter(Pcpu cpu, int domain);

        void leave(Pcpu cpu, int flags);
    }

    /** Whom to kick when an interrupt is enabled that is in a list register already; {@code null} for nobody (SV2). */
    interface VisibleKickRule {
        VgicVcpu toKick(Pcpu cpu, PendingIrq p);
    }

    /** What is done on a trap from the guest before interrupts are opened (SV3). */
    interface TrapEntryRule {
        /** Returns whether {@link #opened} is to be told when that is done. */
        boolean beforeIrqsOpen(Pcpu cpu, GicHwOperations gic);

        default void opened(Pcpu cpu) {}
    }

    /** What CPU_ON does with an interrupt that was pending for the vCPU (H7). V held. */
    interface PowerOnRule {
        /** {@code p} is about to be taken off the inflight list. Returns whether it was on its way to another vCPU. */
        boolean unlinking(Pcpu cpu, ListRegisters lrs, VgicVcpu v, PendingIrq p);

        /** It has been: others may find it from now on. */
        default void unlinked(Pcpu cpu, RankVgic vgic, PendingIrq p, boolean moving) {}

        /** All have been, and the saved bitmap is zero. */
        default void cleared(Pcpu cpu, GicHwOperations gic, Vcpu v) {}
    }

    private static final int STALE =
            1 << PendingIrq.QUEUED | 1 << PendingIrq.VISIBLE | 1 << PendingIrq.ACTIVE | 1 << PendingIrq.MIGRATING;

    /** Bits 47:40 of an address in Xen's direct map. */
    private static final int DIRECT_MAP_BYTE = 0x80;

    private static final int LATE = 1 << PendingIrq.QUEUED | 1 << PendingIrq.VISIBLE | 1 << PendingIrq.ENABLED;

    /** Whether a purely virtual SPI migrates like a hardware one (H1); Xen never migrates it. */
    final boolean movesVirtual;

    /** Whether an interrupt and the lists that it is on are touched under the lock of its owner only. */
    final boolean useOwnersLock;

    final TargetRule target;
    final EnableRouteRule enableRoute;
    final HeldMoveRule heldMove;
    final StoreRule store;
    final PlaceRule place;
    final DisabledRule disabled;
    final ActiveRule active;
    final VictimRule victim;
    private final HeadRule head;
    final EnableKickRule enableKick;
    final VisibleKickRule visibleKick;
    final TrapEntryRule trapEntry;
    final MoveMaskRule moveMask;
    final LateRule late;
    final PowerOnRule powerOn;
    final ListLinks links;
    final PastRankRules past;
    final DeliveryRules delivery;
    final RegisterRules registers;

    /** How a migration ends whose assertion must not be forgotten. */
    final MigrationEndRule injectsAgain = new InjectAgain();

    private final OwnerRule virtualOwner;
    private final OwnerRule hardwareOwner;
    private final MigrationEndRule virtualMigrationEnd;
    private final MigrationEndRule hardwareMigrationEnd;
    private final boolean targetTrusted;
    private final boolean toleratesAbsence;

    /** Who is to blame where an entry is touched under the wrong lock: once owners are asked, only a stale target is left. */
    private final Quirk virtualCause;

    private final Quirk hardwareCause;
    private final Marks marks;
    private final Pcpu[] pcpus;

    RankRules(Variant variant, Marks marks, GicHwOperations gic, Pcpu[] pcpus) {
        this.marks = marks;
        this.pcpus = pcpus;
        delivery = new DeliveryRules(variant, marks, gic);
        registers = new RegisterRules(variant, marks);
        virtualCause = firstInForce(variant, Quirk.H1, Quirk.H2, Quirk.H10);
        hardwareCause = firstInForce(variant, Quirk.H3, Quirk.H2, Quirk.H10);
        this.links = new ListLinks(marks, virtualCause, hardwareCause);
        this.past = new PastRankRules(variant, marks);
        movesVirtual = variant.isFixed(Quirk.H1);
        useOwnersLock = movesVirtual
                && variant.isFixed(Quirk.H2)
                && variant.isFixed(Quirk.H3)
                && variant.isFixed(Quirk.H5)
                && variant.isFixed(Quirk.H10);
        virtualOwner = movesVirtual ? new OwnersLock() : new TargetsLock();
        hardwareOwner = variant.isFixed(Quirk.H3) ? new OwnersLock() : new TargetsLock();
        virtualMigrationEnd = new InjectAgain();
        toleratesAbsence = variant.isFixed(Quirk.H6);
        targetTrusted = !variant.isFixed(Quirk.H2);
        target = variant.isFixed(Quirk.H2) ? RankRules::recheckTarget : this::trustTarget;
        hardwareMigrationEnd = variant.isFixed(Quirk.H3) ? new InjectAgain() : new DropQueued();
        enableRoute = variant.isFixed(Quirk.H27) ? RankRules::routeUnlessMigrating : this::routeAlways;
        heldMove = variant.isFixed(Quirk.H5) ? RankRules::onlyIfVisible : this::always;
        store = variant.isFixed(Quirk.H10) ? new StoreEarly() : new StoreLate();
        place = variant.isFixed(Quirk.H10) ? new PlaceAgain() : this::placeOnce;
        disabled = variant.isFixed(Quirk.H11) ? RankRules::queuedStays : this::queuedIsDropped;
        active =
                variant.isFixed(Quirk.H12) ? (cpu, p) -> p.status().clearBit(cpu, PendingIrq.ACTIVE) : this::keepActive;
        head = variant.isFixed(Quirk.H26) ? (cpu, p) -> false : this::readAsEntry;
        victim = variant.isFixed(Quirk.H28) ? RankRules::leastUrgent : this::xenVictim;
        enableKick = variant.isFixed(Quirk.SV1) ? (cpu, p, v) -> true : this::noKick;
        visibleKick = variant.isFixed(Quirk.SV2) ? (cpu, p) -> p.owner().getOpaque(cpu) : this::noKickForVisible;
        trapEntry = variant.isFixed(Quirk.SV3) ? new DisarmFirst() : new OpenFirst();
        late = variant.isFixed(Quirk.SV4) ? new SyncAgain() : this::waitForExit;
        powerOn = variant.isFixed(Quirk.H7) ? new ForgetAll() : this::unlinkOnly;
        moveMask = variant.isFixed(Quirk.C1) ? new Masked() : new Open();
    }

    /**
     * Routes the physical SPI behind {@code p}, if there is one. Its controller may be gone by now, or not there yet, and has no such
     * callback then (H6).
     */
    void route(Pcpu cpu, IrqDesc desc, Pcpu target, PendingIrq p) {
        try {
            Irq.setAffinity(cpu, desc, target, p.domain(), p.irq());
        } catch (HwIrqController.Absent e) {
            if (!toleratesAbsence) {
                reached(cpu, Quirk.H6, p);
                throw new StateCorrupted(p.domain(), -1, p.irq(), e.getMessage());
            }
        }
    }

    /** Whether an assertion of a virtual SPI is kept for its new target; Xen never migrates one (H1). */
    boolean waitsForTarget(Pcpu cpu, PendingIrq p) {
        return movesVirtual && isVirtual(cpu, p) && p.status().testBit(cpu, PendingIrq.MIGRATING);
    }

    /** Which kind's rule applies. No decision of Xen's, and the same as long as the interrupt is in use: so it is no point. */
    private static boolean isVirtual(Pcpu cpu, PendingIrq p) {
        return p.desc().peek(cpu) == null;
    }

    /** The owner rule for the kind of {@code p}. */
    OwnerRule owner(Pcpu cpu, PendingIrq p) {
        return isVirtual(cpu, p) ? virtualOwner : hardwareOwner;
    }

    /** The migration-end rule for the kind of {@code p}. */
    MigrationEndRule migrationEnd(Pcpu cpu, PendingIrq p) {
        return isVirtual(cpu, p) ? virtualMigrationEnd : hardwareMigrationEnd;
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
            VgicVcpu o = p.owner().peek(cpu);
            if (o != null && o != v && !past.retireOrder.isAhead(p)) {
                reached(cpu, wrongLock(cpu, p), p);
            }
            return true;
        }
    }

    /** Corrected: the lock of the vCPU whose list holds the entry, confirmed once it is held. */
    private static final class OwnersLock implements OwnerRule {
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
    }

    // ---- H2 ---------------------------------------------------------------------------------------------------------

    private boolean trustTarget(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu v) {
        if (d.peekTarget(cpu, p.irq()) != v.vcpu().vcpuId() && p.owner().peek(cpu) == null) {
            reached(cpu, Quirk.H2, p);
        }
        return true;
    }

    private static boolean recheckTarget(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu v) {
        if (p.owner().getAcquire(cpu) == v) {
            return true;
        }
        boolean same = d.target(cpu, p.irq()) == v;
        cpu.smpRmb(); // V may have been taken before the route was written: pairs with the fence in RankVgic.storeEarly
        return same;
    }

    // ---- migration --------------------------------------------------------------------------------------------------

    /** Xen: MIGRATING goes last, and a recorded assertion is forgotten. */
    private final class DropQueued implements MigrationEndRule {
        @Override
        public boolean leaving(Pcpu cpu, PendingIrq p, boolean queued) {
            if (queued) {
                reached(cpu, Quirk.H3, p);
            }
            return false;
        }

        @Override
        public void left(Pcpu cpu, PendingIrq p) {
            p.status().clearBit(cpu, PendingIrq.MIGRATING);
        }

        @Override
        public boolean endsEarly() {
            return false; // while MIGRATING is set a move is refused
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

        @Override
        public boolean endsEarly() {
            return true;
        }
    }

    private boolean routeAlways(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek(cpu) & 1 << PendingIrq.MIGRATING) != 0) {
            reached(cpu, Quirk.H27, p);
        }
        return true;
    }

    private static boolean routeUnlessMigrating(Pcpu cpu, PendingIrq p) {
        return !p.status().testBit(cpu, PendingIrq.MIGRATING);
    }

    private boolean always(Pcpu cpu, PendingIrq p) {
        if (isVirtual(cpu, p)) {
            return onlyIfVisible(cpu, p); // Xen never migrates a virtual SPI, so that H1's rule is free here
        }
        if ((p.status().peek(cpu) & 1 << PendingIrq.VISIBLE) == 0) {
            reached(cpu, Quirk.H5, p);
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
            if (p.migratingTo().peek(cpu) != t) {
                reached(cpu, Quirk.H10, p);
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

    /**
     * Xen does not look; this is for the marks alone. Whoever moves the SPI holds its rank's lock until the new target is written;
     * whoever moves the vCPU has its SPIs follow, but not those that it finds in migration or on their way to it.
     */
    private void placeOnce(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu named, int at, boolean mayMove) {
        Pcpu mover = d.rankOfSpi(p.irq()).lock().owner();
        boolean moved = d.peekTarget(cpu, p.irq()) != named.vcpu().vcpuId() || mover != null && mover != cpu;
        if (named.vcpu().processor().peek(cpu) != at || mayMove && moved) {
            reached(cpu, Quirk.H10, p);
        }
    }

    /**
     * Corrected: target and pCPU are read again, and the route is written again while it leads elsewhere. The host GIC's lock
     * orders two such writes: whoever comes second has seen what the first one had read.
     */
    private final class PlaceAgain implements PlaceRule {
        @Override
        public void follows(Pcpu cpu) {
            cpu.smpMb(); // whoever does not see the new pCPU has written what is read next: pairs with routed
        }

        @Override
        public void routed(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu named, int at, boolean mayMove) {
            int last = at;
            cpu.smpMb(); // the new target, or the end of the migration, is written: pairs with follows
            for (int now = processorOfTarget(cpu, d, p); now != last; now = processorOfTarget(cpu, d, p)) {
                route(cpu, p.desc().getOpaque(cpu), pcpus[now], p);
                last = now;
            }
        }

        private static int processorOfTarget(Pcpu cpu, VgicDomain d, PendingIrq p) {
            return d.target(cpu, p.irq()).vcpu().processor().getOpaque(cpu);
        }
    }

    private boolean noKick(Pcpu cpu, PendingIrq p, VgicVcpu v) {
        if (v.vcpu() != cpu.current()) {
            reached(cpu, Quirk.SV1, p);
        }
        return false;
    }

    private static boolean isLate(Pcpu cpu, PendingIrq p) {
        return (p.status().peek(cpu) & LATE) == LATE;
    }

    /** Xen does not look; this walk is for the marks alone, and lists may be broken. */
    private void waitForExit(Pcpu cpu, ListRegisters lrs, VgicVcpu v) {
        ListNode<PendingIrq> n = v.inflight().peekNext(cpu);
        for (int steps = 0; n.element() != null && steps < 64; steps++) {
            if (isLate(cpu, n.element()) && !past.reassert.hasSkipped(n.element())) {
                reached(cpu, Quirk.SV4, n.element());
            }
            n = n.peekNext(cpu);
        }
    }

    /** Corrected; walks only where something was recorded since the sync. */
    private static final class SyncAgain implements LateRule {
        @Override
        public void noted(Pcpu cpu, VgicVcpu v) {
            v.late().setGuarded(cpu, 1);
        }

        @Override
        public void synced(Pcpu cpu, VgicVcpu v) {
            if (v.late().getGuarded(cpu) != 0) {
                v.late().setGuarded(cpu, 0);
            }
        }

        @Override
        public void look(Pcpu cpu, ListRegisters lrs, VgicVcpu v) {
            if (v.late().getGuarded(cpu) != 0) {
                v.late().setGuarded(cpu, 0);
                syncAgain(cpu, lrs, v);
            }
        }
    }

    private static void syncAgain(Pcpu cpu, ListRegisters lrs, VgicVcpu v) {
        ListNode<PendingIrq> last = v.inflight();
        int steps = 0;
        for (ListNode<PendingIrq> n = last.next(cpu); n != v.inflight(); ) {
            ListNode<PendingIrq> following = n.next(cpu); // saved before the entry may leave the list
            PendingIrq p = lrs.entry(cpu, v, v.inflight(), last, n, steps++);
            if ((p.status().getOpaque(cpu) & LATE) == LATE) {
                lrs.updateOneLr(cpu, v, lrs.lrOf(cpu, v, p));
            } else {
                last = n;
            }
            n = following;
        }
    }

    private VgicVcpu noKickForVisible(Pcpu cpu, PendingIrq p) {
        VgicVcpu holder = p.owner().peek(cpu);
        if (holder != null && holder.vcpu() != cpu.current()) {
            reached(cpu, Quirk.SV2, p);
        }
        return null;
    }

    // ---- SV3 --------------------------------------------------------------------------------------------------------

    /** Xen: interrupts are opened while the underflow interrupt may still be armed; the sync that follows disarms it. */
    private final class OpenFirst implements TrapEntryRule {
        @Override
        public boolean beforeIrqsOpen(Pcpu cpu, GicHwOperations gic) {
            boolean armed = gic.isHcrSet(cpu, VirtualCpuInterface.HCR_UIE);
            if (armed) {
                marks.enter(cpu, Quirk.SV3);
            }
            return armed;
        }

        @Override
        public void opened(Pcpu cpu) {
            marks.leave(cpu, Quirk.SV3);
        }
    }

    private static final class DisarmFirst implements TrapEntryRule {
        @Override
        public boolean beforeIrqsOpen(Pcpu cpu, GicHwOperations gic) {
            gic.updateHcrStatus(cpu, VirtualCpuInterface.HCR_UIE, false);
            return false;
        }
    }

    // ---- H7 ---------------------------------------------------------------------------------------------------------

    private boolean unlinkOnly(Pcpu cpu, ListRegisters lrs, VgicVcpu v, PendingIrq p) {
        if ((p.status().peek(cpu) & STALE) != 0) {
            reached(cpu, Quirk.H7, p);
        }
        return false;
    }

    /** Corrected: nothing is left that says that the interrupt was pending, and its line can fire again. */
    private static final class ForgetAll implements PowerOnRule {
        @Override
        public boolean unlinking(Pcpu cpu, ListRegisters lrs, VgicVcpu v, PendingIrq p) {
            lrs.removeLrPending(cpu, v, p);
            boolean moving = p.status().testAndClearBit(cpu, PendingIrq.MIGRATING);
            p.status().clearBit(cpu, PendingIrq.QUEUED);
            p.status().clearBit(cpu, PendingIrq.VISIBLE);
            p.status().clearBit(cpu, PendingIrq.ACTIVE);
            p.lr().setGuarded(cpu, PendingIrq.INVALID_LR);
            p.orders().setGuarded(cpu, 0);
            return moving;
        }

        @Override
        public void unlinked(Pcpu cpu, RankVgic vgic, PendingIrq p, boolean moving) {
            vgic.endPhysical(cpu, p, moving);
        }

        @Override
        public void cleared(Pcpu cpu, GicHwOperations gic, Vcpu v) {
            gic.clearSavedLrs(v);
        }
    }

    // ---- list registers ---------------------------------------------------------------------------------------------

    private boolean queuedIsDropped(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek(cpu) & 1 << PendingIrq.QUEUED) != 0) {
            reached(cpu, Quirk.H11, p);
        }
        return false;
    }

    private static boolean queuedStays(Pcpu cpu, PendingIrq p) {
        return p.status().testBit(cpu, PendingIrq.QUEUED);
    }

    private void keepActive(Pcpu cpu, PendingIrq p) {
        if ((p.status().peek(cpu) & 1 << PendingIrq.ACTIVE) != 0) {
            reached(cpu, Quirk.H12, p);
        }
    }

    /** Backwards from where the last walk ended; equal priority ends the flush; urgency is not compared. */
    @Xen("gic_restore_pending_irqs")
    private PendingIrq xenVictim(Pcpu cpu, ListRegisters lrs, VgicVcpu v, ListNode<PendingIrq> from, PendingIrq p) {
        int steps = 0;
        for (ListNode<PendingIrq> n = from.prev(cpu); n != from; n = n.prev(cpu)) {
            PendingIrq candidate = n.element();
            lrs.checkSteps(cpu, v, v.inflight(), from, ++steps);
            if (candidate == null) {
                if (!head.goesOn(cpu, p)) {
                    return null;
                }
                continue;
            }
            int urgency = candidate.priority().getGuarded(cpu);
            if (urgency == p.priority().getGuarded(cpu)) {
                return null;
            }
            if (isEvictable(cpu, candidate)) {
                if (urgency < p.priority().peek(cpu)) {
                    reached(cpu, Quirk.H28, candidate);
                }
                return candidate;
            }
        }
        return null;
    }

    /**
     * Xen reads the head as an entry. What lies where its status would be says that it is not VISIBLE; what lies where its priority
     * would be is a byte of an address, which ends the flush if it happens to equal the priority of {@code p}.
     */
    private boolean readAsEntry(Pcpu cpu, PendingIrq p) {
        reached(cpu, Quirk.H26, p);
        return p.priority().peek(cpu) != DIRECT_MAP_BYTE;
    }

    private static PendingIrq leastUrgent(
            Pcpu cpu, ListRegisters lrs, VgicVcpu v, ListNode<PendingIrq> from, PendingIrq p) {
        int steps = 0;
        for (ListNode<PendingIrq> n = v.inflight().prev(cpu); n != v.inflight(); n = n.prev(cpu)) {
            PendingIrq candidate = lrs.entry(cpu, v, v.inflight(), n, n, steps++);
            if (candidate.priority().getGuarded(cpu) <= p.priority().getGuarded(cpu)) {
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
            marks.enter(cpu, Quirk.C1);
            return 0;
        }

        @Override
        public void leave(Pcpu cpu, int flags) {
            marks.leave(cpu, Quirk.C1); // the mask was not touched
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

    /** The first of some quirks that is as in Xen; the first of all if none is, and nothing can come of it. */
    private static Quirk firstInForce(Variant variant, Quirk... quirks) {
        for (Quirk q : quirks) {
            if (!variant.isFixed(q)) {
                return q;
            }
        }
        return quirks[0];
    }

    // ---- marks ------------------------------------------------------------------------------------------------------

    private void reached(Pcpu cpu, Quirk q, PendingIrq p) {
        marks.reached(cpu, q, p.domain(), p.vcpu(), p.irq());
    }

    /** The weak spot by which {@code p} is touched under a lock that does not guard it. */
    private Quirk wrongLock(Pcpu cpu, PendingIrq p) {
        return isVirtual(cpu, p) ? virtualCause : hardwareCause;
    }

    /**
     * An SPI has been queued for the vCPU that its route named, V of which is still held. If the route names another one by
     * now, the new target's injectors have used another lock meanwhile.
     */
    void queued(Pcpu cpu, VgicDomain d, VgicVcpu v, PendingIrq p) {
        if (d.peekTarget(cpu, p.irq()) != v.vcpu().vcpuId() && p.owner().peek(cpu) != null) {
            if (targetTrusted) {
                reached(cpu, Quirk.H2, p);
            }
            if (!store.storesEarly()) {
                reached(cpu, Quirk.H10, p);
            }
        }
    }

    /** An entry is found inflight under V of {@code v}: marks it if it got on another vCPU's list since {@code confirm}. */
    void found(Pcpu cpu, PendingIrq p, VgicVcpu v) {
        VgicVcpu o = p.owner().peek(cpu);
        if (o != null && o != v && !past.retireOrder.isAhead(p)) {
            marks.affect(p.domain(), p.vcpu(), p.irq(), Marks.bit(wrongLock(cpu, p)));
        }
    }

    /** Not the list register of {@code p} but that of another vCPU's {@code content} is about to be synced (H1, H3). */
    void wrongLr(Pcpu cpu, PendingIrq p, PendingIrq content) {
        reached(cpu, wrongLock(cpu, p), content);
    }
}

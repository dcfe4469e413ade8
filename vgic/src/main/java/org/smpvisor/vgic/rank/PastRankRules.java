package org.smpvisor.vgic.rank;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.Point;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/** The variant points of the old vGIC at which bugs of Xen's past can be put back, each as Xen has it now and as it was. */
final class PastRankRules {
    /** How a lock is taken whose users all have to mask interrupts. */
    interface LockUse {
        int lock(Pcpu cpu, SpinLock lock);

        void unlock(Pcpu cpu, SpinLock lock, int flags);
    }

    /** Where an interrupt goes whose migration ends; V of the old vCPU held (XB-001, XB-001w). */
    interface RetiredTarget {
        VgicVcpu lookUp(Pcpu cpu, VgicDomain d, int virq);
    }

    /** When and how injection reads the priority (XB-002, XB-012, XB-012w). */
    interface PriorityRule {
        /** Before V is taken. */
        int before(Pcpu cpu, VgicIrqRank rank, int virq);

        /** With V held; {@code before} is what the other one returned. */
        int inside(Pcpu cpu, VgicIrqRank rank, int virq, int before);
    }

    /** The order in which an interrupt leaves the old vCPU's list and gets its new route (XB-026, XB-026w). */
    interface RetireOrder {
        void end(Pcpu cpu, ListRegisters lrs, VgicVcpu v, PendingIrq p, IrqDesc desc, RankRules.MigrationEndRule rule);

        /** Whether the route is ahead of the list: a wrong lock is then this bug's and no quirk's. */
        boolean isAhead(PendingIrq p);
    }

    /** Whether a refused move writes the target all the same (XB-027). */
    interface RefusedMove {
        boolean writesTarget(Pcpu cpu);
    }

    /** Takes V for an enable or a disable, and returns whose (XB-029a). */
    interface EnableVcpu {
        VgicVcpu lock(Pcpu cpu, RankVgic vgic, VgicDomain d, Vcpu writer, PendingIrq p, VgicVcpu target);
    }

    /** Applies a write to an enable register; R held before and after (XB-029b). */
    interface EnableApply {
        void apply(Pcpu cpu, RankVgic vgic, Vcpu v, int mask, VgicIrqRank rank, boolean set);
    }

    /** When a move looks at the interrupt (XB-030). */
    interface MoveTests {
        /** Before V of the old vCPU is taken. */
        int before(Pcpu cpu, PendingIrq p);

        /** With V held; {@code before} is what the other one returned. */
        int inside(Pcpu cpu, PendingIrq p, int before);
    }

    /** Whether the list register of an interrupt that is raised again is looked at (XB-046, XB-048b). */
    interface Reassert {
        boolean looks(Pcpu cpu, VgicVcpu v, PendingIrq p);

        /** Whether the list register of {@code p} was not looked at although that was due: what waits is no quirk's. */
        default boolean hasSkipped(PendingIrq p) {
            return false;
        }
    }

    /** What becomes of a recorded assertion of an active software interrupt (XB-048a). */
    interface ActiveQueued {
        boolean makesPending(Pcpu cpu);
    }

    /** Kicks after an injection (XB-049, XB-071b). */
    interface KickRule {
        /** Before V is taken; what it returns is passed on. */
        boolean before(Pcpu cpu, VgicDomain d, PendingIrq p, Vcpu given);

        void kick(Pcpu cpu, Scheduler scheduler, VgicVcpu v, boolean wasInflight, boolean before);
    }

    /** How the clean-up of a list register ends the descriptor's INPROGRESS (XB-059). */
    interface StatusRule {
        void finish(Pcpu cpu, IrqDesc desc);
    }

    /** Whether all list registers of a pCPU are in use, so that what waits needs the underflow interrupt (XB-052). */
    interface AllFull {
        boolean isFull(Pcpu cpu, int listRegisters);
    }

    static final int MIGRATING = 1;
    static final int INFLIGHT = 2;

    final RetiredTarget retiredTarget;
    final PriorityRule priority;
    final LockUse priorityWrite;
    final LockUse disableRank;
    final LockUse disableDesc;
    final LockUse clearPending;
    final RetireOrder retireOrder;
    final RefusedMove refusedMove;
    final EnableVcpu enableVcpu;
    final EnableApply enableApply;
    final MoveTests moveTests;
    final Reassert reassert;
    final ActiveQueued activeQueued;
    final KickRule kick;
    final StatusRule status;
    final AllFull allFull;
    private final Marks marks;

    PastRankRules(Variant variant, Marks marks) {
        this.marks = marks;
        retiredTarget = variant.has(Bug.XB_001)
                ? this::targetUnderRank
                : variant.has(Bug.XB_001W) ? this::targetPlain : (cpu, d, virq) -> d.target(cpu, virq);
        priority = variant.has(Bug.XB_002)
                ? new UnderRank(Bug.XB_002)
                : variant.has(Bug.XB_012)
                        ? new UnderRank(Bug.XB_012)
                        : variant.has(Bug.XB_012W) ? new Plain() : new LockFree();
        priorityWrite = variant.has(Bug.XB_012) ? new Open(Bug.XB_012) : new Masking();
        disableRank = variant.has(Bug.XB_008) ? new Open(Bug.XB_008) : new Masking();
        disableDesc = variant.has(Bug.XB_008) ? new Open(Bug.XB_008) : new Masking();
        clearPending = variant.has(Bug.XB_009) ? new Open(Bug.XB_009) : new Masking();
        retireOrder = variant.has(Bug.XB_026)
                ? new RouteFirst()
                : variant.has(Bug.XB_026W) ? new Unordered() : new ListFirst();
        refusedMove = variant.has(Bug.XB_027) ? this::allTheSame : cpu -> false;
        enableVcpu = variant.has(Bug.XB_029A) ? this::lockWriter : PastRankRules::lockTarget;
        enableApply = variant.has(Bug.XB_029B) ? this::applyOutside : PastRankRules::applyInside;
        moveTests = variant.has(Bug.XB_030) ? new TestsBefore() : new TestsInside();
        reassert = variant.has(Bug.XB_046)
                ? this::alsoDisabled
                : variant.has(Bug.XB_048B) ? new Never() : PastRankRules::ifEnabled;
        activeQueued = variant.has(Bug.XB_048A) ? this::likePending : cpu -> true;
        kick = variant.has(Bug.XB_049)
                ? new KickNewOnly()
                : variant.has(Bug.XB_071B) ? new SampledEarly() : new KickAlways();
        status = variant.has(Bug.XB_059) ? this::loadAndStore : PastRankRules::atomically;
        allFull = variant.has(Bug.XB_052) ? this::of32Bits : PastRankRules::of64Bits;
    }

    // ---- XB-008, XB-009, XB-012 -------------------------------------------------------------------------------------

    /** Xen: interrupts masked. */
    static final class Masking implements LockUse {
        @Override
        public int lock(Pcpu cpu, SpinLock lock) {
            return lock.lockIrqSave(cpu);
        }

        @Override
        public void unlock(Pcpu cpu, SpinLock lock, int flags) {
            lock.unlockIrqRestore(cpu, flags);
        }
    }

    private final class Open implements LockUse {
        private final Bug bug;

        Open(Bug bug) {
            this.bug = bug;
        }

        @Override
        public int lock(Pcpu cpu, SpinLock lock) {
            lock.lock(cpu);
            if (!cpu.isIrqMasked()) {
                marks.reached(cpu, bug);
            }
            return cpu.localSaveFlags();
        }

        @Override
        public void unlock(Pcpu cpu, SpinLock lock, int flags) {
            lock.unlock(cpu);
        }
    }

    // ---- XB-001, XB-002, XB-012
    // ---------------------------------------------------------------------------------------------

    private VgicVcpu targetUnderRank(Pcpu cpu, VgicDomain d, int virq) {
        marks.reached(cpu, Bug.XB_001);
        SpinLock rank = d.rankOfSpi(virq).lock();
        int flags = rank.lockIrqSave(cpu);
        VgicVcpu target = d.target(cpu, virq);
        rank.unlockIrqRestore(cpu, flags);
        return target;
    }

    private VgicVcpu targetPlain(Pcpu cpu, VgicDomain d, int virq) {
        marks.reached(cpu, Bug.XB_001W);
        return d.targetPlain(cpu, virq);
    }

    private static class LockFree implements PriorityRule {
        @Override
        public int before(Pcpu cpu, VgicIrqRank rank, int virq) {
            return 0;
        }

        @Override
        @Xen("vgic_get_virq_priority")
        public int inside(Pcpu cpu, VgicIrqRank rank, int virq, int before) {
            return rank.priority().getOpaque(cpu, virq & 31);
        }
    }

    private final class Plain extends LockFree {
        @Override
        public int inside(Pcpu cpu, VgicIrqRank rank, int virq, int before) {
            marks.reached(cpu, Bug.XB_012W);
            return rank.priority().getPlain(cpu, virq & 31);
        }
    }

    private final class UnderRank implements PriorityRule {
        private final Bug bug;

        UnderRank(Bug bug) {
            this.bug = bug;
        }

        @Override
        public int before(Pcpu cpu, VgicIrqRank rank, int virq) {
            marks.reached(cpu, bug);
            int flags = rank.lock().lockIrqSave(cpu);
            int p = rank.priority().getOpaque(cpu, virq & 31);
            rank.lock().unlockIrqRestore(cpu, flags);
            return p;
        }

        @Override
        public int inside(Pcpu cpu, VgicIrqRank rank, int virq, int before) {
            return before;
        }
    }

    // ---- XB-026, XB-027 ---------------------------------------------------------------------------------------------

    private static class ListFirst implements RetireOrder {
        @Override
        public void end(
                Pcpu cpu, ListRegisters lrs, VgicVcpu v, PendingIrq p, IrqDesc desc, RankRules.MigrationEndRule rule) {
            lrs.removeInflight(cpu, v, p);
            order(cpu);
            VgicVcpu target = lrs.targetOf(cpu, v, p);
            int at = lrs.routeTo(cpu, target, p, desc);
            rule.left(cpu, p);
            lrs.moved(cpu, target, at, p, desc, rule);
        }

        void order(Pcpu cpu) {
            cpu.smpWmb(); // off the list before the affinity lets another pCPU inject it under another lock
        }

        @Override
        public boolean isAhead(PendingIrq p) {
            return false;
        }
    }

    private final class Unordered extends ListFirst {
        @Override
        void order(Pcpu cpu) {
            marks.reached(cpu, Bug.XB_026W);
        }
    }

    private final class RouteFirst implements RetireOrder {
        private volatile PendingIrq ahead;

        @Override
        public void end(
                Pcpu cpu, ListRegisters lrs, VgicVcpu v, PendingIrq p, IrqDesc desc, RankRules.MigrationEndRule rule) {
            marks.reached(cpu, Bug.XB_026);
            ahead = p;
            VgicVcpu target = lrs.targetOf(cpu, v, p);
            int at = lrs.routeTo(cpu, target, p, desc);
            cpu.point(Point.STORE, p.inflight());
            lrs.removeInflight(cpu, v, p);
            ahead = null;
            rule.left(cpu, p);
            lrs.moved(cpu, target, at, p, desc, rule);
        }

        @Override
        public boolean isAhead(PendingIrq p) {
            return ahead == p;
        }
    }

    private boolean allTheSame(Pcpu cpu) {
        marks.reached(cpu, Bug.XB_027);
        return true;
    }

    // ---- XB-029 -----------------------------------------------------------------------------------------------------

    private static VgicVcpu lockTarget(
            Pcpu cpu, RankVgic vgic, VgicDomain d, Vcpu writer, PendingIrq p, VgicVcpu target) {
        return vgic.lockGuardian(cpu, d, p, target);
    }

    private VgicVcpu lockWriter(Pcpu cpu, RankVgic vgic, VgicDomain d, Vcpu writer, PendingIrq p, VgicVcpu target) {
        VgicVcpu v = RankVgic.of(writer);
        if (v != target) {
            marks.reached(cpu, Bug.XB_029A);
        }
        v.lock().lockIrqSave(cpu);
        return v;
    }

    private static void applyInside(Pcpu cpu, RankVgic vgic, Vcpu v, int mask, VgicIrqRank rank, boolean set) {
        rank.lock().assertHeldBy(cpu);
        vgic.applyEnable(cpu, v, mask, rank, set);
    }

    private void applyOutside(Pcpu cpu, RankVgic vgic, Vcpu v, int mask, VgicIrqRank rank, boolean set) {
        marks.reached(cpu, Bug.XB_029B);
        rank.lock().unlock(cpu);
        vgic.applyEnable(cpu, v, mask, rank, set);
        rank.lock().lock(cpu);
    }

    // ---- XB-030 -----------------------------------------------------------------------------------------------------

    private static int test(Pcpu cpu, PendingIrq p) {
        return (p.status().testBit(cpu, PendingIrq.MIGRATING) ? MIGRATING : 0)
                | (p.inflight().isEmpty(cpu) ? 0 : INFLIGHT);
    }

    private static final class TestsInside implements MoveTests {
        @Override
        public int before(Pcpu cpu, PendingIrq p) {
            return 0;
        }

        @Override
        public int inside(Pcpu cpu, PendingIrq p, int before) {
            return test(cpu, p);
        }
    }

    private final class TestsBefore implements MoveTests {
        @Override
        public int before(Pcpu cpu, PendingIrq p) {
            marks.reached(cpu, Bug.XB_030);
            return test(cpu, p);
        }

        @Override
        public int inside(Pcpu cpu, PendingIrq p, int before) {
            return before;
        }
    }

    // ---- XB-046, XB-048 ---------------------------------------------------------------------------------------------

    private static boolean ifEnabled(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        return p.status().testBit(cpu, PendingIrq.ENABLED);
    }

    private boolean alsoDisabled(Pcpu cpu, VgicVcpu v, PendingIrq p) {
        if (!p.status().testBit(cpu, PendingIrq.ENABLED) && v.vcpu() == cpu.current()) {
            marks.reached(cpu, Bug.XB_046);
        }
        return true;
    }

    private final class Never implements Reassert {
        private volatile PendingIrq skipped;

        @Override
        public boolean looks(Pcpu cpu, VgicVcpu v, PendingIrq p) {
            if (v.vcpu() == cpu.current()) {
                marks.reached(cpu, Bug.XB_048B);
                skipped = p;
            }
            return false;
        }

        @Override
        public boolean hasSkipped(PendingIrq p) {
            return skipped == p;
        }
    }

    private boolean likePending(Pcpu cpu) {
        marks.reached(cpu, Bug.XB_048A);
        return false;
    }

    // ---- XB-049, XB-071 ---------------------------------------------------------------------------------------------

    private static class KickAlways implements KickRule {
        @Override
        public boolean before(Pcpu cpu, VgicDomain d, PendingIrq p, Vcpu given) {
            return true;
        }

        @Override
        public void kick(Pcpu cpu, Scheduler scheduler, VgicVcpu v, boolean wasInflight, boolean before) {
            scheduler.kick(cpu, v.vcpu());
        }
    }

    private final class KickNewOnly extends KickAlways {
        @Override
        public void kick(Pcpu cpu, Scheduler scheduler, VgicVcpu v, boolean wasInflight, boolean before) {
            if (wasInflight) {
                marks.reached(cpu, Bug.XB_049);
            } else {
                scheduler.kick(cpu, v.vcpu());
            }
        }
    }

    private final class SampledEarly implements KickRule {
        @Override
        public boolean before(Pcpu cpu, VgicDomain d, PendingIrq p, Vcpu given) {
            Vcpu v = given != null ? given : d.target(cpu, p.irq()).vcpu();
            return v.running().getOpaque(cpu) != 0;
        }

        @Override
        public void kick(Pcpu cpu, Scheduler scheduler, VgicVcpu v, boolean wasInflight, boolean before) {
            if (before) {
                scheduler.kick(cpu, v.vcpu());
                return;
            }
            if (v.vcpu().running().peek(cpu) != 0) {
                marks.reached(cpu, Bug.XB_071B);
            }
            scheduler.unblock(cpu, v.vcpu());
        }
    }

    // ---- XB-059 -----------------------------------------------------------------------------------------------------

    private static void atomically(Pcpu cpu, IrqDesc desc) {
        desc.status().clearBit(cpu, IrqDesc.IRQ_INPROGRESS);
    }

    private void loadAndStore(Pcpu cpu, IrqDesc desc) {
        int before = desc.status().getOpaque(cpu);
        desc.status().setOpaque(cpu, before & ~(1 << IrqDesc.IRQ_INPROGRESS)); // what happened since the load is lost
        marks.reached(cpu, Bug.XB_059);
    }

    // ---- XB-052 -----------------------------------------------------------------------------------------------------

    private static boolean of64Bits(Pcpu cpu, int listRegisters) {
        return cpu.lrMask() == -1L >>> 64 - listRegisters;
    }

    /** The shift of an int: with 32 list registers it goes round to the first bit. */
    private boolean of32Bits(Pcpu cpu, int listRegisters) {
        boolean full = cpu.lrMask() == (1 << listRegisters) - 1;
        if (!full && of64Bits(cpu, listRegisters)) {
            marks.reached(cpu, Bug.XB_052);
        }
        return full;
    }
}

package org.smpvisor.vgic.rank;

import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * The variant points of what is delivered, when, and as what: one small rule per weak spot, as Xen has it or corrected. A
 * faithful rule marks the interrupt when its window is met, and does nothing else that Xen does not do.
 */
final class DeliveryRules {
    /** Order to an interrupt in a list register: its pending state is to be taken back (U10, U3). */
    static final int UNPEND = 1;
    /** Order to an interrupt in a list register: it is to be deactivated (U11). */
    static final int DEACTIVATE = 1 << 1;

    private static final int READY = 1 << PendingIrq.ENABLED | 1 << PendingIrq.QUEUED;

    /** What becomes of a list register that is loaded when the guest takes back its reason (H8, H16, U5, U10, U11). */
    interface RecallRule {
        /** {@code p}, in a list register, was just disabled. V held. Returns whether its vCPU is to be kicked. */
        boolean disabled(Pcpu cpu, ListRegisters lrs, VgicVcpu held, PendingIrq p);

        /** A list register is looked at. V held. Returns whether that is all that is to be done about it. */
        default boolean takes(Pcpu cpu, ListRegisters lrs, VgicVcpu v, int i, PendingIrq p, long lr) {
            return false;
        }

        /** All list registers of {@code v} have been looked at. V held. */
        default void synced(Pcpu cpu, VgicVcpu v) {}

        /** The guest is about to be entered: V of {@code v}, the current vCPU, held. */
        default void beforeEntry(Pcpu cpu, ListRegisters lrs, VgicVcpu v) {}
    }

    /** What becomes of an assertion for a vCPU that is down (H9). */
    interface DownRule {
        boolean isKept(Pcpu cpu, PendingIrq p, VgicVcpu v);
    }

    /** Which interrupt of {@code target} an SGI is (H14). */
    interface SenderRule {
        PendingIrq entry(Pcpu cpu, VgicVcpu target, int sgi, Vcpu sender);
    }

    /** Whether priority mask or running priority holds back an interrupt of a priority, 0..255 (H15). */
    interface MaskRule {
        boolean holdsBack(Pcpu cpu, PendingIrq p, int priority, int mask, int running);
    }

    /** Whether the virtual distributor forwards an interrupt (H16, U5). */
    interface ForwardRule {
        /** Asked when {@code p} is raised, V held; what is not forwarded stays held. */
        boolean raises(Pcpu cpu, VgicDomain d, PendingIrq p);

        /** Asked when somebody looks whether anything can be delivered. V held. */
        default boolean counts(Pcpu cpu, VgicDomain d, PendingIrq p) {
            return true;
        }

        /**
         * Asked of one that is enabled, in flight and waits for no list register: whether it is in one. Xen holds none back that is
         * enabled, so that it need not look. V held.
         */
        default boolean isInLr(Pcpu cpu, PendingIrq p) {
            return true;
        }

        /** The guest has switched the distributor on or off. No lock held, interrupts open. */
        default void switched(Pcpu cpu, RankVgic vgic, VgicDomain d, boolean on) {}
    }

    /** Whether an injection kicks (H20). V held. */
    interface WakeRule {
        boolean kicks(Pcpu cpu, PendingIrq p, VgicVcpu v);
    }

    /** When a guest's SPI counts as being handled (H25). */
    interface ProgressRule {
        /** An assertion is recorded, V held. */
        void recorded(Pcpu cpu, PendingIrq p);

        /** A list register is cleaned, V held. Returns whether INPROGRESS ends. */
        boolean ends(Pcpu cpu, PendingIrq p, IrqDesc desc);
    }

    /** What the line of a level-triggered SPI without hardware behind it is good for (U3). */
    interface LevelRule {
        /** The line rose, or fell. No lock held. Returns whether an assertion is to be made. */
        boolean moved(Pcpu cpu, RankVgic vgic, VgicDomain d, Vcpu given, int virq, boolean level);

        /** A list register is cleaned, V held: may assert again. */
        default void ended(Pcpu cpu, VgicDomain d, PendingIrq p) {}
    }

    final RecallRule recall;
    final DownRule down;
    final SenderRule sender;
    final MaskRule mask;
    final ForwardRule forward;
    final WakeRule wake;
    final ProgressRule progress;
    final LevelRule level;

    /** SGIs of a vCPU with a GICv2 that are told apart by their sender. */
    final boolean keepsSenders;

    private final Marks marks;
    private final GicHwOperations gic;
    private final boolean obeysControl;
    private final boolean obeysRoute;
    private final boolean withdrawsDisabled;

    DeliveryRules(Variant variant, Marks marks, GicHwOperations gic) {
        this.marks = marks;
        this.gic = gic;
        withdrawsDisabled = variant.isFixed(Quirk.H8);
        obeysControl = variant.isFixed(Quirk.H16);
        obeysRoute = variant.isFixed(Quirk.U5);
        keepsSenders = variant.isFixed(Quirk.H14);
        boolean recalls = withdrawsDisabled
                || obeysControl
                || obeysRoute
                || variant.isFixed(Quirk.U3)
                || variant.isFixed(Quirk.U10)
                || variant.isFixed(Quirk.U11);
        recall = recalls ? new Recall() : this::stays;
        down = variant.isFixed(Quirk.H9) ? (cpu, p, v) -> p.desc().getOpaque(cpu) != null : this::dropped;
        sender = keepsSenders ? DeliveryRules::ownEntry : this::oneEntry;
        mask = variant.isFixed(Quirk.H15) ? new EightBits() : new TwoScales();
        forward = obeysControl || obeysRoute ? new Forwarding() : this::always;
        wake = variant.isFixed(Quirk.H20) ? DeliveryRules::ifEnabled : this::kicksAlways;
        progress = variant.isFixed(Quirk.H25) ? new UnderV() : new WithoutLock();
        level = variant.isFixed(Quirk.U3) ? new Line() : this::edge;
    }

    private void reached(Pcpu cpu, Quirk q, PendingIrq p) {
        marks.reached(cpu, q, p.domain(), p.vcpu(), p.irq());
    }

    // ---- H8, H16, U5, U10, U11: list registers that are loaded ------------------------------------------------------

    /** Xen: a list register is never taken back. */
    private boolean stays(Pcpu cpu, ListRegisters lrs, VgicVcpu held, PendingIrq p) {
        int s = p.status().peek(cpu);
        if ((s & 1 << PendingIrq.VISIBLE) != 0 && (s & 1 << PendingIrq.ACTIVE) == 0) {
            reached(cpu, Quirk.H8, p);
        }
        return false;
    }

    private final class Recall implements RecallRule {
        @Override
        public boolean disabled(Pcpu cpu, ListRegisters lrs, VgicVcpu held, PendingIrq p) {
            if (!withdrawsDisabled) {
                return stays(cpu, lrs, held, p);
            }
            return p.status().testBit(cpu, PendingIrq.VISIBLE) && recalled(cpu, lrs, held, p);
        }

        @Override
        public boolean takes(Pcpu cpu, ListRegisters lrs, VgicVcpu v, int i, PendingIrq p, long lr) {
            int orders = p.orders().getGuarded(cpu);
            if (orders != 0) {
                p.orders().setGuarded(cpu, 0);
                long kept = lr
                        & ~((orders & UNPEND) != 0 ? VirtualCpuInterface.LR_PENDING : 0)
                        & ~((orders & DEACTIVATE) != 0 ? VirtualCpuInterface.LR_ACTIVE : 0);
                if (kept != lr) {
                    gic.writeLr(cpu, i, kept);
                    if ((kept & VirtualCpuInterface.LR_STATE) == 0 && (lr & VirtualCpuInterface.LR_HW) != 0) {
                        gic.deactivateIrq(cpu, p.desc().getOpaque(cpu).irq());
                    }
                    lrs.updateOneLr(cpu, v, i);
                    return true;
                }
            }
            if ((lr & VirtualCpuInterface.LR_STATE) == VirtualCpuInterface.LR_PENDING
                    && isStopped(cpu, v.domain(), p)) {
                lrs.withdraw(cpu, v, i, p, lr);
                return true;
            }
            return false;
        }

        private boolean isStopped(Pcpu cpu, VgicDomain d, PendingIrq p) {
            return withdrawsDisabled && !p.status().testBit(cpu, PendingIrq.ENABLED) || !isForwarded(cpu, d, p);
        }

        @Override
        public void synced(Pcpu cpu, VgicVcpu v) {
            if (v.recall().getGuarded(cpu) != 0) {
                v.recall().setGuarded(cpu, 0);
            }
        }

        @Override
        public void beforeEntry(Pcpu cpu, ListRegisters lrs, VgicVcpu v) {
            if (v.recall().getGuarded(cpu) != 0) {
                v.recall().setGuarded(cpu, 0);
                for (long left = cpu.lrMask(); left != 0; left &= left - 1) {
                    lrs.updateOneLr(cpu, v, Long.numberOfTrailingZeros(left));
                }
            }
        }
    }

    /**
     * The list register that {@code p} is in must be looked at before the guest can take it: at once if its vCPU is current, else
     * by that vCPU, which is to be kicked. V of {@code held} held, interrupts masked.
     *
     * @return whether to kick {@code held}
     */
    static boolean recalled(Pcpu cpu, ListRegisters lrs, VgicVcpu held, PendingIrq p) {
        if (p.owner().getOpaque(cpu) != held) {
            return false; // the lock of another vCPU (H1, H3): its next sync finds it
        }
        if (held.vcpu() == cpu.current()) {
            lrs.updateOneLr(cpu, held, lrs.lrOf(cpu, held, p));
            return false;
        }
        held.recall().setGuarded(cpu, 1);
        return true;
    }

    // ---- H9 ---------------------------------------------------------------------------------------------------------

    private boolean dropped(Pcpu cpu, PendingIrq p, VgicVcpu v) {
        if (p.desc().peek(cpu) != null) {
            reached(cpu, Quirk.H9, p);
        }
        return false;
    }

    // ---- H14 --------------------------------------------------------------------------------------------------------

    /** Xen: one interrupt, whoever sends it; a GICv2 shows CPU 0. */
    private PendingIrq oneEntry(Pcpu cpu, VgicVcpu target, int sgi, Vcpu from) {
        PendingIrq p = target.pendingIrq(sgi);
        if (from.vcpuId() != 0 && gic.version() == GicHwOperations.Version.V2) {
            reached(cpu, Quirk.H14, p);
        }
        return p;
    }

    private static PendingIrq ownEntry(Pcpu cpu, VgicVcpu target, int sgi, Vcpu from) {
        return target.sgiFrom(sgi, from.vcpuId());
    }

    // ---- H15 --------------------------------------------------------------------------------------------------------

    /** Xen: a priority of 5 bits against a mask that has 8 on a GICv3. */
    private final class TwoScales implements MaskRule {
        @Override
        public boolean holdsBack(Pcpu cpu, PendingIrq p, int priority, int mask, int running) {
            boolean held = priority >> 3 >= mask || priority >> 3 >= running;
            if (!held && isMasked(priority, mask)) {
                reached(cpu, Quirk.H15, p);
            }
            return held;
        }
    }

    private final class EightBits implements MaskRule {
        @Override
        public boolean holdsBack(Pcpu cpu, PendingIrq p, int priority, int mask, int running) {
            return isMasked(priority, mask) || priority >> 3 >= running;
        }
    }

    private boolean isMasked(int priority, int mask) {
        return priority >= (gic.version() == GicHwOperations.Version.V2 ? mask << 3 : mask);
    }

    // ---- H16, U5 ----------------------------------------------------------------------------------------------------

    /** Xen: neither the distributor's enable nor a route to nowhere is looked at. */
    private boolean always(Pcpu cpu, VgicDomain d, PendingIrq p) {
        if (!d.peekForwarding(cpu)) {
            reached(cpu, Quirk.H16, p);
        }
        return true;
    }

    private boolean isForwarded(Pcpu cpu, VgicDomain d, PendingIrq p) {
        return (!obeysControl || d.isForwarding(cpu))
                && (!obeysRoute || p.irq() < 32 || !d.rankOfSpi(p.irq()).leadsNowhere(cpu, p.irq()));
    }

    private final class Forwarding implements ForwardRule {
        @Override
        public boolean raises(Pcpu cpu, VgicDomain d, PendingIrq p) {
            return (obeysControl || always(cpu, d, p)) && isForwarded(cpu, d, p);
        }

        @Override
        public boolean counts(Pcpu cpu, VgicDomain d, PendingIrq p) {
            return isForwarded(cpu, d, p);
        }

        @Override
        public boolean isInLr(Pcpu cpu, PendingIrq p) {
            return p.status().testBit(cpu, PendingIrq.VISIBLE);
        }

        /** Whoever holds back an interrupt has looked under V before this; whoever looks later sees the new value. */
        @Override
        public void switched(Pcpu cpu, RankVgic vgic, VgicDomain d, boolean on) {
            if (!obeysControl) {
                return;
            }
            for (int i = 0; i < d.domain().maxVcpus(); i++) {
                if (d.domain().vcpu(i) == null) {
                    continue;
                }
                VgicVcpu v = RankVgic.of(d.domain().vcpu(i));
                int flags = v.lock().lockIrqSave(cpu);
                if (on) {
                    vgic.raiseHeld(cpu, v);
                } else {
                    vgic.holdWaiting(cpu, v);
                    v.recall().setGuarded(cpu, 1);
                }
                v.lock().unlockIrqRestore(cpu, flags);
                vgic.kick(cpu, v);
            }
        }
    }

    /** Whether {@code p} waits for nothing but to be raised. V held. */
    static boolean isReady(Pcpu cpu, PendingIrq p) {
        int s = p.status().getOpaque(cpu);
        return (s & READY) == READY
                && (s & 1 << PendingIrq.VISIBLE) == 0
                && p.lrQueue().isEmpty(cpu);
    }

    // ---- H20 --------------------------------------------------------------------------------------------------------

    private boolean kicksAlways(Pcpu cpu, PendingIrq p, VgicVcpu v) {
        if ((p.status().peek(cpu) & 1 << PendingIrq.ENABLED) == 0) {
            reached(cpu, Quirk.H20, p);
        }
        return true;
    }

    private static boolean ifEnabled(Pcpu cpu, PendingIrq p, VgicVcpu v) {
        return p.status().testBit(cpu, PendingIrq.ENABLED);
    }

    // ---- H25 --------------------------------------------------------------------------------------------------------

    private final class WithoutLock implements ProgressRule {
        @Override
        public void recorded(Pcpu cpu, PendingIrq p) {
            // The dispatcher has set it, under the descriptor's lock.
        }

        @Override
        public boolean ends(Pcpu cpu, PendingIrq p, IrqDesc desc) {
            boolean firedAgain = (p.status().peek(cpu) & 1 << PendingIrq.QUEUED) != 0;
            if (firedAgain || desc.lock().owner() != null && desc.lock().owner() != cpu) {
                reached(cpu, Quirk.H25, p);
            }
            return true;
        }
    }

    /** Corrected: what the dispatcher has set is set again where the assertion is recorded, and stays while one is. */
    private static final class UnderV implements ProgressRule {
        @Override
        public void recorded(Pcpu cpu, PendingIrq p) {
            IrqDesc desc = p.desc().getOpaque(cpu);
            if (desc != null) {
                desc.status().setBit(cpu, IrqDesc.IRQ_INPROGRESS);
            }
        }

        @Override
        public boolean ends(Pcpu cpu, PendingIrq p, IrqDesc desc) {
            return !p.status().testBit(cpu, PendingIrq.QUEUED);
        }
    }

    // ---- U3 ---------------------------------------------------------------------------------------------------------

    /** Xen: a rise asserts, a fall is nothing. */
    private boolean edge(Pcpu cpu, RankVgic vgic, VgicDomain d, Vcpu given, int virq, boolean rises) {
        if (!rises) {
            marks.reached(cpu, Quirk.U3, d.domain().id(), given == null ? 0 : given.vcpuId(), virq);
        }
        return rises;
    }

    private static final class Line implements LevelRule {
        @Override
        public boolean moved(Pcpu cpu, RankVgic vgic, VgicDomain d, Vcpu given, int virq, boolean rises) {
            if (virq < 32
                    || d.spi(virq).desc().getOpaque(cpu) != null
                    || !d.rankOfSpi(virq).isLevel(cpu, virq)) {
                return rises;
            }
            PendingIrq p = d.spi(virq);
            p.line().setRelease(cpu, rises ? 1 : 0);
            if (!rises) {
                vgic.takeBack(cpu, d, p, null);
            }
            return rises;
        }

        @Override
        public void ended(Pcpu cpu, VgicDomain d, PendingIrq p) {
            if (p.irq() >= 32
                    && p.line().getAcquire(cpu) != 0
                    && d.rankOfSpi(p.irq()).isLevel(cpu, p.irq())) {
                p.status().setBit(cpu, PendingIrq.QUEUED);
            }
        }
    }

    /** Raises whatever of {@code v} is enabled and only held. V held. */
    static void raiseHeld(Pcpu cpu, ListRegisters lrs, VgicVcpu v) {
        int steps = 0;
        ListNode<PendingIrq> last = v.inflight();
        for (ListNode<PendingIrq> n = last.next(cpu); n != v.inflight(); n = n.next(cpu)) {
            PendingIrq p = lrs.entry(cpu, v, v.inflight(), last, n, steps++);
            if (isReady(cpu, p)) {
                lrs.raiseGuestIrq(cpu, v, p);
            }
            last = n;
        }
    }
}

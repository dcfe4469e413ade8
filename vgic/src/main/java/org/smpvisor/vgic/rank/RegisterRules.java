package org.smpvisor.vgic.rank;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.trace.Event;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** The variant points of register emulation: where Xen answers otherwise than the architecture does. */
final class RegisterRules {
    /** Whether the first word of a bank in a virtual GICv3's distributor frame reaches private interrupts (H17). */
    interface PrivateWordRule {
        boolean isReserved(Pcpu cpu, Vcpu v, int virq);
    }

    /** Which vCPU of several an SPI goes to (U6). */
    interface ChoiceRule {
        /**
         * @param named vCPUs that a route names, a bit each, at least one; of a GICv3 all of the first 64
         * @return one of them
         */
        int choose(Pcpu cpu, Domain d, int virq, long named);
    }

    /** What becomes of a route that names no vCPU (U5). R held. */
    interface NowhereRule {
        void written(Pcpu cpu, RankVgic vgic, VgicDomain d, VgicIrqRank rank, int virq, int packed);

        /** A route to a vCPU is about to be written; returns whether {@link #leads} is to be told of it. */
        boolean leftNowhere(Pcpu cpu, VgicIrqRank rank, int virq);

        /** It has been written. */
        default void leads(Pcpu cpu, RankVgic vgic, VgicDomain d, int virq) {}

        /** Whether the register shows something else than its target. */
        boolean isStray(Pcpu cpu, VgicIrqRank rank, int virq);
    }

    /** What the pending and active banks read as (U8). No lock held; V for each interrupt. */
    interface StatusReadRule {
        int read(Pcpu cpu, RankVgic vgic, Vcpu v, VgicIrqRank rank, boolean active);
    }

    /** Whether a write to ISACTIVER is accepted that asks for something (U9). */
    interface SetActiveRule {
        boolean accepts(Pcpu cpu, Vcpu v, int virq);
    }

    /** A write to ICPENDR (U10). */
    interface ClearPendingRule {
        /** No lock held. */
        default void begins(Pcpu cpu, RankVgic vgic, Vcpu v, PendingIrq p) {}

        /** V of {@code held} held. Returns whether {@code held} is to be kicked. */
        boolean clear(Pcpu cpu, ListRegisters lrs, VgicVcpu held, Vcpu v, PendingIrq p);

        /** No lock held. */
        default void ends(Pcpu cpu, RankVgic vgic, Vcpu v, PendingIrq p) {}
    }

    /** A write to ICACTIVER (U11). No lock held; V for each interrupt. */
    interface ClearActiveRule {
        void clear(Pcpu cpu, RankVgic vgic, Vcpu v, VgicIrqRank rank, int mask);
    }

    final PrivateWordRule privateWord;
    final ChoiceRule choice;
    final NowhereRule nowhere;
    final StatusReadRule status;
    final SetActiveRule setActive;
    final ClearPendingRule clearPending;
    final ClearActiveRule clearActive;

    /** Whether routes that name no vCPU are kept. */
    final boolean keepsStrayRoutes;

    private final Marks marks;

    RegisterRules(Variant variant, Marks marks) {
        this.marks = marks;
        keepsStrayRoutes = variant.isFixed(Quirk.U5);
        privateWord = variant.isFixed(Quirk.H17) ? (cpu, v, virq) -> true : this::reachesPrivate;
        choice = variant.isFixed(Quirk.U6) ? RegisterRules::lowestThatIsUp : this::lowest;
        nowhere = keepsStrayRoutes ? new Kept() : new Ignored();
        status = variant.isFixed(Quirk.U8)
                ? (cpu, vgic, v, rank, active) -> vgic.readStatus(cpu, v, rank, active)
                : this::zero;
        setActive = variant.isFixed(Quirk.U9) ? (cpu, v, virq) -> true : this::aborts;
        clearPending = variant.isFixed(Quirk.U10) ? new TakeBack() : this::staysPending;
        clearActive = variant.isFixed(Quirk.U11)
                ? (cpu, vgic, v, rank, mask) -> vgic.deactivate(cpu, v, rank, mask)
                : this::ignored;
    }

    // ---- H17 --------------------------------------------------------------------------------------------------------

    private boolean reachesPrivate(Pcpu cpu, Vcpu v, int virq) {
        marks.reached(cpu, Quirk.H17, v.domain().id(), v.vcpuId(), virq);
        return false;
    }

    // ---- U6 ---------------------------------------------------------------------------------------------------------

    private int lowest(Pcpu cpu, Domain d, int virq, long named) {
        if (Long.bitCount(named) > 1) {
            marks.reached(cpu, Quirk.U6, d.id(), -1, virq);
        }
        return Long.numberOfTrailingZeros(named);
    }

    private static int lowestThatIsUp(Pcpu cpu, Domain d, int virq, long named) {
        for (long left = named; left != 0; left &= left - 1) {
            Vcpu v = d.vcpu(Long.numberOfTrailingZeros(left));
            if (v != null && !v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN)) {
                return v.vcpuId();
            }
        }
        return Long.numberOfTrailingZeros(named);
    }

    // ---- U5 ---------------------------------------------------------------------------------------------------------

    private final class Ignored implements NowhereRule {
        @Override
        public void written(Pcpu cpu, RankVgic vgic, VgicDomain d, VgicIrqRank rank, int virq, int packed) {
            marks.reached(cpu, Quirk.U5, d.domain().id(), -1, virq);
        }

        @Override
        public boolean leftNowhere(Pcpu cpu, VgicIrqRank rank, int virq) {
            return false;
        }

        @Override
        public boolean isStray(Pcpu cpu, VgicIrqRank rank, int virq) {
            return false;
        }
    }

    private static final class Kept implements NowhereRule {
        @Override
        public void written(Pcpu cpu, RankVgic vgic, VgicDomain d, VgicIrqRank rank, int virq, int packed) {
            rank.setStrayRoute(cpu, virq, packed);
            vgic.holdBack(cpu, d, virq);
        }

        @Override
        public boolean leftNowhere(Pcpu cpu, VgicIrqRank rank, int virq) {
            if (!rank.leadsNowhere(cpu, virq)) {
                return false;
            }
            rank.clearStrayRoute(cpu, virq);
            return true;
        }

        @Override
        public void leads(Pcpu cpu, RankVgic vgic, VgicDomain d, int virq) {
            vgic.raiseHeld(cpu, d, virq);
        }

        @Override
        public boolean isStray(Pcpu cpu, VgicIrqRank rank, int virq) {
            return rank.leadsNowhere(cpu, virq);
        }
    }

    // ---- U7 to U11 --------------------------------------------------------------------------------------------------

    /** ISPENDR of {@code p}, an SPI with hardware behind it: there is no other rule for that. */
    void setsLine(Pcpu cpu, PendingIrq p) {
        marks.reached(cpu, Quirk.U7, p.domain(), p.vcpu(), p.irq());
    }

    private int zero(Pcpu cpu, RankVgic vgic, Vcpu v, VgicIrqRank rank, boolean active) {
        marks.reached(cpu, Quirk.U8, v.domain().id(), v.vcpuId(), 32 * rank.index());
        return 0;
    }

    private boolean aborts(Pcpu cpu, Vcpu v, int virq) {
        marks.reached(cpu, Quirk.U9, v.domain().id(), v.vcpuId(), virq);
        return false;
    }

    /** Xen: warns. */
    private boolean staysPending(Pcpu cpu, ListRegisters lrs, VgicVcpu held, Vcpu v, PendingIrq p) {
        if (!p.inflight().isEmpty(cpu)) {
            marks.reached(cpu, Quirk.U10, p.domain(), p.vcpu(), p.irq());
            cpu.warn();
            cpu.events().record(Event.STAYS_PENDING, p.domain(), p.irq(), v.vcpuId());
        }
        return false;
    }

    /** Corrected; of an SPI with hardware behind it the physical line, too. */
    private static final class TakeBack implements ClearPendingRule {
        @Override
        public void begins(Pcpu cpu, RankVgic vgic, Vcpu v, PendingIrq p) {
            vgic.witness().clearBegins(cpu, v, p.irq(), physical(cpu, p));
        }

        @Override
        public boolean clear(Pcpu cpu, ListRegisters lrs, VgicVcpu held, Vcpu v, PendingIrq p) {
            return lrs.unpend(cpu, held, p);
        }

        @Override
        public void ends(Pcpu cpu, RankVgic vgic, Vcpu v, PendingIrq p) {
            IrqDesc desc = p.desc().getOpaque(cpu);
            if (desc != null) {
                vgic.clearLine(cpu, desc);
            }
            vgic.witness().clearEnds(cpu, v, p.irq(), physical(cpu, p));
        }

        private static int physical(Pcpu cpu, PendingIrq p) {
            IrqDesc desc = p.desc().peek(cpu);
            return desc == null ? -1 : desc.irq();
        }
    }

    private void ignored(Pcpu cpu, RankVgic vgic, Vcpu v, VgicIrqRank rank, int mask) {
        if (mask != 0) {
            int virq = 32 * rank.index() + Integer.numberOfTrailingZeros(mask);
            marks.reached(cpu, Quirk.U11, v.domain().id(), v.vcpuId(), virq);
        }
    }
}

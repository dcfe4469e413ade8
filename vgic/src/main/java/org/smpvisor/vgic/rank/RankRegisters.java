package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;

/**
 * The registers that the distributors of all versions have, as images in the domain's ranks: GICD_CTLR, enables, pending bits,
 * priorities, triggers. Each returns false for an access that aborts. No lock held, interrupts open.
 */
final class RankRegisters {
    private static final PastRankRules.LockUse MASKING = new PastRankRules.Masking();

    private final RankVgic vgic;
    private final VgicDomain d;
    private final int enable;

    /** @param enable the bits of GICD_CTLR that a guest can change */
    RankRegisters(RankVgic vgic, VgicDomain d, int enable) {
        this.vgic = vgic;
        this.d = d;
        this.enable = enable;
    }

    /** A load of a word register that is constant. */
    static boolean word(MmioAccess io, int value) {
        return io.bytes() == 4 && io.answerPart(value & 0xffffffffL, 4);
    }

    boolean readControl(Pcpu cpu, MmioAccess io) {
        if (io.bytes() != 4) {
            return false;
        }
        d.lock().lockIrq(cpu);
        io.answerPart(d.ctlr().getGuarded(cpu), 4);
        d.lock().unlockIrq(cpu);
        return true;
    }

    boolean writeControl(Pcpu cpu, MmioAccess io) {
        if (io.bytes() != 4) {
            return false;
        }
        d.lock().lockIrq(cpu);
        int before = d.ctlr().getGuarded(cpu);
        int after = before & ~enable | (int) io.merge(0, 4) & enable;
        d.ctlr().setGuarded(cpu, after);
        d.lock().unlockIrq(cpu);
        if (before != after) {
            vgic.rules().delivery.forward.switched(cpu, vgic, d, (after & enable) != 0);
        }
        return true;
    }

    boolean readEnable(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        if (io.bytes() != 4) {
            return false;
        }
        VgicIrqRank rank = d.rankOfRegister(v, 1, o & 0x7f);
        if (rank == null) {
            return io.answer(0);
        }
        int flags = rank.lock().lockIrqSave(cpu);
        io.answerPart(rank.ienable().getGuarded(cpu) & 0xffffffffL, 4);
        rank.lock().unlockIrqRestore(cpu, flags);
        return true;
    }

    boolean writeEnable(Pcpu cpu, Vcpu v, MmioAccess io, int o, boolean set) {
        VgicIrqRank rank = d.rankOfRegister(v, 1, o & 0x7f);
        if (rank == null) {
            return true;
        }
        PastRankRules.LockUse use = set ? MASKING : vgic.past().disableRank;
        int flags = use.lock(cpu, rank.lock());
        int before = rank.ienable().getGuarded(cpu);
        int written = (int) io.merge(0, 4);
        int after = set ? before | written : before & ~written;
        rank.ienable().setGuarded(cpu, after);
        vgic.changeEnable(cpu, v, set ? after & ~before : before & ~after, rank, set);
        use.unlock(cpu, rank.lock(), flags);
        return true;
    }

    /** The pending banks, or the active ones. */
    boolean readStatus(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        VgicIrqRank rank = d.rankOfRegister(v, 1, o & 0x7f);
        if (rank == null) {
            return io.answer(0);
        }
        int bits = vgic.rules().registers.status.read(cpu, vgic, v, rank, (o & ~0x7f) >= GICD_ISACTIVER);
        return io.answerPart(bits & 0xffffffffL, 4);
    }

    /** A store to ISACTIVER, which Xen does not implement. */
    boolean writeActive(Pcpu cpu, Vcpu v, int o) {
        return vgic.rules().registers.setActive.accepts(cpu, v, 8 * (o & 0x7c));
    }

    boolean writeClearActive(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        VgicIrqRank rank = d.rankOfRegister(v, 1, o & 0x7f);
        if (rank != null) {
            vgic.rules().registers.clearActive.clear(cpu, vgic, v, rank, (int) io.value());
        }
        return true;
    }

    boolean writePending(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        VgicIrqRank rank = d.rankOfRegister(v, 1, o & 0x7f);
        if (rank != null) {
            vgic.setIrqsPending(cpu, v, (int) io.value(), rank);
        }
        return true;
    }

    boolean writeClearPending(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        VgicIrqRank rank = d.rankOfRegister(v, 1, o & 0x7f);
        if (rank != null) {
            vgic.checkInflightIrqsPending(cpu, v, (int) io.value(), rank);
        }
        return true;
    }

    boolean readPriority(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        if (io.bytes() != 4 && io.bytes() != 1) {
            return false;
        }
        VgicIrqRank rank = d.rankOfRegister(v, 8, o - GICD_IPRIORITYR);
        if (rank == null) {
            return io.answer(0);
        }
        int flags = rank.lock().lockIrqSave(cpu);
        int word = rank.priority().getWordGuarded(cpu, o - GICD_IPRIORITYR >> 2 & 7);
        rank.lock().unlockIrqRestore(cpu, flags);
        return io.answerPart(word & 0xffffffffL, 4);
    }

    boolean writePriority(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        if (io.bytes() != 4 && io.bytes() != 1) {
            return false;
        }
        VgicIrqRank rank = d.rankOfRegister(v, 8, o - GICD_IPRIORITYR);
        if (rank == null) {
            return true;
        }
        int word = o - GICD_IPRIORITYR >> 2 & 7;
        int flags = vgic.past().priorityWrite.lock(cpu, rank.lock());
        rank.priority().setWordGuarded(cpu, word, (int) io.merge(rank.priority().getWordGuarded(cpu, word), 4));
        vgic.past().priorityWrite.unlock(cpu, rank.lock(), flags);
        return true;
    }

    boolean readConfiguration(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        if (io.bytes() != 4) {
            return false;
        }
        VgicIrqRank rank = d.rankOfRegister(v, 2, o - GICD_ICFGR);
        if (rank == null) {
            return io.answer(0);
        }
        int flags = rank.lock().lockIrqSave(cpu);
        io.answerPart(rank.icfg(o >> 2 & 1).getGuarded(cpu) & 0xffffffffL, 4);
        rank.lock().unlockIrqRestore(cpu, flags);
        return true;
    }

    boolean writeConfiguration(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        VgicIrqRank rank = d.rankOfRegister(v, 2, o - GICD_ICFGR);
        if (rank == null || (o & ~3) == GICD_ICFGR) {
            return true; // SGIs are always edge-triggered
        }
        int flags = rank.lock().lockIrqSave(cpu);
        IntCell icfg = rank.icfg(o >> 2 & 1);
        icfg.setGuarded(cpu, (int) io.merge(icfg.getGuarded(cpu), 4));
        rank.lock().unlockIrqRestore(cpu, flags);
        return true;
    }
}

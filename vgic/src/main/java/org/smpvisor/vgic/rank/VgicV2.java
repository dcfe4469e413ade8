package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.RankRegisters.word;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;
import org.smpvisor.vgic.mmio.MmioHandlers;

/**
 * Register emulation of the virtual GICv2: the distributor's frame. The CPU interface is not emulated: its addresses lead the
 * guest to the hardware's virtual CPU interface, GICV, without a trap.
 */
@Xen("vgic-v2.c")
@Arm("IHI 0048B, section 4.3")
@Deviation("GICV is mapped when the domain is created, as Xen 4.17 does it, and not at the guest's first access")
final class VgicV2 {
    private static final int SIZE = 0x1000;
    private static final int ENABLE = 1;
    private static final int IIDR = 0x43b;
    private static final int SGIR_VALUE = 0xdeadbeef;
    private static final int GICD_IPRIORITYR_LAST = 0x7f8;
    private static final int GICD_ITARGETSR_SPIS = GICD_ITARGETSR + NR_LOCAL_IRQS;
    private static final int GICD_ITARGETSR_LAST = 0xbf8;
    private static final int GICD_ICPIDR2 = 0xfe8;
    private static final int LIST = 0;
    private static final int OTHERS = 1;
    private static final int SELF = 2;
    private static final long SGI1R_OTHERS = 1L << 40;
    private static final int SGI1R_INTID_SHIFT = 24;

    private final RankVgic vgic;
    private final VgicDomain d;
    private final RankRegisters ranks;

    VgicV2(RankVgic vgic, VgicDomain d) {
        this.vgic = vgic;
        this.d = d;
        this.ranks = new RankRegisters(vgic, d, ENABLE);
    }

    /** Registers the frame at the place of a guest that has no host layout. */
    @Xen("vgic_v2_domain_init")
    void register(Pcpu cpu) {
        d.mmio().register(cpu, GUEST_GICD_BASE, SIZE, new DistributorFrame());
    }

    private final class DistributorFrame implements MmioHandlers.Handler {
        @Override
        @Xen("vgic_v2_distr_mmio_read")
        public boolean read(Pcpu cpu, Vcpu v, MmioAccess io) {
            int o = io.offset();
            if (o >= GICD_IGROUPR && o < GICD_IPRIORITYR) {
                return readBank(cpu, v, io, o);
            }
            if (isPriority(o)) {
                return ranks.readPriority(cpu, v, io, o);
            }
            if (o >= GICD_ITARGETSR && o < GICD_ITARGETSR_LAST + 4) {
                return readTargets(cpu, v, io);
            }
            if (isConfiguration(o)) {
                return ranks.readConfiguration(cpu, v, io, o);
            }
            return switch (o & ~3) {
                case GICD_CTLR -> ranks.readControl(cpu, io);
                case GICD_TYPER -> readTyper(cpu, io);
                case GICD_IIDR -> word(io, IIDR);
                case GICD_SGIR ->
                    io.bytes() == 4 && io.answer(SGIR_VALUE & 0xffffffffL); // as it is at any of its bytes
                case GICD_ICPIDR2 -> false;
                default -> isNsacr(o) ? word(io, 0) : io.answer(0); // reserved, or implementation defined
            };
        }

        @Override
        @Xen("vgic_v2_distr_mmio_write")
        public boolean write(Pcpu cpu, Vcpu v, MmioAccess io) {
            int o = io.offset();
            if (o >= GICD_IGROUPR && o < GICD_IPRIORITYR) {
                return io.bytes() == 4 && writeBank(cpu, v, io, o);
            }
            if (isPriority(o)) {
                return ranks.writePriority(cpu, v, io, o);
            }
            if (o >= GICD_ITARGETSR && o < GICD_ITARGETSR_LAST + 4) {
                return o < GICD_ITARGETSR_SPIS ? io.bytes() == 4 : writeTargets(cpu, v, io);
            }
            if (isConfiguration(o)) {
                return io.bytes() == 4 && (o < GICD_ICFGR + 8 || ranks.writeConfiguration(cpu, v, io, o));
            }
            return switch (o & ~3) {
                case GICD_CTLR -> ranks.writeControl(cpu, io);
                case GICD_TYPER, GICD_IIDR, GICD_ICPIDR2 -> io.bytes() == 4;
                case GICD_SGIR -> io.bytes() == 4 && writeSgir(cpu, v, (int) io.value());
                default -> writeRest(io, o);
            };
        }
    }

    /** Nothing is implemented at the end of the frame, and the pending bits of SGIs are not either: those abort. */
    private static boolean writeRest(MmioAccess io, int o) {
        boolean pendingSgis = o >= GICD_CPENDSGIR && o < GICD_SPENDSGIR + NR_SGIS;
        if (pendingSgis || o > GICD_ICPIDR2) {
            return false;
        }
        return !isNsacr(o) || io.bytes() == 4;
    }

    private static boolean isPriority(int o) {
        return o >= GICD_IPRIORITYR && o < GICD_IPRIORITYR_LAST + 4;
    }

    private static boolean isConfiguration(int o) {
        return o >= GICD_ICFGR && o < GICD_ICFGR + 0x100;
    }

    private static boolean isNsacr(int o) {
        return o >= GICD_NSACR && o < GICD_NSACR + 0x100;
    }

    private boolean readTyper(Pcpu cpu, MmioAccess io) {
        if (io.bytes() != 4) {
            return false;
        }
        d.lock().lockIrq(cpu); // for nothing: what it tells never changes
        io.answerPart((d.domain().maxVcpus() - 1 & 7) << 5 | d.nrSpis() / 32, 4);
        d.lock().unlockIrq(cpu);
        return true;
    }

    private boolean readBank(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        return switch (o & ~0x7f) {
            case GICD_ISENABLER, GICD_ICENABLER -> ranks.readEnable(cpu, v, io, o);
            case GICD_IGROUPR -> word(io, 0);
            default -> ranks.readStatus(cpu, v, io, o); // ISPENDR, ICPENDR, ISACTIVER, ICACTIVER
        };
    }

    private boolean writeBank(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        return switch (o & ~0x7f) {
            case GICD_ISENABLER -> ranks.writeEnable(cpu, v, io, o, true);
            case GICD_ICENABLER -> ranks.writeEnable(cpu, v, io, o, false);
            case GICD_ISPENDR -> ranks.writePending(cpu, v, io, o);
            case GICD_ICPENDR -> ranks.writeClearPending(cpu, v, io, o);
            case GICD_ISACTIVER ->
                (int) io.value() == 0
                        || ranks.writeActive(cpu, v, o); // not implemented: an abort, if anything is asked for
            case GICD_ICACTIVER -> ranks.writeClearActive(cpu, v, io, o);
            default -> true; // IGROUPR is ignored
        };
    }

    // ---- ITARGETSR --------------------------------------------------------------------------------------------------

    private boolean readTargets(Pcpu cpu, Vcpu v, MmioAccess io) {
        if (io.bytes() != 4 && io.bytes() != 1) {
            return false;
        }
        VgicIrqRank rank = d.rankOfRegister(v, 8, io.offset() - GICD_ITARGETSR);
        if (rank == null) {
            return io.answer(0);
        }
        int flags = rank.lock().lockIrqSave(cpu);
        long targets = fetchTargets(cpu, rank, io.offset() - GICD_ITARGETSR & ~3);
        rank.lock().unlockIrqRestore(cpu, flags);
        return io.answerPart(targets, 4);
    }

    /** The targets of four interrupts from {@code virq} on, a byte with one bit each. R held. */
    @Xen("vgic_fetch_itargetsr")
    private long fetchTargets(Pcpu cpu, VgicIrqRank rank, int virq) {
        rank.lock().assertHeldBy(cpu);
        long targets = 0;
        for (int i = 0; i < 4; i++) {
            targets |= (vgic.rules().registers.nowhere.isStray(cpu, rank, virq + i)
                            ? rank.strayRoute(cpu, virq + i)
                            : 1L << rank.targetOpaque(cpu, virq + i))
                    << 8 * i;
        }
        return targets;
    }

    private boolean writeTargets(Pcpu cpu, Vcpu v, MmioAccess io) {
        if (io.bytes() != 4 && io.bytes() != 1) {
            return false;
        }
        VgicIrqRank rank = d.rankOfRegister(v, 8, io.offset() - GICD_ITARGETSR);
        if (rank == null) {
            return true;
        }
        int virq = io.offset() - GICD_ITARGETSR & ~3;
        int flags = rank.lock().lockIrqSave(cpu);
        storeTargets(cpu, rank, virq, io.merge(fetchTargets(cpu, rank, virq), 4));
        rank.lock().unlockIrqRestore(cpu, flags);
        return true;
    }

    /** Of several targets the lowest is taken; a byte that names no vCPU is ignored. R held. */
    @Xen("vgic_store_itargetsr")
    private void storeTargets(Pcpu cpu, VgicIrqRank rank, int virq, long targets) {
        for (int i = 0; i < 4; i++) {
            int written = (int) (targets >>> 8 * i) & 0xff;
            int named = written & (1 << d.domain().maxVcpus()) - 1;
            if (named != 0) {
                int to = vgic.rules().registers.choice.choose(cpu, d.domain(), virq + i, named);
                vgic.storeRoute(cpu, d, rank, virq + i, to);
            } else {
                vgic.rules().registers.nowhere.written(cpu, vgic, d, rank, virq + i, written);
            }
        }
    }

    // ---- SGIR -------------------------------------------------------------------------------------------------------

    @Xen("vgic_v2_to_sgi")
    private boolean writeSgir(Pcpu cpu, Vcpu v, int sgir) {
        int sgi = sgir & 0xf;
        switch (sgir >>> 24 & 3) {
            case LIST -> sendToList(cpu, v, sgi, sgir >>> 16 & 0xff);
            case OTHERS -> {
                vgic.witness().guestSgiBegins(cpu, v, SGI1R_OTHERS | (long) sgi << SGI1R_INTID_SHIFT);
                vgic.sendToOthers(cpu, v, sgi);
            }
            case SELF -> sendToList(cpu, v, sgi, 1 << v.vcpuId());
            default -> {
                return false;
            }
        }
        return true;
    }

    /** The witness is told in the form of ICC_SGI1R_EL1, whatever the version. */
    private void sendToList(Pcpu cpu, Vcpu v, int sgi, int targets) {
        vgic.witness().guestSgiBegins(cpu, v, (long) sgi << SGI1R_INTID_SHIFT | targets);
        vgic.sendToList(cpu, v, sgi, 0, targets);
    }
}

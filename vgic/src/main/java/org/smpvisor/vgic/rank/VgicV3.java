package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;
import static org.smpvisor.vgic.rank.RankRegisters.word;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Xen;
import org.smpvisor.vgic.mmio.MmioHandlers;

/** Register emulation of the virtual GICv3: one distributor frame, two redistributor frames per vCPU. */
@Xen("vgic-v3.c")
@Arm("IHI 0069, chapter 12")
final class VgicV3 {
    private static final int IIDR = 0x34c;
    private static final int PIDR2 = 0x30;
    private static final int ID_BITS = 10;
    /** What the write-only LPI registers of a redistributor read as. */
    private static final long UNKNOWN = 0xdeadbeafdeadbeafL;

    private static final int GICD_IGROUPRNE = 0x1000;
    private static final int GICD_ISENABLERNE = 0x1200;
    private static final int GICD_ICENABLERNE = 0x1400;
    private static final int GICD_ISPENDRNE = 0x1600;
    private static final int GICD_ICPENDRNE = 0x1800;
    private static final int GICD_ISACTIVERNE = 0x1a00;
    private static final int GICD_ICACTIVERNE = 0x1c00;
    private static final int GICD_IPRIORITYRNE = 0x2000;
    private static final int GICD_ICFGRNE = 0x3000;
    private static final int GICD_IGRPMODRNE = 0x3400;
    private static final int GICD_NSACRNE = 0x3600;
    private static final int GICD_IROUTERNE = 0x8000;

    private static final int GICR_SETLPIR = 0x40;
    private static final int GICR_CLRLPIR = 0x48;
    private static final int GICR_PROPBASER = 0x70;
    private static final int GICR_PENDBASER = 0x78;
    private static final int GICR_INVLPIR = 0xa0;
    private static final int GICR_INVALLR = 0xb0;
    private static final int GICR_SYNCR = 0xc0;

    private final RankVgic vgic;
    private final VgicDomain d;
    private final RankRegisters ranks;

    VgicV3(RankVgic vgic, VgicDomain d) {
        this.vgic = vgic;
        this.d = d;
        this.ranks = new RankRegisters(vgic, d, GICD_CTLR_ENABLE_G1A);
    }

    /** Registers the frames at the places of a guest that has no host layout. */
    @Xen("vgic_v3_domain_init")
    void register(Pcpu cpu) {
        d.mmio().register(cpu, GUEST_GICD_BASE, 0x10000, new DistributorFrame());
        d.mmio().register(cpu, GUEST_GICR_BASE, GUEST_GICR_SIZE, new RedistributorFrames());
    }

    // ---- GICD -------------------------------------------------------------------------------------------------------

    private final class DistributorFrame implements MmioHandlers.Handler {
        @Override
        @Xen("vgic_v3_distr_mmio_read")
        public boolean read(Pcpu cpu, Vcpu v, MmioAccess io) {
            int o = io.offset();
            if (isBanked(o)) {
                return isReserved(cpu, v, o) ? io.answer(0) : readCommon(cpu, v, io, o);
            }
            if (o >= GICD_IROUTER + 8 * 32 && o < GICD_IROUTER + 8 * 1020) {
                return readRouter(cpu, v, io);
            }
            return switch (o & ~3) {
                case GICD_CTLR -> ranks.readControl(cpu, io);
                case GICD_TYPER -> word(io, typer());
                case GICD_IIDR -> word(io, IIDR);
                case GICD_STATUSR, GICD_SGIR -> word(io, 0);
                case GICD_PIDR2 -> word(io, PIDR2);
                default -> readRest(io, o);
            };
        }

        @Override
        @Xen("vgic_v3_distr_mmio_write")
        public boolean write(Pcpu cpu, Vcpu v, MmioAccess io) {
            int o = io.offset();
            if (isBanked(o)) {
                return isReserved(cpu, v, o) || writeCommon(cpu, v, io, o);
            }
            if (o >= GICD_IROUTER + 8 * 32 && o < GICD_IROUTER + 8 * 1020) {
                return writeRouter(cpu, v, io);
            }
            return switch (o & ~3) {
                case GICD_CTLR -> ranks.writeControl(cpu, io);
                case GICD_TYPER, GICD_IIDR, GICD_STATUSR, GICD_SGIR, GICD_PIDR2 -> io.bytes() == 4;
                default -> isExtended(o) ? hasExtendedWidth(io, o) : !isPendingSgiRegister(o);
            };
        }
    }

    /** The words for INTIDs 0..31, which are elsewhere when affinity routing is on; Xen does not say so (H17). */
    private boolean isReserved(Pcpu cpu, Vcpu v, int o) {
        int first = firstIntid(o);
        return first < NR_LOCAL_IRQS && vgic.rules().registers.privateWord.isReserved(cpu, v, first);
    }

    /** First INTID of a register of a bank. */
    private static int firstIntid(int o) {
        if (o >= GICD_IPRIORITYR && o < GICD_ICFGR) {
            return o - GICD_IPRIORITYR;
        }
        return o >= GICD_ICFGR && o < GICD_ICFGR + 0x100 ? 4 * (o - GICD_ICFGR) : 8 * (o & 0x7c);
    }

    private static boolean readRest(MmioAccess io, int o) {
        if (isExtended(o)) {
            return hasExtendedWidth(io, o) && io.answer(0);
        }
        return isPendingSgiRegister(o) ? word(io, 0) : io.answer(0);
    }

    /** GICD_CPENDSGIR and GICD_SPENDSGIR, writes of which abort. */
    private static boolean isPendingSgiRegister(int o) {
        return o >= 0xf10 && o < 0xf30;
    }

    // ---- extended SPIs ----------------------------------------------------------------------------------------------

    /** Registers of extended SPIs. A domain has none: they read as zero and ignore writes, if the width is right. */
    private static boolean isExtended(int o) {
        return switch (o & ~0x7f) {
            case GICD_IGROUPRNE,
                    GICD_ISENABLERNE,
                    GICD_ICENABLERNE,
                    GICD_ISPENDRNE,
                    GICD_ICPENDRNE,
                    GICD_ISACTIVERNE,
                    GICD_ICACTIVERNE,
                    GICD_IGRPMODRNE -> true;
            default ->
                o >= GICD_IPRIORITYRNE && o < GICD_IPRIORITYRNE + 0x400
                        || o >= GICD_ICFGRNE && o < GICD_ICFGRNE + 0x100
                        || o >= GICD_NSACRNE && o < GICD_NSACRNE + 0x100
                        || isExtendedRouter(o);
        };
    }

    private static boolean isExtendedRouter(int o) {
        return o >= GICD_IROUTERNE && o < GICD_IROUTERNE + 8 * 1024 + 4;
    }

    /** The widths are those of the base registers, whose pending and active banks are read in any width. */
    private static boolean hasExtendedWidth(MmioAccess io, int o) {
        if (isExtendedRouter(o)) {
            return io.bytes() == 4 || io.bytes() == 8;
        }
        if (o >= GICD_IPRIORITYRNE && o < GICD_ICFGRNE) {
            return io.bytes() == 4 || io.bytes() == 1;
        }
        return io.bytes() == 4 || !io.isWrite() && o >= GICD_ISPENDRNE && o < GICD_IPRIORITYRNE;
    }

    private int typer() {
        int cpus = Math.min(d.domain().maxVcpus(), 8) - 1;
        return d.nrSpis() / 32 | cpus << 5 | ID_BITS - 1 << 19;
    }

    // ---- IROUTER ----------------------------------------------------------------------------------------------------

    private VgicIrqRank routerRank(Vcpu v, int offset) {
        return d.rank(v, (offset - GICD_IROUTER >> 3) / 32);
    }

    private boolean readRouter(Pcpu cpu, Vcpu v, MmioAccess io) {
        if (io.bytes() != 4 && io.bytes() != 8) {
            return false;
        }
        VgicIrqRank rank = routerRank(v, io.offset());
        if (rank == null) {
            return io.answer(0);
        }
        int flags = rank.lock().lockIrqSave(cpu);
        long router = fetchRouter(cpu, rank, io.offset() - GICD_IROUTER >> 3);
        rank.lock().unlockIrqRestore(cpu, flags);
        return io.answerPart(router, 8);
    }

    @Xen("vgic_fetch_irouter")
    private long fetchRouter(Pcpu cpu, VgicIrqRank rank, int virq) {
        rank.lock().assertHeldBy(cpu);
        return vgic.rules().registers.nowhere.isStray(cpu, rank, virq)
                ? unpacked(rank.strayRoute(cpu, virq))
                : vcpuAffinity(rank.targetOpaque(cpu, virq));
    }

    /** A route in one word: Aff3 above Aff2, Aff1 and Aff0. */
    private static int packed(long router) {
        return (int) (router >>> 8) & 0xff000000 | (int) router & 0xffffff;
    }

    private static long unpacked(int packed) {
        return (packed & 0xff000000L) << 8 | packed & 0xffffff;
    }

    private boolean writeRouter(Pcpu cpu, Vcpu v, MmioAccess io) {
        if (io.bytes() != 4 && io.bytes() != 8) {
            return false;
        }
        VgicIrqRank rank = routerRank(v, io.offset());
        if (rank == null) {
            return true;
        }
        int virq = io.offset() - GICD_IROUTER >> 3;
        int flags = rank.lock().lockIrqSave(cpu);
        storeRouter(cpu, rank, virq, io.merge(fetchRouter(cpu, rank, virq), 8));
        rank.lock().unlockIrqRestore(cpu, flags);
        return true;
    }

    /** "Any CPU" is vCPU 0; a vCPU that there is not is ignored. R held. */
    @Xen("vgic_store_irouter")
    private void storeRouter(Pcpu cpu, VgicIrqRank rank, int virq, long router) {
        int to = (router & IROUTER_IRM) != 0 ? anyVcpu(cpu, virq) : vcpuOf(router);
        if (d.domain().vcpu(to) != null) {
            vgic.storeRoute(cpu, d, rank, virq, to);
        } else {
            vgic.rules().registers.nowhere.written(cpu, vgic, d, rank, virq, packed(router));
        }
    }

    private int anyVcpu(Pcpu cpu, int virq) {
        long all = -1L >>> 64 - Math.min(64, d.domain().maxVcpus());
        return vgic.rules().registers.choice.choose(cpu, d.domain(), virq, all);
    }

    @Xen("vgic_v3_irouter_to_vcpu")
    private static int vcpuOf(long router) {
        long a = router & AFFINITY_MASK;
        return (int) (a & 0xff | (a >>> 8 & 0xff) << 4);
    }

    // ---- registers that GICD and the SGI frame of GICR share --------------------------------------------------------

    private static boolean isBanked(int o) {
        return o >= GICD_IGROUPR && o < GICD_IPRIORITYR + 0x3fc
                || o >= GICD_ICFGR && o < GICD_ICFGR + 0x100
                || o >= GICD_IGRPMODR && o < GICD_IGRPMODR + 0x80
                || o >= GICD_NSACR && o < GICD_NSACR + 0x100;
    }

    @Xen("__vgic_v3_distr_common_mmio_read")
    private boolean readCommon(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        if (o >= GICD_IPRIORITYR && o < GICD_ICFGR) {
            return ranks.readPriority(cpu, v, io, o);
        }
        if (o >= GICD_ICFGR && o < GICD_ICFGR + 0x100) {
            return ranks.readConfiguration(cpu, v, io, o);
        }
        return switch (o & ~0x7f) {
            case GICD_ISENABLER, GICD_ICENABLER -> ranks.readEnable(cpu, v, io, o);
            case GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER -> ranks.readStatus(cpu, v, io, o);
            default -> word(io, 0);
        };
    }

    @Xen("__vgic_v3_distr_common_mmio_write")
    private boolean writeCommon(Pcpu cpu, Vcpu v, MmioAccess io, int o) {
        if (o >= GICD_IPRIORITYR && o < GICD_ICFGR) {
            return ranks.writePriority(cpu, v, io, o);
        }
        if (io.bytes() != 4) {
            return false;
        }
        if (o >= GICD_ICFGR && o < GICD_ICFGR + 0x100) {
            return ranks.writeConfiguration(cpu, v, io, o);
        }
        return switch (o & ~0x7f) {
            case GICD_ISENABLER -> ranks.writeEnable(cpu, v, io, o, true);
            case GICD_ICENABLER -> ranks.writeEnable(cpu, v, io, o, false);
            case GICD_ISPENDR -> ranks.writePending(cpu, v, io, o);
            case GICD_ICPENDR -> ranks.writeClearPending(cpu, v, io, o);
            case GICD_ISACTIVER -> ranks.writeActive(cpu, v, o); // not implemented in Xen: an abort, whatever the value
            case GICD_ICACTIVER -> ranks.writeClearActive(cpu, v, io, o);
            default -> true; // IGROUPR, IGRPMODR and NSACR are ignored
        };
    }

    // ---- GICR -------------------------------------------------------------------------------------------------------

    /** The vCPU is that of the addressed frame, not the one that accesses it. */
    private final class RedistributorFrames implements MmioHandlers.Handler {
        @Override
        @Xen("vgic_v3_rdistr_mmio_read")
        public boolean read(Pcpu cpu, Vcpu v, MmioAccess io) {
            Vcpu addressed = addressed(io);
            if (addressed == null) {
                return false;
            }
            int o = io.offset() % GICR_SIZE;
            return o < GICR_SGI_FRAME ? readRd(cpu, addressed, io, o) : readSgi(cpu, addressed, io, o - GICR_SGI_FRAME);
        }

        @Xen("get_vcpu_from_rdist")
        private Vcpu addressed(MmioAccess io) {
            return d.domain().vcpu(io.offset() / GICR_SIZE);
        }

        @Xen("vgic_v3_rdistr_sgi_mmio_read")
        private boolean readSgi(Pcpu cpu, Vcpu addressed, MmioAccess io, int s) {
            return isLocal(s) ? readCommon(cpu, addressed, io, s) : io.answer(0);
        }

        @Xen("__vgic_v3_rdistr_rd_mmio_read")
        private boolean readRd(Pcpu cpu, Vcpu addressed, MmioAccess io, int o) {
            return switch (o & ~3) {
                case GICR_CTLR, GICR_STATUSR, GICR_WAKER -> word(io, 0);
                case GICR_IIDR -> word(io, IIDR);
                case GICR_TYPER, GICR_TYPER + 4 -> readTyper(io, addressed);
                case GICR_PIDR2 -> word(io, PIDR2);
                case GICR_SYNCR -> word(io, 1);
                default -> readLpiRegister(io, o & ~7);
            };
        }

        /** The registers of LPIs, which a domain without an ITS does not have. */
        private boolean readLpiRegister(MmioAccess io, int o) {
            return switch (o) {
                case GICR_PROPBASER, GICR_PENDBASER -> isWordOrDoubleword(io) && io.answer(0);
                case GICR_SETLPIR, GICR_CLRLPIR, GICR_INVLPIR, GICR_INVALLR -> io.answerPart(UNKNOWN, 8);
                default -> io.answer(0);
            };
        }

        private static boolean isWordOrDoubleword(MmioAccess io) {
            return io.bytes() == 4 || io.bytes() == 8;
        }

        private boolean readTyper(MmioAccess io, Vcpu addressed) {
            if (!isWordOrDoubleword(io)) {
                return false;
            }
            long last = addressed.vcpuId() == d.domain().maxVcpus() - 1 ? 1 << 4 : 0;
            return io.answerPart(vcpuAffinity(addressed.vcpuId()) << 32 | (long) addressed.vcpuId() << 8 | last, 8);
        }

        @Override
        @Xen("vgic_v3_rdistr_mmio_write")
        public boolean write(Pcpu cpu, Vcpu v, MmioAccess io) {
            Vcpu addressed = addressed(io);
            if (addressed == null) {
                return false;
            }
            int o = io.offset() % GICR_SIZE;
            return o < GICR_SGI_FRAME
                    ? writeRd(cpu, addressed, io, o)
                    : writeSgi(cpu, addressed, io, o - GICR_SGI_FRAME);
        }

        @Xen("vgic_v3_rdistr_sgi_mmio_write")
        private boolean writeSgi(Pcpu cpu, Vcpu addressed, MmioAccess io, int s) {
            boolean sgiTypes = s >= GICD_ICFGR && s < GICD_ICFGR + 4; // a store to it is not decoded at all
            return !isLocal(s) || sgiTypes || writeCommon(cpu, addressed, io, s);
        }

        @Xen("__vgic_v3_rdistr_rd_mmio_write")
        private boolean writeRd(Pcpu cpu, Vcpu addressed, MmioAccess io, int o) {
            return switch (o & ~3) {
                case GICR_CTLR, GICR_STATUSR, GICR_WAKER, GICR_IIDR, GICR_PIDR2, GICR_SYNCR -> io.bytes() == 4;
                case GICR_TYPER, GICR_TYPER + 4 -> isWordOrDoubleword(io);
                default -> writeLpiRegister(io, o & ~7);
            };
        }

        private boolean writeLpiRegister(MmioAccess io, int o) {
            return switch (o) {
                case GICR_PROPBASER, GICR_PENDBASER, GICR_SETLPIR, GICR_CLRLPIR, GICR_INVLPIR, GICR_INVALLR ->
                    isWordOrDoubleword(io);
                default -> true;
            };
        }

        /** Registers of the SGI frame: the first word of each bank. */
        private boolean isLocal(int s) {
            return s >= GICD_IPRIORITYR && s < GICD_IPRIORITYR + 32
                    || s >= GICD_ICFGR && s < GICD_ICFGR + 8
                    || s >= GICD_IGROUPR && s < GICD_IPRIORITYR && (s & 0x7f) < 4
                    || s >= GICD_IGRPMODR && s < GICD_IGRPMODR + 4
                    || s >= GICD_NSACR && s < GICD_NSACR + 4;
        }
    }
}

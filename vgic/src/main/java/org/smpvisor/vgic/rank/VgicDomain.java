package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.NR_LOCAL_IRQS;
import static org.smpvisor.abi.GicAbi.NR_SGIS;

import org.smpvisor.abi.GicAbi;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;
import org.smpvisor.vgic.mmio.MmioHandlers;

/** The virtual distributor of one domain. */
@Xen("struct vgic_dist")
public final class VgicDomain implements Domain.State {
    private static final int MAX_SPIS = 1020 - 32;
    /** The group enables of GICD_CTLR; a virtual GICv3 has the one, a virtual GICv2 the other. */
    private static final int FORWARDING = 3;

    private final Domain domain;
    private final int nrSpis;
    private final SpinLock lock;
    private final VgicIrqRank[] sharedRanks;
    private final PendingIrq[] pendingIrqs;
    private final MmioHandlers mmio;
    private final boolean guardBinding;
    private final int senders;

    /** Which virtual interrupts have a user, a bit each; no lock: who gets one is decided by the bit. */
    private final IntCell[] allocated;

    /** GICD_CTLR; Xen's injection never looks at it (H16). */
    @GuardedBy("lock")
    private final IntCell ctlr;

    /**
     * @param spis number of SPIs wanted, rounded up to a multiple of 32
     * @param guardBinding whether the rules in force touch an interrupt under the lock of its owner only
     * @param control GICD_CTLR at first
     * @param keepsStrayRoutes whether routes that name no vCPU are kept
     * @param senders how many senders of an SGI are told apart, 1 for none
     * @throws IllegalArgumentException if more than 988 result
     */
    @Xen("domain_vgic_init")
    VgicDomain(Domain domain, int spis, boolean guardBinding, int control, boolean keepsStrayRoutes, int senders) {
        this.domain = domain;
        this.guardBinding = guardBinding;
        this.senders = senders;
        this.nrSpis = (spis + 31) / 32 * 32;
        if (nrSpis > MAX_SPIS) {
            throw new IllegalArgumentException(domain + ": " + spis + " SPIs are too many, at most 960 are possible");
        }
        this.lock = new SpinLock(LockClass.DIST, domain + ".vgic.lock", domain.id());
        this.ctlr = new IntCell(domain + ".ctlr", lock, control);
        this.sharedRanks = new VgicIrqRank[nrSpis / 32];
        this.pendingIrqs = new PendingIrq[nrSpis];
        for (int i = 0; i < nrSpis; i++) {
            pendingIrqs[i] = new PendingIrq(i + 32, this, null);
        }
        for (int i = 0; i < sharedRanks.length; i++) {
            sharedRanks[i] = new VgicIrqRank(domain.toString(), i + 1, 0, keepsStrayRoutes);
        }
        this.mmio = new MmioHandlers(domain.toString());
        this.allocated = new IntCell[1 + nrSpis / 32];
        for (int i = 0; i < allocated.length; i++) {
            allocated[i] = new IntCell(domain + ".allocated_irqs" + i, null, i == 0 ? (1 << NR_SGIS) - 1 : 0);
        }
    }

    public Domain domain() {
        return domain;
    }

    /** Number of SPIs, a multiple of 32. */
    public int nrSpis() {
        return nrSpis;
    }

    SpinLock lock() {
        return lock;
    }

    IntCell ctlr() {
        return ctlr;
    }

    /** How many senders of an SGI are told apart, 1 for none. */
    int senders() {
        return senders;
    }

    /** Whether GICD_CTLR lets interrupts through, without the lock. */
    boolean isForwarding(Pcpu cpu) {
        return (ctlr.getOpaque(cpu) & FORWARDING) != 0;
    }

    /** The same for marks. */
    boolean peekForwarding(Pcpu cpu) {
        return (ctlr.peek(cpu) & FORWARDING) != 0;
    }

    MmioHandlers mmio() {
        return mmio;
    }

    // ---- who uses which ---------------------------------------------------------------------------------------------

    /** Takes {@code virq} for a user; false if it has one, or does not exist. No lock needed. */
    boolean reserve(Pcpu cpu, int virq) {
        return isValidLine(virq) && !allocated[virq >> 5].testAndSetBit(cpu, virq & 31);
    }

    /**
     * Takes any SPI, or any PPI, that nobody uses: the first, unless somebody else is faster. No lock needed.
     *
     * @return its number, -1 if all are in use
     */
    @Xen("vgic_allocate_virq")
    public int allocate(Pcpu cpu, boolean spi) {
        int end = spi ? NR_LOCAL_IRQS + nrSpis : NR_LOCAL_IRQS;
        int virq = spi ? NR_LOCAL_IRQS : NR_SGIS;
        while (true) {
            virq = nextFree(cpu, virq, end);
            if (virq == end) {
                return -1;
            }
            if (reserve(cpu, virq)) {
                return virq;
            }
            virq = spi ? NR_LOCAL_IRQS : NR_SGIS;
        }
    }

    private int nextFree(Pcpu cpu, int from, int end) {
        int virq = from;
        while (virq < end && allocated[virq >> 5].testBit(cpu, virq & 31)) {
            virq++;
        }
        return virq;
    }

    /** Gives {@code virq} back, which a user has. No lock needed. */
    @Xen("vgic_free_virq")
    public void free(Pcpu cpu, int virq) {
        allocated[virq >> 5].clearBit(cpu, virq & 31);
    }

    /** Whether {@code virq} exists for a vCPU of the domain. */
    @Xen("vgic_is_valid_line")
    boolean isValidLine(int virq) {
        return virq >= 0 && virq < 32 + nrSpis;
    }

    /** Rank by number: 0 is the private one of {@code v}; {@code null} if there is none. */
    @Xen("vgic_get_rank")
    VgicIrqRank rank(Vcpu v, int number) {
        if (number == 0) {
            return ((VgicVcpu) v.vgic()).privateRank();
        }
        return number <= sharedRanks.length ? sharedRanks[number - 1] : null;
    }

    /** Rank that holds {@code virq}, an SPI. */
    @Xen("vgic_rank_irq")
    VgicIrqRank rankOfSpi(int virq) {
        return sharedRanks[(virq >> 5) - 1];
    }

    /**
     * Rank that a register belongs to, {@code null} beyond the last.
     *
     * @param bits bits per interrupt, 1, 2, 4, 8 or 16
     * @param offset offset of the register from the first of its kind
     */
    @Xen("vgic_rank_offset")
    VgicIrqRank rankOfRegister(Vcpu v, int bits, int offset) {
        return rank(v, (offset >> 2) >> Integer.numberOfTrailingZeros(bits));
    }

    /** Injection state of an SPI. */
    @Xen("spi_to_pending")
    public PendingIrq spi(int virq) {
        return pendingIrqs[virq - 32];
    }

    /** Injection state of an interrupt as vCPU {@code v} sees it. */
    @Xen("irq_to_pending")
    PendingIrq pending(Vcpu v, int virq) {
        return virq < 32 ? ((VgicVcpu) v.vgic()).pendingIrq(virq) : spi(virq);
    }

    /** Injection state of what a list register of {@code v} names. */
    PendingIrq inLr(Vcpu v, long lr) {
        int virq = (int) (lr & VirtualCpuInterface.LR_VIRTUAL_MASK);
        int intid = virq & GicAbi.GICC_INTID_MASK;
        return senders > 1 && intid < GicAbi.NR_SGIS
                ? ((VgicVcpu) v.vgic()).sgiFrom(intid, virq >> GicAbi.GICC_SOURCE_SHIFT)
                : pending(v, virq);
    }

    /** Injection state of what a list register holds, for observers; {@code null} if there is no such interrupt. */
    public PendingIrq peekInLr(Vcpu v, long lr) {
        int intid = (int) (lr & (senders > 1 ? GicAbi.GICC_INTID_MASK : VirtualCpuInterface.LR_VIRTUAL_MASK));
        return isValidLine(intid) ? inLr(v, lr) : null;
    }

    /** Target vCPU of an SPI, read without a lock. */
    @Xen("vgic_get_target_vcpu")
    VgicVcpu target(Pcpu cpu, int virq) {
        return (VgicVcpu) domain.vcpu(rankOfSpi(virq).targetOpaque(cpu, virq)).vgic();
    }

    /** The same by a plain load; for a bug of the past. */
    VgicVcpu targetPlain(Pcpu cpu, int virq) {
        return (VgicVcpu)
                domain.vcpu(rankOfSpi(virq).vcpu().getPlain(cpu, virq & 31)).vgic();
    }

    /** Whether the enable register says that {@code p} is enabled, for observers. */
    public boolean peekEnabled(PendingIrq p) {
        VgicIrqRank rank = p.irq() < 32 ? ((VgicVcpu) domain.vcpu(p.vcpu()).vgic()).privateRank() : rankOfSpi(p.irq());
        return (rank.ienable().peek() >>> (p.irq() & 31) & 1) != 0;
    }

    /** Whether it is a broken rule to touch an interrupt, or a list of interrupts, without the lock of its owner. */
    boolean isGuardBinding() {
        return guardBinding;
    }

    /** Target vCPU id of an SPI, for shadows of what {@code cpu} does. */
    int peekTarget(Pcpu cpu, int virq) {
        return rankOfSpi(virq).vcpu().peek(cpu, virq & 31);
    }

    /** Whether {@code virq} is an SPI of the domain. */
    public boolean isSpi(int virq) {
        return virq >= 32 && virq < 32 + nrSpis;
    }

    /** Target vCPU id of an SPI, for observers. */
    public int peekTarget(int virq) {
        return rankOfSpi(virq).vcpu().peek(virq & 31);
    }
}

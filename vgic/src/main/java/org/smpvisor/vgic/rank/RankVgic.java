package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.GICD_CTLR_ARE_NS;
import static org.smpvisor.abi.GicAbi.GICV2_CPUS;
import static org.smpvisor.abi.GicAbi.NR_SGIS;

import org.smpvisor.abi.SysReg;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.host.VgicConnector;
import org.smpvisor.gic.host.VirqReservation;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Fault;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/** Xen's old virtual GIC: injection, enabling, migration between vCPUs, and following vCPUs between pCPUs. */
@Xen("vgic.c")
public final class RankVgic implements VgicOps, VgicConnector, VirqReservation {
    private static final int EVTCHN_PPI = 31;
    private static final int EBUSY = Irq.EBUSY;
    private static final int EINVAL = Irq.EINVAL;
    private static final int LATER = -1;
    private static final int REFUSED = -2;
    private static final int IN_USE = 1 << PendingIrq.ENABLED | 1 << PendingIrq.VISIBLE | 1 << PendingIrq.ACTIVE;

    private static final PastRankRules.LockUse MASKING = new PastRankRules.Masking();

    private final GicHwOperations gic;
    private final Pcpu[] pcpus;
    private final RankRules rules;
    private final FaultPlan faults;
    private final boolean guardBinding;
    private final ListRegisters lrs;
    private final Witness witness;

    @OwnedBy("boot")
    private Scheduler scheduler;

    @OwnedBy("boot")
    private Irq irq;

    /** The vGIC of a machine; one object serves all of its domains. */
    public RankVgic(
            GicHwOperations gic, Pcpu[] pcpus, Variant variant, Marks marks, FaultPlan faults, Witness witness) {
        this.gic = gic;
        this.pcpus = pcpus.clone();
        this.rules = new RankRules(variant, marks, gic, this.pcpus);
        this.guardBinding = rules.useOwnersLock && !faults.misroutes();
        this.faults = faults;
        this.lrs = new ListRegisters(gic, this.pcpus, rules, faults, witness);
        this.witness = witness;
    }

    /** Connects the scheduler that kicks go to; once, before the machine runs. */
    public void connect(Scheduler s) {
        this.scheduler = s;
    }

    /** Connects the host's interrupts, which a dying domain gives back; once, before the machine runs. */
    public void connect(Irq hostIrq) {
        this.irq = hostIrq;
    }

    /**
     * Creates the virtual distributor of a domain, of the version that the host has, and registers its frames. Interrupts open,
     * before any vCPU is added.
     */
    @Xen("domain_vgic_init")
    public VgicDomain createDomain(Pcpu cpu, Domain d, int spis) {
        boolean v2 = getsV2(d);
        VgicDomain vd = new VgicDomain(
                d,
                spis,
                guardBinding,
                v2 ? 0 : GICD_CTLR_ARE_NS,
                rules.registers.keepsStrayRoutes,
                v2 && rules.delivery.keepsSenders ? d.maxVcpus() : 1);
        d.setVgic(vd);
        if (v2) {
            VgicV2 frames = new VgicV2(this, vd);
            frames.register(cpu);
        } else {
            VgicV3 frames = new VgicV3(this, vd);
            frames.register(cpu);
        }
        return vd;
    }

    /** Which of the two virtual distributors a domain gets; it has to have room for all of its vCPUs. */
    @Xen("domain_vgic_register")
    private boolean getsV2(Domain d) {
        boolean v2 = gic.version() == GicHwOperations.Version.V2;
        if (v2 && d.maxVcpus() > GICV2_CPUS) {
            throw new IllegalArgumentException(
                    d + ": a GICv2 serves at most " + GICV2_CPUS + " vCPUs, not " + d.maxVcpus());
        }
        return v2;
    }

    @Override
    @Xen("domain_vgic_free")
    public int freeDomain(Pcpu cpu, Domain d) {
        VgicDomain vd = of(d);
        int failed = 0;
        for (int virq = 32; virq < 32 + vd.nrSpis(); virq++) {
            IrqDesc desc = vd.spi(virq).desc().getOpaque(cpu);
            int rc = desc == null ? 0 : irq.releaseGuestIrq(cpu, d, virq, desc.irq());
            failed = rc == 0 ? failed : rc; // Xen logs it and goes on
        }
        return failed;
    }

    /** Creates the vGIC state of a vCPU; before the vCPU runs. */
    @Xen("vcpu_vgic_init")
    public VgicVcpu createVcpu(Vcpu v) {
        VgicVcpu vv = new VgicVcpu(v, (VgicDomain) v.domain().vgic());
        v.setVgic(vv);
        return vv;
    }

    static VgicVcpu of(Vcpu v) {
        return (VgicVcpu) v.vgic();
    }

    static VgicDomain of(Domain d) {
        return (VgicDomain) d.vgic();
    }

    // ---- which lock -------------------------------------------------------------------------------------------------

    /**
     * Looks up the vCPU that guards {@code p}, then masks interrupts and takes its lock; returns that vCPU. Whoever unlocks
     * puts the interrupt mask back. Between look-up and lock anything may happen, an interrupt included (H2).
     *
     * @param given the vCPU that the route names, if the caller holds the rank lock or names the vCPU itself; else
     *     {@code null}, and the route is looked up
     */
    VgicVcpu lockGuardian(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu given) {
        return lockGuardian(cpu, d, p, given, MASKING);
    }

    private VgicVcpu lockGuardian(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu given, PastRankRules.LockUse use) {
        while (true) {
            VgicVcpu route = given != null ? given : d.target(cpu, p.irq());
            VgicVcpu v = p.irq() < 32 ? route : rules.owner(cpu, p).choose(cpu, p, route);
            int flags = use.lock(cpu, v.lock());
            if (p.irq() < 32 || isGuardian(cpu, d, p, v, route, given != null)) {
                return v;
            }
            use.unlock(cpu, v.lock(), flags);
        }
    }

    /**
     * With V of {@code v} held. The owner is asked on both sides of the route: while there is none, the route cannot leave
     * {@code v} without this lock, so that both answers hold at one moment.
     */
    private boolean isGuardian(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu v, VgicVcpu route, boolean given) {
        RankRules.OwnerRule owner = rules.owner(cpu, p);
        return owner.confirm(cpu, p, v, route)
                && (given || rules.target.confirm(cpu, d, p, v) && owner.confirm(cpu, p, v, route));
    }

    // ---- injection --------------------------------------------------------------------------------------------------

    @Override
    public void injectIrq(Pcpu cpu, Domain d, Vcpu given, int virq, boolean level) {
        VgicDomain vd = of(d);
        if (rules.delivery.level.moved(cpu, this, vd, given, virq, level)) {
            raise(cpu, d, given, vd.pending(given, virq));
        }
    }

    /** Makes {@code p} pending, by whatever reason. No vGIC lock held. */
    void raise(Pcpu cpu, Domain d, Vcpu given, PendingIrq p) {
        cpu.count(Counter.INJECTIONS);
        VgicDomain vd = of(d);
        int virq = p.irq();
        ListRegisters.Reinjections again = lrs.reinjections(cpu);
        int mark = again.mark();
        int flags = cpu.localSaveFlags();
        VgicVcpu named = given == null ? misrouted(cpu, vd, p) : of(given);
        VgicIrqRank rank = vd.rank(given, virq >> 5);
        int priority = rules.past.priority.before(cpu, rank, virq);
        boolean sample = rules.past.kick.before(cpu, vd, p, given);
        VgicVcpu v = lockGuardian(cpu, vd, p, named);
        boolean inflight = !p.inflight().isEmpty(cpu);
        boolean accepted = queue(cpu, v, p, rank, priority);
        boolean kicks = accepted && rules.delivery.wake.kicks(cpu, p, v);
        if (named == null && p.irq() >= 32) {
            rules.queued(cpu, vd, v, p);
        }
        v.lock().unlockIrqRestore(cpu, flags);
        if (accepted) {
            reinject(cpu, again, mark);
        }
        if (kicks) {
            rules.past.kick.kick(cpu, scheduler, v, inflight, sample);
        }
    }

    /** The planted fault of a wrong route; {@code null} for none. */
    private VgicVcpu misrouted(Pcpu cpu, VgicDomain d, PendingIrq p) {
        if (d.domain().maxVcpus() > 1
                && p.desc().peek(cpu) != null
                && p.inflight().peekNext(cpu) == p.inflight()
                && faults.fires(Fault.WRONG_ROUTE)) {
            int wrong =
                    (d.target(cpu, p.irq()).vcpu().vcpuId() + 1) % d.domain().maxVcpus();
            return of(d.domain().vcpu(wrong));
        }
        return null;
    }

    /** Records an assertion. V held. Returns false if the vCPU is down and nothing was done. */
    private boolean queue(Pcpu cpu, VgicVcpu v, PendingIrq p, VgicIrqRank rank, int priority) {
        if (v.vcpu().pauseFlags().testBit(cpu, Vcpu.VPF_DOWN) && !rules.delivery.down.isKept(cpu, p, v)) {
            cpu.events().record(Event.VCPU_DOWN, p.domain(), p.irq(), v.vcpu().vcpuId());
            return false;
        }
        cpu.events().record(Event.INJECT, p.domain(), p.irq(), v.vcpu().vcpuId());
        if (p.irq() < 16 && p.status().testBit(cpu, PendingIrq.QUEUED)) {
            cpu.count(Counter.GUEST_SGIS_COALESCED);
        }
        p.status().setBit(cpu, PendingIrq.QUEUED);
        rules.delivery.progress.recorded(cpu, p);
        if (!p.inflight().isEmpty(cpu)) {
            rules.found(cpu, p, v);
            rules.late.noted(cpu, v);
            lrs.raiseInflightIrq(cpu, v, p);
            return true;
        }
        p.priority().setGuarded(cpu, rules.past.priority.inside(cpu, rank, p.irq(), priority));
        if (p.status().testBit(cpu, PendingIrq.ENABLED)) {
            lrs.raiseGuestIrq(cpu, v, p);
        }
        lrs.addInflight(cpu, v, p);
        return true;
    }

    /** Injects what finished migrations left behind, with no lock held. */
    private void reinject(Pcpu cpu, ListRegisters.Reinjections again, int mark) {
        for (PendingIrq p = again.pop(mark); p != null; p = again.pop(mark)) {
            raise(cpu, domainOf(cpu, p), null, p);
        }
    }

    private Domain domainOf(Pcpu cpu, PendingIrq p) {
        Domain d = cpu.current().domain();
        if (d != null && d.id() == p.domain()) {
            return d;
        }
        return domains[p.domain()];
    }

    /** Domains by id, for re-injection in an interrupt that hit another domain's vCPU. */
    private final Domain[] domains = new Domain[256];

    /** Makes a domain known by its id; when it is created. */
    public void announce(Domain d) {
        domains[d.id()] = d;
    }

    /**
     * With the machine stopped or at rest: completes the marks, so that they name each interrupt of {@code d} that a list broken
     * by a weak spot has cut off.
     */
    public void settleMarks(Domain d) {
        rules.links.settle(d);
    }

    // ---- entry and exit ---------------------------------------------------------------------------------------------

    @Override
    public boolean beforeIrqsOpen(Pcpu cpu) {
        return rules.trapEntry.beforeIrqsOpen(cpu, gic);
    }

    @Override
    public void irqsWereOpened(Pcpu cpu) {
        rules.trapEntry.opened(cpu);
    }

    @Override
    public void syncFromLrs(Pcpu cpu, Vcpu v) {
        if (v.isIdle()) {
            return;
        }
        ListRegisters.Reinjections again = lrs.reinjections(cpu);
        int mark = again.mark();
        lrs.syncFromLrs(cpu, of(v));
        if (again.mark() != mark) {
            reinject(cpu, again, mark);
        }
    }

    @Override
    public void syncToLrs(Pcpu cpu) {
        ListRegisters.Reinjections again = lrs.reinjections(cpu);
        int mark = again.mark();
        lrs.syncToLrs(cpu);
        if (again.mark() != mark) {
            reinject(cpu, again, mark);
        }
    }

    /** What is on the two lists of a vCPU, for the console; a debug key. No lock is taken: what is told may be torn. */
    public String dump(Pcpu cpu, Vcpu v) {
        return lrs.dump(cpu, of(v));
    }

    @Override
    public boolean pendingIrq(Pcpu cpu, Vcpu v) {
        return lrs.pendingIrq(cpu, of(v));
    }

    @Override
    public boolean evtchnIrqPending(Pcpu cpu, Vcpu v) {
        return of(v).pendingIrq(TimerAbi.EVTCHN_PPI).inflight().isEmptyOpaque(cpu);
    }

    // ---- power and destruction --------------------------------------------------------------------------------------

    @Override
    public void clearPendingIrqs(Pcpu cpu, Vcpu v) {
        VgicVcpu vv = of(v);
        int flags = vv.lock().lockIrqSave(cpu);
        for (PendingIrq p = lrs.firstInflight(cpu, vv); p != null; p = lrs.firstInflight(cpu, vv)) {
            boolean moving = rules.powerOn.unlinking(cpu, lrs, vv, p);
            lrs.removeInflight(cpu, vv, p);
            rules.powerOn.unlinked(cpu, this, p, moving);
        }
        lrs.clearPendingIrqs(cpu, vv);
        rules.powerOn.cleared(cpu, gic, v);
        vv.lock().unlockIrqRestore(cpu, flags);
    }

    /**
     * Ends the physical interrupt behind {@code p}, which was in flight and which no list register will end any more. V held. Does
     * not ask INPROGRESS, which a clean-up may have cleared under a second assertion (H25): to end what is not active does nothing.
     *
     * @param moving whether it was on its way to another vCPU, to whose pCPU it is routed then
     */
    void endPhysical(Pcpu cpu, PendingIrq p, boolean moving) {
        IrqDesc desc = p.desc().getOpaque(cpu);
        if (desc != null && moving) {
            VgicDomain d = of(cpu.current().domain());
            VgicVcpu target = d.target(cpu, p.irq());
            int at = routeTo(cpu, desc, target, p);
            rules.place.routed(cpu, d, p, target, at, true);
        }
        if (desc != null) {
            desc.status().testAndClearBit(cpu, IrqDesc.IRQ_INPROGRESS);
            gic.deactivateIrq(cpu, desc.irq());
            witness.assertionEnded(cpu, p.domain(), p.irq(), desc.irq());
        }
    }

    // ---- enable and disable -----------------------------------------------------------------------------------------

    /** Interrupts of {@code rank} were newly enabled, or disabled. R(rank) held. */
    void changeEnable(Pcpu cpu, Vcpu v, int mask, VgicIrqRank rank, boolean set) {
        rules.past.enableApply.apply(cpu, this, v, mask, rank, set);
    }

    void applyEnable(Pcpu cpu, Vcpu v, int mask, VgicIrqRank rank, boolean set) {
        if (set) {
            enableIrqs(cpu, v, mask, rank);
        } else {
            disableIrqs(cpu, v, mask, rank);
        }
    }

    Witness witness() {
        return witness;
    }

    PastRankRules past() {
        return rules.past;
    }

    /** Interrupts of {@code rank} were newly enabled. R(rank) held; V, then G, then I, never two of them at once. */
    @Xen("vgic_enable_irqs")
    private void enableIrqs(Pcpu cpu, Vcpu v, int mask, VgicIrqRank rank) {
        VgicDomain d = of(v.domain());
        for (int bits = mask; bits != 0; bits &= bits - 1) {
            int virq = 32 * rank.index() + Integer.numberOfTrailingZeros(bits);
            if (!d.isValidLine(virq)) {
                return;
            }
            VgicVcpu target = virq < 32 ? of(v) : d.target(cpu, virq);
            cpu.events().record(Event.ENABLE, v.domain().id(), virq, v.vcpuId());
            PendingIrq p = d.pending(v, virq);
            enable(cpu, d, v, p, target);
            for (int sender = 1; virq < NR_SGIS && sender < d.senders(); sender++) {
                enable(cpu, d, v, of(v).sgiFrom(virq, sender), target);
            }
            enableHardware(cpu, v, p, target, rank);
        }
    }

    private void enable(Pcpu cpu, VgicDomain d, Vcpu v, PendingIrq p, VgicVcpu target) {
        int flags = cpu.localSaveFlags();
        VgicVcpu guardian = rules.past.enableVcpu.lock(cpu, this, d, v, p, target);
        p.status().setBit(cpu, PendingIrq.ENABLED);
        boolean inflight = !p.inflight().isEmpty(cpu);
        boolean raised = inflight && !p.status().testBit(cpu, PendingIrq.VISIBLE);
        if (inflight && !raised) {
            rules.late.noted(cpu, guardian);
        }
        if (raised) {
            rules.found(cpu, p, guardian);
            lrs.raiseGuestIrq(cpu, guardian, p);
        }
        guardian.lock().unlockIrqRestore(cpu, flags);
        if (raised && rules.enableKick.kicks(cpu, p, guardian)) {
            scheduler.kick(cpu, guardian.vcpu());
        } else if (inflight && !raised) {
            kickHolder(cpu, p);
        }
    }

    /** The vCPU in whose list register {@code p} is may have gone to sleep over it while it was disabled (SV2). */
    private void kickHolder(Pcpu cpu, PendingIrq p) {
        VgicVcpu holder = rules.visibleKick.toKick(cpu, p);
        if (holder != null) {
            scheduler.kick(cpu, holder.vcpu());
        }
    }

    private void enableHardware(Pcpu cpu, Vcpu v, PendingIrq p, VgicVcpu target, VgicIrqRank rank) {
        IrqDesc desc = p.desc().getOpaque(cpu);
        if (desc == null) {
            return;
        }
        if (rules.enableRoute.routesNow(cpu, p)) {
            int at = routeTo(cpu, desc, target, p);
            rules.place.routed(cpu, of(v.domain()), p, target, at, false);
        }
        int flags = desc.lock().lockIrqSave(cpu);
        if (Irq.isTypeSetBy(v.domain())) {
            gic.setIrqType(cpu, desc, rank.type(cpu, p.irq()));
        }
        desc.handler(cpu).enable(cpu, desc);
        desc.lock().unlockIrqRestore(cpu, flags);
    }

    /** Routes to the pCPU of a vCPU, which may have moved by then; returns its id, {@link #LATER} without hardware. */
    private int routeTo(Pcpu cpu, IrqDesc desc, VgicVcpu v, PendingIrq p) {
        int at = v.vcpu().processor().getOpaque(cpu);
        rules.route(cpu, desc, pcpus[at], p);
        return desc == null ? LATER : at;
    }

    /** Interrupts of {@code rank} were newly disabled. R(rank) held. What is in a list register stays there. */
    @Xen("vgic_disable_irqs")
    private void disableIrqs(Pcpu cpu, Vcpu v, int mask, VgicIrqRank rank) {
        VgicDomain d = of(v.domain());
        for (int bits = mask; bits != 0; bits &= bits - 1) {
            int virq = 32 * rank.index() + Integer.numberOfTrailingZeros(bits);
            if (!d.isValidLine(virq)) {
                return;
            }
            cpu.events().record(Event.DISABLE, v.domain().id(), virq, v.vcpuId());
            IrqDesc desc = disable(cpu, d, v, d.pending(v, virq));
            for (int sender = 1; virq < NR_SGIS && sender < d.senders(); sender++) {
                disable(cpu, d, v, of(v).sgiFrom(virq, sender));
            }
            if (desc != null) {
                int flags = rules.past.disableDesc.lock(cpu, desc.lock());
                desc.handler(cpu).disable(cpu, desc);
                rules.past.disableDesc.unlock(cpu, desc.lock(), flags);
            }
        }
    }

    /** Returns the descriptor behind it, as seen under V. */
    private IrqDesc disable(Pcpu cpu, VgicDomain d, Vcpu v, PendingIrq p) {
        ListRegisters.Reinjections again = lrs.reinjections(cpu);
        int mark = again.mark();
        int flags = cpu.localSaveFlags();
        VgicVcpu target = p.irq() < 32 ? of(v) : d.target(cpu, p.irq());
        VgicVcpu guardian = rules.past.enableVcpu.lock(cpu, this, d, v, p, target);
        p.status().clearBit(cpu, PendingIrq.ENABLED);
        lrs.removeLrPending(cpu, guardian, p);
        IrqDesc desc = p.desc().getOpaque(cpu);
        boolean kicks = rules.delivery.recall.disabled(cpu, lrs, guardian, p);
        guardian.lock().unlockIrqRestore(cpu, flags);
        reinject(cpu, again, mark);
        if (kicks) {
            scheduler.kick(cpu, guardian.vcpu());
        }
        return desc;
    }

    // ---- what corrected rules do beside Xen -------------------------------------------------------------------------

    void kick(Pcpu cpu, VgicVcpu v) {
        scheduler.kick(cpu, v.vcpu());
    }

    /** Raises whatever of {@code v} is enabled and only held. V held. */
    void raiseHeld(Pcpu cpu, VgicVcpu v) {
        DeliveryRules.raiseHeld(cpu, lrs, v);
    }

    /** Everything that waits for a list register of {@code v} is held from now on. V held. */
    void holdWaiting(Pcpu cpu, VgicVcpu v) {
        for (ListNode<PendingIrq> n = v.lrPending().next(cpu);
                n != v.lrPending();
                n = v.lrPending().next(cpu)) {
            lrs.removeLrPending(cpu, v, n.element());
        }
    }

    /** An SPI is not to be delivered any more. R held. */
    void holdBack(Pcpu cpu, VgicDomain d, int virq) {
        PendingIrq p = d.spi(virq);
        int flags = cpu.localSaveFlags();
        VgicVcpu guardian = lockGuardian(cpu, d, p, d.target(cpu, virq));
        lrs.removeLrPending(cpu, guardian, p);
        recallAndUnlock(cpu, guardian, p, flags);
    }

    /** An SPI that may be delivered again is raised if it is held. R held. */
    void raiseHeld(Pcpu cpu, VgicDomain d, int virq) {
        PendingIrq p = d.spi(virq);
        int flags = cpu.localSaveFlags();
        VgicVcpu guardian = lockGuardian(cpu, d, p, d.target(cpu, virq));
        boolean raised = !p.inflight().isEmpty(cpu) && DeliveryRules.isReady(cpu, p);
        if (raised) {
            lrs.raiseGuestIrq(cpu, guardian, p);
        }
        guardian.lock().unlockIrqRestore(cpu, flags);
        if (raised) {
            scheduler.kick(cpu, guardian.vcpu());
        }
    }

    /** The list register of {@code p}, if it is in one, is looked at by its vCPU soon. V of {@code guardian} held, dropped. */
    private void recallAndUnlock(Pcpu cpu, VgicVcpu guardian, PendingIrq p, int flags) {
        ListRegisters.Reinjections again = lrs.reinjections(cpu);
        int mark = again.mark();
        boolean kicks = p.status().testBit(cpu, PendingIrq.VISIBLE) && DeliveryRules.recalled(cpu, lrs, guardian, p);
        guardian.lock().unlockIrqRestore(cpu, flags);
        reinject(cpu, again, mark);
        if (kicks) {
            scheduler.kick(cpu, guardian.vcpu());
        }
    }

    /** Takes back what is recorded or pending of {@code p}. No vGIC lock held. */
    void takeBack(Pcpu cpu, VgicDomain d, PendingIrq p, VgicVcpu named) {
        ListRegisters.Reinjections again = lrs.reinjections(cpu);
        int mark = again.mark();
        int flags = cpu.localSaveFlags();
        VgicVcpu guardian = lockGuardian(cpu, d, p, named);
        boolean kicks = lrs.unpend(cpu, guardian, p);
        guardian.lock().unlockIrqRestore(cpu, flags);
        reinject(cpu, again, mark);
        if (kicks) {
            scheduler.kick(cpu, guardian.vcpu());
        }
    }

    /** Pending or active bits of a rank as the vGIC knows them. No lock held; V for each interrupt. */
    int readStatus(Pcpu cpu, Vcpu v, VgicIrqRank rank, boolean active) {
        VgicDomain d = of(v.domain());
        int bits = 0;
        for (int i = 0; i < 32 && d.isValidLine(32 * rank.index() + i); i++) {
            PendingIrq p = d.pending(v, 32 * rank.index() + i);
            int flags = cpu.localSaveFlags();
            VgicVcpu guardian = lockGuardian(cpu, d, p, p.irq() < 32 ? of(v) : null);
            int s = p.status().getOpaque(cpu);
            guardian.lock().unlockIrqRestore(cpu, flags);
            boolean isActive = (s & 1 << PendingIrq.VISIBLE) != 0 && (s & 1 << PendingIrq.ACTIVE) != 0;
            boolean isPending = (s & 1 << PendingIrq.QUEUED) != 0 || (s & 1 << PendingIrq.VISIBLE) != 0 && !isActive;
            bits |= (active ? isActive : isPending) ? 1 << i : 0;
        }
        return bits;
    }

    /** Deactivates interrupts of a rank that are in list registers. No lock held; V for each interrupt. */
    void deactivate(Pcpu cpu, Vcpu v, VgicIrqRank rank, int mask) {
        VgicDomain d = of(v.domain());
        for (int bits = mask; bits != 0; bits &= bits - 1) {
            int virq = 32 * rank.index() + Integer.numberOfTrailingZeros(bits);
            if (!d.isValidLine(virq)) {
                return;
            }
            PendingIrq p = d.pending(v, virq);
            int flags = cpu.localSaveFlags();
            VgicVcpu guardian = lockGuardian(cpu, d, p, virq < 32 ? of(v) : null);
            if (p.status().testBit(cpu, PendingIrq.VISIBLE)) {
                p.orders().setGuarded(cpu, DeliveryRules.DEACTIVATE);
            }
            recallAndUnlock(cpu, guardian, p, flags);
        }
    }

    /** Clears the pending bit of a physical line. No lock held. */
    void clearLine(Pcpu cpu, IrqDesc desc) {
        int flags = desc.lock().lockIrqSave(cpu);
        gic.setPendingState(cpu, desc, false);
        desc.lock().unlockIrqRestore(cpu, flags);
    }

    RankRules rules() {
        return rules;
    }

    // ---- migration --------------------------------------------------------------------------------------------------

    /** A guest wrote the route of {@code virq}, which names vCPU {@code to}. R held. */
    void storeRoute(Pcpu cpu, VgicDomain d, VgicIrqRank rank, int virq, int to) {
        boolean wasNowhere = rules.registers.nowhere.leftNowhere(cpu, rank, virq);
        storeTarget(cpu, d, rank, virq, to);
        if (wasNowhere) {
            rules.registers.nowhere.leads(cpu, this, d, virq);
        }
    }

    /** Moves {@code virq} to vCPU {@code to}. R held. Unchanged targets do nothing. */
    @Xen("vgic_store_irouter")
    private void storeTarget(Pcpu cpu, VgicDomain d, VgicIrqRank rank, int virq, int to) {
        rank.lock().assertHeldBy(cpu);
        int from = rank.targetOpaque(cpu, virq);
        if (from == to) {
            return;
        }
        PendingIrq p = d.spi(virq);
        VgicVcpu old = of(d.domain().vcpu(from));
        VgicVcpu next = of(d.domain().vcpu(to));
        cpu.count(Counter.MIGRATIONS);
        cpu.events().record(Event.MOVE, p.domain(), virq, to);
        witness.routeBegins(cpu, p.domain(), virq, from, to);
        int at = migrateIrq(cpu, d, rank, old, next, p);
        boolean moved = at != REFUSED;
        if (moved || rules.past.refusedMove.writesTarget(cpu)) {
            if (!moved || !rules.store.storesEarly()) {
                rank.vcpu().setGuarded(cpu, virq & 31, to);
            }
            if (at >= 0 && !rules.store.storesEarly()) {
                rules.place.routed(cpu, d, p, next, at, false);
            }
            witness.routeEnds(cpu, p.domain(), virq, from, to);
        } else {
            cpu.count(Counter.MIGRATIONS_REFUSED);
            cpu.events().record(Event.MOVE_REFUSED, p.domain(), virq, to);
            witness.routeEnds(cpu, p.domain(), virq, to, from);
        }
    }

    /**
     * R held; takes V(old), then perhaps V(new).
     *
     * @return the pCPU to which the SPI was routed, {@link #LATER} if it was not, {@link #REFUSED} if a migration is in progress
     */
    @Xen("vgic_migrate_irq")
    private int migrateIrq(Pcpu cpu, VgicDomain d, VgicIrqRank rank, VgicVcpu old, VgicVcpu next, PendingIrq p) {
        int flags = cpu.localSaveFlags();
        int seen = rules.past.moveTests.before(cpu, p);
        VgicVcpu guardian = lockGuardian(cpu, d, p, old);
        IrqDesc desc = p.desc().getOpaque(cpu);
        if (desc == null && !rules.movesVirtual) {
            storeEarly(cpu, rank, p, next);
            guardian.lock().unlockIrqRestore(cpu, flags);
            return LATER;
        }
        seen = rules.past.moveTests.inside(cpu, p, seen);
        if ((seen & PastRankRules.MIGRATING) != 0) {
            guardian.lock().unlockIrqRestore(cpu, flags);
            return REFUSED;
        }
        boolean again = false;
        int at = LATER;
        if ((seen & PastRankRules.INFLIGHT) == 0) {
            storeEarly(cpu, rank, p, next);
            at = routeToNext(cpu, d, desc, next, p);
        } else if (!p.lrQueue().isEmpty(cpu) || !rules.heldMove.waitsForLr(cpu, p)) {
            lrs.removeFromQueues(cpu, guardian, p);
            storeEarly(cpu, rank, p, next);
            at = routeToNext(cpu, d, desc, next, p);
            again = true;
        } else {
            p.migratingTo().setGuarded(cpu, next.vcpu().vcpuId());
            storeEarly(cpu, rank, p, next);
            p.status().setBit(cpu, PendingIrq.MIGRATING);
            cpu.count(Counter.MIGRATIONS_DEFERRED);
            cpu.events()
                    .record(
                            Event.MOVE_DEFERRED,
                            p.domain(),
                            p.irq(),
                            next.vcpu().vcpuId());
        }
        guardian.lock().unlockIrqRestore(cpu, flags);
        if (again) {
            raise(cpu, d.domain(), next.vcpu(), p);
        }
        return at;
    }

    /** {@link #routeTo}; V(old) held. If the new target is written the route may be judged at once. */
    private int routeToNext(Pcpu cpu, VgicDomain d, IrqDesc desc, VgicVcpu next, PendingIrq p) {
        int at = routeTo(cpu, desc, next, p);
        if (at >= 0 && rules.store.storesEarly()) {
            rules.place.routed(cpu, d, p, next, at, false);
        }
        return at;
    }

    private void storeEarly(Pcpu cpu, VgicIrqRank rank, PendingIrq p, VgicVcpu next) {
        if (rules.store.storesEarly()) {
            cpu.smpMb(); // whoever reads the new route need not take V(old), and must see what was done and read
            // under it
            rank.vcpu().setGuarded(cpu, p.irq() & 31, next.vcpu().vcpuId());
        }
    }

    @Override
    public void moveIrqs(Pcpu cpu, Vcpu v) {
        VgicDomain d = of(v.domain());
        int to = v.processor().getOpaque(cpu);
        rules.place.follows(cpu);
        for (int virq = 32; virq < 32 + d.nrSpis(); virq++) {
            PendingIrq p = d.spi(virq);
            if (d.target(cpu, virq).vcpu() == v && !p.status().testBit(cpu, PendingIrq.MIGRATING)) {
                IrqDesc desc = p.desc().getOpaque(cpu);
                if (desc != null) {
                    int flags = rules.moveMask.enter(cpu, p.domain());
                    rules.route(cpu, desc, pcpus[to], p);
                    rules.place.routed(cpu, d, p, of(v), to, true);
                    rules.moveMask.leave(cpu, flags);
                }
            }
        }
    }

    // ---- guest's software-generated and software-set interrupts -----------------------------------------------------

    /** A guest set pending bits of {@code rank} by ISPENDR. R is not held. */
    @Xen("vgic_set_irqs_pending")
    void setIrqsPending(Pcpu cpu, Vcpu v, int mask, VgicIrqRank rank) {
        VgicDomain d = of(v.domain());
        for (int bits = mask; bits != 0; bits &= bits - 1) {
            int virq = 32 * rank.index() + Integer.numberOfTrailingZeros(bits);
            IrqDesc desc = d.pending(v, virq).desc().getOpaque(cpu);
            if (desc != null) {
                int flags = desc.lock().lockIrqSave(cpu);
                gic.setPendingState(cpu, desc, true);
                rules.registers.setsLine(cpu, d.pending(v, virq));
                desc.lock().unlockIrqRestore(cpu, flags);
            } else {
                raise(cpu, v.domain(), rank.index() == 0 ? v : null, d.pending(v, virq));
            }
        }
    }

    /** A guest wrote pending bits of {@code rank} to ICPENDR: Xen clears nothing (U10). R is not held; V per bit. */
    @Xen("vgic_check_inflight_irqs_pending")
    void checkInflightIrqsPending(Pcpu cpu, Vcpu v, int mask, VgicIrqRank rank) {
        VgicDomain d = of(v.domain());
        for (int bits = mask; bits != 0; bits &= bits - 1) {
            int virq = 32 * rank.index() + Integer.numberOfTrailingZeros(bits);
            PendingIrq p = d.pending(v, virq);
            rules.registers.clearPending.begins(cpu, this, v, p);
            ListRegisters.Reinjections again = lrs.reinjections(cpu);
            int mark = again.mark();
            int flags = cpu.localSaveFlags();
            VgicVcpu guardian = lockGuardian(cpu, d, p, virq < 32 ? of(v) : null, rules.past.clearPending);
            boolean kicks = rules.registers.clearPending.clear(cpu, lrs, guardian, v, p);
            rules.past.clearPending.unlock(cpu, guardian.lock(), flags);
            reinject(cpu, again, mark);
            if (kicks) {
                scheduler.kick(cpu, guardian.vcpu());
            }
            rules.registers.clearPending.ends(cpu, this, v, p);
        }
    }

    @Override
    public boolean sysregWrite(Pcpu cpu, Vcpu v, SysReg reg, long value) {
        return gic.version() == GicHwOperations.Version.V3 && emulateSysreg(cpu, v, reg, value);
    }

    @Xen("vgic_v3_emulate_sysreg")
    private boolean emulateSysreg(Pcpu cpu, Vcpu v, SysReg reg, long value) {
        return reg == SysReg.ICC_SGI1R_EL1 && writeSgi1r(cpu, v, value);
    }

    @Xen("vgic_v3_to_sgi")
    private boolean writeSgi1r(Pcpu cpu, Vcpu v, long value) {
        witness.guestSgiBegins(cpu, v, value);
        int sgi = (int) (value >>> 24) & 0xf;
        if ((value >>> 40 & 1) != 0) {
            sendToOthers(cpu, v, sgi);
        } else {
            sendToList(cpu, v, sgi, ((int) (value >>> 16) & 0xff) * 16, (int) value & 0xffff);
        }
        return true;
    }

    /** vCPU {@code v} sends an SGI to all others of its domain that are up. */
    @Xen("vgic_to_sgi")
    void sendToOthers(Pcpu cpu, Vcpu v, int sgi) {
        Domain d = v.domain();
        for (int i = 0; i < d.maxVcpus(); i++) {
            if (d.vcpu(i) != v) {
                sendTo(cpu, v, d.vcpu(i), sgi);
            }
        }
    }

    /** vCPU {@code v} sends an SGI to the vCPUs that a list names, bit 0 for the one with id {@code base}. */
    @Xen("vgic_to_sgi")
    void sendToList(Pcpu cpu, Vcpu v, int sgi, int base, int targets) {
        Domain d = v.domain();
        for (int list = targets; list != 0; list &= list - 1) {
            sendTo(cpu, v, d.vcpu(base + Integer.numberOfTrailingZeros(list)), sgi);
        }
    }

    private void sendTo(Pcpu cpu, Vcpu sender, Vcpu target, int sgi) {
        if (target != null && !target.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN)) {
            cpu.count(Counter.GUEST_SGIS);
            raise(cpu, sender.domain(), target, rules.delivery.sender.entry(cpu, of(target), sgi, sender));
        }
    }

    // ---- hardware interrupts of a domain ----------------------------------------------------------------------------

    @Override
    public int connectHwIrq(Pcpu cpu, Domain d, int virq, IrqDesc desc, boolean connect) {
        VgicDomain vd = of(d);
        if (virq < 32 || !vd.isValidLine(virq)) {
            return EINVAL;
        }
        PendingIrq p = vd.spi(virq);
        VgicIrqRank rank = vd.rankOfSpi(virq);
        int rc = 0;
        int flags = rank.lock().lockIrqSave(cpu);
        if (connect) {
            boolean inUse = (p.status().getOpaque(cpu) & IN_USE) != 0;
            if (p.desc().getOpaque(cpu) != null || inUse) {
                rc = EBUSY;
            } else {
                p.desc().setRelease(cpu, desc);
            }
        } else if (desc != null && p.desc().getOpaque(cpu) != desc) {
            rc = EINVAL;
        } else {
            p.desc().setRelease(cpu, null);
        }
        rank.lock().unlockIrqRestore(cpu, flags);
        return rc;
    }

    @Override
    public boolean reserveVirq(Pcpu cpu, Domain d, int virq) {
        return of(d).reserve(cpu, virq);
    }

    /** The physical interrupt behind a virtual SPI, {@code null} for none; without a lock, and so out of date at once. */
    @Xen("vgic_get_hw_irq_desc")
    public IrqDesc hwIrqDesc(Pcpu cpu, Domain d, int virq) {
        return of(d).spi(virq).desc().getOpaque(cpu);
    }

    /**
     * Whether the event channel's PPI is <em>not</em> in flight, whatever Xen's name for it says: who has new events may then
     * raise it. Without a lock.
     */
    @Xen("vgic_evtchn_irq_pending")
    public boolean isEventChannelIdle(Pcpu cpu, Vcpu v) {
        return of(v).pendingIrq(EVTCHN_PPI).inflight().isEmptyOpaque(cpu);
    }

    @Override
    public boolean mmio(Pcpu cpu, Vcpu v, MmioAccess io) {
        return of(v.domain()).mmio().handle(cpu, v, io);
    }
}

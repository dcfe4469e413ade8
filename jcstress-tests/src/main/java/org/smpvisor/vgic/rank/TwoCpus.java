package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.host.Irq;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.host.PastHostRules;
import org.smpvisor.gic.hw.DeactivationRule;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.jcstress.RungLine;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.sched.PastSchedRules;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.trace.EventRing;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.PutBack;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * Two pCPUs, each with a vCPU that runs, a GIC and the old vGIC, all passive: an actor's thread drives the pCPU that it
 * names. It takes a hundred times as long to make one as to play a race on it, so that an arbiter that is done with one brings it
 * back to where it began, and the next state of its thread takes it over. One of the pCPUs is slow, see {@link RungLine}: the one
 * whose steps the other has to come in between.
 */
final class TwoCpus {
    /** A purely virtual SPI, enabled and routed to vCPU 0. */
    static final int SPI = 40;
    /** An SPI with a device behind it, edge-triggered, enabled and routed to vCPU 0; of machines with a line. */
    static final int LINE = 41;

    private static final int LIST_REGISTERS = 4;
    private static final int TRIES = 6;
    private static final int SPECIAL = 1020;
    private static final int NO_LINE = 5;
    private static final int MULTIPLIER = 1_103_515_245;
    private static final int INCREMENT = 12_345;
    private static final int LINGER_BITS = 8;
    private static final long GICD = 0x8000000L;
    private static final long GICR = 0x80a0000L;
    private static final GicV3Description DESCRIPTION =
            new GicV3Description(GICD, List.of(new GicV3Description.Region(GICR, 0x40000L)), 0, 25, 26, 27, 30);
    private static final Variant XEN = PutBack.into(Variant.xen());
    private static final Variant FIXED = PutBack.into(Variant.allFixed());

    /** The machines that this thread was done with; a JVM of jcstress plays one test. */
    private static final ThreadLocal<Deque<TwoCpus>> SPARE = ThreadLocal.withInitial(ArrayDeque::new);

    final Pcpu cpu0;
    final Pcpu cpu1;
    final RankVgic vgic;
    final Scheduler scheduler;
    final Domain domain;
    final GicHardware hardware;
    private final Object kind;
    private final int slow;
    private final Pcpu[] cpus;
    private final Irq irq;
    private final Marks marks = new Marks(1);
    private final MmioAccess[] io = {new MmioAccess(), new MmioAccess()};
    private final int enabledAtFirst;
    private int chance = System.identityHashCode(this);
    private long switches;

    private TwoCpus(Object kind, Variant variant, boolean withLine, int slow) {
        this.kind = kind;
        this.slow = slow;
        NativeEngine engine = new NativeEngine(2);
        LockValidator validator = new LockValidator(true);
        cpu0 = new Pcpu(0, 0, 2, engine, validator, new EventRing("cpu0", 0, engine));
        cpu1 = new Pcpu(1, 1, 2, engine, validator, new EventRing("cpu1", 0, engine));
        cpus = new Pcpu[] {cpu0, cpu1};
        PastHostRules past = new PastHostRules(variant, marks);
        GicConfig config =
                new GicConfig(64, LIST_REGISTERS, 5, GICD, new long[] {GICR}, new long[] {0x40000L}, GICR_SIZE, 25);
        DeactivationRule deactivation =
                variant.has(Bug.XB_062) ? DeactivationRule.acknowledgerOnly(marks) : DeactivationRule.ANYWHERE;
        hardware = new GicHardware(config, List.of(cpus), RegisterLog.NONE, deactivation);
        GicV3 driver = new GicV3(hardware, DESCRIPTION, variant.xenVersion(), line -> {}, past);
        CrossCall crossCall = new CrossCall(cpus, past);
        crossCall.connect(driver);
        irq = withLine
                ? new Irq(driver, cpus, variant.isFixed(Quirk.H6) ? Irq::controllerFirst : Irq::connectFirst, past)
                : null;
        HostGic gic = new HostGic(driver, irq, DESCRIPTION, crossCall, false, past);
        vgic = new RankVgic(driver, cpus, variant, marks, new FaultPlan(null), Witness.NONE);
        scheduler = new Scheduler(
                cpus, gic, vgic, gic, Scheduler.KickRule.ALWAYS, new PastSchedRules(variant, marks), SchedulerKind.RR);
        vgic.connect(scheduler);
        gic.init(cpu0);
        gic.initSecondary(cpu1);
        domain = new Domain(0, 2);
        vgic.announce(domain);
        vgic.createDomain(cpu0, domain, 32);
        for (Pcpu p : cpus) {
            InterruptLine line = hardware.cpu(p.id());
            p.connect(
                    p.id() == slow ? new RungLine(line) : line,
                    hardware.cpu(p.id()).virtual(),
                    gic::interrupt);
            p.timers().connect((cpu, deadline) -> {});
            p.setOnline(true);
            Vcpu v = new Vcpu(domain, p.id(), null, driver.newVcpuState());
            domain.add(v);
            vgic.createVcpu(v);
            scheduler.place(v, p.id());
            scheduler.powerOn(p, v);
            comeToRest(p);
            hardware.cpu(p.id()).virtual().writeGroupEnable(1);
            hardware.cpu(p.id()).virtual().writePriorityMask(0xff);
        }
        store(cpu0, GICD_CTLR, 4, GICD_CTLR_ENABLE_G1A);
        if (withLine) {
            irq.connect(vgic, vgic);
            vgic.connect(irq);
            connectLine(cpu0);
        }
        enabledAtFirst = bit(SPI) | (withLine ? bit(LINE) : 0);
        enable(cpu0, enabledAtFirst);
        switches = switches();
        cpus[slow].signal();
    }

    private static TwoCpus take(Object kind, Variant variant, boolean withLine, int slow) {
        TwoCpus spare = SPARE.get().pollLast();
        return spare != null && spare.kind == kind && spare.irq != null == withLine && spare.slow == slow
                ? spare
                : new TwoCpus(kind, kind instanceof Bug b ? withBug(variant, b) : variant, withLine, slow);
    }

    /** Xen as it is. */
    static TwoCpus xen(int slow) {
        return take(XEN, XEN, false, slow);
    }

    /** Xen as it is, with a line. */
    static TwoCpus xenWithLine(int slow) {
        return take(XEN, XEN, true, slow);
    }

    /** Xen with every weak spot corrected. */
    static TwoCpus fixed(int slow) {
        return take(FIXED, FIXED, false, slow);
    }

    /** Xen with every weak spot corrected, and with a line. */
    static TwoCpus fixedWithLine(int slow) {
        return take(FIXED, FIXED, true, slow);
    }

    /** Every weak spot corrected but one, with a line, for twins. */
    static TwoCpus lineFixedBut(Quirk quirk, int slow) {
        return take(quirk, FIXED.with(quirk, false), true, slow);
    }

    /** Xen with one of its bugs, for twins. */
    static TwoCpus with(Bug bug, int slow) {
        return take(bug, Variant.xen(), false, slow);
    }

    /** Xen with one of its bugs and with a line, every weak spot corrected that does not hide it. */
    static TwoCpus lineWith(Bug bug, int slow) {
        return take(bug, Variant.allFixed(), true, slow);
    }

    private static Variant withBug(Variant v, Bug bug) {
        Variant out = v.with(bug);
        for (Quirk q : bug.asInXen()) {
            out = out.with(q, false);
        }
        return out;
    }

    static int bit(int spi) {
        return 1 << spi - 32;
    }

    // ---- what happens -----------------------------------------------------------------------------------------------

    private void store(Pcpu p, long offset, int bytes, long value) {
        MmioAccess access = io[p.id()];
        access.set(GUEST_GICD_BASE + offset, bytes, true, value);
        p.localIrqEnable();
        vgic.mmio(p, domain.vcpu(p.id()), access);
        p.localIrqDisable();
    }

    /** For one of the two actors: waits for a while, so that it is not always first. */
    void linger() {
        chance = chance * MULTIPLIER + INCREMENT;
        for (int i = chance >>> Integer.SIZE - LINGER_BITS; i > 0; i--) {
            Thread.onSpinWait();
        }
    }

    /** Raises the virtual SPI in the name of a device whose back end runs on {@code p}. */
    void inject(Pcpu p) {
        vgic.injectIrq(p, domain, null, SPI, true);
    }

    /** The same; returns whether Xen came to grief over it. Its lock is dropped then, or the other actor would wait for ever. */
    boolean isInjectionRefused(Pcpu p) {
        try {
            inject(p);
            return false;
        } catch (StateCorrupted e) {
            SpinLock lock = ((VgicVcpu) domain.vcpu(0).vgic()).lock();
            if (lock.owner() == p) {
                lock.unlockIrqRestore(p, 0);
            }
            return true;
        }
    }

    /** The vCPU of {@code p} writes the route of an SPI. */
    void route(Pcpu p, int spi, int vcpu) {
        store(p, GICD_IROUTER + 8L * spi, 8, vcpu);
    }

    /** The same; returns whether Xen came to grief over it, with its locks held. */
    boolean isRefused(Pcpu p, int spi, int vcpu) {
        try {
            route(p, spi, vcpu);
            return false;
        } catch (StateCorrupted e) {
            return true;
        }
    }

    /** The vCPU of {@code p} enables SPIs, one {@link #bit} each. */
    void enable(Pcpu p, int bits) {
        store(p, GICD_ISENABLER + 4, 4, bits);
    }

    /** The vCPU of {@code p} disables SPIs. */
    void disable(Pcpu p, int bits) {
        store(p, GICD_ICENABLER + 4, 4, bits);
    }

    /** The toolstack gives the domain the line; returns an errno. */
    int connectLine(Pcpu p) {
        return irq.routeIrqToGuest(p, domain, LINE, LINE, IrqDesc.Type.EDGE);
    }

    /** The toolstack takes the line away again, before the race. */
    void disconnectLine(Pcpu p) {
        vgic.connectHwIrq(p, domain, LINE, null, false);
        connect(p, NO_LINE, Irq::controllerFirst); // is refused, which takes the controller away
    }

    /** The middle of what gives the domain its line: the descriptor and its controller, in one order or the other. */
    void connect(Pcpu p, int virq, Irq.RouteOrder order) {
        IrqDesc desc = irq.desc(p, LINE);
        int flags = desc.lock().lockIrqSave(p);
        order.connect(p, irq, domain, virq, desc);
        desc.lock().unlockIrqRestore(p, flags);
    }

    /** Xen's own code on {@code p} switches the device's line off or on, under the descriptor's lock alone. */
    void switchLine(Pcpu p, boolean on) {
        IrqDesc desc = irq.desc(p, LINE);
        int flags = desc.lock().lockIrqSave(p);
        if (on) {
            desc.handler(p).enable(p, desc);
        } else {
            desc.handler(p).disable(p, desc);
        }
        desc.lock().unlockIrqRestore(p, flags);
    }

    /** The device's line goes to {@code p}, wherever its vCPU is. */
    void routeLine(Pcpu p) {
        rank().lock().lock(p);
        Irq.setAffinity(p, pending(LINE).desc().peek(), p, domain.id(), LINE);
        rank().lock().unlock(p);
    }

    /** The device raises its line. From any thread. */
    void fire() {
        hardware.distributor().raise(LINE);
    }

    /** {@code p} takes what is there for it, with interrupts open for a moment. */
    void takeInterrupts(Pcpu p) {
        p.localIrqEnable();
        p.localIrqDisable();
    }

    /** A WFI of the vCPU on {@code p}, up to the way back to the guest. */
    void waitForInterrupt(Pcpu p) {
        p.localIrqEnable();
        scheduler.blockUnlessEventPending(p);
        p.softirqs().run(p);
        p.localIrqDisable();
    }

    /** Somebody wakes the vCPU of {@code p}, which enters the guest then. */
    void wakeAndEnter(Pcpu p) {
        scheduler.unblock(p, domain.vcpu(p.id()));
        comeToRest(p);
        if (!p.current().isIdle()) { // else somebody else is about to wake it
            vgic.syncToLrs(p);
        }
    }

    /** An exit of the guest on {@code p}. */
    void exit(Pcpu p) {
        vgic.syncFromLrs(p, p.current());
    }

    /** An entry of the guest on {@code p}. */
    void enter(Pcpu p) {
        vgic.syncToLrs(p);
    }

    /** An exit and entry of the guest on {@code p}, with nothing in between. */
    void exitAndEnter(Pcpu p) {
        exit(p);
        enter(p);
    }

    /** The guest on {@code p} acknowledges what is most urgent; returns it. */
    int acknowledge(Pcpu p) {
        return hardware.cpu(p.id()).virtual().acknowledge(p);
    }

    /** The guest on {@code p} ends what it has acknowledged. */
    void end(Pcpu p, int intid) {
        hardware.cpu(p.id()).virtual().end(p, intid);
    }

    /** The guest on {@code p} acknowledges and ends what is most urgent. */
    void acknowledgeAndEnd(Pcpu p) {
        end(p, acknowledge(p));
    }

    /** Takes what was sent to {@code p} and runs its softirqs. */
    void comeToRest(Pcpu p) {
        p.localIrqEnable();
        p.softirqs().run(p);
        p.localIrqDisable();
    }

    /** Whether {@code p} was sent something that makes its guest exit; it is taken. */
    boolean isInterrupted(Pcpu p) {
        long before = p.counter(Counter.IRQS_IN_XEN);
        takeInterrupts(p);
        return p.counter(Counter.IRQS_IN_XEN) != before;
    }

    // ---- for arbiters -----------------------------------------------------------------------------------------------

    /** How often an SPI is on the inflight list of a vCPU; -1 if that list does not end. */
    int inflightOn(int vcpu, int spi) {
        ListNode<PendingIrq> head = vgicVcpu(vcpu).inflight();
        int n = 0;
        int steps = 0;
        for (ListNode<PendingIrq> at = head.next(); at != head; at = at.next()) {
            if (at.element() == null || ++steps > 64) {
                return -1;
            }
            n += at.element().irq() == spi ? 1 : 0;
        }
        return n;
    }

    /** How many list registers of {@code p} hold an SPI pending. */
    int pendingOn(Pcpu p, int spi) {
        int n = 0;
        for (int i = 0; i < LIST_REGISTERS; i++) {
            long lr = hardware.cpu(p.id()).virtual().readLr(i);
            n += (lr & VirtualCpuInterface.LR_PENDING) != 0 && (lr & VirtualCpuInterface.LR_VIRTUAL_MASK) == spi
                    ? 1
                    : 0;
        }
        return n;
    }

    private VgicVcpu vgicVcpu(int vcpu) {
        return RankVgic.of(domain.vcpu(vcpu));
    }

    PendingIrq pending(int spi) {
        return RankVgic.of(domain).spi(spi);
    }

    boolean has(int spi, int statusBit) {
        return (pending(spi).status().peek() & 1 << statusBit) != 0;
    }

    /** Whether the enable register says that an SPI is enabled. */
    boolean isEnabled(int spi) {
        return (rank().ienable().peek() & bit(spi)) != 0;
    }

    private VgicIrqRank rank() {
        return RankVgic.of(domain).rankOfSpi(SPI);
    }

    /** The vCPU that the route of an SPI names. */
    int routeOf(int spi) {
        return rank().vcpu().peek(spi & 31);
    }

    /** The pCPU that the device's line is routed to. */
    int lineRoute() {
        return hardware.distributor().target(LINE);
    }

    /** The status of the line's descriptor. */
    int lineStatus() {
        return pending(LINE).desc().peek().status().peek();
    }

    boolean isCurrent(int vcpu, Pcpu p) {
        return p.current() == domain.vcpu(vcpu);
    }

    /** Whether {@code p} has switched between vCPUs since the race began. */
    boolean wasDescheduled() {
        return switches() != switches;
    }

    private long switches() {
        return cpu0.counter(Counter.CONTEXT_SWITCHES) + cpu1.counter(Counter.CONTEXT_SWITCHES);
    }

    boolean isReached(Quirk q) {
        return marks.isReached(q, 0, SPI);
    }

    // ---- once more --------------------------------------------------------------------------------------------------

    /** The arbiter is done: the guests take what is there and all is put back. What cannot be put back is not used again. */
    void giveBack() {
        try {
            if (isReset()) {
                SPARE.get().add(this);
            }
        } catch (StateCorrupted e) {
            // As may be after a bug: a new one is made.
        }
    }

    private boolean isReset() {
        enable(cpu0, enabledAtFirst);
        for (int i = 0; i < TRIES && !isQuiet(); i++) {
            for (Pcpu p : cpus) {
                runFor(p);
            }
        }
        for (int spi = SPI; spi <= LINE; spi++) {
            if (routeOf(spi) != 0) {
                route(cpu0, spi, 0);
            }
        }
        if (!isQuiet() || routeOf(SPI) != 0 || routeOf(LINE) != 0 || !isEnabledAsAtFirst()) {
            return false;
        }
        if ((marks.of(0, 0, SPI) | marks.of(0, 0, LINE)) != 0) {
            marks.forget();
        }
        switches = switches();
        return true;
    }

    /** The vCPU that belongs to {@code p} is brought there and woken, and takes what it has. */
    private void runFor(Pcpu p) {
        Vcpu v = domain.vcpu(p.id());
        if (v.processor().peek() != p.id()) {
            scheduler.migrate(p, v, p.id());
        }
        scheduler.unblock(p, v);
        comeToRest(p);
        if (!p.current().isIdle()) {
            exitAndEnter(p);
            int intid = acknowledge(p);
            if (intid < SPECIAL) {
                end(p, intid);
            }
            exit(p);
        }
    }

    private boolean isEnabledAsAtFirst() {
        return rank().ienable().peek() == enabledAtFirst
                && pending(SPI).status().peek() == 1 << PendingIrq.ENABLED
                && (irq == null || pending(LINE).status().peek() == 1 << PendingIrq.ENABLED && isLineQuiet());
    }

    private boolean isLineQuiet() {
        return pending(LINE).desc().peek() != null
                && !hardware.distributor().isActive(LINE)
                && !hardware.distributor().isPending(LINE)
                && lineRoute() == 0
                && lineStatus() == 1 << IrqDesc.IRQ_GUEST;
    }

    private boolean isQuiet() {
        for (Pcpu p : cpus) {
            VgicVcpu v = vgicVcpu(p.id());
            if (!isCurrent(p.id(), p)
                    || p.lrMask() != 0
                    || p.id() != slow && p.needsAttention()
                    || p.hasPendingInterrupt()
                    || p.softirqs().peek() != 0
                    || v.inflight().next() != v.inflight()
                    || v.lrPending().next() != v.lrPending()) {
                return false;
            }
        }
        return true;
    }
}

package org.smpvisor.vgic.rank;

import static org.smpvisor.abi.GicAbi.*;

import java.util.List;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.gic.host.CrossCall;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.host.HostGic;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.EventRing;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * Two pCPUs, each with a vCPU that runs, a GIC and the old vGIC, all passive: an actor's thread drives the pCPU that it
 * names. Light, since jcstress makes many: 64 INTIDs, no descriptors, so that all SPIs are purely virtual.
 */
final class TwoCpus {
    /** A purely virtual SPI, enabled and routed to vCPU 0. */
    static final int SPI = 40;

    private static final long GICD = 0x8000000L;
    private static final long GICR = 0x80a0000L;
    private static final GicV3Description DESCRIPTION =
            new GicV3Description(GICD, List.of(new GicV3Description.Region(GICR, 0x40000L)), 0, 25, 26, 27, 30);

    final Pcpu cpu0;
    final Pcpu cpu1;
    final RankVgic vgic;
    final Scheduler scheduler;
    final Domain domain;
    final GicHardware hardware;
    private final Marks marks = new Marks(1);
    private final MmioAccess io = new MmioAccess();

    private TwoCpus(Variant variant) {
        NativeEngine engine = new NativeEngine(2);
        LockValidator validator = new LockValidator(true);
        cpu0 = new Pcpu(0, 0, 2, engine, validator, new EventRing("cpu0", 0, engine));
        cpu1 = new Pcpu(1, 1, 2, engine, validator, new EventRing("cpu1", 0, engine));
        Pcpu[] cpus = {cpu0, cpu1};
        GicConfig config = new GicConfig(64, 4, 5, GICD, new long[] {GICR}, new long[] {0x40000L}, GICR_SIZE, 25);
        hardware = new GicHardware(config, List.of(cpus), RegisterLog.NONE);
        GicV3 driver = new GicV3(hardware, DESCRIPTION, variant.xenVersion(), line -> {});
        CrossCall crossCall = new CrossCall(cpus);
        crossCall.connect(driver);
        HostGic gic = new HostGic(driver, null, DESCRIPTION, crossCall, false);
        vgic = new RankVgic(driver, cpus, variant, marks, new FaultPlan(null), Witness.NONE);
        scheduler = new Scheduler(cpus, gic, vgic, gic, Scheduler.KickRule.ALWAYS);
        vgic.connect(scheduler);
        gic.init(cpu0);
        gic.initSecondary(cpu1);
        domain = new Domain(0, 2);
        vgic.announce(domain);
        vgic.createDomain(cpu0, domain, 32);
        for (Pcpu p : cpus) {
            p.connect(hardware.cpu(p.id()), hardware.cpu(p.id()).virtual(), gic::interrupt);
            p.timers().connect((cpu, deadline) -> {});
            p.setOnline(true);
            Vcpu v = new Vcpu(domain, p.id(), null, driver.newVcpuState());
            domain.add(v);
            vgic.createVcpu(v);
            scheduler.place(v, p.id());
            scheduler.powerOn(p, v);
            settle(p);
            hardware.cpu(p.id()).virtual().writeGroupEnable(1);
            hardware.cpu(p.id()).virtual().writePriorityMask(0xff);
        }
        store(cpu0, GUEST_GICD_BASE + GICD_CTLR, 4, GICD_CTLR_ENABLE_G1A);
        store(cpu0, GUEST_GICD_BASE + GICD_ISENABLER + 4, 4, 1L << SPI - 32);
    }

    /** Xen as it is. */
    static TwoCpus xen() {
        return new TwoCpus(Variant.xen());
    }

    /** Xen with every weak spot corrected. */
    static TwoCpus fixed() {
        return new TwoCpus(Variant.allFixed());
    }

    private static void settle(Pcpu p) {
        p.localIrqEnable();
        p.softirqs().run(p);
        p.localIrqDisable();
    }

    private void store(Pcpu p, long address, int bytes, long value) {
        io.set(address, bytes, true, value);
        p.localIrqEnable();
        vgic.mmio(p, p.current(), io);
        p.localIrqDisable();
    }

    /** Raises the SPI in the name of a device whose back end runs on {@code p}. */
    void inject(Pcpu p) {
        vgic.injectIrq(p, domain, null, SPI, true);
    }

    /** The vCPU on {@code p} writes the route of the SPI; only one of the two actors may. */
    void route(Pcpu p, int vcpu) {
        store(p, GUEST_GICD_BASE + GICD_IROUTER + 8 * SPI, 8, vcpu);
    }

    /** A WFI of the vCPU on {@code p}, up to the way back to the guest. */
    void waitForInterrupt(Pcpu p) {
        p.localIrqEnable();
        scheduler.blockUnlessEventPending(p);
        p.softirqs().run(p);
        p.localIrqDisable();
    }

    /** An exit and entry of the guest on {@code p}, with nothing in between. */
    void exitAndEnter(Pcpu p) {
        vgic.syncFromLrs(p, p.current());
        vgic.syncToLrs(p);
    }

    /** The guest on {@code p} acknowledges and ends what is most urgent. */
    void acknowledgeAndEnd(Pcpu p) {
        VirtualCpuInterface v = hardware.cpu(p.id()).virtual();
        v.end(p, v.acknowledge(p));
    }

    // ---- for arbiters -----------------------------------------------------------------------------------------------

    /** Takes what was sent to {@code p} and runs its softirqs. */
    void comeToRest(Pcpu p) {
        settle(p);
    }

    /** How often the SPI is on the inflight list of a vCPU. */
    int inflightOn(int vcpu) {
        ListNode<PendingIrq> head = ((VgicVcpu) domain.vcpu(vcpu).vgic()).inflight();
        int n = 0;
        for (ListNode<PendingIrq> at = head.next(); at != head; at = at.next()) {
            n += at.element().irq() == SPI ? 1 : 0;
        }
        return n;
    }

    /** How many list registers of {@code p} hold the SPI pending. */
    int pendingOn(Pcpu p) {
        int n = 0;
        for (int i = 0; i < 4; i++) {
            long lr = hardware.cpu(p.id()).virtual().readLr(i);
            n += (lr & VirtualCpuInterface.LR_PENDING) != 0 && (lr & VirtualCpuInterface.LR_VIRTUAL_MASK) == SPI
                    ? 1
                    : 0;
        }
        return n;
    }

    boolean isCurrent(int vcpu, Pcpu p) {
        return p.current() == domain.vcpu(vcpu);
    }

    boolean wasDescheduled(Pcpu p) {
        return p.counter(Counter.CONTEXT_SWITCHES) > 1;
    }

    boolean isReached(Quirk q) {
        return marks.isReached(q, 0, SPI);
    }
}

package org.smpvisor.gic.host;

import static org.smpvisor.abi.GicAbi.GICR_SIZE;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.PutBack;
import org.smpvisor.variant.Variant;

/**
 * Two pCPUs and what a cross call needs; a call has been made before, whose function was another one. Used again by the next
 * state of its thread, see {@link #giveBack}.
 */
final class OneCall {
    private static final int BEFORE = 1;
    private static final int NOW = 2;
    private static final long GICD = 0x8000000L;
    private static final long GICR = 0x80a0000L;
    private static final GicV3Description DESCRIPTION =
            new GicV3Description(GICD, List.of(new GicV3Description.Region(GICR, 0x40000L)), 0, 25, 26, 27, 30);
    private static final Variant XEN = PutBack.into(Variant.xen());
    private static final ThreadLocal<Deque<OneCall>> SPARE = ThreadLocal.withInitial(ArrayDeque::new);

    private final Object kind;
    private final Pcpu caller;
    private final Pcpu called;
    private final CrossCall call;
    private final CrossCall.Function before = cpu -> ran(BEFORE);
    private final CrossCall.Function now = cpu -> ran(NOW);
    private int sum;
    private volatile boolean answered;

    private OneCall(Object kind, Variant variant) {
        this.kind = kind;
        NativeEngine engine = new NativeEngine(2);
        LockValidator validator = new LockValidator(true);
        caller = new Pcpu(0, 0, 2, engine, validator, new EventRing("cpu0", 0, engine));
        called = new Pcpu(1, 1, 2, engine, validator, new EventRing("cpu1", 0, engine));
        Pcpu[] cpus = {caller, called};
        PastHostRules past = new PastHostRules(variant, new Marks(1));
        GicConfig config = new GicConfig(64, 4, 5, GICD, new long[] {GICR}, new long[] {0x40000L}, GICR_SIZE, 25);
        GicHardware hardware = new GicHardware(config, List.of(cpus), RegisterLog.NONE);
        GicV3 driver = new GicV3(hardware, DESCRIPTION, variant.xenVersion(), line -> {}, past);
        call = new CrossCall(cpus, past);
        call.connect(driver);
        HostGic gic = new HostGic(driver, null, DESCRIPTION, call, false, past);
        gic.init(caller);
        gic.initSecondary(called);
        for (Pcpu p : cpus) {
            p.connect(hardware.cpu(p.id()), hardware.cpu(p.id()).virtual(), gic::interrupt);
            p.setOnline(true);
        }
        caller.localIrqEnable();
        reset();
    }

    private void ran(int what) {
        sum += what;
        answered = true;
    }

    /** As left by a call before. */
    private void reset() {
        call.write(caller, before);
        sum = 0;
        answered = false;
    }

    private static OneCall take(Object kind, Variant variant) {
        OneCall spare = SPARE.get().pollLast();
        return spare != null && spare.kind == kind ? spare : new OneCall(kind, variant);
    }

    /** Xen as it is. */
    static OneCall xen() {
        return take(XEN, XEN);
    }

    /** Xen with one of its bugs. */
    static OneCall with(Bug bug) {
        return take(bug, Variant.xen().with(bug));
    }

    /** One pCPU calls, and waits for the answer. */
    void call() {
        call.onOthers(caller, now);
    }

    /** The other takes interrupts until it was called. */
    void answer() {
        for (int turn = 0; !answered; turn++) {
            called.localIrqEnable();
            called.localIrqDisable();
            called.engine().relax(called, turn);
        }
    }

    /** The sum of what has run: 2 for the function of this call alone. It is used again. */
    int giveBack() {
        int result = sum;
        reset();
        SPARE.get().add(this);
        return result;
    }
}

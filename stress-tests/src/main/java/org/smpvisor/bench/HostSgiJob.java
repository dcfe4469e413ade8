package org.smpvisor.bench;

import java.util.List;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.IrqEntry;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Engine;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.gic.host.GicV3;
import org.smpvisor.gic.host.GicV3Description;
import org.smpvisor.gic.hw.GicConfig;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/**
 * Round trips of an SGI between two pCPUs that run Xen's own code with interrupts open: hardware, driver and interrupt loop,
 * no guests. Each handler runs on top of a loop that only relaxes; the second pCPU's handler replies.
 */
final class HostSgiJob implements Subject {
    private static final long GICD = 0x8000000L;
    private static final long GICR = 0x80a0000L;
    private static final long GICR_BYTES = 0xf60000L;
    private static final int MAINTENANCE = 25;
    private static final int BATCH = 64;
    private static final int SPECIAL = 1020;
    private static final int RING = 1 << 12;
    private static final int CPUS = 2;

    /** Two pCPUs, made anew for each run. */
    private static final class Rig implements IrqEntry {
        final Engine engine = new NativeEngine(CPUS);
        final LockValidator validator = new LockValidator(true);
        final Pcpu[] cpus = new Pcpu[CPUS];
        final GicV3 driver;
        int replies;

        Rig() {
            for (int i = 0; i < CPUS; i++) {
                cpus[i] = new Pcpu(i, i, CPUS, engine, validator, new EventRing("cpu" + i, RING, engine));
            }
            GicHardware hw = new GicHardware(
                    new GicConfig(256, 4, 5, GICD, new long[] {GICR}, new long[] {GICR_BYTES}, 0, MAINTENANCE),
                    List.of(cpus),
                    RegisterLog.NONE);
            driver = new GicV3(
                    hw,
                    new GicV3Description(
                            GICD, List.of(new GicV3Description.Region(GICR, GICR_BYTES)), 0, MAINTENANCE, 26, 27, 30),
                    Variant.XenVersion.HEAD,
                    line -> {});
            for (Pcpu p : cpus) {
                p.connect(hw.cpu(p.id()), hw.cpu(p.id()).virtual(), this);
            }
            driver.init(cpus[0]);
            driver.secondaryInit(cpus[1]);
        }

        /** The interrupt loop, with nothing but static SGIs in it. */
        @Override
        @Xen({"gic_interrupt", "do_static_sgi"})
        public void hypIrq(Pcpu cpu) {
            for (int intid = driver.readIrq(cpu); intid < SPECIAL; intid = driver.readIrq(cpu)) {
                driver.eoiIrq(cpu, intid);
                cpu.smpRmb();
                int context = cpu.irqEnter();
                handle(cpu);
                cpu.irqExit(context);
                driver.deactivateIrq(cpu, intid);
            }
        }

        private void handle(Pcpu cpu) {
            if (cpu.id() == 0) {
                replies++;
            } else {
                driver.sendSgi(cpu, cpus[0], IpiSender.CALL_FUNCTION);
            }
        }

        void answer() {
            Pcpu cpu = cpus[1];
            cpu.enterThread();
            cpu.localIrqEnable();
            while (!engine.isStopped()) {
                engine.relax(cpu, 0);
            }
            cpu.leaveThread();
        }

        long batch() {
            Pcpu cpu = cpus[0];
            for (int i = 0; i < BATCH; i++) {
                int before = replies;
                driver.sendSgi(cpu, cpus[1], IpiSender.CALL_FUNCTION);
                while (replies == before) {
                    engine.relax(cpu, 0);
                    if (engine.isStopped()) {
                        return i;
                    }
                }
            }
            return BATCH;
        }
    }

    @Override
    public double rate(double seconds) {
        Rig rig = new Rig();
        double rate;
        try (Partner p = new Partner(rig::answer, rig.engine::stop)) {
            rig.cpus[0].enterThread();
            rig.cpus[0].localIrqEnable();
            rate = Pace.rate(seconds, rig::batch);
            rig.cpus[0].leaveThread();
        }
        if (rig.validator.count() > 0) {
            throw new BenchFailure("lock rules broken: " + rig.validator.violations());
        }
        return rate;
    }
}

package org.smpvisor.gic.hw;

import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.engine.Actor;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Point;

/** What the hardware does in its own time, as steps that a controlled run can choose. */
public final class HardwareActors {
    private HardwareActors() {}

    /** Registers, per pCPU, the arrival of SGIs and the expiry of timers: Xen's, and the virtual one. */
    public static void register(ControlledEngine engine, Gic gic, GenericTimers timers) {
        for (int i = 0; i < gic.cpus(); i++) {
            engine.register(new SgiArrival(gic.cpu(i), i));
        }
        for (int i = 0; i < gic.cpus(); i++) {
            engine.register(new TimerExpiry(engine, timers, i));
        }
    }

    private static final class SgiArrival implements Actor {
        private final GicCpu cpu;
        private final String name;

        SgiArrival(GicCpu cpu, int index) {
            this.cpu = cpu;
            this.name = "cpu" + index + ".sgi";
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean isEnabled() {
            return !cpu.pcpu().mailbox().isEmpty();
        }

        @Override
        public void act() {
            cpu.takeInSgis();
            cpu.pcpu().signal();
        }

        @Override
        public Point what() {
            return Point.MAILBOX_TAKE;
        }
    }

    /** Timers expire in the order of their deadlines, however slow or fast the pCPUs are meanwhile. */
    private static final class TimerExpiry implements Actor {
        private final ControlledEngine engine;
        private final GenericTimers timers;
        private final int index;

        TimerExpiry(ControlledEngine engine, GenericTimers timers, int index) {
            this.engine = engine;
            this.timers = timers;
            this.index = index;
        }

        @Override
        public String name() {
            return "timer.cpu" + index;
        }

        @Override
        public boolean isEnabled() {
            return timers.isNext(index);
        }

        @Override
        public boolean isPatient() {
            return true;
        }

        @Override
        public void act() {
            long deadline = timers.next(index);
            if (deadline != CpuTimers.NEVER) {
                engine.advance(deadline);
                timers.tick(engine.now());
            }
        }
    }
}

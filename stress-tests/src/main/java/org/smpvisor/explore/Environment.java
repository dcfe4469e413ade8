package org.smpvisor.explore;

import java.util.function.BiConsumer;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.domain.Domain;
import org.smpvisor.engine.Actor;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.gic.host.CpuHotplug;
import org.smpvisor.machine.Machine;
import org.smpvisor.trace.Event;

/** What the world outside does in a small scenario, as actors. */
final class Environment {
    private static final int PHYSICAL = 255;

    private Environment() {}

    /** A device raises its line a number of times. */
    static final class Line implements Actor {
        private final Machine machine;
        private final int spi;
        private final String name;

        @OwnedBy("explorer")
        private int left;

        Line(Machine machine, int spi, int times) {
            this.machine = machine;
            this.spi = spi;
            this.name = "env.line" + spi;
            this.left = times;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean isEnabled() {
            return left > 0;
        }

        @Override
        public void act() {
            left--;
            raise(machine, spi);
        }
    }

    private static void raise(Machine machine, int spi) {
        if (machine.devices().raise(spi)) {
            machine.environmentEvents().record(Event.LINE, PHYSICAL, spi, (int)
                    machine.hardware().distributor().generation(spi));
        }
    }

    /** Something is posted once to a pCPU, to run there as Xen's code. */
    abstract static class Posted implements Actor {
        private final Machine machine;
        private final int via;
        private final String name;
        private final Tasklets.Work work = this::run;

        @OwnedBy("explorer")
        private boolean done;

        Posted(Machine machine, String name, int via) {
            this.machine = machine;
            this.name = name;
            this.via = via;
        }

        Machine machine() {
            return machine;
        }

        abstract void run(Pcpu cpu);

        /** Has the same done once more, when the pCPU has been through its other softirqs. */
        void comeAgain(Pcpu cpu) {
            cpu.tasklets().postFrom(cpu, work, machine.gic());
        }

        /** It can be posted once more, at any time. */
        void mayActAgain(Pcpu cpu) {
            cpu.memory().touchesTasklets(machine.pcpu(via)); // as posting does: that depends on this
            done = false;
        }

        /** It is done, and posts nothing. */
        void isOver() {
            done = true;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean isEnabled() {
            return !done;
        }

        @Override
        public void act() {
            done = true;
            machine.post(via, work);
        }
    }

    /** A vCPU is moved to another pCPU. */
    static final class Move extends Posted {
        private final int vcpu;
        private final int to;

        Move(Machine machine, int vcpu, int to, int via) {
            super(machine, "env.move-v" + vcpu + "-to-cpu" + to, via);
            this.vcpu = vcpu;
            this.to = to;
        }

        @Override
        void run(Pcpu cpu) {
            machine().scheduler().migrate(cpu, machine().domains().get(0).vcpu(vcpu), to);
        }
    }

    /** Events become pending for a vCPU. */
    static final class Events extends Posted {
        private final int vcpu;

        Events(Machine machine, int vcpu, int via) {
            super(machine, "env.event-v" + vcpu + "-via-cpu" + via, via);
            this.vcpu = vcpu;
        }

        @Override
        void run(Pcpu cpu) {
            machine().upcalls().markPending(cpu, machine().domains().get(0).vcpu(vcpu));
        }
    }

    /** A function is called on all other pCPUs. */
    static final class CrossCalls extends Posted {
        CrossCalls(Machine machine, int via) {
            super(machine, "env.call-from-cpu" + via, via);
        }

        @Override
        void run(Pcpu cpu) {
            machine().crossCall().onOthers(cpu, c -> {});
        }
    }

    /** Work of the caller's. */
    static final class Errand extends Posted {
        private final BiConsumer<Machine, Pcpu> work;

        Errand(Machine machine, String name, int via, BiConsumer<Machine, Pcpu> work) {
            super(machine, "env." + name, via);
            this.work = work;
        }

        @Override
        void run(Pcpu cpu) {
            work.accept(machine(), cpu);
        }
    }

    /**
     * The toolstack kills the domain and waits until its vCPUs have left, as far as it can: one that is current below it leaves when
     * the work comes again.
     */
    static final class Kill extends Posted {
        Kill(Machine machine, int via) {
            super(machine, "env.kill-via-cpu" + via, via);
        }

        @Override
        void run(Pcpu cpu) {
            Domain d = machine().domains().get(0);
            if (machine().lifecycle().kill(cpu, d)) {
                return;
            }
            if (cpu.current().domain() == d) {
                comeAgain(cpu);
                return;
            }
            cpu.beginWait("the domain to stop", -1);
            for (int turn = 0; !machine().lifecycle().kill(cpu, d); turn++) {
                cpu.engine().relax(cpu, turn);
            }
            cpu.endWait();
        }
    }

    /** A pCPU is taken down, and is brought up again some time after that, or a line is raised then. */
    static final class Hotplug extends Posted {
        private final int pcpu;
        private final int spi;
        private final CpuHotplug.Removal removal;

        @OwnedBy("explorer")
        private boolean isDown;

        /** @param spi what is raised when the pCPU is down, for good; 0 to bring it up again */
        Hotplug(Machine machine, int pcpu, int via, int spi) {
            super(machine, "env.hotplug-cpu" + pcpu, via);
            this.pcpu = pcpu;
            this.spi = spi;
            this.removal = new CpuHotplug.Removal(machine.pcpu(pcpu));
        }

        @Override
        public void act() {
            if (isDown && spi != 0) {
                isOver();
                raise(machine(), spi);
            } else {
                super.act();
            }
        }

        @Override
        void run(Pcpu cpu) {
            if (isDown) {
                bringUp(cpu);
                return;
            }
            while (!machine().hotplug().offline(cpu, removal)) {
                awaitDepartures(cpu);
            }
            isDown = true;
            mayActAgain(cpu);
        }

        /** Each wait is for one word, which is looked at again before anything else is done. */
        private void awaitDepartures(Pcpu cpu) {
            Domain d = machine().domains().get(0);
            for (int i = 0; i < d.maxVcpus(); i++) {
                IntCell processor = d.vcpu(i).processor();
                cpu.beginWait(processor, -1);
                for (int turn = 0; processor.getOpaque(cpu) == pcpu; turn++) {
                    cpu.engine().relax(cpu, turn);
                }
                cpu.endWait();
            }
        }

        private void bringUp(Pcpu cpu) {
            if (!machine().hotplug().online(cpu, machine().pcpu(pcpu))) {
                throw new ModelBug("nobody else takes pCPUs down or brings them up");
            }
        }
    }

    /** The toolstack destroys the domain and takes a device away from it first. */
    static final class Release extends Posted {
        private final int spi;

        Release(Machine machine, int spi, int via) {
            super(machine, "env.release-line" + spi, via);
            this.spi = spi;
        }

        @Override
        void run(Pcpu cpu) {
            machine().release(cpu, machine().domains().get(0), spi);
        }
    }
}

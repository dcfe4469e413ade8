package org.smpvisor.gic.hw;

import java.util.List;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;

/**
 * A GIC of any version: what the machine around it needs to know. It is an actor of its own: lock-free inside and no part of
 * Xen's lock order.
 */
public abstract class Gic {
    private final Pcpu[] pcpus;
    private final RegisterLog log;
    private final DeactivationRule deactivation;

    /** That of a controlled run, {@code null} natively. */
    private final Memory memory;

    Gic(List<Pcpu> pcpus, RegisterLog log, DeactivationRule deactivation) {
        this.pcpus = pcpus.toArray(Pcpu[]::new);
        this.log = log;
        this.deactivation = deactivation;
        this.memory = this.pcpus[0].memory();
    }

    /** The SPIs. */
    public abstract SpiInputs distributor();

    /** What belongs to the pCPU with that index. */
    public abstract GicCpu cpu(int index);

    /** The bits of a priority that are implemented. */
    abstract int priorityMask();

    /** Reads {@code bytes} (1, 4 or 8) at a physical address of the GIC; accesses outside it are a bug of the caller. */
    public abstract long read(Pcpu cpu, long address, int bytes);

    /** Writes {@code bytes} at a physical address of the GIC. */
    public abstract void write(Pcpu cpu, long address, int bytes, long value);

    /** Number of pCPUs. */
    public final int cpus() {
        return pcpus.length;
    }

    final Pcpu pcpu(int index) {
        return pcpus[index];
    }

    final RegisterLog log() {
        return log;
    }

    final DeactivationRule deactivation() {
        return deactivation;
    }

    /** An SPI is looked at, or changes: controlled runs note which step does that. */
    final void touches(int spi, boolean write) {
        if (memory != null) {
            memory.touchesLine(spi, write);
        }
    }

    /** What decides whether a pCPU is interrupted is looked at by that pCPU. */
    final void touchesSignal(Pcpu cpu) {
        if (memory != null) {
            memory.touchesSignal(cpu);
        }
    }

    static long seen(Pcpu cpu, long v) {
        cpu.saw(v);
        return v;
    }

    /** An SGI is on its way to a pCPU; it coalesces with one of the same sender that has not arrived yet. */
    static void post(Pcpu sender, Pcpu target, int intid) {
        sender.point(Point.MAILBOX_PUT, target);
        Memory m = sender.memory();
        if (m != null) {
            m.posts(sender, target);
        }
        if (!target.mailbox().post(sender.id(), intid)) {
            sender.count(Counter.HOST_SGIS_COALESCED);
        } else {
            target.signal();
        }
    }

    @Override
    public String toString() {
        return "gic";
    }
}

package org.smpvisor.vgic.rank;

import org.smpvisor.cell.BytesCell;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** Register state of 32 consecutive interrupts: of a domain, or of one vCPU when the index is 0. */
@Xen("struct vgic_irq_rank")
public final class VgicIrqRank {
    private final SpinLock lock;
    private final int index;

    /** GICD_ISENABLER image; delivery looks at the ENABLED bit of the pending_irq instead. */
    @GuardedBy("lock")
    private final IntCell ienable;

    @GuardedBy("lock")
    private final IntCell[] icfg;

    /** Written under the lock, one byte of it read without. */
    private final BytesCell priority;

    /** Target vCPU id of each interrupt; written under the lock after a migration was accepted, read without. */
    private final BytesCell vcpu;

    /** SPIs whose route names no vCPU, one bit each; for the corrected rule of U5 alone. */
    private final IntCell nowhere;

    /** What was written to such a route, packed into a word. */
    @GuardedBy("lock")
    private final IntCell[] strayRoutes;

    /**
     * @param path owner, for example {@code d1} or {@code d1v0}
     * @param index rank number, 0 for a private rank
     * @param target vCPU id that all 32 interrupts are routed to at first
     * @param keepsStrayRoutes whether routes that name no vCPU are kept
     */
    @Xen("vgic_rank_init")
    VgicIrqRank(String path, int index, int target, boolean keepsStrayRoutes) {
        this.index = index;
        String name = path + ".rank" + index;
        this.lock = new SpinLock(LockClass.RANK, name + ".lock", index);
        this.ienable = new IntCell(name + ".ienable", lock, 0);
        this.icfg = new IntCell[] {new IntCell(name + ".icfg0", lock, 0), new IntCell(name + ".icfg1", lock, 0)};
        this.priority = new BytesCell(name + ".ipriorityr", lock);
        this.vcpu = new BytesCell(name + ".vcpu", lock);
        this.vcpu.reset(target);
        this.nowhere = new IntCell(name + ".nowhere", lock, 0);
        this.strayRoutes = new IntCell[keepsStrayRoutes ? 32 : 0];
        for (int i = 0; i < strayRoutes.length; i++) {
            strayRoutes[i] = new IntCell(name + ".stray_route" + i, lock, 0);
        }
    }

    public SpinLock lock() {
        return lock;
    }

    /** Rank number; INTIDs 32*index .. 32*index+31. */
    public int index() {
        return index;
    }

    IntCell ienable() {
        return ienable;
    }

    IntCell icfg(int word) {
        return icfg[word];
    }

    /** Type of {@code virq} as the guest has set it: the upper of its two bits says edge. R held. */
    @Xen("vgic_get_virq_type")
    IrqDesc.Type type(Pcpu cpu, int virq) {
        lock.assertHeldBy(cpu);
        boolean edge = (icfg[virq >> 4 & 1].getGuarded(cpu) >>> 2 * (virq & 15) & 2) != 0;
        return edge ? IrqDesc.Type.EDGE : IrqDesc.Type.LEVEL;
    }

    BytesCell priority() {
        return priority;
    }

    BytesCell vcpu() {
        return vcpu;
    }

    /** Target vCPU id of {@code virq}, without the lock. */
    int targetOpaque(Pcpu cpu, int virq) {
        return vcpu.getOpaque(cpu, virq & 31);
    }

    /** Whether the route of {@code virq} names no vCPU, without the lock. */
    boolean leadsNowhere(Pcpu cpu, int virq) {
        return (nowhere.getOpaque(cpu) >>> (virq & 31) & 1) != 0;
    }

    /** The route of {@code virq} names no vCPU: keeps what was written. Lock held. */
    void setStrayRoute(Pcpu cpu, int virq, int written) {
        strayRoutes[virq & 31].setGuarded(cpu, written);
        nowhere.setGuarded(cpu, nowhere.getGuarded(cpu) | 1 << (virq & 31));
    }

    /** The route of {@code virq} names a vCPU again. Lock held. */
    void clearStrayRoute(Pcpu cpu, int virq) {
        nowhere.setGuarded(cpu, nowhere.getGuarded(cpu) & ~(1 << (virq & 31)));
    }

    /** What was written to a route that names no vCPU. Lock held. */
    int strayRoute(Pcpu cpu, int virq) {
        return strayRoutes[virq & 31].getGuarded(cpu);
    }

    /** Whether {@code virq} is level-triggered, without the lock. */
    @Xen("vgic_get_virq_type")
    boolean isLevel(Pcpu cpu, int virq) {
        return (icfg[(virq & 31) >> 4].getOpaque(cpu) >>> 2 * (virq & 15) + 1 & 1) == 0;
    }
}

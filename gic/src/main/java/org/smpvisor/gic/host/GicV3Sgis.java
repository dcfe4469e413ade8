package org.smpvisor.gic.host;

import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.hw.GicHardware;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Xen;

/**
 * Sends Xen's SGIs. No lock, any interrupt state. What the sender wrote before is visible to the handler: a barrier comes
 * first.
 */
@Xen("gic-v3.c")
@Arm("IHI 0069, ICC_SGI1R_EL1")
final class GicV3Sgis {
    /** pCPUs of one cluster that a target list can name; Xen leaves the range selector at zero. */
    static final int LISTED = 16;

    private static final long TO_OTHERS = 1L << 40;
    private static final int INTID_SHIFT = 24;

    private final GicHardware hw;

    GicV3Sgis(GicHardware hw) {
        this.hw = hw;
    }

    @Xen({"gicv3_send_sgi", "gicv3_send_sgi_list"})
    void toOne(Pcpu cpu, Pcpu target, int id) {
        cpu.dsb();
        cpu.count(Counter.HOST_SGIS);
        write(cpu, cluster(target) | bit(target), id);
    }

    /** One write for each run of members that share a cluster; none for the empty mask. Offline members are not left out. */
    @Xen({"gicv3_send_sgi", "gicv3_send_sgi_list"})
    void toMask(Pcpu cpu, CpuMask mask, int id) {
        cpu.dsb();
        Pcpu p = mask.next(cpu, 0);
        while (p != null) {
            long cluster = cluster(p);
            long list = 0;
            while (p != null && cluster(p) == cluster) {
                cpu.count(Counter.HOST_SGIS);
                list |= bit(p);
                p = mask.next(cpu, p.id() + 1);
            }
            write(cpu, cluster | list, id);
        }
    }

    @Xen("gicv3_send_sgi")
    void toOthers(Pcpu cpu, int id) {
        cpu.dsb();
        cpu.count(Counter.HOST_SGIS);
        write(cpu, TO_OTHERS, id);
    }

    private void write(Pcpu cpu, long targets, int id) {
        hw.cpu(cpu.id()).sendSgi(targets | (long) id << INTID_SHIFT);
    }

    /** Affinity levels 3, 2 and 1 where the register has them. */
    private static long cluster(Pcpu p) {
        long a = p.affinity();
        return (a >>> 32 & 0xff) << 48 | (a >>> 16 & 0xff) << 32 | (a >>> 8 & 0xff) << 16;
    }

    /** Place in the target list; beyond the sixteenth of a cluster it is that of another pCPU. */
    private static long bit(Pcpu p) {
        return 1L << (p.affinity() & LISTED - 1);
    }
}

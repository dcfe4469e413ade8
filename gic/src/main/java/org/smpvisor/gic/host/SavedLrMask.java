package org.smpvisor.gic.host;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/**
 * Which list registers of a vCPU that does not run are in use, bit n for LR n. Written by the pCPU that switches the vCPU out, and
 * by whoever switches it on again, without a lock in common (H7).
 */
@Xen("lr_mask")
final class SavedLrMask {
    private final IntCell low;
    private final IntCell high;

    /**
     * @param vcpu name of the vCPU
     * @param lrs list registers that there can be, to 64
     */
    SavedLrMask(String vcpu, int lrs) {
        low = new IntCell(vcpu + ".lr_mask");
        high = lrs > 32 ? new IntCell(vcpu + ".lr_mask_high") : null;
    }

    long get(Pcpu cpu) {
        return low.getOpaque(cpu) & 0xffffffffL | (high == null ? 0 : (long) high.getOpaque(cpu) << 32);
    }

    void set(Pcpu cpu, long mask) {
        low.setOpaque(cpu, (int) mask);
        if (high != null) {
            high.setOpaque(cpu, (int) (mask >>> 32));
        }
    }

    /** For observers. */
    long peek() {
        return low.peek() & 0xffffffffL | (high == null ? 0 : (long) high.peek() << 32);
    }
}

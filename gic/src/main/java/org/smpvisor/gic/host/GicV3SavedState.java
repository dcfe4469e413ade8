package org.smpvisor.gic.host;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Xen;

/** What is saved of a vCPU that does not run, its software LR bitmap included. All zero for a new one. */
@Xen({"struct gic_v3", "lr_mask"})
final class GicV3SavedState implements Vcpu.State {
    private static final int MAX_LRS = 16;

    @OwnedBy("pcpu")
    final long[] lr = new long[MAX_LRS];

    @OwnedBy("pcpu")
    int apr0;

    @OwnedBy("pcpu")
    int apr1;

    @OwnedBy("pcpu")
    long vmcr;

    @OwnedBy("pcpu")
    long sre;

    final SavedLrMask lrMask;

    /** @param vcpu name of the vCPU */
    GicV3SavedState(String vcpu) {
        lrMask = new SavedLrMask(vcpu, MAX_LRS);
    }
}

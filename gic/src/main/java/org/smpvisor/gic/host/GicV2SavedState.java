package org.smpvisor.gic.host;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Xen;

/** What is saved of a vCPU that does not run, its software LR bitmap included. All zero for a new one. */
@Xen({"struct gic_v2", "lr_mask"})
final class GicV2SavedState implements Vcpu.State {
    private static final int MAX_LRS = 64;

    @OwnedBy("pcpu")
    final int[] lr = new int[MAX_LRS];

    @OwnedBy("pcpu")
    int apr;

    @OwnedBy("pcpu")
    int vmcr;

    final SavedLrMask lrMask;

    /** @param vcpu name of the vCPU */
    GicV2SavedState(String vcpu) {
        lrMask = new SavedLrMask(vcpu, MAX_LRS);
    }
}

package org.smpvisor.domain;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.variant.Xen;

/** One trapped load or store, preallocated per pCPU. */
@Xen("mmio_info_t")
public final class MmioAccess {
    @OwnedBy("pcpu")
    private long address;

    @OwnedBy("pcpu")
    private int offset;

    @OwnedBy("pcpu")
    private int bytes;

    @OwnedBy("pcpu")
    private boolean write;

    @OwnedBy("pcpu")
    private long value;

    /** Sets up an access of {@code size} bytes (1, 2, 4, 8) at a guest-physical address. */
    public void set(long addr, int size, boolean isWrite, long v) {
        address = addr;
        bytes = size;
        write = isWrite;
        value = v;
    }

    public long address() {
        return address;
    }

    /** Offset in the frame whose handler was found. */
    public int offset() {
        return offset;
    }

    public void setOffset(int o) {
        offset = o;
    }

    public int bytes() {
        return bytes;
    }

    public boolean isWrite() {
        return write;
    }

    /** The value written, or what the handler answered to a read. */
    public long value() {
        return value;
    }

    /** Answers a read. */
    public boolean answer(long v) {
        value = v;
        return true;
    }

    /** Cuts the accessed part out of a wider register value and answers with it. */
    @Xen("vreg_reg32_extract")
    public boolean answerPart(long register, int registerBytes) {
        int shift = 8 * (offset & registerBytes - 1);
        return answer(register >>> shift & mask());
    }

    /** Puts the written part into a wider register value. */
    @Xen("vreg_reg32_update")
    public long merge(long register, int registerBytes) {
        int shift = 8 * (offset & registerBytes - 1);
        return register & ~(mask() << shift) | (value & mask()) << shift;
    }

    private long mask() {
        return bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
    }
}

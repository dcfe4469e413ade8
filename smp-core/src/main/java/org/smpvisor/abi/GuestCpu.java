package org.smpvisor.abi;

import org.smpvisor.cell.OwnedBy;

/**
 * A vCPU as its guest program sees it: program counter, a result register, scratch registers, the interrupt mask, and the
 * one instruction that is described and not yet completed. Owned by the pCPU that runs the vCPU. The result register and the
 * program counter change only when the instruction completes; it stays described over interrupts and moves until then.
 */
public final class GuestCpu {
    /** Kinds of instruction. */
    public enum Op {
        NONE,
        BRANCH,
        READ_SYSREG,
        WRITE_SYSREG,
        READ_MMIO,
        WRITE_MMIO,
        DEVICE,
        WFI,
        MASK,
        UNMASK,
        ERET
    }

    private static final int SCRATCH = 64;

    /** Program counter: a label of the program. */
    @OwnedBy("guest")
    public int pc;

    /** Result of the last instruction that had one. */
    @OwnedBy("guest")
    public long x0;

    /** Scratch registers for the program's own use. */
    @OwnedBy("guest")
    public final long[] r = new long[SCRATCH];

    @OwnedBy("guest")
    private boolean irqMasked = true;

    @OwnedBy("guest")
    private int savedPc;

    @OwnedBy("guest")
    private Op op = Op.NONE;

    @OwnedBy("guest")
    private SysReg sysreg;

    @OwnedBy("guest")
    private long address;

    @OwnedBy("guest")
    private int bytes;

    @OwnedBy("guest")
    private long value;

    @OwnedBy("guest")
    private int nextPc;

    /** The instruction that a virtual IRQ came before, NONE for none. */
    @OwnedBy("guest")
    private Op interrupted = Op.NONE;

    @OwnedBy("guest")
    private SysReg interruptedSysreg;

    @OwnedBy("guest")
    private long interruptedAddress;

    @OwnedBy("guest")
    private int interruptedBytes;

    @OwnedBy("guest")
    private long interruptedValue;

    @OwnedBy("guest")
    private int interruptedNextPc;

    private final int vcpuId;
    private final int vcpus;

    /**
     * @param vcpuId id of the vCPU in its domain
     * @param vcpus number of vCPUs of the domain
     */
    public GuestCpu(int vcpuId, int vcpus) {
        this.vcpuId = vcpuId;
        this.vcpus = vcpus;
    }

    public int vcpuId() {
        return vcpuId;
    }

    public int vcpus() {
        return vcpus;
    }

    // ---- describing, by programs ------------------------------------------------------------------------------------

    /** A 32-bit store. */
    public GuestCpu write32(long addr, long v) {
        return describe(Op.WRITE_MMIO, null, addr, 4, v);
    }

    /** A 64-bit store. */
    public GuestCpu write64(long addr, long v) {
        return describe(Op.WRITE_MMIO, null, addr, 8, v);
    }

    /** A byte store. */
    public GuestCpu write8(long addr, long v) {
        return describe(Op.WRITE_MMIO, null, addr, 1, v);
    }

    /** A 32-bit load; the value arrives in {@code x0}. */
    public GuestCpu read32(long addr) {
        return describe(Op.READ_MMIO, null, addr, 4, 0);
    }

    /** A 64-bit load. */
    public GuestCpu read64(long addr) {
        return describe(Op.READ_MMIO, null, addr, 8, 0);
    }

    /** An access to a device that is passed through to the guest: no trap; what it does is the device's business. */
    public GuestCpu device(long register, long v) {
        return describe(Op.DEVICE, null, register, 4, v);
    }

    /** A system-register read; the value arrives in {@code x0}. */
    public GuestCpu readSysreg(SysReg reg) {
        return describe(Op.READ_SYSREG, reg, 0, 8, 0);
    }

    public GuestCpu writeSysreg(SysReg reg, long v) {
        return describe(Op.WRITE_SYSREG, reg, 0, 8, v);
    }

    /** Wait for interrupt. */
    public GuestCpu wfi() {
        return describe(Op.WFI, null, 0, 0, 0);
    }

    /** An instruction that stays inside the guest. */
    public GuestCpu branch() {
        return describe(Op.BRANCH, null, 0, 0, 0);
    }

    /** Masks the vCPU's interrupts (PSTATE.I = 1). */
    public GuestCpu mask() {
        return describe(Op.MASK, null, 0, 0, 0);
    }

    /** Opens the vCPU's interrupts (PSTATE.I = 0). */
    public GuestCpu unmask() {
        return describe(Op.UNMASK, null, 0, 0, 0);
    }

    /** Returns from the interrupt handler to where it came from, interrupts open. */
    public GuestCpu eret() {
        return describe(Op.ERET, null, 0, 0, 0);
    }

    /** Where the program goes on after this instruction. */
    public void then(int label) {
        nextPc = label;
    }

    private GuestCpu describe(Op what, SysReg reg, long addr, int size, long v) {
        op = what;
        sysreg = reg;
        address = addr;
        bytes = size;
        value = v;
        nextPc = pc;
        return this;
    }

    // ---- executing, by the pCPU -------------------------------------------------------------------------------------

    public Op op() {
        return op;
    }

    public SysReg sysreg() {
        return sysreg;
    }

    public long address() {
        return address;
    }

    public int bytes() {
        return bytes;
    }

    public long value() {
        return value;
    }

    public boolean isDescribed() {
        return op != Op.NONE;
    }

    public boolean isIrqMasked() {
        return irqMasked;
    }

    /** Completes the described instruction; {@code result} goes to {@code x0} if it has one. */
    public void complete(long result) {
        switch (op) {
            case READ_SYSREG, READ_MMIO, DEVICE -> x0 = result;
            case MASK -> irqMasked = true;
            case UNMASK -> irqMasked = false;
            case ERET -> {
                irqMasked = false;
                nextPc = savedPc;
            }
            default -> {}
        }
        boolean returns = op == Op.ERET;
        pc = nextPc;
        op = Op.NONE;
        if (returns && interrupted != Op.NONE) {
            op = interrupted;
            sysreg = interruptedSysreg;
            address = interruptedAddress;
            bytes = interruptedBytes;
            value = interruptedValue;
            nextPc = interruptedNextPc;
            interrupted = Op.NONE;
        }
    }

    /**
     * Takes a virtual IRQ at an instruction boundary. An instruction that is described and was not executed comes back with
     * the return from the interrupt.
     */
    public void takeIrq() {
        savedPc = pc;
        interrupted = op;
        if (op != Op.NONE) {
            interruptedSysreg = sysreg;
            interruptedAddress = address;
            interruptedBytes = bytes;
            interruptedValue = value;
            interruptedNextPc = nextPc;
            op = Op.NONE;
        }
        pc = GuestProgram.VECTOR_IRQ;
        irqMasked = true;
    }
}

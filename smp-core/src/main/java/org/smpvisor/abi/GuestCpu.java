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
        FAILING_STORE,
        READ_UPCALL,
        CLEAR_UPCALL,
        WFI,
        WFE,
        HVC,
        SET_WAY,
        POLL,
        MASK,
        UNMASK,
        ERET
    }

    /** Exception class in {@link #esr}: an instruction that is undefined here. */
    public static final int EC_UNKNOWN = 0x00;

    /** Exception class in {@link #esr}: a load or store that nothing answers. */
    public static final int EC_DATA_ABORT = 0x25;

    /** Exception class in {@link #esr}: an SError. */
    public static final int EC_SERROR = 0x2f;

    private static final int EC_SHIFT = 26;
    private static final long ESR_IL = 1L << 25;
    private static final long DFSC_EXTERNAL_ABORT = 0x10;
    private static final int SCRATCH = 64;

    /** Program counter: a label of the program. */
    @OwnedBy("guest")
    public int pc;

    /** Result of the last instruction that had one. */
    @OwnedBy("guest")
    public long x0;

    /** ELR_EL1: where {@link #eret} goes. A handler that may be interrupted itself saves it, with {@link #spsrMasked}. */
    @OwnedBy("guest")
    public int elr;

    /** SPSR_EL1.I: the interrupt mask that {@link #eret} puts back. */
    @OwnedBy("guest")
    public boolean spsrMasked;

    /** ESR_EL1: why the program is at {@link GuestProgram#VECTOR_SYNC}. */
    @OwnedBy("guest")
    public long esr;

    /** FAR_EL1: the address of a data abort. */
    @OwnedBy("guest")
    public long far;

    /** Scratch registers for the program's own use. */
    @OwnedBy("guest")
    public final long[] r = new long[SCRATCH];

    @OwnedBy("guest")
    private boolean irqMasked = true;

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
    private long value2;

    @OwnedBy("guest")
    private long value3;

    @OwnedBy("guest")
    private int nextPc;

    /** HCR_EL2.VSE: a virtual SError is pending. */
    @OwnedBy("guest")
    private boolean serrorPending;

    /** Whether the handler of a virtual IRQ runs, and {@code x0} as it was before: a kernel's handler saves it. */
    @OwnedBy("guest")
    private boolean inIrq;

    @OwnedBy("guest")
    private long interruptedX0;

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
    private long interruptedValue2;

    @OwnedBy("guest")
    private long interruptedValue3;

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

    /** A byte load. */
    public GuestCpu read8(long addr) {
        return describe(Op.READ_MMIO, null, addr, 1, 0);
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

    /** A load of {@code evtchn_upcall_pending}, which is shared memory: no trap. */
    public GuestCpu readUpcall() {
        return describe(Op.READ_UPCALL, null, 0, 1, 0);
    }

    /** Clears {@code evtchn_upcall_pending} atomically, with a full barrier; what it was arrives in {@code x0}. */
    public GuestCpu clearUpcall() {
        return describe(Op.CLEAR_UPCALL, null, 0, 1, 0);
    }

    /** A store to a device that fails; an SError tells so {@code steps} steps later, at the latest when Xen is entered. */
    public GuestCpu failingStore(int steps) {
        return describe(Op.FAILING_STORE, null, steps, 4, 0);
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

    /** Wait for event: Xen lets others go first. */
    public GuestCpu wfe() {
        return describe(Op.WFE, null, 0, 0, 0);
    }

    /** Cleans a cache line by set and way, which Xen traps. */
    public GuestCpu cleanBySetAndWay() {
        return describe(Op.SET_WAY, null, 0, 0, 0);
    }

    /** Calls the hypervisor: {@link PsciAbi function} and arguments; the result arrives in {@code x0}. */
    public GuestCpu hvc(int function, long x1, long x2, long x3) {
        describe(Op.HVC, null, function, 0, x1);
        value2 = x2;
        value3 = x3;
        return this;
    }

    /** Turns round inside the guest, without a trap, until something interrupts the pCPU. */
    public GuestCpu poll() {
        return describe(Op.POLL, null, 0, 0, 0);
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

    /** Returns from a handler to {@link #elr}, with the interrupt mask of then. */
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

    /** Second argument of a call. */
    public long value2() {
        return value2;
    }

    /** Third argument of a call. */
    public long value3() {
        return value3;
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
            case READ_SYSREG, READ_MMIO, DEVICE, READ_UPCALL, CLEAR_UPCALL, HVC -> x0 = result;
            case MASK -> irqMasked = true;
            case UNMASK -> irqMasked = false;
            case ERET -> {
                irqMasked = spsrMasked;
                nextPc = elr;
            }
            default -> {}
        }
        boolean returns = op == Op.ERET;
        pc = nextPc;
        op = Op.NONE;
        if (returns && !spsrMasked && inIrq) {
            inIrq = false;
            x0 = interruptedX0;
        }
        if (returns && !spsrMasked && interrupted != Op.NONE) {
            op = interrupted;
            sysreg = interruptedSysreg;
            address = interruptedAddress;
            bytes = interruptedBytes;
            value = interruptedValue;
            value2 = interruptedValue2;
            value3 = interruptedValue3;
            nextPc = interruptedNextPc;
            interrupted = Op.NONE;
        }
    }

    /** Begins anew at {@code entry} with interrupts masked, as a vCPU that is switched on; while it does not run. */
    public void reset(int entry, long context) {
        op = Op.NONE;
        interrupted = Op.NONE;
        inIrq = false;
        serrorPending = false;
        irqMasked = true;
        pc = entry;
        x0 = context;
    }

    /**
     * Takes a virtual IRQ at an instruction boundary. An instruction that is described and was not executed comes back with
     * the return from the interrupt.
     */
    public void takeIrq() {
        takeAsynchronous(GuestProgram.VECTOR_IRQ);
    }

    /** Xen makes a virtual SError pending (HCR_EL2.VSE). */
    public void pendSerror() {
        serrorPending = true;
    }

    /** Whether a virtual SError is pending that can be taken now; PSTATE.A is as PSTATE.I in all programs. */
    public boolean isSerrorDeliverable() {
        return serrorPending && !irqMasked;
    }

    /** Takes the virtual SError at an instruction boundary. */
    public void takeSerror() {
        serrorPending = false;
        esr = (long) EC_SERROR << EC_SHIFT | ESR_IL;
        takeAsynchronous(GuestProgram.VECTOR_SERROR);
    }

    private void takeAsynchronous(int vector) {
        inIrq = true;
        interruptedX0 = x0;
        interrupted = op;
        if (op != Op.NONE) {
            interruptedSysreg = sysreg;
            interruptedAddress = address;
            interruptedBytes = bytes;
            interruptedValue = value;
            interruptedValue2 = value2;
            interruptedValue3 = value3;
            interruptedNextPc = nextPc;
            op = Op.NONE;
        }
        enter(vector);
    }

    /** The described instruction is undefined: it does not complete, the program goes on at its vector. */
    public void takeUndefined() {
        esr = (long) EC_UNKNOWN << EC_SHIFT | ESR_IL;
        op = Op.NONE;
        enter(GuestProgram.VECTOR_SYNC);
    }

    /** The described load or store aborts: it does not complete, the program goes on at its vector. */
    public void takeDataAbort() {
        esr = (long) EC_DATA_ABORT << EC_SHIFT | ESR_IL | DFSC_EXTERNAL_ABORT;
        far = address;
        op = Op.NONE;
        enter(GuestProgram.VECTOR_SYNC);
    }

    private void enter(int vector) {
        elr = pc;
        spsrMasked = irqMasked;
        pc = vector;
        irqMasked = true;
    }

    /** The exception class of {@link #esr}. */
    public int exceptionClass() {
        return (int) (esr >>> EC_SHIFT);
    }
}

package org.smpvisor.entry;

import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IrqEntry;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.VirtualInterface;
import org.smpvisor.cpu.VirtualTimer;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.domain.VtimerOps;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Xen;

/**
 * Exception entry and exit, and the loop that a pCPU is in for all of its life: it executes the current vCPU's instructions
 * until something traps or interrupts, runs Xen, and leaves to whichever vCPU is current then, or idles.
 */
@Xen("arm64/entry.S")
@Deviation(
        "one Java stack per pCPU instead of one per vCPU: no path of Xen blocks, so the exit path simply goes on for the"
                + " new current vCPU")
public final class Entry implements IrqEntry {
    /** INTIDs below those of LPIs, of which no guest has any. */
    private static final int INTID_MASK = GicAbi.GICC_INTID_MASK;

    /** From here on a read of IAR acknowledges nothing: the most urgent is of the other group, or there is none. */
    private static final int OTHER_GROUP = 1022;

    private final HostInterrupts gic;
    private final VgicOps vgic;
    private final Scheduler scheduler;
    private final Witness witness;
    private final MmioAccess[] mmio;
    private final NestedTrap nestedTrap;
    private final Psci psci;

    @OwnedBy("boot")
    private Offline offline = cpu -> {
        throw new ModelBug(cpu + " is not online, and nobody has taken it down");
    };

    /** What follows when an SError was taken at the entry from a guest; a variant point. */
    public interface SerrorRule {
        /** Xen: what the guest was entered for is left alone; it happens again. */
        SerrorRule SKIPS = () -> true;

        /** Xen 4.17: the test is compiled in only where no SErrors are looked for, so that it does nothing. */
        SerrorRule GOES_ON = () -> false;

        boolean skipsHandler();
    }

    @OwnedBy("boot")
    private SerrorRule serrorRule = SerrorRule.SKIPS;

    /** Connects another rule for SErrors; at boot. */
    public void connect(SerrorRule rule) {
        serrorRule = rule;
    }

    /** What a pCPU does that has been taken down. */
    public interface Offline {
        /** Returns when it has been brought up again, with interrupts open. Any interrupt state on entry. */
        void stopped(Pcpu cpu);
    }

    @OwnedBy("boot")
    private VtimerOps timers;

    /** The interrupt mask while Xen's own code is in a trap; a variant point. */
    public interface NestedTrap {
        /** Xen: as in the code that trapped. */
        NestedTrap INHERITS = cpu -> {};

        /** The trap is taken, and returned from. */
        void taken(Pcpu cpu);

        /** Interrupts are opened, as Xen once did, whatever they were before. */
        static NestedTrap opens(Marks marks) {
            return cpu -> {
                int flags = cpu.localSaveFlags();
                if (flags != 0) {
                    marks.reached(cpu, Bug.XB_013);
                    cpu.localIrqEnable();
                }
                cpu.localIrqRestore(flags);
            };
        }
    }

    /** @param pcpus number of pCPUs */
    public Entry(int pcpus, HostInterrupts gic, VgicOps vgic, Scheduler scheduler, Witness witness) {
        this(pcpus, gic, vgic, scheduler, witness, NestedTrap.INHERITS, null);
    }

    /**
     * @param pcpus number of pCPUs
     * @param psci answers HVC, {@code null} where no guest calls
     */
    public Entry(
            int pcpus,
            HostInterrupts gic,
            VgicOps vgic,
            Scheduler scheduler,
            Witness witness,
            NestedTrap nestedTrap,
            Psci psci) {
        this.psci = psci;
        this.nestedTrap = nestedTrap;
        this.gic = gic;
        this.vgic = vgic;
        this.scheduler = scheduler;
        this.witness = witness;
        this.mmio = new MmioAccess[pcpus];
        for (int i = 0; i < pcpus; i++) {
            mmio[i] = new MmioAccess();
        }
    }

    /** Connects what a pCPU does that has been taken down; at boot. */
    public void connect(Offline o) {
        offline = o;
    }

    /** Connects the emulation of the physical timer; once, before the machine runs. */
    public void connect(VtimerOps vtimer) {
        timers = vtimer;
    }

    /** Drives {@code cpu}, which has been brought up, until the engine is stopped. Interrupts on entry open. */
    @Xen("startup_cpu_idle_loop")
    public void run(Pcpu cpu) {
        while (!cpu.engine().isStopped()) {
            if (cpu.current().isIdle()) {
                idle(cpu);
            } else {
                runGuest(cpu);
            }
        }
    }

    // ---- vectors ----------------------------------------------------------------------------------------------------

    /**
     * Takes an exception through one of the sixteen vectors. The handler finds interrupts masked, as the hardware leaves them, unless
     * the table opens them or, for a trap of Xen's own, they stay as they were. An entry without a handler is Xen's "bad mode" panic.
     */
    public void take(Pcpu cpu, ExceptionVector vector) {
        switch (vector.handler()) {
            case GUEST_SYNC, GUEST_IRQ, GUEST_ERROR -> guestVector(cpu, vector);
            case HYP_IRQ -> {
                cpu.point(Point.IRQ_DELIVER, cpu);
                gic.interrupt(cpu); // no softirq and no LR work on return to Xen's own code
            }
            case HYP_SYNC -> hypSync(cpu);
            case HYP_ERROR -> hypSerror(cpu);
            case INVALID -> throw badMode(cpu, vector);
        }
    }

    @Xen("do_bad_mode")
    private static ModelBug badMode(Pcpu cpu, ExceptionVector vector) {
        return new ModelBug(
                "bad mode: " + vector + " at VBAR_EL2+0x" + Integer.toHexString(vector.offset()) + " on " + cpu);
    }

    @Override
    public void hypIrq(Pcpu cpu) {
        take(cpu, ExceptionVector.EL2H_IRQ);
    }

    @Override
    public void hypWarning(Pcpu cpu) {
        take(cpu, ExceptionVector.EL2H_SYNC);
    }

    /**
     * A trap of Xen's own code: the breakpoint of a warning, since whatever else would come this way is a Java exception here. The
     * table has interrupts {@link ExceptionVector.Interrupts#INHERITED}, which takes a step of hardware and one of the vector to undo
     * it; here they are left alone.
     */
    @Xen({"hyp_sync", "do_trap_hyp_sync"})
    private void hypSync(Pcpu cpu) {
        nestedTrap.taken(cpu);
    }

    /** An SError on top of Xen: the guest's, if it came where Xen waits for the guest's stores; else Xen itself is broken. */
    @Xen({"hyp_error", "do_trap_hyp_serror"})
    private void hypSerror(Pcpu cpu) {
        if (!cpu.isSerrorWindow()) {
            throw new ModelBug("an SError in Xen's own code on " + cpu + ", which is fatal");
        }
        guestSerror(cpu, cpu.current());
    }

    /** Waits for the guest's stores; an SError that comes of them is taken in a window that is open for it. Returns whether one was. */
    @Xen("check_pending_guest_serror")
    private boolean takePendingGuestSerror(Pcpu cpu) {
        if (!cpu.synchronizeSerrors()) {
            return false;
        }
        cpu.setSerrorWindow(true);
        take(cpu, ExceptionVector.EL2H_SERROR);
        cpu.setSerrorWindow(false);
        return true;
    }

    /** Waits for Xen's own stores, so that what comes of them is not taken for the guest's: those of a guest have told by now. */
    @Xen("SYNCHRONIZE_SERROR")
    private void synchronizeSerrors(Pcpu cpu) {
        if (cpu.synchronizeSerrors()) {
            take(cpu, ExceptionVector.EL2H_SERROR);
        }
    }

    /**
     * The guest was interrupted, or trapped. Where the table opens interrupts, it does so before the list registers are synced:
     * an interrupt may come in between.
     */
    @Xen({"guest_vector", "enter_hypervisor_from_guest"})
    private void guestVector(Pcpu cpu, ExceptionVector vector) {
        Vcpu v = cpu.current();
        boolean serror = takePendingGuestSerror(cpu);
        boolean skips = serror && serrorRule.skipsHandler();
        if (vector.interrupts() == ExceptionVector.Interrupts.OPEN) {
            boolean told = vgic.beforeIrqsOpen(cpu);
            cpu.setBeforeSync(true);
            cpu.localIrqEnable();
            cpu.setBeforeSync(false);
            if (told) {
                vgic.irqsWereOpened(cpu);
            }
        }
        if (vector.handler() == ExceptionVector.Handler.GUEST_IRQ) {
            cpu.count(Counter.IRQ_EXITS);
            cpu.point(Point.IRQ_DELIVER, cpu);
            vgic.syncFromLrs(cpu, v);
            if (!skips) {
                gic.interrupt(cpu); // do_trap_irq
            }
        } else if (vector.handler() == ExceptionVector.Handler.GUEST_ERROR) {
            vgic.syncFromLrs(cpu, v);
            guestSerror(cpu, v);
        } else {
            cpu.count(Counter.TRAPS);
            vgic.syncFromLrs(cpu, v);
            if (!skips) {
                trap(cpu, v);
            }
        }
        leaveHypervisorToGuest(cpu);
    }

    /** The guest is to blame for an SError: it gets a virtual one. */
    @Xen({"do_trap_guest_serror", "inject_vabt_exception"})
    private static void guestSerror(Pcpu cpu, Vcpu v) {
        cpu.count(Counter.SERRORS);
        v.guest().pendSerror();
    }

    /** Does what the guest's described instruction asks Xen for, and completes it. */
    @Xen("do_trap_guest_sync")
    private void trap(Pcpu cpu, Vcpu v) {
        GuestCpu c = v.guest();
        switch (c.op()) {
            case READ_MMIO, WRITE_MMIO -> trapMmio(cpu, v, c);
            case READ_SYSREG, WRITE_SYSREG -> trapSysreg(cpu, v, c);
            case WFI -> {
                cpu.count(Counter.WFI);
                scheduler.blockUnlessEventPending(cpu);
                c.complete(0);
            }
            case WFE -> {
                cpu.count(Counter.WFE);
                scheduler.yield(cpu);
                c.complete(0);
            }
            case HVC -> psci.call(cpu, v, c);
            case SET_WAY -> {
                v.setNeedsFlush(true); // p2m_set_way_flush
                c.complete(0);
            }
            default -> throw new ModelBug(v + " trapped with " + c.op());
        }
    }

    @Xen("do_sysreg")
    private void trapSysreg(Pcpu cpu, Vcpu v, GuestCpu c) {
        boolean write = c.op() == GuestCpu.Op.WRITE_SYSREG;
        if (c.sysreg().isTimer()) {
            if (write) {
                timers.writeTimer(cpu, v, c.sysreg(), c.value());
            }
            c.complete(write ? 0 : timers.readTimer(cpu, v, c.sysreg()));
            return;
        }
        if (!write || !vgic.sysregWrite(cpu, v, c.sysreg(), c.value())) { // what is trapped of the GIC is write-only
            GuestExceptions.undefined(v);
            return;
        }
        c.complete(0);
    }

    @Xen("do_trap_data_abort_guest")
    private void trapMmio(Pcpu cpu, Vcpu v, GuestCpu c) {
        MmioAccess io = mmio[cpu.id()];
        boolean write = c.op() == GuestCpu.Op.WRITE_MMIO;
        io.set(c.address(), c.bytes(), write, c.value());
        if (write) {
            witness.guestStoreBegins(cpu, v, c.address(), c.value());
        }
        if (!vgic.mmio(cpu, v, io)) {
            GuestExceptions.dataAbort(v);
            return;
        }
        if (write) {
            witness.guestStoreEnds(cpu, v, c.address(), c.value());
        }
        c.complete(io.value());
    }

    // ---- exit -------------------------------------------------------------------------------------------------------

    /** The way out: work of the vCPU, softirqs until none is left, then list registers; interrupts masked on return. */
    @Xen("leave_hypervisor_to_guest")
    private void leaveHypervisorToGuest(Pcpu cpu) {
        cpu.localIrqDisable();
        while (checkForVcpuWork(cpu)) {
            checkForPcpuWork(cpu);
        }
        checkForPcpuWork(cpu);
        if (!cpu.current().isIdle()) {
            vgic.syncToLrs(cpu);
            synchronizeSerrors(cpu);
            cpu.held().assertNoneHeld("at guest entry");
        }
    }

    /**
     * Does what the vCPU has to do before it may go on, with interrupts open meanwhile: here, writing its memory back after cache
     * maintenance by set and way. Interrupts masked on entry and return; softirqs come first, so that another vCPU may be current.
     *
     * @return whether there is more of it
     */
    @Xen({"check_for_vcpu_work", "p2m_flush_vm"})
    private boolean checkForVcpuWork(Pcpu cpu) {
        Vcpu v = cpu.current();
        if (v.isIdle() || !v.needsFlush()) {
            return false;
        }
        checkForPcpuWork(cpu);
        if (cpu.current() != v) {
            return true; // it is done when the vCPU runs again
        }
        cpu.localIrqEnable();
        v.setNeedsFlush(false);
        cpu.count(Counter.FLUSHES);
        cpu.localIrqDisable();
        return false;
    }

    /** Interrupts masked on entry and return. On return another vCPU, or the idle one, may be current. */
    @Xen("check_for_pcpu_work")
    private void checkForPcpuWork(Pcpu cpu) {
        while (cpu.softirqs().isPending(cpu)) {
            cpu.localIrqEnable();
            cpu.softirqs().run(cpu);
            cpu.localIrqDisable();
        }
    }

    // ---- idle -------------------------------------------------------------------------------------------------------

    @Xen("idle_loop")
    private void idle(Pcpu cpu) {
        if (!cpu.isOnline(cpu)) {
            offline.stopped(cpu);
        }
        cpu.localIrqDisable();
        if (!cpu.softirqs().isPending(cpu)) {
            cpu.held().assertNoneHeld("in the idle loop's WFI");
            cpu.setIdling(true);
            cpu.engine().waitForInterrupt(cpu);
            cpu.setIdling(false);
        }
        cpu.localIrqEnable();
        cpu.softirqs().run(cpu);
        if (!cpu.current().isIdle()) {
            leaveHypervisorToGuest(cpu);
        }
    }

    // ---- the guest --------------------------------------------------------------------------------------------------

    /** Executes instructions of the current vCPU until Xen is entered and has left again. Interrupts masked for EL2. */
    private void runGuest(Pcpu cpu) {
        Vcpu v = cpu.current();
        GuestCpu c = v.guest();
        VirtualInterface virtual = cpu.virtualInterface();
        int steps = 0;
        while (true) {
            cpu.point(Point.GUEST_STEP, v);
            if (cpu.serrorArrives()) {
                cpu.count(Counter.GUEST_STEPS, steps);
                take(cpu, ExceptionVector.GUEST64_SERROR);
                return;
            }
            if (cpu.engine().leavesGuest(cpu)) {
                cpu.count(Counter.GUEST_STEPS, steps);
                take(cpu, ExceptionVector.GUEST64_IRQ);
                return;
            }
            if (c.isSerrorDeliverable()) {
                GuestExceptions.serror(v);
            } else if (!c.isIrqMasked() && virtual.isIrqAsserted()) {
                c.takeIrq();
            }
            if (!c.isDescribed()) {
                v.program().step(c);
            }
            steps++;
            if (!execute(cpu, v, c, virtual)) {
                cpu.count(Counter.GUEST_STEPS, steps);
                take(cpu, ExceptionVector.GUEST64_SYNC);
                return;
            }
            if (cpu.engine().isStopped()) {
                return;
            }
        }
    }

    /** Executes the described instruction if it does not trap; returns whether it did not. */
    private boolean execute(Pcpu cpu, Vcpu v, GuestCpu c, VirtualInterface virtual) {
        switch (c.op()) {
            case BRANCH, MASK, UNMASK, ERET -> c.complete(0);
            case DEVICE -> c.complete(v.domain().devices().access(cpu, v, c.address(), c.value()));
            case READ_UPCALL -> c.complete(v.upcallPending().getOpaque(cpu));
            case CLEAR_UPCALL -> c.complete(v.upcallPending().testAndClearBit(cpu, 0) ? 1 : 0);
            case FAILING_STORE -> {
                cpu.storeFails((int) c.address());
                c.complete(0);
            }
            case READ_SYSREG -> {
                if (c.sysreg().isTrapped()) {
                    return false;
                } else if (c.sysreg().isTimer()) {
                    readTimer(cpu, c);
                } else {
                    readVirtual(cpu, v, c, virtual);
                }
            }
            case WRITE_SYSREG -> {
                if (c.sysreg().isTrapped()) {
                    return false;
                } else if (c.sysreg().isTimer()) {
                    writeTimer(cpu, v, c);
                } else {
                    writeVirtual(cpu, v, c, virtual);
                }
            }
            case POLL -> {
                if (c.isIrqMasked() || !virtual.isIrqAsserted()) {
                    cpu.engine()
                            .waitForInterrupt(
                                    cpu); // only an interrupt can change anything for a guest that turns round
                }
                c.complete(0);
            }
            case READ_MMIO, WRITE_MMIO -> {
                return virtual.isMemoryMapped() && accessFrame(cpu, v, c, virtual);
            }
            case WFI -> {
                return false;
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /**
     * A load or store to the addresses of the CPU interface of a GICv2, which Xen has mapped to the virtual one. Returns false
     * for any other address. Its registers are words; another width is answered with an external abort.
     */
    private boolean accessFrame(Pcpu cpu, Vcpu v, GuestCpu c, VirtualInterface virtual) {
        long offset = c.address() - GicAbi.GUEST_GICC_BASE;
        if (offset < 0 || offset >= GicAbi.GUEST_GICC_SIZE) {
            return false;
        }
        if (c.bytes() != 4) {
            GuestExceptions.dataAbort(v);
        } else if (c.op() == GuestCpu.Op.READ_MMIO) {
            c.complete(readFrame(cpu, v, virtual, (int) offset));
        } else {
            writeFrame(cpu, v, virtual, (int) offset, (int) c.value());
            c.complete(0);
        }
        return true;
    }

    private long readFrame(Pcpu cpu, Vcpu v, VirtualInterface virtual, int offset) {
        return switch (offset) {
            case GicAbi.GICC_IAR -> acknowledge(cpu, v, virtual);
            case GicAbi.GICC_AIAR -> acknowledged(cpu, v, virtual, (int) virtual.readFrame(offset));
            default -> virtual.readFrame(offset) & 0xffffffffL;
        };
    }

    private static void writeFrame(Pcpu cpu, Vcpu v, VirtualInterface virtual, int offset, int value) {
        switch (offset) {
            case GicAbi.GICC_EOIR, GicAbi.GICC_AEOIR -> end(cpu, v, virtual, value);
            case GicAbi.GICC_DIR -> virtual.deactivate(cpu, value);
            default -> virtual.writeFrame(offset, value);
        }
    }

    /** What cannot be read is undefined in the guest itself, without a trap. */
    private void readVirtual(Pcpu cpu, Vcpu v, GuestCpu c, VirtualInterface virtual) {
        if (virtual.isMemoryMapped()) {
            GuestExceptions.undefined(v);
            return;
        }
        switch (c.sysreg()) {
            case ICC_IAR1_EL1 -> c.complete(acknowledge(cpu, v, virtual));
            case ICC_PMR_EL1 -> c.complete(virtual.readPriorityMask());
            case ICC_BPR1_EL1 -> c.complete(virtual.readBinaryPoint());
            case ICC_CTLR_EL1 -> c.complete(virtual.readControl());
            case ICC_IGRPEN1_EL1 -> c.complete(virtual.readGroupEnable());
            default -> GuestExceptions.undefined(v);
        }
    }

    /** The counters and the virtual timer are the pCPU's own. */
    private static void readTimer(Pcpu cpu, GuestCpu c) {
        VirtualTimer timer = cpu.virtualTimer();
        c.complete(
                switch (c.sysreg()) {
                    case CNTV_CTL_EL0 -> timer.readControl(cpu);
                    case CNTV_CVAL_EL0 -> timer.readCompare(cpu);
                    case CNTV_TVAL_EL0 -> timer.readLeft(cpu);
                    default -> timer.readCounter(cpu);
                });
    }

    private void writeTimer(Pcpu cpu, Vcpu v, GuestCpu c) {
        VirtualTimer timer = cpu.virtualTimer();
        switch (c.sysreg()) {
            case CNTV_CTL_EL0 -> timer.writeControl(cpu, (int) c.value());
            case CNTV_CVAL_EL0 -> timer.writeCompare(cpu, c.value());
            case CNTV_TVAL_EL0 -> timer.writeLeft(cpu, c.value());
            default -> {
                GuestExceptions.undefined(v); // the counters cannot be set
                return;
            }
        }
        boolean armed = TimerAbi.isArmed(timer.readControl(cpu));
        witness.guestTimerWritten(cpu, v, TimerAbi.VIRT_PPI, armed, timer.readCompare(cpu));
        c.complete(0);
    }

    private long acknowledge(Pcpu cpu, Vcpu v, VirtualInterface virtual) {
        return acknowledged(cpu, v, virtual, virtual.acknowledge(cpu));
    }

    private long acknowledged(Pcpu cpu, Vcpu v, VirtualInterface virtual, int value) {
        int intid = value & INTID_MASK; // without the sender of an SGI, which a GICv2 shows above it
        if (intid >= OTHER_GROUP) {
            cpu.count(Counter.GUEST_SPURIOUS);
            return intid;
        }
        cpu.count(Counter.GUEST_ACKS);
        cpu.count(
                intid < GicAbi.NR_SGIS
                        ? Counter.GUEST_SGI_ACKS
                        : intid < GicAbi.NR_LOCAL_IRQS ? Counter.GUEST_PPI_ACKS : Counter.GUEST_SPI_ACKS);
        cpu.events().record(Event.GUEST_ACK, v.domain().id(), intid, v.vcpuId());
        witness.guestAck(cpu, v, intid, virtual.acknowledgedPhysical(), virtual.acknowledgedGeneration());
        return value;
    }

    private static void end(Pcpu cpu, Vcpu v, VirtualInterface virtual, int value) {
        cpu.count(Counter.GUEST_ENDS);
        cpu.events().record(Event.GUEST_EOI, v.domain().id(), value & INTID_MASK, v.vcpuId());
        virtual.end(cpu, value);
    }

    private void writeVirtual(Pcpu cpu, Vcpu v, GuestCpu c, VirtualInterface virtual) {
        if (virtual.isMemoryMapped()) {
            GuestExceptions.undefined(v);
            return;
        }
        int value = (int) c.value();
        switch (c.sysreg()) {
            case ICC_EOIR1_EL1 -> end(cpu, v, virtual, value);
            case ICC_DIR_EL1 -> virtual.deactivate(cpu, value);
            case ICC_PMR_EL1 -> virtual.writePriorityMask(value);
            case ICC_BPR1_EL1 -> virtual.writeBinaryPoint(value);
            case ICC_CTLR_EL1 -> virtual.writeControl(value);
            case ICC_IGRPEN1_EL1 -> virtual.writeGroupEnable(value);
            default -> {
                GuestExceptions.undefined(v);
                return;
            }
        }
        c.complete(0);
    }
}

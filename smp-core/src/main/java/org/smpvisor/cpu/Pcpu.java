package org.smpvisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cell.Tally;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.Engine;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.lock.HeldLocks;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * A physical CPU: interrupt mask, attention flag, SGI mailbox, held locks, current vCPU, per-CPU data. It is passive:
 * whichever thread enters it drives it, one at a time. It leads the parameters of all model code, in the place of Xen's
 * {@code current} and {@code smp_processor_id}.
 */
public final class Pcpu extends PcpuTailPadding {
    /** Turns of a wait loop after which a ticket-lock waiter leaves its name for the releaser. */
    public static final int TURNS_BEFORE_SLEEP = 100;

    private static final int MAX_WAITS = 16;

    /** Bits of the attention word. Something has arrived since the last look. */
    private static final int ARRIVED = 1;

    /** The engine decides at every point, whether something arrived or not. */
    private static final int ALWAYS = 2;

    /** Softirqs and tasklets raised from outside the machine arrive as SGIs of this many extra senders. */
    public static final int EXTRA_SENDERS = 1;

    private final int id;
    private final long affinity;
    private final Engine engine;
    private final Memory memory;
    /** The attention word when nothing has arrived. */
    private final int calm;

    private final HeldLocks held;
    private final SgiMailbox mailbox;
    private final Softirqs softirqs;
    private final CpuTimers timers;
    private final Tasklets tasklets;
    private final EventRing events;
    private final Tally counters = new Tally(Counter.values().length);

    @OwnedBy("boot")
    private InterruptLine line;

    @OwnedBy("boot")
    private IrqEntry irqEntry;

    @OwnedBy("boot")
    private VirtualInterface virtualInterface;

    @OwnedBy("boot")
    private VirtualTimer virtualTimer;

    /** PSTATE.I of the pCPU; the other exception masks are not modelled as maskable events. */
    @OwnedBy("pcpu")
    private boolean irqMasked = true;

    /** Whether the CPU interface signalled an interrupt at the last sample. */
    @OwnedBy("pcpu")
    private boolean irqSignalled;

    @OwnedBy("pcpu")
    private int irqDepth;

    /** Software allocation bitmap of the list registers; bit n is LR n. */
    @OwnedBy("pcpu")
    private long lrMask;

    /** Whether the pCPU is between a trap's unmasking of interrupts and the LR sync that follows it. */
    @OwnedBy("pcpu")
    private boolean beforeSync;

    /** Guest steps until a failed store of the guest is told by an SError, plus one; 0 for none on its way. */
    @OwnedBy("pcpu")
    private int serrorIn;

    @OwnedBy("pcpu")
    private boolean serrorWindow;

    private volatile Vcpu current;

    /** Whether the pCPU has been brought up. */
    private final IntCell online;

    /** What the pCPU waits for, innermost last: an interrupt may come while it waits, and wait again. */
    private final Object[] waits = new Object[MAX_WAITS];

    private final int[] tickets = new int[MAX_WAITS];
    private volatile int waitDepth;

    /** Waits begun so far; published by the write of {@link #waitDepth}. */
    @OwnedBy("pcpu")
    private int waitSerial;

    private volatile Thread driver;
    private volatile boolean idling;

    /**
     * @param id index of the pCPU, 0 is the boot CPU
     * @param affinity MPIDR affinity, Aff3 in bits 39:32, Aff2..Aff0 in bits 23:0
     */
    public Pcpu(int id, long affinity, int pcpus, Engine engine, LockValidator validator, EventRing events) {
        this.id = id;
        this.affinity = affinity;
        this.engine = engine;
        this.memory = engine.memory();
        this.calm = engine.decidesAtPoints() ? ALWAYS : 0;
        ATTENTION.setVolatile(this, calm);
        this.held = new HeldLocks(this, validator);
        this.mailbox = new SgiMailbox(pcpus + EXTRA_SENDERS);
        this.softirqs = new Softirqs(this);
        this.timers = new CpuTimers(this);
        this.tasklets = new Tasklets(this);
        this.events = events;
        this.online = new IntCell("cpu" + id + ".online");
    }

    /** Connects the pCPU with its hardware and its interrupt vector; once, before it is driven. */
    public void connect(InterruptLine interruptLine, VirtualInterface virtual, IrqEntry entry) {
        this.line = interruptLine;
        this.virtualInterface = virtual;
        this.irqEntry = entry;
    }

    /** Connects the pCPU with its virtual timer; once, before it is driven. */
    public void connect(VirtualTimer timer) {
        this.virtualTimer = timer;
    }

    @Xen("smp_processor_id")
    public int id() {
        return id;
    }

    /** MPIDR affinity: Aff3 in bits 39:32, Aff2, Aff1, Aff0 in bits 23:0. */
    public long affinity() {
        return affinity;
    }

    public Engine engine() {
        return engine;
    }

    /** Nanoseconds of the engine's clock, for decisions of Xen's. */
    @Xen("NOW")
    public long time() {
        long now = engine.now();
        if (memory != null) {
            memory.sawTime(this, now);
        }
        return now;
    }

    /** The memory of a controlled run, {@code null} natively; for cells, locks and the mailbox. */
    public Memory memory() {
        return memory;
    }

    /** The pCPU has seen a number that may decide what it does next: noted in controlled runs that compare states. */
    public void saw(long value) {
        if (memory != null) {
            memory.saw(this, value);
        }
    }

    public HeldLocks held() {
        return held;
    }

    public SgiMailbox mailbox() {
        return mailbox;
    }

    public Softirqs softirqs() {
        return softirqs;
    }

    public CpuTimers timers() {
        return timers;
    }

    public Tasklets tasklets() {
        return tasklets;
    }

    public EventRing events() {
        return events;
    }

    public VirtualInterface virtualInterface() {
        return virtualInterface;
    }

    /** The timer of the vCPU that runs here, {@code null} on a pCPU that has none. */
    public VirtualTimer virtualTimer() {
        return virtualTimer;
    }

    /** The vCPU that runs here; the idle vCPU when none does. */
    @Xen("current")
    public Vcpu current() {
        Vcpu v = current;
        if (memory != null) {
            memory.saw(this, System.identityHashCode(v));
        }
        return v;
    }

    public void setCurrent(Vcpu v) {
        current = v;
    }

    @Xen("cpu_online")
    public boolean isOnline(Pcpu cpu) {
        return online.getAcquire(cpu) != 0;
    }

    /** {@link #isOnline(Pcpu)} for observers. */
    public boolean isOnline() {
        return online.peek() != 0;
    }

    /** The pCPU itself comes up or goes down. */
    public void setOnline(boolean isOnline) {
        online.setRelease(this, isOnline ? 1 : 0);
    }

    /** Software bitmap of list registers in use; interrupts masked. */
    @Xen("this_cpu(lr_mask)")
    public long lrMask() {
        saw(lrMask);
        return lrMask;
    }

    public void setLrMask(long mask) {
        lrMask = mask;
    }

    // ---- SErrors ----------------------------------------------------------------------------------------------------

    /** A store of the guest fails, which the guest is told by an SError some steps later, or when somebody waits for its stores. */
    @Arm("DDI 0487, SError exception")
    public void storeFails(int steps) {
        serrorIn = steps + 1;
    }

    /** One step of the guest has passed: whether an SError comes now. */
    public boolean serrorArrives() {
        return serrorIn > 0 && --serrorIn == 0;
    }

    /** Waits until all stores are complete; returns whether an SError comes of them, which the caller takes. */
    public boolean synchronizeSerrors() {
        boolean came = serrorIn > 0;
        serrorIn = 0;
        return came;
    }

    /** Whether Xen has opened SErrors for a moment, so that one that comes is the guest's. */
    @Xen("abort_guest_exit_start")
    public boolean isSerrorWindow() {
        return serrorWindow;
    }

    public void setSerrorWindow(boolean isOpen) {
        serrorWindow = isOpen;
    }

    // ---- points and interrupts --------------------------------------------------------------------------------------

    /** Reports an operation that is about to happen; a pending, unmasked interrupt is taken first. */
    public void point(Point what, Object on) {
        if ((int) ATTENTION.getOpaque(this) != 0) { // natively almost never: one look is all that a point costs
            engine.point(this, what, on);
        }
    }

    /** Whether something arrived since the last look at it. */
    public boolean needsAttention() {
        return ((int) ATTENTION.getOpaque(this) & ARRIVED) != 0;
    }

    /** Rings the pCPU: something has arrived for it. Callable from any thread, after the arrival was published. */
    public void signal() {
        ATTENTION.setVolatile(this, calm | ARRIVED);
        if (PARKED.getVolatile(this) != null) { // flag up, then look for a sleeper: pairs with park
            engine.wake(this);
        }
    }

    /**
     * {@link #signal} for callers whose publication was an atomic read-modify-write (a full barrier): skips the store when
     * the flag is up already.
     */
    public void signalAfterRmw() {
        if (((int) ATTENTION.getVolatile(this) & ARRIVED) == 0) {
            signal();
        }
    }

    /** Takes in what arrived and, unless masked, takes the interrupt at once, also under locks. */
    public void attend() {
        takeIn();
        if (irqSignalled && !irqMasked) {
            takeInterrupt();
        }
    }

    /** Takes in what arrived; whether an interrupt is signalled is known afterwards. Only engines call this. */
    public void takeIn() {
        ATTENTION.setOpaque(this, calm);
        VarHandle.fullFence(); // flag down before the look: pairs with signal's order of publication, then flag
        irqSignalled = line.sample(this);
    }

    /** Whether the CPU interface signals an interrupt, masked or not, as of the last sample. */
    public boolean hasPendingInterrupt() {
        return irqSignalled;
    }

    /** The interrupt line as its last acknowledge left it; for the interrupt loop. */
    public void setInterruptSignalled(boolean signalled) {
        irqSignalled = signalled;
    }

    /** Takes an interrupt on top of whatever runs, which has interrupts open. Only engines call this. */
    public void takeInterrupt() {
        count(Counter.IRQS_IN_XEN);
        if (held.depth() > 0) {
            count(Counter.IRQS_UNDER_LOCK);
        }
        if (beforeSync) {
            count(Counter.IRQS_BEFORE_SYNC);
        }
        irqMasked = true;
        irqEntry.hypIrq(this);
        irqMasked = false;
    }

    /** Xen's own code warns, which is a trap on the same level. */
    @Xen("WARN")
    @Deviation("the model traps also where Xen only prints, so that a trap under a lock exists at all")
    public void warn() {
        irqEntry.hypWarning(this);
    }

    public boolean isIrqMasked() {
        return irqMasked;
    }

    /** Whether a hard interrupt is being handled. */
    @Xen("in_irq")
    public boolean isInHardIrq() {
        return irqDepth != 0;
    }

    /** A hard-interrupt context begins; returns what {@link #irqExit} needs. */
    @Xen("irq_enter")
    public int irqEnter() {
        irqDepth++;
        return held.enterIrq();
    }

    @Xen("irq_exit")
    public void irqExit(int interrupted) {
        held.leaveIrq(interrupted);
        irqDepth--;
    }

    /** Masks interrupts. */
    @Xen("local_irq_disable")
    public void localIrqDisable() {
        point(Point.IRQ_DISABLE, this);
        irqMasked = true;
    }

    /** Opens interrupts; one that is signalled is taken before this returns. */
    @Xen("local_irq_enable")
    public void localIrqEnable() {
        if (irqMasked) {
            held.opensIrqs();
        }
        irqMasked = false;
        if (irqSignalled || (int) ATTENTION.getOpaque(this) != 0) {
            engine.irqsOpened(this);
        }
    }

    /** The interrupt mask as it is, for {@link #localIrqRestore}. */
    @Xen("local_save_flags")
    public int localSaveFlags() {
        return irqMasked ? 1 : 0;
    }

    /** Masks interrupts and returns the former state for {@link #localIrqRestore}. */
    @Xen("local_irq_save")
    public int localIrqSave() {
        int flags = irqMasked ? 1 : 0;
        if (!irqMasked) {
            localIrqDisable();
        }
        return flags;
    }

    @Xen("local_irq_restore")
    public void localIrqRestore(int flags) {
        if (flags == 0) {
            localIrqEnable();
        } else {
            irqMasked = true;
        }
    }

    /** Marks the window between a trap's unmasking of interrupts and its LR sync. */
    public void setBeforeSync(boolean isBefore) {
        beforeSync = isBefore;
    }

    // ---- barriers ---------------------------------------------------------------------------------------------------

    @Xen("smp_mb")
    public void smpMb() {
        point(Point.FENCE, null);
        if (memory != null) {
            memory.fence(this);
        }
        VarHandle.fullFence();
    }

    /** Waits until what was stored before is seen by everybody, the hardware included. */
    @Arm("DDI 0487, DSB")
    public void dsb() {
        smpMb();
    }

    @Xen("smp_wmb")
    public void smpWmb() {
        point(Point.STORE_FENCE, null);
        if (memory != null) {
            memory.storeFence(this);
        }
        VarHandle.storeStoreFence();
    }

    @Xen("smp_rmb")
    public void smpRmb() {
        point(Point.LOAD_FENCE, null);
        if (memory != null) {
            memory.loadFence(this);
        }
        VarHandle.loadLoadFence();
    }

    // ---- waiting and watching ---------------------------------------------------------------------------------------

    /** Parks the driving thread for at most {@code nanos}, unless something arrived. Only engines call this. */
    public void park(long nanos) {
        PARKED.setVolatile(this, Thread.currentThread());
        if ((int) ATTENTION.getVolatile(this) == 0 && !engine.isStopped()) { // pairs with signal
            if (nanos == Long.MAX_VALUE) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, nanos);
            }
        }
        PARKED.setOpaque(this, null);
    }

    /** The thread that is parked here, or {@code null}. */
    public Thread parkedThread() {
        return (Thread) PARKED.getVolatile(this);
    }

    /** Notes what the pCPU begins to wait for, for the watchdog; {@code ticket} is its place in the queue, -1 for none. */
    public void beginWait(Object what, int ticket) {
        int d = waitDepth;
        waits[d] = what;
        tickets[d] = ticket;
        waitSerial++;
        waitDepth = d + 1;
    }

    /** The wait that began last is over. */
    public void endWait() {
        waitDepth--;
    }

    /** The lock or condition that the pCPU waits for, or {@code null}. */
    public Object waitingFor() {
        int d = waitDepth;
        return d == 0 ? null : waits[d - 1];
    }

    /** Place in the queue for what the pCPU waits for, -1 when it waits in no queue. */
    public int waitTicket() {
        int d = waitDepth;
        return d == 0 ? -1 : tickets[d - 1];
    }

    /** A number that no two waits of the pCPU share, 0 while it does not wait. */
    public int waitSerial() {
        return waitDepth == 0 ? 0 : waitSerial;
    }

    /** Whether the pCPU holds place {@code ticket} in the queue for {@code what} in a context that was interrupted. */
    public boolean isQueuedBelow(Object what, int ticket) {
        for (int i = 0; i < waitDepth - 1; i++) {
            if (waits[i] == what && tickets[i] == ticket) {
                return true;
            }
        }
        return false;
    }

    /** Whether the pCPU is in the idle loop's wait with nothing signalled. */
    public boolean isIdling() {
        return idling;
    }

    public void setIdling(boolean isIdling) {
        idling = isIdling;
    }

    /** Declares the calling thread the driver of this pCPU; a second one at the same time is a bug. */
    public void enterThread() {
        Thread before = driver;
        if (before != null && before != Thread.currentThread()) {
            throw new ModelBug(this + " is driven by " + before.getName() + " already");
        }
        driver = Thread.currentThread();
    }

    public void leaveThread() {
        driver = null;
    }

    /** The thread that drives this pCPU, or {@code null}. */
    public Thread driver() {
        return driver;
    }

    // ---- counters ---------------------------------------------------------------------------------------------------

    public void count(Counter c) {
        counters.add(c.ordinal(), 1);
    }

    public void count(Counter c, int n) {
        counters.add(c.ordinal(), n);
    }

    /** Value of a counter; callable from any thread. */
    public long counter(Counter c) {
        return counters.get(c.ordinal());
    }

    @Override
    public String toString() {
        return "cpu" + id;
    }
}

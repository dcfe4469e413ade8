package org.smpvisor.cpu;

import org.smpvisor.cell.IntCell;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.variant.Xen;

/** The softirqs of one pCPU: work deferred to the exit path and the idle loop. */
@Xen("softirq_pending")
public final class Softirqs {
    public static final int TIMER = 0;
    public static final int RCU = 1;
    public static final int SCHED_SLAVE = 2;
    public static final int SCHEDULE = 3;
    public static final int NEW_TLBFLUSH_CLOCK_PERIOD = 4;
    public static final int TASKLET = 5;
    private static final int COUNT = 6;

    /** What runs when a softirq is raised; interrupts open, no lock held. */
    public interface Handler {
        void run(Pcpu cpu);
    }

    private final Pcpu owner;
    private final IntCell pending;
    private final Handler[] handlers = new Handler[COUNT];

    Softirqs(Pcpu owner) {
        this.owner = owner;
        this.pending = new IntCell(owner + ".softirq_pending");
    }

    /** Installs the handler of a softirq; at boot. */
    @Xen("open_softirq")
    public void open(int nr, Handler handler) {
        handlers[nr] = handler;
    }

    /** Raises a softirq of this pCPU from code that runs on it. */
    @Xen("raise_softirq")
    public void raise(Pcpu cpu, int nr) {
        if (cpu != owner) {
            throw new ModelBug(cpu + " raises a softirq of " + owner + " as if it were its own");
        }
        pending.setBit(cpu, nr);
    }

    /** Raises a softirq of this pCPU from any pCPU; a remote one is sent an event-check SGI if the bit was clear. */
    @Xen("cpu_raise_softirq")
    public void raiseFrom(Pcpu cpu, int nr, IpiSender ipi) {
        if (!pending.testAndSetBit(cpu, nr) && cpu != owner) {
            ipi.sendSgi(cpu, owner, IpiSender.EVENT_CHECK);
        }
    }

    /** Raises a softirq from outside the machine; the caller makes the pCPU look. */
    void raiseFromOutside(int nr) {
        Memory m = owner.memory();
        if (m != null) {
            m.writes(pending);
        }
        int seen = pending.peek();
        while ((seen & 1 << nr) == 0 && !pending.compareAndSetOutside(seen, seen | 1 << nr)) {
            seen = pending.peek();
        }
    }

    @Xen("softirq_pending")
    public boolean isPending(Pcpu cpu) {
        return pending.getOpaque(cpu) != 0;
    }

    /** The pending word, for observers. */
    public int peek() {
        return pending.peek();
    }

    /** Runs pending softirqs, lowest first, until none is left. Interrupts open, no lock held. */
    @Xen("do_softirq")
    public void run(Pcpu cpu) {
        for (int word = pending.getOpaque(cpu); word != 0; word = pending.getOpaque(cpu)) {
            int nr = Integer.numberOfTrailingZeros(word);
            pending.testAndClearBit(cpu, nr);
            handlers[nr].run(cpu);
        }
    }
}

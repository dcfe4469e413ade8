package org.smpvisor.gic.host;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** Runs a function on other pCPUs and waits until all have: one call at a time, interrupts open throughout. */
@Xen("smp_call_function")
public final class CrossCall {
    /** What runs on each pCPU, in a hard interrupt. */
    public interface Function {
        void run(Pcpu cpu);
    }

    private final Pcpu[] pcpus;
    private final SpinLock lock = new SpinLock(LockClass.CALL, "call_lock", 0);

    /** Who has yet to run the function; each clears its own bit. */
    private final CpuMask selected;

    /** Who is sent the SGI: fixed while others clear their bits already. */
    @GuardedBy("lock")
    private final CpuMask targets;

    private final IntCell dumps = new IntCell("dump_state");
    private final RefCell<Function> function = new RefCell<>("call_data.func", lock);

    @OwnedBy("boot")
    private GicHwOperations gic;

    private final PastHostRules past;

    /** Cross calls as Xen makes them. */
    public CrossCall(Pcpu[] pcpus) {
        this(pcpus, PastHostRules.none());
    }

    public CrossCall(Pcpu[] pcpus, PastHostRules past) {
        this.past = past;
        this.pcpus = pcpus.clone();
        this.selected = new CpuMask("call_data.selected", pcpus);
        this.targets = new CpuMask("target_mask", pcpus);
    }

    public void connect(GicHwOperations ops) {
        gic = ops;
    }

    /** Runs {@code f} on all other online pCPUs and returns when they have run it. Interrupts open, no lock held. */
    @Xen({"smp_call_function", "on_selected_cpus", "smp_send_call_function_mask"})
    public void onOthers(Pcpu cpu, Function f) {
        lock.lock(cpu);
        past.callOrder.send(cpu, this, f);
        past.sgiPriority.awaitsAnswer(cpu);
        cpu.beginWait("acknowledgement of a cross call", -1);
        for (Pcpu p : pcpus) {
            if (targets.contains(cpu, p.id())) {
                cpu.held().awaitsAcknowledgement(p);
            }
        }
        for (int turn = 0; !selected.isEmpty(cpu); turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
        lock.unlock(cpu);
    }

    /** The payload; call_lock held. */
    void write(Pcpu cpu, Function f) {
        past.payload.write(cpu, function, f);
    }

    /** Notes who is to run the function; call_lock held. */
    void select(Pcpu cpu) {
        targets.clearAll(cpu);
        for (Pcpu p : pcpus) {
            if (p != cpu && p.isOnline(cpu)) {
                selected.set(cpu, p.id());
                targets.set(cpu, p.id());
            }
        }
    }

    /** The SGI to all that are selected; call_lock held. */
    void send(Pcpu cpu) {
        gic.sendSgiMask(cpu, targets, IpiSender.CALL_FUNCTION);
    }

    /** The CALL_FUNCTION interrupt. */
    @Xen("smp_call_function_interrupt")
    void interrupt(Pcpu cpu) {
        if (!selected.contains(cpu, cpu.id())) {
            return;
        }
        past.payload.read(cpu, function).run(cpu);
        cpu.smpMb();
        selected.clear(cpu, cpu.id());
    }

    /** The DUMP_STATE interrupt: only counted, there is no console to dump to. */
    @Xen("dump_execution_state")
    void dump(Pcpu cpu) {
        dumps.getAndAdd(cpu, 1);
    }
}

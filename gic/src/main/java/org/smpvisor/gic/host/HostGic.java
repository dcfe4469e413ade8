package org.smpvisor.gic.host;

import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.entry.HostInterrupts;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.Event;
import org.smpvisor.variant.Xen;

/** The part of the host GIC that does not depend on the version: interrupt loop, SGIs, per-CPU set-up, context switch. */
@Xen("gic.c")
public final class HostGic implements HostInterrupts, IpiSender, Scheduler.Context {
    private static final int FIRST_DYNAMIC = 3;
    private static final int SPECIAL = 1020;
    private static final int PHYSICAL = 255;

    private final GicHwOperations ops;
    private final Irq irq;
    private final GicDescription description;
    private final CrossCall crossCall;
    private final boolean claimsPhysicalTimer;
    private final PastHostRules past;

    @OwnedBy("boot")
    private IrqDesc.Handler virtualTimer = (cpu, ppi) -> {};

    /**
     * @param claimsPhysicalTimer whether Xen takes the physical timer PPI for itself, as 4.17 does
     */
    public HostGic(
            GicHwOperations ops,
            Irq irq,
            GicDescription description,
            CrossCall crossCall,
            boolean claimsPhysicalTimer) {
        this(ops, irq, description, crossCall, claimsPhysicalTimer, PastHostRules.none());
    }

    /** The same with other rules. */
    public HostGic(
            GicHwOperations ops,
            Irq irq,
            GicDescription description,
            CrossCall crossCall,
            boolean claimsPhysicalTimer,
            PastHostRules past) {
        this.past = past;
        this.ops = ops;
        this.irq = irq;
        this.description = description;
        this.crossCall = crossCall;
        this.claimsPhysicalTimer = claimsPhysicalTimer;
    }

    /** Connects the handler of the virtual timer's interrupt; before the first pCPU boots. */
    public void connect(IrqDesc.Handler virtualTimerHandler) {
        virtualTimer = virtualTimerHandler;
    }

    public GicHwOperations ops() {
        return ops;
    }

    // ---- boot -------------------------------------------------------------------------------------------------------

    /** Boot CPU, before {@link #init}: descriptors, and the triggers of the interrupts that each pCPU has of its own. */
    @Xen({"gic_preinit", "preinit_xen_time"})
    public void preinit(Pcpu cpu) {
        irq.init(cpu);
        irq.setType(cpu, description.maintenanceIrq(), IrqDesc.Type.LEVEL);
        irq.setType(cpu, description.hypTimerIrq(), IrqDesc.Type.LEVEL);
        irq.setType(cpu, description.virtTimerIrq(), IrqDesc.Type.LEVEL);
        irq.setType(cpu, description.physTimerIrq(), IrqDesc.Type.LEVEL);
    }

    /** Boot CPU, interrupts masked. */
    @Xen("gic_init")
    public void init(Pcpu cpu) {
        ops.init(cpu);
        cpu.setLrMask(0);
    }

    /** Secondary CPU, on that CPU, interrupts masked. */
    @Xen("gic_init_secondary_cpu")
    public void initSecondary(Pcpu cpu) {
        ops.secondaryInit(cpu);
        cpu.setLrMask(0);
    }

    /** Maintenance and timer PPIs of the calling pCPU. */
    @Xen({"init_maintenance_interrupt", "init_timer_interrupt"})
    public void setupLocalInterrupts(Pcpu cpu) {
        setup(cpu, description.maintenanceIrq(), "irq-maintenance", HostGic::maintenance);
        setup(cpu, description.hypTimerIrq(), "hyptimer", this::hypTimer);
        setup(cpu, description.virtTimerIrq(), "virtimer", virtualTimer);
        if (claimsPhysicalTimer) {
            setup(cpu, description.physTimerIrq(), "phytimer", (c, i) -> {});
        }
    }

    /** The calling pCPU, which goes down, gives up its PPIs. Interrupts masked. */
    @Xen({"cpu_gic_callback", "deinit_timer_interrupt"})
    void releaseLocalInterrupts(Pcpu cpu) {
        irq.releaseLocal(cpu, description.maintenanceIrq());
        irq.releaseLocal(cpu, description.hypTimerIrq());
        irq.releaseLocal(cpu, description.virtTimerIrq());
        if (claimsPhysicalTimer) {
            irq.releaseLocal(cpu, description.physTimerIrq());
        }
    }

    /** Switches the interfaces of the calling pCPU off. Interrupts masked. */
    @Xen("gic_disable_cpu")
    void disableCpu(Pcpu cpu) {
        ops.disableInterface(cpu);
    }

    private void setup(Pcpu cpu, int ppi, String name, IrqDesc.Handler handler) {
        irq.setupIrq(cpu, ppi, IrqDesc.Action.xen(name, handler));
    }

    /** Nothing to do: the list registers are synced and filled on the way in and out. */
    @Xen("maintenance_interrupt")
    private static void maintenance(Pcpu cpu, int ppi) {
        // That it came is what it is for.
    }

    @Xen("htimer_interrupt")
    private void hypTimer(Pcpu cpu, int ppi) {
        cpu.softirqs().raise(cpu, Softirqs.TIMER);
        cpu.timers().silence(cpu);
    }

    // ---- the interrupt loop -----------------------------------------------------------------------------------------

    @Override
    public void interrupt(Pcpu cpu) {
        boolean first = true;
        while (true) {
            int intid = ops.readIrq(cpu);
            if (intid >= FIRST_DYNAMIC && intid < SPECIAL) {
                cpu.events().record(Event.PHYS_ACK, PHYSICAL, intid, cpu.id());
                irq.doIrq(cpu, intid);
            } else if (intid < FIRST_DYNAMIC) {
                staticSgi(cpu, intid);
            } else {
                if (first) {
                    cpu.count(Counter.HOST_SPURIOUS);
                }
                cpu.localIrqDisable();
                return;
            }
            first = false;
        }
    }

    /** Event check, state dump, function call: ended before they are dispatched, deactivated after. */
    @Xen("do_static_sgi")
    private void staticSgi(Pcpu cpu, int sgi) {
        ops.eoiIrq(cpu, sgi);
        past.payload.acknowledged(cpu);
        if (sgi == CALL_FUNCTION) {
            int context = cpu.irqEnter();
            crossCall.interrupt(cpu);
            cpu.irqExit(context);
        } else if (sgi == DUMP_STATE) {
            crossCall.dump(cpu);
        }
        ops.deactivateIrq(cpu, sgi);
    }

    @Override
    public void sendSgi(Pcpu cpu, Pcpu target, int id) {
        ops.sendSgi(cpu, target, id);
    }

    /** Makes another pCPU dump its state; a debug key. */
    @Xen("smp_send_state_dump")
    public void sendStateDump(Pcpu cpu, Pcpu target) {
        ops.sendSgi(cpu, target, DUMP_STATE);
    }

    // ---- context switch ---------------------------------------------------------------------------------------------

    @Override
    @Xen("gic_save_state")
    public void save(Pcpu cpu, Vcpu prev) {
        ops.setSavedLrMask(cpu, prev, cpu.lrMask());
        ops.saveState(cpu, prev);
    }

    @Override
    @Xen("gic_restore_state")
    public void restore(Pcpu cpu, Vcpu next) {
        cpu.setLrMask(ops.savedLrMask(cpu, next));
        ops.restoreState(cpu, next);
    }

    @Override
    public boolean hadFullListRegisters(Vcpu v) {
        return ops.savedLrMask(v) == -1L >>> 64 - ops.nrLrs();
    }

    /** Arms or disarms the underflow interrupt of the calling pCPU. */
    public void setUnderflow(Pcpu cpu, boolean on) {
        ops.updateHcrStatus(cpu, VirtualCpuInterface.HCR_UIE, on);
    }
}

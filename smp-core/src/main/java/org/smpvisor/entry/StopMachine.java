package org.smpvisor.entry;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.IpiSender;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Runs a function on one pCPU while all others turn round with their interrupts masked. They go through the states together: each
 * says that it has arrived in one before the next begins.
 */
@Xen("stop_machine.c")
@Deviation(
        "the others come by a tasklet on top of whatever is current; Xen's runs in the idle vCPU. So nobody may wait for a vCPU to"
                + " stop, as vcpu_pause does, while the machine is being stopped")
public final class StopMachine {
    private static final int START = 0;
    private static final int PREPARE = 1;
    private static final int DISABLE_IRQ = 2;
    private static final int INVOKE = 3;
    private static final int EXIT = 4;

    private final Pcpu[] pcpus;
    private final IpiSender ipi;
    private final SpinLock lock = new SpinLock(LockClass.STOP_MACHINE, "stopmachine_lock", 0);
    private final IntCell state = new IntCell("stopmachine.state");
    private final IntCell done = new IntCell("stopmachine.done");
    private final IntCell on = new IntCell("stopmachine.cpu");

    /** Written before the state that makes others look at it. */
    private final RefCell<Softirqs.Handler> function = new RefCell<>("stopmachine.fn", null);

    private final Tasklets.Work action = this::action;

    public StopMachine(Pcpu[] pcpus, IpiSender ipi) {
        this.pcpus = pcpus.clone();
        this.ipi = ipi;
    }

    /**
     * Runs {@code f} on pCPU {@code target} with all pCPUs stopped. Process context, interrupts open, no lock held.
     *
     * @return false if somebody else has stopped the machine; nothing was done
     */
    @Xen("stop_machine_run")
    public boolean run(Pcpu cpu, int target, Softirqs.Handler f) {
        if (!lock.tryLock(cpu)) {
            return false;
        }
        int others = 0;
        state.setOpaque(cpu, START);
        function.setRelease(cpu, f);
        on.setOpaque(cpu, target);
        done.setOpaque(cpu, 0);
        cpu.smpWmb();
        for (Pcpu p : pcpus) {
            if (p != cpu && p.isOnline(cpu)) {
                others++;
                p.tasklets().postFrom(cpu, action, ipi);
            }
        }
        proceed(cpu, PREPARE, others);
        cpu.localIrqDisable();
        proceed(cpu, DISABLE_IRQ, others);
        done.setOpaque(cpu, 0);
        cpu.smpWmb();
        state.setRelease(cpu, INVOKE);
        if (target == cpu.id()) {
            f.run(cpu);
        }
        await(cpu, others);
        proceed(cpu, EXIT, others);
        cpu.localIrqEnable();
        lock.unlock(cpu);
        return true;
    }

    @Xen({"stopmachine_set_state", "stopmachine_wait_state"})
    private void proceed(Pcpu cpu, int next, int others) {
        done.setOpaque(cpu, 0);
        cpu.smpWmb();
        state.setRelease(cpu, next);
        await(cpu, others);
    }

    private void await(Pcpu cpu, int others) {
        cpu.beginWait("the other pCPUs to stop", -1);
        for (int turn = 0; done.getAcquire(cpu) != others; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
    }

    @Xen("stopmachine_action")
    private void action(Pcpu cpu) {
        int seen = START;
        int turn = 0;
        while (seen != EXIT) {
            int now = state.getAcquire(cpu);
            if (now == seen) {
                cpu.engine().relax(cpu, turn++);
                continue;
            }
            seen = now;
            turn = 0;
            if (now == DISABLE_IRQ) {
                cpu.localIrqDisable();
            } else if (now == INVOKE && on.getOpaque(cpu) == cpu.id()) {
                function.getAcquire(cpu).run(cpu);
            }
            cpu.smpMb();
            done.getAndAdd(cpu, 1);
        }
        cpu.localIrqEnable();
    }
}

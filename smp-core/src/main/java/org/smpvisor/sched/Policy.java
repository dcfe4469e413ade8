package org.smpvisor.sched;

import org.smpvisor.cpu.CpuTimers;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Xen;

/**
 * What a scheduler of Xen's decides: how runnable vCPUs queue, which pCPU is asked to look, who runs next. Unless said
 * otherwise the schedule lock of the vCPU's pCPU is held and interrupts are masked.
 */
@Xen("struct scheduler")
interface Policy {
    /** Makes a new vCPU known, which is down and placed on its pCPU; at creation, no lock held. */
    @Xen("insert_unit")
    default void insert(Vcpu v) {}

    /** Forgets a vCPU that is being destroyed; it is not runnable and does not run. */
    @Xen("remove_unit")
    default void remove(Pcpu cpu, Vcpu v) {
        v.runqueue().unlink(cpu);
    }

    /** {@code v} is runnable: queues it, and asks a pCPU to look. */
    @Xen("wake")
    void wake(Pcpu cpu, Vcpu v);

    /** {@code v} is not runnable any more. */
    @Xen("sleep")
    void sleep(Pcpu cpu, Vcpu v);

    /** {@code v}, which runs, would let others go first. */
    @Xen("yield")
    default void yield(Pcpu cpu, Vcpu v) {}

    /**
     * Who runs next on the calling pCPU, whose lock is held: {@code prev}, another, or the idle vCPU. A vCPU of another pCPU
     * becomes one of this.
     *
     * @param goesOn whether {@code prev} is a vCPU of a domain and still runnable
     * @param now nanoseconds of the engine's clock
     */
    @Xen("do_schedule")
    Vcpu choose(Pcpu cpu, SchedResource r, Vcpu prev, boolean goesOn, long now);

    /** When the pCPU is to look again if {@code next} runs until then, {@link CpuTimers#NEVER} for when something happens. */
    long lookAgainAt(Pcpu cpu, SchedResource r, Vcpu next, long now);

    /** The context of {@code prev} has been saved, another pCPU may run it now. No lock held, interrupts open. */
    @Xen("context_saved")
    default void contextSaved(Pcpu cpu, Vcpu prev) {}

    /** No vCPU is to run on {@code r} any more. */
    @Xen("deinit_pdata")
    default void goesDown(Pcpu cpu, SchedResource r) {}

    /** Moves {@code v}, which does not run, to a pCPU; the locks of both are held. */
    @Xen("migrate")
    default void migrate(Pcpu cpu, Vcpu v, SchedResource from, SchedResource to) {
        v.processor().setOpaque(cpu, to.id());
    }
}

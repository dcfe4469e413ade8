package org.smpvisor.cpu;

import java.lang.invoke.VarHandle;
import org.jctools.queues.MpscArrayQueue;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/**
 * Work that is posted from outside the machine and runs as Xen's code on a named pCPU. Whatever the environment wants that
 * takes one of Xen's locks comes this way.
 */
@Xen("tasklet_softirq_action")
@Deviation("the list is a lock-free queue instead of a list under tasklet_lock, since its posters are no pCPUs")
public final class Tasklets {
    private static final int CAPACITY = 1024;

    /** A piece of Xen's work; preallocated by whoever posts it. */
    public interface Work {
        /** Runs on the pCPU with interrupts open and no lock held. */
        void run(Pcpu cpu);
    }

    private final Pcpu owner;
    private final MpscArrayQueue<Work> queue = new MpscArrayQueue<>(CAPACITY);

    Tasklets(Pcpu owner) {
        this.owner = owner;
    }

    /**
     * Posts {@code work} from outside the machine and sends the pCPU an event-check SGI in the name of the debug agent.
     *
     * @return false if the queue is full; nothing was posted then
     */
    public boolean post(Work work, int agentSender) {
        if (!queue.offer(work)) {
            return false;
        }
        Memory memory = owner.memory();
        if (memory != null) {
            memory.touchesTasklets(owner);
            memory.touchesMailbox(owner);
        }
        VarHandle.fullFence(); // in the queue before the bit is looked at: whoever cleared it will find the work
        owner.softirqs().raiseFromOutside(Softirqs.TASKLET);
        owner.mailbox().post(agentSender, IpiSender.EVENT_CHECK);
        owner.signal();
        return true;
    }

    /** Posts {@code work} from a pCPU. Any interrupt state. */
    @Xen("tasklet_schedule_on_cpu")
    public void postFrom(Pcpu cpu, Work work, IpiSender ipi) {
        if (cpu.memory() != null) {
            cpu.memory().touchesTasklets(owner);
        }
        if (!queue.offer(work)) {
            throw new ModelBug("too many tasklets for " + owner);
        }
        VarHandle.fullFence(); // in the queue before the bit is looked at: whoever cleared it will find the work
        owner.softirqs().raiseFrom(cpu, Softirqs.TASKLET, ipi);
    }

    /** Takes over what is queued for this pCPU, which has been taken down, and does nothing any more. */
    @Xen("migrate_tasklets_from_cpu")
    public void migrate(Pcpu to, IpiSender ipi) {
        if (to.memory() != null) {
            to.memory().touchesTasklets(owner);
        }
        for (Work w = queue.relaxedPoll(); w != null; w = queue.relaxedPoll()) {
            to.tasklets().postFrom(to, w, ipi);
        }
    }

    /** Runs what is queued; the TASKLET softirq. */
    @Xen("do_tasklet")
    public void run(Pcpu cpu) {
        if (cpu.memory() != null) {
            cpu.memory().touchesTasklets(cpu);
        }
        int most = queue.size(); // what posts itself again waits until other softirqs have had their turn
        Work w = queue.relaxedPoll();
        for (int i = 0; w != null; w = ++i < most ? queue.relaxedPoll() : null) {
            if (cpu.memory() != null) {
                cpu.memory().saw(cpu, System.identityHashCode(w));
            }
            w.run(cpu);
        }
    }

    /** Whether nothing is queued; exact when nobody posts. */
    public boolean isEmpty() {
        return queue.isEmpty();
    }
}

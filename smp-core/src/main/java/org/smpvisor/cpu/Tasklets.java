package org.smpvisor.cpu;

import java.lang.invoke.VarHandle;
import org.jctools.queues.MpscArrayQueue;
import org.smpvisor.engine.Memory;
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

    /** Runs what is queued; the TASKLET softirq. */
    @Xen("do_tasklet")
    public void run(Pcpu cpu) {
        if (cpu.memory() != null) {
            cpu.memory().touchesTasklets(cpu);
        }
        for (Work w = queue.relaxedPoll(); w != null; w = queue.relaxedPoll()) {
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

package org.smpvisor.scenario;

import java.lang.management.ManagementFactory;
import org.smpvisor.machine.Machine;

/**
 * What a run does to the heap: how much is in use, after a collection, when it has warmed up and at its end; and what the threads
 * of the pCPUs have allocated in between, which is next to nothing, since the model allocates nothing at work.
 *
 * @param early bytes in use when a fifth of the time had passed; -1 if the run was too short
 * @param late bytes in use at the end
 * @param allocated bytes that pCPUs' threads have allocated between the two; -1 where the JVM does not count them
 * @param acknowledged interrupts that guests acknowledged between the two
 */
public record MemoryUse(long early, long late, long allocated, long acknowledged) {
    /** Nothing was measured. */
    static final MemoryUse NONE = new MemoryUse(-1, -1, -1, 0);

    /** Bytes in use after a collection. */
    static long inUse() {
        System.gc();
        Runtime r = Runtime.getRuntime();
        return r.totalMemory() - r.freeMemory();
    }

    /** Bytes that the threads of a machine's pCPUs have allocated so far; -1 where the JVM does not count them. */
    static long allocatedBy(Machine m) {
        if (!(ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads)
                || !threads.isThreadAllocatedMemorySupported()
                || !threads.isThreadAllocatedMemoryEnabled()) {
            return -1;
        }
        long sum = 0;
        for (long id : m.threadIds()) {
            long bytes = threads.getThreadAllocatedBytes(id);
            if (bytes < 0) {
                return -1;
            }
            sum += bytes;
        }
        return sum;
    }

    /** Bytes that pCPUs allocated for each interrupt that a guest acknowledged; NaN if that is not known. */
    public double bytesPerInterrupt() {
        return allocated < 0 || acknowledged == 0 ? Double.NaN : (double) allocated / acknowledged;
    }
}

package org.smpvisor.cell;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;

/**
 * What must be held to touch a guarded cell: mostly a lock; for state that wanders from list to list, the lock of the list
 * that it is on now.
 */
public interface Guard {
    /** Whether {@code cpu} may touch the cell at this moment. No point, no side effects. */
    boolean isHeldBy(Pcpu cpu);

    /** Class of the lock, for reports. */
    LockClass lockClass();

    /**
     * Whether it is a broken rule to touch the cell without it. Where a known weak spot consists in just that, it is none; the
     * access is a window for others all the same.
     */
    default boolean isBinding() {
        return true;
    }
}

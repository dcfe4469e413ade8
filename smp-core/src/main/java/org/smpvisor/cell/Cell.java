package org.smpvisor.cell;

import org.smpvisor.lock.SpinLock;

/**
 * A shared mutable field. All sharing between pCPUs goes through cells, so that an engine sees every access and can decide
 * at it who runs next. A cell may declare the lock that guards it.
 */
public abstract class Cell {
    private final String name;
    final SpinLock guard;

    Cell(String name, SpinLock guard) {
        this.name = name;
        this.guard = guard;
    }

    /** The field's name, for stories and reports. */
    public final String name() {
        return name;
    }

    @Override
    public String toString() {
        return name;
    }
}

package org.smpvisor.cell;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Location;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;

/**
 * A shared mutable field. All sharing between pCPUs goes through cells, so that an engine sees every access and can decide
 * at it who runs next. A cell may declare the lock that guards it.
 */
public abstract class Cell extends Location {
    private final String name;
    final Guard guard;

    Cell(String name, Guard guard) {
        this.name = name;
        this.guard = guard;
    }

    /**
     * The guarded accesses begin here: without the guard the access is a point, so that others can come in between; with it
     * nobody can, and it is none.
     */
    final void touch(Pcpu cpu, Point what) {
        touch(cpu, what, 0, 1);
    }

    /** The same for {@code count} parts from {@code first}. */
    final void touch(Pcpu cpu, Point what, int first, int count) {
        if (!cpu.held().checkGuard(guard, this)) {
            cpu.point(what, this);
        }
        Memory m = cpu.memory();
        if (m != null && guard != null) {
            m.guarded(cpu, this, first, count, what.writes());
        }
    }

    /** A guarded store that readers without the guard may see: a point in any case. */
    final void touchInSight(Pcpu cpu, int first, int count) {
        cpu.held().checkGuard(guard, this);
        cpu.point(Point.STORE, this);
        Memory m = cpu.memory();
        if (m != null && guard != null) {
            m.guarded(cpu, this, first, count, true);
        }
    }

    @Override
    protected final Guard guard() {
        return guard;
    }

    /** The field's path, unique in a machine and the same in each of its runs: for stories, reports and replay files. */
    public final String name() {
        return name;
    }

    @Override
    public String toString() {
        return name;
    }
}

package org.smpvisor.jcstress;

import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.IrqEntry;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/** Two pCPUs with nothing around them, each driven by the actor that uses it. Made once: they keep no state of a lock or cell. */
public final class TwoPcpus {
    private static final InterruptLine QUIET = cpu -> false;
    private static final IrqEntry NONE = cpu -> {};
    private static final TwoPcpus SHARED = new TwoPcpus(false);
    private static final TwoPcpus SLOW = new TwoPcpus(true);

    /** The first. */
    public final Pcpu a;
    /** The second. */
    public final Pcpu b;

    private TwoPcpus(boolean slow) {
        NativeEngine engine = new NativeEngine(2);
        LockValidator validator = new LockValidator(true);
        a = new Pcpu(0, 0, 2, engine, validator, new EventRing("cpu0", 0, engine));
        b = new Pcpu(1, 1, 2, engine, validator, new EventRing("cpu1", 0, engine));
        for (Pcpu p : new Pcpu[] {a, b}) {
            p.connect(slow ? new RungLine(QUIET) : QUIET, null, NONE);
            if (slow) {
                p.signal();
            }
        }
    }

    /** The one pair of this JVM; an actor method is run by one thread at a time. */
    public static TwoPcpus shared() {
        return SHARED;
    }

    /** Another pair, slow at each point, see {@link RungLine}: for races that need no reordering, but somebody in between. */
    public static TwoPcpus slow() {
        return SLOW;
    }
}

package org.smpvisor.jcstress;

import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.Pcpu;

/**
 * The interrupt line of a pCPU that is rung all the time: at each point of the model it takes a while to see that there is nothing
 * new, and rarely much longer. So the windows between two points are wide enough to be met.
 */
public final class RungLine implements InterruptLine {
    private static final int MULTIPLIER = 1_103_515_245;
    private static final int INCREMENT = 12_345;
    private static final int BITS = 4;
    private static final int RARELY = 0x1f00;
    private static final int LONGER = 32;

    private final InterruptLine line;
    private int chance;

    /** Rings for {@code line}; the pCPU has to be rung once by its owner. */
    public RungLine(InterruptLine line) {
        this.line = line;
    }

    @Override
    public boolean sample(Pcpu cpu) {
        chance = chance * MULTIPLIER + INCREMENT;
        int turns = chance >>> Integer.SIZE - BITS;
        for (int i = (chance & RARELY) == 0 ? turns * LONGER : turns; i > 0; i--) {
            Thread.onSpinWait();
        }
        boolean signalled = line.sample(cpu);
        cpu.signal();
        return signalled;
    }
}

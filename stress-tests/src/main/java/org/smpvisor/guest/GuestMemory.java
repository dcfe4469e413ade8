package org.smpvisor.guest;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Memory that the vCPUs of a domain share: what its kernel knows of its devices, and whether it is asked to be at rest, as it
 * is until all of its vCPUs are powered on.
 */
public final class GuestMemory {
    private final int[] lines;
    private final boolean[] level;
    private final int[] virtualLines;
    private final GuestGic gic;
    private volatile boolean resting = true;

    /** Locks of its kernel, one for each line: 1 while somebody moves it. */
    private final AtomicIntegerArray locked;

    /** vCPUs that take part, and those that have switched themselves off: a bit each, for the first 32. */
    private final AtomicInteger online = new AtomicInteger();

    private final AtomicInteger off = new AtomicInteger();

    /** What a guest on a GICv3 knows. */
    public GuestMemory(int[] lines, boolean[] level, int[] virtualLines) {
        this(GuestGic.v3(), lines, level, virtualLines);
    }

    /**
     * @param gic the driver that its kernel has chosen
     * @param lines SPIs of devices that are passed through
     * @param level whether each is level-sensitive
     * @param virtualLines SPIs without a device behind them
     */
    public GuestMemory(GuestGic gic, int[] lines, boolean[] level, int[] virtualLines) {
        this.gic = gic;
        this.lines = lines.clone();
        this.level = level.clone();
        this.virtualLines = virtualLines.clone();
        this.locked = new AtomicIntegerArray(lines.length + virtualLines.length);
    }

    /** Forgets all that the kernel knew; when its domain begins anew. */
    public void reset() {
        for (int i = 0; i < locked.length(); i++) {
            locked.set(i, 0);
        }
        online.set(0);
        off.set(0);
        resting = true;
    }

    /** Takes the lock of line {@code i}, devices' lines first, if it is free. */
    boolean tryLock(int i) {
        return locked.compareAndSet(i, 0, 1);
    }

    void unlock(int i) {
        locked.set(i, 0);
    }

    boolean isOnline(int vcpu) {
        return vcpu >= Integer.SIZE || (online.get() >>> vcpu & 1) != 0;
    }

    /** A vCPU takes part from now on, or does not any more. */
    void setOnline(int vcpu, boolean takesPart) {
        if (vcpu < Integer.SIZE) {
            online.updateAndGet(w -> takesPart ? w | 1 << vcpu : w & ~(1 << vcpu));
        }
    }

    /** A vCPU is about to switch itself off. */
    void setOff(int vcpu) {
        off.updateAndGet(w -> w | 1 << vcpu);
    }

    /** Takes one of those that have switched themselves off, to switch it on again; -1 if there is none. */
    int takeOff() {
        int word = off.get();
        int vcpu = Integer.numberOfTrailingZeros(word);
        return word != 0 && off.compareAndSet(word, word & word - 1) ? vcpu : -1;
    }

    GuestGic gic() {
        return gic;
    }

    /** Asks the guest to start nothing new: it answers interrupts and sleeps. Or to go on. */
    public void setResting(boolean isResting) {
        resting = isResting;
    }

    boolean isResting() {
        return resting;
    }

    int lineCount() {
        return lines.length;
    }

    int line(int i) {
        return lines[i];
    }

    boolean isLevel(int intid) {
        for (int i = 0; i < lines.length; i++) {
            if (lines[i] == intid) {
                return level[i];
            }
        }
        return false;
    }

    int virtualLineCount() {
        return virtualLines.length;
    }

    int virtualLine(int i) {
        return virtualLines[i];
    }
}

package org.smpvisor.guest;

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

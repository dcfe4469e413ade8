package org.smpvisor.engine;

/** Something that the hardware was told to do and does in its own time: a route takes effect, an enable bit is cleared. */
public interface HwStep {
    /**
     * The step takes effect. Touches only the hardware's own state; reports no point.
     *
     * @param index which of several, for example an INTID
     * @param value what was written
     */
    void complete(int index, long value);
}

package org.smpvisor.gic.hw;

/** Receives every register access of Xen to the GIC, in the order of each pCPU. */
public interface RegisterLog {
    /** Records nothing. */
    RegisterLog NONE = new RegisterLog() {
        @Override
        public void access(
                int cpu,
                Component component,
                boolean write,
                long offset,
                SystemRegister register,
                int bytes,
                long value) {
            // Nobody listens.
        }

        @Override
        public boolean isOn() {
            return false;
        }
    };

    /** The parts of the GIC. */
    enum Component {
        GICD,
        GICR,
        ICC,
        ICH,
        GICC,
        GICH
    }

    /**
     * One access.
     *
     * @param cpu pCPU that made it
     * @param offset offset from the distributor's base, or from that of the first redistributor region, which another
     *     region may be far from; for ICH_LR_EL2 the number of the list register, for other system registers 0
     * @param register the system register, or {@code null} for a memory-mapped one
     * @param bytes width, 1, 4 or 8
     */
    void access(
            int cpu, Component component, boolean write, long offset, SystemRegister register, int bytes, long value);

    /** Whether anybody listens. */
    default boolean isOn() {
        return true;
    }
}

package org.smpvisor.gic.host;

import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.variant.Xen;

/** Controller operations of an interrupt descriptor. All but {@link #setAffinity} need the descriptor's lock. */
@Xen("struct hw_interrupt_type")
public interface HwIrqController {
    /** Controller of a descriptor that nobody uses. It has no way to set an affinity. */
    HwIrqController NONE = new HwIrqController() {
        @Override
        public void enable(Pcpu cpu, IrqDesc desc) {
            // Nothing to enable.
        }

        @Override
        public void disable(Pcpu cpu, IrqDesc desc) {
            // Nothing to disable.
        }

        @Override
        public void startup(Pcpu cpu, IrqDesc desc) {
            // Nothing to enable.
        }

        @Override
        public void shutdown(Pcpu cpu, IrqDesc desc) {
            // Nothing to disable.
        }

        @Override
        public void end(Pcpu cpu, IrqDesc desc) {
            throw new ModelBug("interrupt " + desc.irq() + " without a controller");
        }

        @Override
        public void setAffinity(Pcpu cpu, IrqDesc desc, Pcpu target) {
            throw new Absent("call of set_affinity through the controller \"none\" for interrupt " + desc.irq()
                    + ": the descriptor was published before its controller operations were set (H6)");
        }
    };

    /** A callback is called that the controller does not have. */
    final class Absent extends ModelBug {
        private static final long serialVersionUID = 1L;

        Absent(String text) {
            super(text);
        }
    }

    void enable(Pcpu cpu, IrqDesc desc);

    /** Enables an interrupt for its first user. */
    void startup(Pcpu cpu, IrqDesc desc);

    /** Disables an interrupt that has no user any more. */
    void shutdown(Pcpu cpu, IrqDesc desc);

    void disable(Pcpu cpu, IrqDesc desc);

    /** End of handling: EOIR, and for Xen's own interrupts DIR. */
    void end(Pcpu cpu, IrqDesc desc);

    /** Routes the interrupt to {@code target}; no lock required, takes the host GIC lock. */
    void setAffinity(Pcpu cpu, IrqDesc desc, Pcpu target);
}

package org.smpvisor.gic.host;

import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Xen;

/** The variant points of the host's interrupt code at which bugs of Xen's past can be put back. */
public final class PastHostRules {
    /** How the driver takes and drops its lock when it enables or disables an interrupt. */
    interface DriverLock {
        int lock(Pcpu cpu, SpinLock lock);

        void unlock(Pcpu cpu, SpinLock lock, int flags);
    }

    /** Ends an interrupt that was acknowledged and that nobody wants; descriptor's lock held. */
    interface SpuriousEnd {
        void end(Pcpu cpu, GicHwOperations gic, IrqDesc desc);
    }

    /** The order of payload and SGI in a cross call; call_lock held. */
    interface CallOrder {
        void send(Pcpu cpu, CrossCall call, CrossCall.Function f);
    }

    /** How the payload of a cross call gets from its sender to whoever takes the SGI. */
    interface Payload {
        /** call_lock held. */
        void write(Pcpu cpu, RefCell<CrossCall.Function> payload, CrossCall.Function f);

        /** One of Xen's SGIs was acknowledged and has yet to be dispatched. */
        void acknowledged(Pcpu cpu);

        /** In the handler of the SGI. */
        CrossCall.Function read(Pcpu cpu, RefCell<CrossCall.Function> payload);
    }

    /** How urgent Xen's own SGIs are. */
    interface SgiPriority {
        /** The priorities of four of them, as in a register. */
        int ofFour();

        /** A pCPU is about to wait for the answer to a cross call. */
        void awaitsAnswer(Pcpu cpu);
    }

    final DriverLock driverLock;
    final SpuriousEnd spuriousEnd;
    final CallOrder callOrder;
    final Payload payload;
    final SgiPriority sgiPriority;

    private final Marks marks;

    /** The rules of {@code variant}; reached windows go to {@code marks}. */
    public PastHostRules(Variant variant, Marks marks) {
        this.marks = marks;
        driverLock = variant.has(Bug.XB_011) ? new Forcing() : new Restoring();
        spuriousEnd = variant.has(Bug.XB_057) ? this::forgotten : PastHostRules::ended;
        callOrder = variant.has(Bug.XB_079) ? this::sgiFirst : PastHostRules::payloadFirst;
        payload = variant.has(Bug.XB_079W) ? new Unordered() : new Ordered();
        sgiPriority = variant.has(Bug.XB_014) ? new LikeDevices() : new Urgent();
    }

    /** Xen as it is. */
    static PastHostRules none() {
        return new PastHostRules(Variant.xen(), null);
    }

    // ---- XB-011 -----------------------------------------------------------------------------------------------------

    /** Xen: the mask is put back to what it was. */
    private static final class Restoring implements DriverLock {
        @Override
        public int lock(Pcpu cpu, SpinLock lock) {
            return lock.lockIrqSave(cpu);
        }

        @Override
        public void unlock(Pcpu cpu, SpinLock lock, int flags) {
            lock.unlockIrqRestore(cpu, flags);
        }
    }

    /** Interrupts are open afterwards, whatever they were before. */
    private final class Forcing implements DriverLock {
        @Override
        public int lock(Pcpu cpu, SpinLock lock) {
            if (cpu.isIrqMasked()) {
                marks.reached(cpu, Bug.XB_011);
            }
            lock.lockIrq(cpu);
            return 0;
        }

        @Override
        public void unlock(Pcpu cpu, SpinLock lock, int flags) {
            lock.unlockIrq(cpu);
        }
    }

    // ---- XB-057 -----------------------------------------------------------------------------------------------------

    /** Xen: also what has no controller any more is ended. */
    @Xen("irq_end_none")
    private static void ended(Pcpu cpu, GicHwOperations gic, IrqDesc desc) {
        gic.hostIrqType().end(cpu, desc);
    }

    private void forgotten(Pcpu cpu, GicHwOperations gic, IrqDesc desc) {
        if (desc.handler(cpu) == HwIrqController.NONE) {
            marks.reached(cpu, Bug.XB_057);
        } else {
            desc.handler(cpu).end(cpu, desc);
        }
    }

    // ---- XB-079 -----------------------------------------------------------------------------------------------------

    private static void payloadFirst(Pcpu cpu, CrossCall call, CrossCall.Function f) {
        call.write(cpu, f);
        call.select(cpu);
        call.send(cpu);
    }

    private void sgiFirst(Pcpu cpu, CrossCall call, CrossCall.Function f) {
        marks.reached(cpu, Bug.XB_079);
        call.select(cpu);
        call.send(cpu);
        call.write(cpu, f);
    }

    private static final class Ordered implements Payload {
        @Override
        public void write(Pcpu cpu, RefCell<CrossCall.Function> payload, CrossCall.Function f) {
            payload.setRelease(cpu, f); // pairs with read
        }

        @Override
        public void acknowledged(Pcpu cpu) {
            cpu.smpRmb(); // pairs with the fence in front of ICC_SGI1R or GICD_SGIR
        }

        @Override
        public CrossCall.Function read(Pcpu cpu, RefCell<CrossCall.Function> payload) {
            return payload.getAcquire(cpu);
        }
    }

    /** The SGI alone says that the payload is there. */
    private final class Unordered implements Payload {
        @Override
        public void write(Pcpu cpu, RefCell<CrossCall.Function> payload, CrossCall.Function f) {
            payload.setGuarded(cpu, f);
        }

        @Override
        public void acknowledged(Pcpu cpu) {
            // The payload may be read before the acknowledge.
        }

        @Override
        public CrossCall.Function read(Pcpu cpu, RefCell<CrossCall.Function> payload) {
            marks.reached(cpu, Bug.XB_079W);
            return payload.getPlain(cpu);
        }
    }

    // ---- XB-014 -----------------------------------------------------------------------------------------------------

    /** Xen: more urgent than the interrupts of devices, so that a handler of those can be interrupted. */
    private static final class Urgent implements SgiPriority {
        @Override
        public int ofFour() {
            return 0x90909090;
        }

        @Override
        public void awaitsAnswer(Pcpu cpu) {
            // Whoever is to answer can always be interrupted, unless it masks interrupts.
        }
    }

    private final class LikeDevices implements SgiPriority {
        @Override
        public int ofFour() {
            return 0xa0a0a0a0;
        }

        @Override
        public void awaitsAnswer(Pcpu cpu) {
            if (cpu.isInHardIrq()) {
                marks.reached(cpu, Bug.XB_014);
            }
        }
    }
}

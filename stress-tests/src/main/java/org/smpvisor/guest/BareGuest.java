package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;

/**
 * The least that a guest kernel needs: sets up its GIC, enables its SGIs and the virtual lines of its memory, acknowledges
 * and ends what it is sent. What it does besides is its subclass's business. Asked to rest, it sleeps.
 */
public abstract class BareGuest extends GuestProgram {
    private static final int BOOT = 0;
    private static final int BOOT_GROUP = 1;
    private static final int BOOT_CONTROL = 2;
    private static final int BOOT_SGI_ENABLE = 3;
    private static final int BOOT_DISTRIBUTOR = 4;
    private static final int BOOT_LINE_PRIORITY = 5;
    private static final int BOOT_LINE_ENABLE = 6;
    private static final int BOOT_DONE = 7;
    private static final int ACKED = VECTOR_IRQ + 1;
    private static final int ENDED = VECTOR_IRQ + 2;
    private static final int RETURN = VECTOR_IRQ + 3;

    private static final int INDEX = 0;
    private static final int INTID = 1;

    /** First scratch register that subclasses may use. */
    static final int FREE = 2;

    /** Label of the main loop. */
    static final int MAIN = 20;

    private final GuestMemory memory;
    private final GuestGic gic;

    BareGuest(GuestMemory memory) {
        this.memory = memory;
        this.gic = memory.gic();
    }

    /** Describes the next instruction of the main loop, by {@code c.r} alone; not called while the guest rests. */
    abstract void main(GuestCpu c);

    /** Describes what follows the end of interrupt {@code intid}: {@link #eret}, or something that goes on to it. */
    abstract void ended(GuestCpu c, int intid);

    @Override
    public final void step(GuestCpu c) {
        switch (c.pc) {
            case MAIN -> {
                if (memory.isResting()) {
                    c.wfi().then(MAIN);
                } else {
                    main(c);
                }
            }
            case VECTOR_IRQ -> gic.acknowledge(c).then(ACKED);
            case ACKED -> acked(c);
            case ENDED -> ended(c, (int) c.r[INTID] & GICC_INTID_MASK);
            case RETURN -> c.eret();
            default -> boot(c);
        }
    }

    private void acked(GuestCpu c) {
        c.r[INTID] = c.x0;
        if (c.x0 == SPURIOUS) {
            c.eret();
        } else {
            gic.end(c, c.x0).then(ENDED);
        }
    }

    /** Sends an SGI from the handler, which returns after it. */
    final void sendAndReturn(GuestCpu c, int sgi, int vcpu) {
        send(c, sgi, vcpu).then(RETURN);
    }

    final GuestCpu send(GuestCpu c, int sgi, int vcpu) {
        return gic.send(c, sgi, vcpu);
    }

    final boolean isResting() {
        return memory.isResting();
    }

    final int virtualLine(int i) {
        return memory.virtualLine(i);
    }

    private void boot(GuestCpu c) {
        int i = (int) c.r[INDEX];
        switch (c.pc) {
            case BOOT -> gic.openPriorities(c).then(BOOT_GROUP);
            case BOOT_GROUP -> gic.enableInterface(c).then(BOOT_CONTROL);
            case BOOT_CONTROL -> gic.endsDeactivate(c).then(BOOT_SGI_ENABLE);
            case BOOT_SGI_ENABLE ->
                gic.enableLocals(c, GuestGic.SGIS).then(c.vcpuId() == 0 ? BOOT_DISTRIBUTOR : BOOT_DONE);
            case BOOT_DISTRIBUTOR ->
                gic.enableDistributor(c).then(memory.virtualLineCount() > 0 ? BOOT_LINE_PRIORITY : BOOT_DONE);
            case BOOT_LINE_PRIORITY ->
                c.write8(GUEST_GICD_BASE + GICD_IPRIORITYR + memory.virtualLine(i), 0xa0)
                        .then(BOOT_LINE_ENABLE);
            case BOOT_LINE_ENABLE -> {
                c.r[INDEX]++;
                int line = memory.virtualLine(i);
                c.write32(GUEST_GICD_BASE + GICD_ISENABLER + line / 32 * 4, 1L << line % 32)
                        .then(i + 1 < memory.virtualLineCount() ? BOOT_LINE_PRIORITY : BOOT_DONE);
            }
            default -> c.unmask().then(MAIN);
        }
    }
}

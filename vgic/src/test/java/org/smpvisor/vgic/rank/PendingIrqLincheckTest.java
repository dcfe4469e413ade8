package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.smpvisor.engine.Point;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Script;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.PutBack;
import org.smpvisor.variant.Shows;
import org.smpvisor.variant.Variant;

/**
 * The life of one interrupt on its way into one vCPU that runs, handles it or sleeps: whatever is injected on either pCPU, the
 * guest finds it when it looks next, though it is interrupted only if Xen sends for it.
 */
@Shows({Bug.XB_048A, Bug.XB_048B, Bug.XB_049, Bug.XB_071A, Bug.XB_073})
public class PendingIrqLincheckTest {
    private static final int SPI = Bench.VIRTUAL;
    private static Variant variant = PutBack.into(Variant.allFixed());

    private final Bench b = Bench.fresh(variant);

    public PendingIrqLincheckTest() {
        b.enable(0, SPI);
    }

    /** A device whose back end runs on the other pCPU. */
    @Operation(nonParallelGroup = "cpu1")
    public void inject() {
        b.inject(1, SPI);
    }

    /** A device that interrupts the pCPU of the vCPU. */
    @Operation(nonParallelGroup = "cpu0")
    public void injectHere() {
        boolean runs = runs();
        if (runs) {
            b.sync(0);
        }
        b.inject(0, SPI);
        b.settle(0);
        if (runs()) {
            b.flush(0);
        }
    }

    private boolean runs() {
        return b.cpus[0].current() == b.vcpu(0);
    }

    /** The guest runs, if it is awake, and handles at most one interrupt. */
    @Operation(nonParallelGroup = "cpu0")
    public int guest() {
        int virq = acknowledge();
        if (virq != 0) {
            beInterrupted();
            b.eoi(0, virq);
        }
        return virq;
    }

    private int acknowledge() {
        if (!runs()) {
            b.settle(0); // the idle loop
            if (!runs()) {
                return 0;
            }
            b.flush(0);
        }
        beInterrupted();
        int virq = b.ack(0);
        return virq == VirtualCpuInterface.SPURIOUS ? 0 : virq;
    }

    /** The same, and a device interrupts it while it handles what it has found. */
    @Operation(nonParallelGroup = "cpu0")
    public int guestAndDevice() {
        int virq = acknowledge();
        injectHere();
        if (virq != 0) {
            b.eoi(0, virq);
        }
        return virq;
    }

    private void beInterrupted() {
        b.cpus[0].point(Point.GUEST_STEP, null);
        if (b.engine.leavesGuest(b.cpus[0])) {
            b.irqExit(0);
        }
    }

    /** The guest has nothing to do: a WFI. */
    @Operation(nonParallelGroup = "cpu0")
    public void sleep() {
        if (runs()) {
            b.sync(0);
            b.cpus[0].localIrqEnable();
            b.scheduler.blockUnlessEventPending(b.cpus[0]);
            b.settle(0);
            if (runs()) {
                b.flush(0);
            }
        }
    }

    /** A latch. */
    public static final class Specification {
        private boolean pending;

        public void inject() {
            pending = true;
        }

        public void injectHere() {
            pending = true;
        }

        public int guest() {
            boolean was = pending;
            pending = false;
            return was ? SPI : 0;
        }

        public int guestAndDevice() {
            int found = guest();
            pending = true;
            return found;
        }

        public void sleep() {}
    }

    private static ModelCheckingOptions scenarios(int quick) {
        Class<?> me = PendingIrqLincheckTest.class; // before, on pCPU 0, on pCPU 1, afterwards
        return Budget.modelChecking(0, quick)
                .addCustomScenario(Script.of(me, "injectHere", "guest; guest", "inject", "guest"))
                .addCustomScenario(Script.of(me, "injectHere; guestAndDevice", "guest", "inject", "guest"))
                .addCustomScenario(Script.of(me, "", "sleep", "inject", "guest"));
    }

    private static void check(Variant v) {
        Variant before = variant;
        variant = v;
        try {
            scenarios(20).sequentialSpecification(Specification.class).check(PendingIrqLincheckTest.class);
        } finally {
            variant = before;
        }
    }

    @Test
    void theGuestFindsWhatWasInjected() {
        check(variant);
    }

    @Test
    void notWithSomeBugsOfThePast() {
        for (Bug bug : List.of(Bug.XB_048A, Bug.XB_048B, Bug.XB_049, Bug.XB_071A, Bug.XB_073)) {
            assertThatThrownBy(() -> check(PutBack.with(Variant.allFixed(), bug)))
                    .as(bug.id())
                    .isInstanceOf(LincheckAssertionError.class);
        }
    }
}

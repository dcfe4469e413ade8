package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smpvisor.abi.GicAbi.GICD_ISENABLER;
import static org.smpvisor.abi.GicAbi.GUEST_GICD_BASE;

import java.util.List;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;
import org.smpvisor.engine.Point;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lincheck.Budget;
import org.smpvisor.lincheck.Script;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.PutBack;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Shows;
import org.smpvisor.variant.Variant;

/**
 * The whole old vGIC of two vCPUs that run, as one object that handles one purely virtual SPI, against the dozen lines that
 * say what it is. A pCPU for each thread, weak spots corrected. Whatever Xen does on a pCPU begins with the sync of its list
 * registers and ends with their flush; a guest that is not interrupted sees neither, so that a kick that is missing shows.
 */
@Shows({Bug.XB_027, Bug.XB_029A, Bug.XB_029B, Bug.XB_030, Bug.XB_046})
@Param(name = "cpu", gen = ThreadIdGen.class)
@Param(name = "to", gen = IntGen.class, conf = "0:1")
public class RankVgicLincheckTest {
    private static final int SPI = Bench.VIRTUAL;

    /** The corrected rules of H16 and U5 would hide XB-046. Here the distributor stays on, and every route names a vCPU. */
    static final Variant FIXED = Variant.allFixed().with(Quirk.H16, false).with(Quirk.U5, false);

    static Variant variant = PutBack.into(FIXED);

    private final Bench b = Bench.fresh(variant);

    public RankVgicLincheckTest() {
        enable(0);
    }

    private void inXen(int cpu, Runnable what) {
        b.sync(cpu);
        what.run();
        b.settle(cpu);
        b.flush(cpu);
    }

    /** A device whose back end runs on the pCPU raises the SPI. */
    @Operation
    public void inject(@Param(name = "cpu") int thread) {
        int cpu = thread & 1;
        inXen(cpu, () -> b.inject(cpu, SPI));
    }

    @Operation
    public void enable(@Param(name = "cpu") int thread) {
        int cpu = thread & 1;
        inXen(cpu, () -> b.enable(cpu, SPI));
    }

    @Operation
    public void disable(@Param(name = "cpu") int thread) {
        int cpu = thread & 1;
        inXen(cpu, () -> b.disable(cpu, SPI));
    }

    @Operation
    public void route(@Param(name = "cpu") int thread, @Param(name = "to") int to) {
        int cpu = thread & 1;
        inXen(cpu, () -> b.route(cpu, SPI, to));
    }

    /** What GICD_ISENABLER says. */
    @Operation
    public boolean isEnabled(@Param(name = "cpu") int thread) {
        int cpu = thread & 1;
        inXen(cpu, () -> b.load(cpu, GUEST_GICD_BASE + GICD_ISENABLER + 4, 4));
        return (b.answer(cpu) >>> SPI - 32 & 1) != 0;
    }

    /** The guest runs: it is left if something has arrived, then acknowledges and ends what it finds. */
    @Operation
    public int guest(@Param(name = "cpu") int thread) {
        int cpu = thread & 1;
        b.cpus[cpu].point(Point.GUEST_STEP, null);
        if (b.engine.leavesGuest(b.cpus[cpu])) {
            b.irqExit(cpu);
        }
        int virq = b.ack(cpu);
        if (virq == VirtualCpuInterface.SPURIOUS) {
            return 0;
        }
        b.eoi(cpu, virq);
        b.irqExit(cpu);
        return virq;
    }

    /** A latch with a switch and a target. What is in a list register is delivered there, wherever it is routed meanwhile. */
    public static final class Specification {
        private boolean enabled = true;
        private boolean pending;
        private int target;
        private int listRegisterOf = -1;
        private boolean moving;

        private void sync(int cpu) {
            if (listRegisterOf == cpu && !enabled) {
                emptied();
                pending = true;
            }
        }

        private void flush(int cpu) {
            if (pending && enabled && target == cpu) {
                pending = false;
                listRegisterOf = cpu;
            }
        }

        private void emptied() {
            listRegisterOf = -1;
            moving = false;
        }

        private void inXen(int cpu, Runnable what) {
            sync(cpu);
            what.run();
            sync(cpu);
            flush(cpu);
        }

        public void inject(int thread) {
            inXen(thread & 1, () -> pending |= listRegisterOf < 0);
        }

        public void enable(int thread) {
            inXen(thread & 1, () -> enabled = true);
        }

        public void disable(int thread) {
            inXen(thread & 1, () -> enabled = false);
        }

        public void route(int thread, int to) {
            inXen(thread & 1, () -> {
                if (target != to && !moving) {
                    target = to;
                    moving = listRegisterOf >= 0;
                }
            });
        }

        public boolean isEnabled(int thread) {
            inXen(thread & 1, () -> {});
            return enabled;
        }

        public int guest(int thread) {
            inXen(thread & 1, () -> {});
            if (listRegisterOf != (thread & 1)) {
                return 0;
            }
            emptied();
            return SPI;
        }
    }

    /** Each is where a bug of the past shows. */
    private static final String[][] SCENARIOS = {
        // before, on pCPU 0, on pCPU 1, afterwards
        {"", "route 0 1", "inject 1", "guest 0; guest 1"},
        {"disable 0", "enable 0", "disable 1", "isEnabled 0; inject 0; guest 0"},
        {"disable 0; inject 0", "guest 0", "enable 1", "guest 1; guest 0"},
        {"inject 0; route 0 1", "route 0 0", "inject 1", "guest 0; guest 1; inject 0; guest 0; guest 1"},
        {"inject 0; guest 0; disable 0; inject 0", "inject 0", "route 1 1", "enable 0; guest 0; guest 1"},
    };

    static ModelCheckingOptions scenarios(int quick) {
        ModelCheckingOptions options = Budget.modelChecking(0, quick);
        for (String[] s : SCENARIOS) {
            options.addCustomScenario(Script.of(RankVgicLincheckTest.class, s[0], s[1], s[2], s[3]));
        }
        return options;
    }

    private static void check(Variant v) {
        Variant before = variant;
        variant = v;
        try {
            scenarios(20).sequentialSpecification(Specification.class).check(RankVgicLincheckTest.class);
        } finally {
            variant = before;
        }
    }

    @Test
    void nothingIsLostAndNothingDoubled() {
        check(variant);
    }

    @Test
    void notWithSomeBugsOfThePast() {
        for (Bug bug : List.of(Bug.XB_029A, Bug.XB_030)) {
            assertThatThrownBy(() -> check(PutBack.with(FIXED, bug)))
                    .as(bug.id())
                    .isInstanceOf(LincheckAssertionError.class);
        }
    }

    @Test
    void whateverTwoVcpusDoTheSpiIsALatch() {
        Budget.modelChecking(1, 10)
                .actorsBefore(2)
                .actorsAfter(3)
                .sequentialSpecification(Specification.class)
                .check(RankVgicLincheckTest.class);
    }

    @Test
    void soItIsOnRealThreads() {
        Budget.stress(1, 50)
                .actorsAfter(3)
                .sequentialSpecification(Specification.class)
                .check(RankVgicLincheckTest.class);
    }
}

package org.smpvisor.vgic.rank;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.SpiInputs;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * What is left of interrupts when a vCPU that switched itself off is switched on again (H7): vCPU 0, on pCPU 0, has one with
 * hardware behind it and one without in list registers; vCPU 1, on pCPU 1, switches it on.
 */
class PowerOnTest {
    private static final int HW = Bench.HW;
    private static final int VIRTUAL = Bench.VIRTUAL;

    private enum Version {
        GICV2,
        GICV3
    }

    /** What both benches have. */
    private final class World {
        final Pcpu[] cpus;
        final RankVgic vgic;
        final Scheduler scheduler;
        final GicHwOperations driver;
        final SpiInputs spis;
        final Marks marks;
        final LockValidator validator;
        final Vcpu v;
        final IrqDesc desc;
        final Runnable exit;

        World(Version version, Variant variant) {
            if (version == Version.GICV2) {
                BenchV2 b = new BenchV2(variant, 2, 2, 4);
                cpus = b.cpus;
                vgic = b.vgic;
                scheduler = b.scheduler;
                driver = b.driver;
                spis = b.hardware.distributor();
                marks = b.marks;
                validator = b.validator;
                v = b.domain.vcpu(0);
                desc = b.irq.desc(cpus[0], HW);
                exit = () -> b.irqExit(0);
                b.enable(HW);
                b.enable(VIRTUAL);
            } else {
                Bench b = Bench.of(variant);
                cpus = b.cpus;
                vgic = b.vgic;
                scheduler = b.scheduler;
                driver = b.driver;
                spis = b.hardware.distributor();
                marks = b.marks;
                validator = b.validator;
                v = b.vcpu(0);
                desc = b.irq.desc(cpus[0], HW);
                exit = () -> b.irqExit(0);
                b.enable(0, HW);
                b.enable(0, VIRTUAL);
            }
            spis.raise(HW);
            vgic.raise(cpus[0], v.domain(), null, p(VIRTUAL));
            exit.run();
            assertThat(loaded()).containsExactlyInAnyOrder(HW, VIRTUAL);
        }

        PendingIrq p(int virq) {
            return RankVgic.of(v.domain()).pending(v, virq);
        }

        boolean has(int virq, int bit) {
            return (p(virq).status().peek() & 1 << bit) != 0;
        }

        void settle() {
            cpus[0].localIrqEnable();
            cpus[0].softirqs().run(cpus[0]);
            cpus[0].localIrqDisable();
        }

        /** CPU_OFF up to the moment at which another vCPU finds it down. */
        void goDown() {
            v.pauseFlags().testAndSetBit(cpus[0], Vcpu.VPF_DOWN);
            scheduler.sleepNosync(cpus[0], v);
        }

        /** The part of CPU_ON that is the vGIC's. */
        void clear() {
            cpus[1].localIrqEnable();
            vgic.clearPendingIrqs(cpus[1], v);
            cpus[1].localIrqDisable();
        }

        void comeUp() {
            v.pauseFlags().testAndClearBit(cpus[1], Vcpu.VPF_DOWN);
            scheduler.wake(cpus[1], v);
            settle();
            assertThat(cpus[0].current()).isSameAs(v);
        }

        /** Virtual INTIDs in list registers of pCPU 0 that the guest would be given. */
        List<Integer> loaded() {
            List<Integer> out = new ArrayList<>();
            for (int i = 0; i < driver.nrLrs(); i++) {
                long lr = driver.readLr(cpus[0], i);
                if ((lr & VirtualCpuInterface.LR_STATE) != 0) {
                    out.add((int) (lr & VirtualCpuInterface.LR_VIRTUAL_MASK));
                }
            }
            return out;
        }

        /** The same of the list registers that are saved. */
        List<Integer> saved() {
            List<Integer> out = new ArrayList<>();
            for (int i = 0; i < driver.nrLrs(); i++) {
                long lr = driver.savedLr(v, i);
                if ((lr & VirtualCpuInterface.LR_STATE) != 0) {
                    out.add((int) (lr & VirtualCpuInterface.LR_VIRTUAL_MASK));
                }
            }
            return out;
        }

        boolean inflight(int virq) {
            return !p(virq).inflight().isEmpty();
        }
    }

    private World asXen(Version version) {
        return new World(version, Variant.xen());
    }

    private World corrected(Version version) {
        return new World(version, Variant.xen().with(Quirk.H7, true));
    }

    // ---- as Xen has it ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Version.class)
    void xenForgetsTheListsAndTheSavedBitmapAndNothingElse(Version version) {
        World w = asXen(version);
        w.goDown();
        w.settle();
        assertThat(w.driver.savedLrMask(w.v)).isEqualTo(0b11);
        w.clear();
        assertThat(w.driver.savedLrMask(w.v)).isZero();
        assertThat(w.saved()).containsExactlyInAnyOrder(HW, VIRTUAL);
        for (int virq : new int[] {HW, VIRTUAL}) {
            assertThat(w.inflight(virq)).isFalse();
            assertThat(w.has(virq, PendingIrq.VISIBLE)).isTrue();
            assertThat(w.has(virq, PendingIrq.ENABLED)).isTrue();
            assertThat(w.marks.isReached(Quirk.H7, 1, virq)).isTrue();
        }
        assertThat(w.spis.isActive(HW)).isTrue();
        assertThat(w.validator.violations()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void soTheStaleListRegistersAreRestoredAndNobodyKnowsOfThem(Version version) {
        World w = asXen(version);
        w.goDown();
        w.settle();
        w.clear();
        w.comeUp();
        assertThat(w.loaded()).containsExactlyInAnyOrder(HW, VIRTUAL);
        assertThat(w.cpus[0].lrMask()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void whatIsInjectedThenTakesTheListRegisterOfOneThatIsLost(Version version) {
        World w = asXen(version);
        w.goDown();
        w.settle();
        w.clear();
        w.comeUp();
        int first = (int) (w.driver.readLr(w.cpus[0], 0) & VirtualCpuInterface.LR_VIRTUAL_MASK);
        int second = first == HW ? VIRTUAL : HW;
        w.vgic.raise(w.cpus[0], w.v.domain(), null, w.p(second));
        w.exit.run();
        assertThat(w.loaded()).as("the same in two list registers").containsExactly(second, second);
    }

    /** What the context switch saves then overwrites the zero, and the bitmap counts what is on no list. */
    @ParameterizedTest
    @EnumSource(Version.class)
    void anEarlyCpuOnIsOvertakenByTheSaving(Version version) {
        World w = asXen(version);
        w.goDown();
        w.clear();
        assertThat(w.driver.savedLrMask(w.v)).isZero();
        w.settle();
        assertThat(w.driver.savedLrMask(w.v)).isEqualTo(0b11);
        assertThat(w.inflight(HW)).isFalse();
        assertThat(w.has(HW, PendingIrq.VISIBLE)).isTrue();
        w.comeUp();
        assertThat(w.loaded()).hasSize(2);
        assertThat(w.cpus[0].lrMask()).isEqualTo(0b11);
    }

    // ---- corrected --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Version.class)
    void correctedNothingIsLeftOfWhatWasPending(Version version) {
        World w = corrected(version);
        w.goDown();
        w.settle();
        w.clear();
        assertThat(w.driver.savedLrMask(w.v)).isZero();
        assertThat(w.saved()).isEmpty();
        for (int virq : new int[] {HW, VIRTUAL}) {
            assertThat(w.inflight(virq)).isFalse();
            assertThat(w.p(virq).status().peek()).isEqualTo(1 << PendingIrq.ENABLED);
            assertThat(w.p(virq).lr().peek()).isEqualTo(PendingIrq.INVALID_LR);
        }
        w.comeUp();
        assertThat(w.loaded()).isEmpty();
        assertThat(w.validator.violations()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void correctedTheLineCanFireAgain(Version version) {
        World w = corrected(version);
        w.goDown();
        w.settle();
        w.clear();
        assertThat(w.spis.isActive(HW)).isFalse();
        assertThat(w.desc.status().peek() & 1 << IrqDesc.IRQ_INPROGRESS).isZero();
        w.comeUp();
        w.spis.raise(HW);
        w.exit.run();
        assertThat(w.loaded()).containsExactly(HW);
    }

    /** An interrupt that waits for a list register, or only for being enabled, is forgotten by both. */
    @ParameterizedTest
    @EnumSource(Version.class)
    void whatOnlyWaitedIsForgottenEitherWay(Version version) {
        Stream.of(asXen(version), corrected(version)).forEach(w -> {
            w.goDown();
            w.settle();
            w.v.pauseFlags().testAndClearBit(w.cpus[1], Vcpu.VPF_DOWN);
            w.vgic.raise(w.cpus[1], w.v.domain(), w.v, w.p(3)); // held: nobody has enabled it
            assertThat(w.inflight(3)).isTrue();
            w.v.pauseFlags().testAndSetBit(w.cpus[1], Vcpu.VPF_DOWN);
            w.clear();
            assertThat(w.inflight(3)).isFalse();
            assertThat(w.p(3).lrQueue().isEmpty()).isTrue();
        });
    }
}

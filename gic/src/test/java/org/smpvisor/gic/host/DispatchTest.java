package org.smpvisor.gic.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.gic.GicBench;
import org.smpvisor.lock.LockClass;

/** From the acknowledge to the handler and back, with the order of EOIR and DIR on every path. */
class DispatchTest {
    private static final int SPI = 40;
    private final GicBench b = GicBench.booted(3);
    private final Pcpu cpu = b.cpus[0];
    private final Domain d = new Domain(1, 1);
    private final List<String> ran = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void forgetBoot() {
        b.accesses.clear();
    }

    private void route() {
        assertThat(b.irq.routeIrqToGuest(cpu, d, SPI + 1, SPI, IrqDesc.Type.EDGE))
                .isZero();
        IrqDesc desc = b.irq.desc(cpu, SPI);
        int flags = desc.lock().lockIrqSave(cpu);
        desc.handler(cpu).setAffinity(cpu, desc, cpu);
        desc.handler(cpu).enable(cpu, desc);
        desc.lock().unlockIrqRestore(cpu, flags);
        b.accesses.clear();
    }

    private void setup(IrqDesc.Handler handler) {
        b.irq.setType(cpu, SPI, IrqDesc.Type.EDGE);
        assertThat(b.irq.setupIrq(cpu, SPI, IrqDesc.Action.xen("device", handler)))
                .isZero();
        b.accesses.clear();
    }

    private int status() {
        return b.irq.desc(cpu, SPI).status().peek();
    }

    @Test
    void aGuestsInterruptIsDroppedInPriorityInjectedAndLeftActive() {
        route();
        b.hw.distributor().raise(SPI);
        b.gic.interrupt(cpu);
        assertThat(b.injected).containsExactly("d1/41 by cpu0");
        assertThat(b.systemRegisters()).containsExactly("R ICC_IAR1_EL1", "W ICC_EOIR1_EL1=0x28", "R ICC_IAR1_EL1");
        assertThat(b.hw.distributor().isActive(SPI)).isTrue();
        assertThat(status() & 1 << IrqDesc.IRQ_INPROGRESS).isNotZero();
        assertThat(status() & 1 << IrqDesc.IRQ_GUEST).isNotZero();
        assertThat(cpu.isIrqMasked()).isTrue();
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void aDisabledInterruptIsEndedAtOnce() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        b.irq.desc(cpu, SPI).status().setBit(cpu, IrqDesc.IRQ_DISABLED);
        b.accesses.clear();
        b.hw.distributor().raise(SPI);
        b.gic.interrupt(cpu);
        assertThat(b.systemRegisters())
                .containsExactly("R ICC_IAR1_EL1", "W ICC_EOIR1_EL1=0x28", "W ICC_DIR_EL1=0x28", "R ICC_IAR1_EL1");
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    @Test
    void xensHandlerRunsWithInterruptsOpenAndTheDescriptorUnlocked() {
        setup((c, irq) -> ran.add("irq" + irq + (c.isIrqMasked() ? " masked" : " open") + ", "
                + (b.irq.desc(c, irq).lock().isLocked() ? "locked" : "unlocked")
                + (c.isInHardIrq() ? ", hard" : "")
                + ((status() & 1 << IrqDesc.IRQ_INPROGRESS) != 0 ? ", in progress" : "")));
        b.hw.distributor().raise(SPI);
        b.gic.interrupt(cpu);
        assertThat(ran).containsExactly("irq40 open, unlocked, hard, in progress");
        assertThat(b.systemRegisters())
                .containsExactly("R ICC_IAR1_EL1", "W ICC_EOIR1_EL1=0x28", "W ICC_DIR_EL1=0x28", "R ICC_IAR1_EL1");
        assertThat(status() & 1 << IrqDesc.IRQ_INPROGRESS).isZero();
        assertThat(cpu.counter(Counter.HOST_IRQS)).isEqualTo(1);
        assertThat(cpu.isIrqMasked()).isTrue();
    }

    @Test
    void anSgiInterruptsXensHandlerAndIsEndedInsideOfIt() {
        setup((c, irq) -> {
            ran.add("begin");
            b.driver.sendSgi(b.cpus[1], c, 0);
            c.point(Point.LOAD, null);
            ran.add("end");
        });
        b.hw.distributor().raise(SPI);
        b.gic.interrupt(cpu);
        assertThat(ran).containsExactly("begin", "end");
        assertThat(b.systemRegisters())
                .containsExactly(
                        "R ICC_IAR1_EL1",
                        "W ICC_SGI1R_EL1=0x1",
                        "R ICC_IAR1_EL1",
                        "W ICC_EOIR1_EL1=0x0",
                        "W ICC_DIR_EL1=0x0",
                        "R ICC_IAR1_EL1",
                        "W ICC_EOIR1_EL1=0x28",
                        "W ICC_DIR_EL1=0x28",
                        "R ICC_IAR1_EL1");
    }

    @Test
    void anSpiDoesNotInterruptXensHandler() {
        setup((c, irq) -> {
            ran.add("begin");
            b.hw.distributor().raise(SPI + 1);
            c.point(Point.LOAD, null);
            ran.add("end");
        });
        b.irq.setType(cpu, SPI + 1, IrqDesc.Type.EDGE);
        b.irq.setupIrq(cpu, SPI + 1, IrqDesc.Action.xen("other", (c, irq) -> ran.add("other")));
        b.hw.distributor().raise(SPI);
        b.gic.interrupt(cpu);
        assertThat(ran).containsExactly("begin", "end", "other");
    }

    @Test
    void theLoopHandlesAllThatWaits() {
        setup((c, irq) -> ran.add("spi"));
        b.hw.distributor().raise(SPI);
        b.driver.sendSgi(b.cpus[1], cpu, 1);
        b.gic.interrupt(cpu);
        assertThat(ran).containsExactly("spi");
        assertThat(b.systemRegisters().stream().filter("R ICC_IAR1_EL1"::equals))
                .hasSize(3);
    }

    @Test
    void aSpuriousAcknowledgeIsCounted() {
        b.gic.interrupt(cpu);
        assertThat(cpu.counter(Counter.HOST_SPURIOUS)).isEqualTo(1);
    }

    @Test
    void theHypervisorTimerRaisesTheTimerSoftirqAndIsSilenced() {
        List<Long> programmed = new ArrayList<>();
        cpu.timers().connect((c, deadline) -> programmed.add(deadline));
        b.gic.setupLocalInterrupts(cpu);
        b.cpu(0).setLocalLine(GicBench.HYP_TIMER, true);
        cpu.timers().connect((c, deadline) -> b.cpu(0).setLocalLine(GicBench.HYP_TIMER, false));
        b.gic.interrupt(cpu);
        assertThat(cpu.softirqs().peek()).isEqualTo(1);
        assertThat(b.cpu(0).hasWork()).isFalse();
    }

    @Test
    void anInterruptIsTakenByVectorWhileXenRuns() {
        route();
        cpu.localIrqEnable();
        b.hw.distributor().raise(SPI);
        cpu.point(Point.LOAD, null);
        assertThat(b.injected).hasSize(1);
        assertThat(cpu.counter(Counter.IRQS_IN_XEN)).isEqualTo(1);
    }

    // ---- cross calls ------------------------------------------------------------------------------------------------

    @Test
    void aCrossCallRunsOnAllOtherOnlinePcpusInAHardInterrupt() throws InterruptedException {
        Thread[] others = new Thread[2];
        for (int i = 0; i < 2; i++) {
            Pcpu p = b.cpus[i + 1];
            others[i] = new Thread(() -> {
                p.localIrqEnable();
                while (!p.engine().isStopped()) {
                    p.point(Point.LOAD, null);
                }
            });
            others[i].start();
        }
        List<String> where = ran;
        cpu.localIrqEnable();
        b.crossCall.onOthers(cpu, p -> where.add(p + (p.isInHardIrq() ? " in hard irq" : "")));
        cpu.engine().stop();
        for (Thread t : others) {
            t.join(10_000);
        }
        assertThat(where).containsExactlyInAnyOrder("cpu1 in hard irq", "cpu2 in hard irq");
        assertThat(b.accesses).contains("W ICC_SGI1R_EL1=0x2000006");
        assertThat(b.validator.violations()).isEmpty();
    }

    // ---- triggers ---------------------------------------------------------------------------------------------------

    private IrqDesc.Type type(Pcpu p, int irq) {
        return b.irq.desc(p, irq).type().peek();
    }

    @Test
    void aTriggerIsToldOnceAndMayBeRepeated() {
        assertThat(b.irq.setType(cpu, SPI, IrqDesc.Type.LEVEL)).isZero();
        assertThat(b.irq.setType(cpu, SPI, IrqDesc.Type.LEVEL)).isZero();
        assertThat(b.irq.setType(cpu, SPI, IrqDesc.Type.EDGE)).isEqualTo(Irq.EBUSY);
        assertThat(type(cpu, SPI)).isEqualTo(IrqDesc.Type.LEVEL);
        assertThat(b.irq.setType(cpu, GicBench.HYP_TIMER, IrqDesc.Type.EDGE)).isEqualTo(Irq.EBUSY);
    }

    @Test
    void theTriggerOfALocalInterruptIsThatOfEveryOnlinePcpu() {
        b.cpus[2].setOnline(false);
        b.irq.setType(cpu, 20, IrqDesc.Type.LEVEL);
        assertThat(type(b.cpus[1], 20)).isEqualTo(IrqDesc.Type.LEVEL);
        assertThat(type(b.cpus[2], 20)).isEqualTo(IrqDesc.Type.INVALID);
        b.irq.prepare(cpu, b.cpus[2]);
        assertThat(type(b.cpus[2], 20)).as("told when it is brought up").isEqualTo(IrqDesc.Type.LEVEL);
        assertThat(type(b.cpus[2], 3)).isEqualTo(IrqDesc.Type.EDGE);
        assertThat(b.validator.edges()).anyMatch(e -> e.startsWith("LOCAL_TYPE->DESC"));
        assertThat(b.validator.violations()).isEmpty();
    }

    @Test
    void theHardwaresTriggerWinsAndIsWarnedOf() {
        b.irq.setType(cpu, 20, IrqDesc.Type.EDGE);
        b.console.clear();
        assertThat(b.irq.setupIrq(cpu, 20, IrqDesc.Action.xen("ppi", (c, irq) -> {})))
                .isZero();
        assertThat(type(cpu, 20)).as("PPIs of this hardware are levels").isEqualTo(IrqDesc.Type.LEVEL);
        assertThat(b.console).singleElement().asString().contains("cannot make interrupt 20 EDGE");
    }

    @Test
    void anUnknownTriggerIsNotProgrammed() {
        assertThatThrownBy(() -> b.irq.setupIrq(cpu, 41, IrqDesc.Action.xen("device", (c, irq) -> {})))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("trigger of interrupt 41");
    }

    // ---- routing ----------------------------------------------------------------------------------------------------

    @Test
    void whatXenUsesIsBusy() {
        setup((c, irq) -> {});
        assertThat(b.irq.routeIrqToGuest(cpu, d, SPI, SPI, IrqDesc.Type.EDGE)).isEqualTo(Irq.EBUSY);
    }

    @Test
    void whatAGuestHasIsBusyForXenAndForOthers() {
        route();
        assertThat(b.irq.setupIrq(cpu, SPI, IrqDesc.Action.xen("x", (c, irq) -> {})))
                .isEqualTo(Irq.EBUSY);
        assertThat(b.irq.routeIrqToGuest(cpu, new Domain(2, 1), SPI, SPI, IrqDesc.Type.EDGE))
                .isEqualTo(Irq.EBUSY);
    }

    @Test
    void aRefusedConnectionLeavesTheLineFree() {
        b.connectResult = Irq.EBUSY;
        assertThat(b.irq.routeIrqToGuest(cpu, d, SPI, SPI, IrqDesc.Type.EDGE)).isEqualTo(Irq.EBUSY);
        b.connectResult = 0;
        assertThat(b.irq.routeIrqToGuest(cpu, d, SPI, SPI, IrqDesc.Type.EDGE)).isZero();
    }

    @Test
    void releaseChecksOwnerAndLife() {
        route();
        assertThat(b.irq.releaseGuestIrq(cpu, d, SPI, SPI))
                .as("another virtual number")
                .isEqualTo(Irq.EINVAL);
        assertThat(b.irq.releaseGuestIrq(cpu, new Domain(2, 1), SPI + 1, SPI)).isEqualTo(Irq.EINVAL);
        assertThat(b.irq.releaseGuestIrq(cpu, d, SPI + 1, SPI)).isEqualTo(Irq.EBUSY);
        d.setDying(cpu);
        assertThat(b.irq.releaseGuestIrq(cpu, d, SPI + 1, SPI)).isZero();
        assertThat(b.irq.releaseGuestIrq(cpu, d, SPI + 1, SPI)).isEqualTo(Irq.EINVAL);
        assertThat(status()).isEqualTo(1 << IrqDesc.IRQ_DISABLED);
    }

    @Test
    void releaseOfAnInterruptInProgressDeactivatesIt() {
        route();
        b.hw.distributor().raise(SPI);
        b.gic.interrupt(cpu);
        d.setDying(cpu);
        b.accesses.clear();
        assertThat(b.irq.releaseGuestIrq(cpu, d, SPI + 1, SPI)).isZero();
        assertThat(b.systemRegisters()).containsExactly("W ICC_DIR_EL1=0x28");
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    @Test
    void releaseWaitsForTheHandlerOnAnotherPcpu() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        IrqDesc.Action action = IrqDesc.Action.xen("slow", (c, irq) -> {
            running.countDown();
            await(mayEnd);
            ran.add("handled");
        });
        b.irq.setType(cpu, SPI, IrqDesc.Type.EDGE);
        b.irq.setupIrq(cpu, SPI, action);
        b.hw.distributor().raise(SPI);
        Thread handler = new Thread(() -> b.gic.interrupt(cpu));
        handler.start();
        await(running);
        Thread release = new Thread(() -> {
            b.irq.releaseIrq(b.cpus[1], SPI, action);
            ran.add("released");
        });
        release.start();
        while (b.cpus[1].waitingFor() == null) {
            Thread.onSpinWait();
        }
        assertThat(b.cpus[1].waitingFor()).isSameAs(b.irq.desc(cpu, SPI));
        assertThat(b.irq.desc(cpu, SPI).lock().isLocked()).isFalse();
        mayEnd.countDown();
        release.join(10_000);
        handler.join(10_000);
        assertThat(ran).containsExactly("handled", "released");
        assertThat(b.cpus[1].waitingFor()).isNull();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void onlyWhoHasAnInterruptReleasesIt() {
        setup((c, irq) -> {});
        b.irq.releaseIrq(cpu, SPI, IrqDesc.Action.xen("other", (c, irq) -> {}));
        assertThat(b.irq.routeIrqToGuest(cpu, d, SPI, SPI, IrqDesc.Type.EDGE)).isEqualTo(Irq.EBUSY);
    }

    @Test
    void anInterruptStaysTakenBetweenItsRemovalFromTheGuestAndItsRelease() {
        route();
        d.setDying(cpu);
        long before = cpu.held().acquisitions(LockClass.DESC);
        assertThat(b.irq.releaseGuestIrq(cpu, d, SPI + 1, SPI)).isZero();
        assertThat(cpu.held().acquisitions(LockClass.DESC) - before)
                .as("two critical sections")
                .isEqualTo(2);
    }

    @Test
    void aDescriptorWithoutAControllerHasNoAffinity() {
        assertThatThrownBy(() -> Irq.setAffinity(cpu, b.irq.desc(cpu, SPI), cpu, 1, SPI))
                .isInstanceOf(ModelBug.class)
                .hasMessageContaining("H6");
        Irq.setAffinity(cpu, null, cpu, 1, SPI);
    }

    @Test
    void localDescriptorsBelongToTheCallingPcpu() {
        assertThat(b.irq.desc(b.cpus[0], 27)).isNotSameAs(b.irq.desc(b.cpus[1], 27));
        assertThat(b.irq.desc(b.cpus[0], SPI)).isSameAs(b.irq.desc(b.cpus[1], SPI));
    }

    // ---- context switch ---------------------------------------------------------------------------------------------

    @Test
    void listRegistersPrioritiesAndMaskTravelWithTheVcpu() {
        Vcpu v = new Vcpu(d, 0, null, b.driver.newVcpuState());
        for (int i = 0; i < 4; i++) {
            b.driver.updateLr(cpu, i, 40 + i, 0xa0, i == 0 ? 33 : -1, 1L << 62);
        }
        b.cpu(0).virtual().writeGroup0Priorities(0x20);
        b.cpu(0).virtual().writeActivePriorities(0x500);
        b.cpu(0).virtual().writeVmcr(0xf8000002L);
        cpu.setLrMask(0xf);
        b.gic.save(cpu, v);
        assertThat(b.gic.hadFullListRegisters(v)).isTrue();
        b.gic.restore(b.cpus[1], v);
        assertThat(b.cpus[1].lrMask()).isEqualTo(0xf);
        assertThat(b.cpu(1).virtual().readLr(0)).isEqualTo(b.cpu(0).virtual().readLr(0));
        assertThat(b.cpu(1).virtual().readLr(0))
                .isEqualTo(1L << 62 | 1L << 61 | 1L << 60 | 0xa0L << 48 | 33L << 32 | 40);
        assertThat(b.cpu(1).virtual().readLr(3)).isEqualTo(1L << 62 | 1L << 60 | 0xa0L << 48 | 43);
        assertThat(b.cpu(1).virtual().readGroup0Priorities()).isEqualTo(0x20);
        assertThat(b.cpu(1).virtual().readActivePriorities()).isEqualTo(0x500);
        assertThat(b.cpu(1).virtual().readVmcr()).isEqualTo(0xf8000002L);
    }

    @Test
    void vmcrThenActivePrioritiesThenListRegistersAreRestored() {
        Vcpu v = new Vcpu(d, 0, null, b.driver.newVcpuState());
        b.gic.save(cpu, v);
        b.accesses.clear();
        b.gic.restore(cpu, v);
        assertThat(b.accesses)
                .containsSubsequence(
                        "W ICH_VMCR_EL2=0x202", "W ICH_AP0R0_EL2=0x0", "W ICH_AP1R0_EL2=0x0", "W ICH_LR_EL2=0x0");
    }

    @Test
    void aNewVcpuStartsWithEverythingZero() {
        Vcpu v = new Vcpu(d, 0, null, b.driver.newVcpuState());
        b.gic.restore(cpu, v);
        assertThat(b.cpu(0).virtual().readVmcr()).isZero();
        assertThat(cpu.lrMask()).isZero();
    }

    @Test
    void theUnderflowInterruptIsArmedAndDisarmedAlone() {
        b.gic.setUnderflow(cpu, true);
        assertThat(b.cpu(0).virtual().readHcr()).isEqualTo(3);
        b.gic.setUnderflow(cpu, false);
        assertThat(b.cpu(0).virtual().readHcr()).isEqualTo(1);
    }
}

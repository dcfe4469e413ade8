package org.smpvisor.gic.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smpvisor.abi.GicAbi.*;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Counter;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.GicV2Bench;
import org.smpvisor.gic.hw.Gich;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;

/** What Xen's driver of the GICv2 writes where, and in which order. */
class GicV2Test {
    private static final int SPI = 40;
    private static final int SGI = 2;
    private final GicV2Bench b = GicV2Bench.booted(4);
    private final CpuMask mask = new CpuMask("mask", b.cpus);

    private IrqDesc locked(int irq) {
        IrqDesc d = b.irq.desc(b.cpus[0], irq);
        d.lock().lock(b.cpus[0]);
        return d;
    }

    // ---- SGIs -------------------------------------------------------------------------------------------------------

    private void send(int... targets) {
        for (int t : targets) {
            mask.set(b.cpus[0], t);
        }
        b.driver.sendSgiMask(b.cpus[0], mask, SGI);
    }

    @Test
    void aSetIsOneTargetList() {
        send(1, 3);
        assertThat(b.accesses).containsExactly("W GICD+0xf00=0xa0002");
        assertThat(b.cpus).filteredOn(p -> !p.mailbox().isEmpty()).containsExactly(b.cpus[1], b.cpus[3]);
        assertThat(b.cpus[0].counter(Counter.HOST_SGIS)).isEqualTo(2);
    }

    @Test
    void whoIsOfflineIsLeftOutAndAnEmptyListIsWritten() {
        b.cpus[1].setOnline(false);
        send(1);
        b.driver.sendSgi(b.cpus[0], b.cpus[1], SGI);
        assertThat(b.accesses).containsExactly("W GICD+0xf00=0x2", "W GICD+0xf00=0x2");
        assertThat(b.cpus[1].mailbox().isEmpty()).isTrue();
    }

    @Test
    void allOthersNeedNoList() {
        b.driver.sendSgiToOthers(b.cpus[1], SGI);
        assertThat(b.accesses).containsExactly("W GICD+0xf00=0x1000002");
        assertThat(b.cpus[1].mailbox().isEmpty()).isTrue();
        assertThat(b.cpus[3].mailbox().isEmpty()).isFalse();
    }

    /** The accesses from the acknowledge of an SGI of CPU 3 to its end. */
    private List<String> endOfAnSgi(GicV2.SgiEnd end) {
        GicV2 driver = b.driver(end);
        driver.sendSgi(b.cpus[3], b.cpus[0], SGI);
        b.accesses.clear();
        assertThat(driver.readIrq(b.cpus[0])).isEqualTo(SGI);
        driver.eoiIrq(b.cpus[0], SGI);
        driver.deactivateIrq(b.cpus[0], SGI);
        return b.accesses;
    }

    @Test
    void h19XenEndsAnSgiWithoutItsSender() {
        Marks marks = new Marks(1);
        assertThat(endOfAnSgi(GicV2.SgiEnd.intidOnly(marks)))
                .containsExactly("R GICC+0xc", "W GICC+0x10=0x2", "W GICC+0x1000=0x2");
        assertThat(marks.hits(Quirk.H19)).isEqualTo(1);
    }

    @Test
    void h19FixedWritesBackWhatWasAcknowledged() {
        assertThat(endOfAnSgi(GicV2.SgiEnd.withSender(4)))
                .containsExactly("R GICC+0xc", "W GICC+0x10=0xc02", "W GICC+0x1000=0xc02");
    }

    @Test
    void theSenderOfAnSgiIsNotTold() {
        b.driver.sendSgi(b.cpus[3], b.cpus[0], SGI);
        b.accesses.clear();
        assertThat(b.driver.readIrq(b.cpus[0])).isEqualTo(SGI);
        b.driver.eoiIrq(b.cpus[0], SGI);
        b.driver.deactivateIrq(b.cpus[0], SGI);
        assertThat(b.accesses).containsExactly("R GICC+0xc", "W GICC+0x10=0x2", "W GICC+0x1000=0x2");
        assertThat(b.driver.readIrq(b.cpus[0])).isEqualTo(SPURIOUS);
    }

    // ---- lines ------------------------------------------------------------------------------------------------------

    @Test
    void anAffinityIsOneByteAlsoForLocalInterrupts() {
        IrqDesc spi = b.irq.desc(b.cpus[0], SPI);
        b.driver.guestIrqType().setAffinity(b.cpus[0], spi, b.cpus[2]);
        b.driver.hostIrqType().setAffinity(b.cpus[1], b.irq.desc(b.cpus[1], 25), b.cpus[1]);
        assertThat(b.accesses).containsExactly("W GICD+0x828=0x4", "W GICD+0x819=0x2");
        assertThat(b.hw.distributor().target(SPI)).isEqualTo(2);
    }

    @Test
    void enableAndDisableAreOneWriteEach() {
        IrqDesc d = locked(SPI);
        b.driver.hostIrqType().enable(b.cpus[0], d);
        assertThat(b.hw.distributor().isEnabled(SPI)).isTrue();
        b.driver.hostIrqType().disable(b.cpus[0], d);
        assertThat(b.hw.distributor().isEnabled(SPI)).isFalse();
        d.lock().unlock(b.cpus[0]);
        assertThat(b.accesses).containsExactly("W GICD+0x104=0x100", "W GICD+0x184=0x100");
    }

    private void endNext(HwIrqController type) {
        b.hw.distributor().raise(SPI);
        assertThat(b.driver.readIrq(b.cpus[0])).isEqualTo(SPI);
        b.accesses.clear();
        IrqDesc d = locked(SPI);
        type.end(b.cpus[0], d);
        d.lock().unlock(b.cpus[0]);
    }

    @Test
    void theEndOfTheHostsInterruptDeactivatesIt() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        endNext(b.driver.hostIrqType());
        assertThat(b.accesses).containsExactly("W GICC+0x10=0x28", "W GICC+0x1000=0x28");
        assertThat(b.hw.distributor().isActive(SPI)).isFalse();
    }

    @Test
    void theEndOfAGuestsInterruptLeavesItActive() {
        b.open(SPI, IrqDesc.Type.EDGE, 0);
        endNext(b.driver.guestIrqType());
        assertThat(b.accesses).containsExactly("W GICC+0x10=0x28");
        assertThat(b.hw.distributor().isActive(SPI)).isTrue();
        assertThat(b.readGicc(0, GICC_RPR)).as("nothing running").isEqualTo(0xff);
    }

    @Test
    void aPpiStaysWhatTheHardwareHasIt() {
        IrqDesc d = locked(27);
        b.driver.setIrqType(b.cpus[0], d, IrqDesc.Type.EDGE);
        assertThat(d.type().getGuarded(b.cpus[0])).isEqualTo(IrqDesc.Type.LEVEL);
        d.lock().unlock(b.cpus[0]);
        assertThat(b.accesses).containsExactly("R GICD+0xc04", "W GICD+0xc04=0x800000", "R GICD+0xc04");
        assertThat(b.console).anyMatch(line -> line.startsWith("GICv2: WARNING: cpu0 cannot make interrupt 27 EDGE"));
    }

    // ---- list registers ---------------------------------------------------------------------------------------------

    @Test
    void aListRegisterIsWrittenAndReadInTheFormOfTheGicv2() {
        b.driver.updateLr(b.cpus[0], 1, 45, 0xa7, 45, VirtualCpuInterface.LR_PENDING);
        b.driver.updateLr(b.cpus[0], 2, 3, 0x90, -1, VirtualCpuInterface.LR_PENDING);
        assertThat(b.accesses).containsExactly("W GICH+0x104=0x9a00b42d", "W GICH+0x108=0x19000003");
        long lr = b.driver.readLr(b.cpus[0], 1);
        assertThat(lr & VirtualCpuInterface.LR_STATE).isEqualTo(VirtualCpuInterface.LR_PENDING);
        assertThat(lr >>> 48 & 0xff).as("five bits of priority").isEqualTo(0xa0);
        b.driver.clearLr(b.cpus[0], 1);
        assertThat(b.driver.readLr(b.cpus[0], 1)).isZero();
    }

    @Test
    void aSwitchTouchesTheRegistersInXensOrder() {
        Vcpu v = new Vcpu(new Domain(1, 1), 0, null, b.driver.newVcpuState());
        b.driver.restoreState(b.cpus[0], v);
        b.driver.updateHcrStatus(b.cpus[0], Gich.HCR_UIE, true);
        b.driver.saveState(b.cpus[0], v);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            expected.add("W GICH+0x10" + "048c".charAt(i) + "=0x0");
        }
        expected.addAll(List.of("W GICH+0xf0=0x0", "W GICH+0x8=0x0", "W GICH+0x0=0x1"));
        expected.addAll(List.of("R GICH+0x0", "W GICH+0x0=0x3"));
        for (int i = 0; i < 4; i++) {
            expected.add("R GICH+0x10" + "048c".charAt(i));
        }
        expected.addAll(List.of("R GICH+0xf0", "R GICH+0x8", "W GICH+0x0=0x0"));
        assertThat(b.accesses).containsExactlyElementsOf(expected);
    }

    @Test
    void whatASwitchSavesItRestores() {
        int[] saved = {0x9a00b42d, 0x2a000010, 0x3a081c03, 0x50080022, 0x00100400, 0xa8700201};
        int[] offsets = {Gich.LR, Gich.LR + 4, Gich.LR + 8, Gich.LR + 12, Gich.APR, Gich.VMCR};
        Vcpu v = new Vcpu(new Domain(1, 1), 0, null, b.driver.newVcpuState());
        for (int i = 0; i < saved.length; i++) {
            b.writeGich(0, offsets[i], saved[i]);
        }
        b.driver.saveState(b.cpus[0], v);
        for (int offset : offsets) {
            b.writeGich(0, offset, 0xf04c0001);
        }
        b.driver.restoreState(b.cpus[0], v);
        assertThat(IntStream.of(offsets).map(o -> b.readGich(0, o)).toArray()).isEqualTo(saved);
    }
}

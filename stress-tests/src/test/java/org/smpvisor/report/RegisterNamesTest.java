package org.smpvisor.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smpvisor.gic.hw.RegisterLog.Component;
import org.smpvisor.gic.hw.SystemRegister;
import org.smpvisor.machine.MachineDescription;

class RegisterNamesTest {
    private final RegisterNames names =
            new RegisterNames(MachineDescription.qemuVirt().gic());

    @ParameterizedTest
    @CsvSource({
        "GICD, 0x0, GICD_CTLR",
        "GICD, 0x84, GICD_IGROUPR1",
        "GICD, 0x104, GICD_ISENABLER1",
        "GICD, 0x19c, GICD_ICENABLER7",
        "GICD, 0x27c, GICD_ISPENDR31",
        "GICD, 0x39c, GICD_ICACTIVER7",
        "GICD, 0x421, GICD_IPRIORITYR33",
        "GICD, 0x7fb, GICD_IPRIORITYR1019",
        "GICD, 0xc08, GICD_ICFGR2",
        "GICD, 0x6278, GICD_IROUTER79",
        "GICD, 0x627c, GICD_IROUTER79+4",
        "GICD, 0x7fd8, GICD_IROUTER1019",
        "GICD, 0xffe8, GICD_PIDR2",
        "GICD, 0x1000, GICD_0x1000",
        "GICR, 0x0, rd0.GICR_CTLR",
        "GICR, 0xc, rd0.GICR_TYPER+4",
        "GICR, 0x40014, rd2.GICR_WAKER",
        "GICR, 0x70c04, rd3.GICR_ICFGR1",
        "GICR, 0x10419, rd0.GICR_IPRIORITYR25",
        "GICR, 0x10180, rd0.GICR_ICENABLER0",
        "GICR, 0xf2ffe8, rd121.GICR_PIDR2",
        "GICR, 0xf60000, GICR_0xf60000"
    })
    void registersAreNamedAsInTheTraces(Component component, String offset, String name) {
        assertThat(names.name(component, Long.decode(offset), null)).isEqualTo(name);
    }

    @Test
    void redistributorsAreNumberedThroughAllRegions() {
        MachineDescription machine = MachineDescription.qemuVirt().withCpus(128);
        long second = machine.gic().redistRegions().get(1).base()
                - machine.gic().redistRegions().get(0).base();

        assertThat(new RegisterNames(machine.gic()).name(Component.GICR, second + 0x20014, null))
                .isEqualTo("rd124.GICR_WAKER");
    }

    @ParameterizedTest
    @CsvSource({
        "ICC_SGI1R_EL1, 0x2, SGI0 irm=0 aff=0x0 list=0x2",
        "ICC_SGI1R_EL1, 0x200000e, SGI2 irm=0 aff=0x0 list=0xe",
        "ICC_SGI1R_EL1, 0x10001000000, SGI1 irm=1 aff=0x0 list=0x0",
        "ICC_SGI1R_EL1, 0x3000200010001, SGI0 irm=0 aff=0x30201 list=0x1",
        "ICH_LR_EL2, 0x70a0004a0000004a, pending v74 prio=0xa0 grp=1 hw=1 p74",
        "ICH_LR_EL2, 0xb0a0004a0000004a, active v74 prio=0xa0 grp=1 hw=1 p74",
        "ICH_LR_EL2, 0xd0a000000000001b, pend+act v27 prio=0xa0 grp=1 hw=0",
        "ICH_LR_EL2, 0x0, invalid v0 prio=0x0 grp=0 hw=0",
        "ICH_HCR_EL2, 0x3, ''"
    })
    void valuesThatAreHardToReadAreExplained(SystemRegister register, String value, String note) {
        assertThat(RegisterNames.note(Component.ICH, 0, register, Long.parseUnsignedLong(value.substring(2), 16)))
                .isEqualTo(note);
    }

    @Test
    void rowsLookLikeThoseOfTheTraces() throws IOException {
        RegisterCsv csv = new RegisterCsv(names);
        csv.access(1, Component.GICR, true, 0x20014, null, 4, 4);
        csv.access(1, Component.ICC, true, 0, SystemRegister.ICC_PMR_EL1, 8, 0xff);
        csv.access(0, Component.ICC, true, 0, SystemRegister.ICC_SGI1R_EL1, 8, 2);
        csv.access(0, Component.ICH, false, 3, SystemRegister.ICH_LR_EL2, 8, 0);
        StringWriter text = new StringWriter();

        csv.writeTo(text);

        assertThat(text).hasToString("""
                        seq,cpu,component,op,offset,name,size,value,note
                        1,1,GICR,w,0x20014,rd1.GICR_WAKER,4,0x4,
                        2,1,ICC,w,,ICC_PMR_EL1,8,0xff,
                        3,0,ICC,w,,ICC_SGI1R_EL1,8,0x2,SGI0 irm=0 aff=0x0 list=0x2
                        4,0,ICH,r,,ICH_LR3_EL2,8,0x0,invalid v0 prio=0x0 grp=0 hw=0
                        """);
    }
}

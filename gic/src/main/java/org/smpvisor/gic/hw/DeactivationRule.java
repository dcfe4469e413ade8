package org.smpvisor.gic.hw;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Marks;

/** On which pCPU a guest's end of an interrupt deactivates the SPI behind it; a variant point. */
public interface DeactivationRule {
    /** GICv3: on any. */
    DeactivationRule ANYWHERE = new DeactivationRule() {
        @Override
        public void acknowledged(Pcpu cpu, int spi) {
            // It makes no difference who did.
        }

        @Override
        public boolean reaches(Pcpu cpu, int spi) {
            return true;
        }
    };

    /** {@code cpu} has acknowledged {@code spi}, which is active from now on. */
    void acknowledged(Pcpu cpu, int spi);

    /** Whether the end of {@code spi} in a list register of {@code cpu} deactivates it. */
    boolean reaches(Pcpu cpu, int spi);

    /** Only on the pCPU that acknowledged it, as Xen's developers once read the manual. */
    static DeactivationRule acknowledgerOnly(Marks marks) {
        return new DeactivationRule() {
            private final HwWords by = new HwWords(1024);

            @Override
            public void acknowledged(Pcpu cpu, int spi) {
                by.setOpaque(spi, cpu.id());
            }

            @Override
            public boolean reaches(Pcpu cpu, int spi) {
                boolean same = by.getOpaque(spi) == cpu.id();
                if (!same) {
                    marks.reached(cpu, Bug.XB_062);
                }
                return same;
            }
        };
    }
}

package org.smpvisor.oracle;

import java.util.List;
import org.smpvisor.cell.ListNode;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.Distributor;
import org.smpvisor.vgic.rank.PendingIrq;
import org.smpvisor.vgic.rank.VgicDomain;
import org.smpvisor.vgic.rank.VgicVcpu;

/**
 * The state half of the oracle: with the machine at rest, accounts, lists, status bits, list registers and the hardware must
 * agree, and nothing that is enabled may be left behind.
 */
public final class Audit {
    private static final int MAX_LIST = 4096;

    private final Ledger ledger;
    private final Distributor gic;
    private final GicHwOperations driver;

    public Audit(Ledger ledger, Distributor gic, GicHwOperations driver) {
        this.ledger = ledger;
        this.gic = gic;
        this.driver = driver;
    }

    /** Judges one domain. The machine must be at rest. Findings go to the ledger. */
    public void judge(Domain d) {
        VgicDomain vd = (VgicDomain) d.vgic();
        for (int i = 0; i < d.maxVcpus(); i++) {
            judgeVcpu(d, d.vcpu(i));
        }
        for (int virq = 32; virq < 32 + vd.nrSpis(); virq++) {
            PendingIrq p = vd.spi(virq);
            IrqDesc desc = p.desc().peek();
            if (desc != null) {
                ledger.judgeLine(d.id(), virq, desc.irq(), false);
            }
        }
        ledger.judgeVirtual(d.id());
    }

    private void judgeVcpu(Domain d, Vcpu v) {
        VgicVcpu vv = (VgicVcpu) v.vgic();
        int linked = 0;
        int visible = 0;
        for (ListNode<PendingIrq> n = vv.inflight().next(); n != vv.inflight(); n = n.next()) {
            PendingIrq p = n.element();
            if (p == null || ++linked > MAX_LIST) {
                report(
                        Violation.Kind.INCONSISTENT,
                        d,
                        -1,
                        v,
                        "the inflight list of " + v + " runs over another list's head");
                return;
            }
            int s = p.status().peek();
            visible += s >>> PendingIrq.VISIBLE & 1;
            if ((s & 1 << PendingIrq.ENABLED) != 0) {
                report(
                        Violation.Kind.LEFT_BEHIND,
                        d,
                        p.irq(),
                        v,
                        d + " interrupt " + p.irq() + ": enabled and undelivered while " + v + " sleeps ("
                                + p.describe() + ")");
            }
        }
        if (Long.bitCount(driver.savedLrMask(v)) != visible) {
            report(
                    Violation.Kind.INCONSISTENT,
                    d,
                    -1,
                    v,
                    v + " has list registers allocated by mask 0x" + Long.toHexString(driver.savedLrMask(v)) + ", but "
                            + visible + " of the interrupts in flight say that they are in one");
        }
    }

    private void report(Violation.Kind kind, Domain d, int intid, Vcpu v, String text) {
        ledger.report(new Violation(kind, d.id(), intid, v.vcpuId(), text, List.of()));
    }

    /**
     * Brings dead lines of a domain back to life, as an operator with a debugger would: a line that is active in the GIC while
     * nothing of it is in flight is deactivated. Returns how many there were. The machine must be at rest.
     */
    public int revive(Domain d) {
        VgicDomain vd = (VgicDomain) d.vgic();
        int revived = 0;
        for (int virq = 32; virq < 32 + vd.nrSpis(); virq++) {
            PendingIrq p = vd.spi(virq);
            IrqDesc desc = p.desc().peek();
            if (desc != null && !ledger.isSettled(desc.irq()) && p.inflight().isEmpty() && gic.isActive(desc.irq())) {
                ledger.forgive(desc.irq());
                gic.deactivate(desc.irq());
                revived++;
            }
        }
        return revived;
    }
}

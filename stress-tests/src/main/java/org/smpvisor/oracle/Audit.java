package org.smpvisor.oracle;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.gic.hw.Gic;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.vgic.rank.PendingIrq;
import org.smpvisor.vgic.rank.VgicDomain;
import org.smpvisor.vgic.rank.VgicVcpu;

/**
 * The state half of the oracle: with the machine at rest, accounts, lists, status bits, list registers and the hardware must
 * agree, and nothing that is enabled may be left behind. Every finding names an interrupt where it can.
 */
public final class Audit {
    private static final int MAX_LIST = 4096;

    private final Ledger ledger;
    private final Gic gic;
    private final GicHwOperations driver;
    private final Pcpu[] pcpus;

    /** What the audit of one domain has seen so far. */
    private static final class Seen {
        final Set<PendingIrq> inflight = new HashSet<>();
        final Set<PendingIrq> queued = new HashSet<>();
        final Map<PendingIrq, String> inLr = new HashMap<>();
    }

    public Audit(Ledger ledger, Gic gic, GicHwOperations driver, Pcpu[] pcpus) {
        this.ledger = ledger;
        this.gic = gic;
        this.driver = driver;
        this.pcpus = pcpus.clone();
    }

    /**
     * Judges one domain. Findings go to the ledger.
     *
     * @param isAtRest whether every pCPU idles; else the machine was stopped with its vCPUs where they were
     */
    public void judge(Domain d, boolean isAtRest) {
        VgicDomain vd = (VgicDomain) d.vgic();
        Seen seen = new Seen();
        if (isAtRest) {
            judgePriorities(d);
        }
        if (d.isDying() || d.shutdown().peek() != Domain.RUNS) {
            return; // nobody cares any more what becomes of its interrupts
        }
        for (int i = 0; i < d.maxVcpus(); i++) {
            Vcpu v = d.vcpu(i);
            if (isAtRest) {
                judgeRest(d, v);
            }
            judgeInflight(d, v, seen);
            judgeLrPending(d, v, seen);
            judgeListRegisters(d, v, seen);
        }
        for (int i = 0; i < d.maxVcpus(); i++) {
            for (int irq = 0; irq < 32; irq++) {
                judgeEntry(d, ((VgicVcpu) d.vcpu(i).vgic()).pendingIrq(irq), seen);
            }
        }
        for (int virq = 32; virq < 32 + vd.nrSpis(); virq++) {
            PendingIrq p = vd.spi(virq);
            judgeEntry(d, p, seen);
            IrqDesc desc = p.desc().peek();
            if (desc != null) {
                if (!isDown(d.vcpu(vd.peekTarget(virq)))) {
                    ledger.judgeLine(d.id(), virq, desc.irq(), seen.inLr.containsKey(p));
                } else if (gic.distributor().isActive(desc.irq()) && !seen.inflight.contains(p)) {
                    // What was raised has ended; but its line must be able to fire when the vCPU is on again.
                    inconsistent(d, p, null, "is active in the GIC, its vCPU is off, and it is on no list");
                }
                if (isAtRest) {
                    judgeDescriptor(d, p, desc);
                }
            }
        }
        ledger.judgeVirtual(
                d.id(), i -> i < 0 ? isDown(d.vcpu(-1 - i)) : vd.isSpi(i) && isDown(d.vcpu(vd.peekTarget(i))));
        if (isAtRest) {
            ledger.judgeTimers(d.id(), v -> isDown(d.vcpu(v)));
            judgeUpcalls(d);
        }
    }

    private static boolean isDown(Vcpu v) {
        return (v.pauseFlags().peek() & 1 << Vcpu.VPF_DOWN) != 0;
    }

    /** Who sleeps has looked for events. */
    private void judgeUpcalls(Domain d) {
        for (int i = 0; i < d.maxVcpus(); i++) {
            Vcpu v = d.vcpu(i);
            if (v.upcallPending().peek() != 0 && !isDown(v)) {
                PendingIrq p = ((VgicVcpu) v.vgic()).pendingIrq(TimerAbi.EVTCHN_PPI);
                report(
                        Violation.Kind.LOST,
                        d,
                        p,
                        v,
                        name(d, p) + ": events are pending, and no interrupt made " + v + " look (" + p.describe()
                                + ")");
            }
        }
    }

    /**
     * A domain has been destroyed: none of the lines that it had is active any more. One that is has its deactivation done here, so
     * that its next owner can use it.
     *
     * @param lines physical SPIs that were routed to it, with the same virtual number
     */
    public void judgeDestroyed(Domain d, int[] lines) {
        for (int spi : lines) {
            if (gic.distributor().isActive(spi)) {
                String text = d + " has been destroyed, and its interrupt " + spi
                        + " is still active in the GIC: the line never fires again, whoever gets it";
                ledger.report(new Violation(Violation.Kind.LEFT_ACTIVE, d.id(), spi, -1, text, List.of()));
                gic.distributor().deactivate(spi);
            }
        }
    }

    // ---- scheduling -------------------------------------------------------------------------------------------------

    /** With nothing to do, every interrupt that a pCPU acknowledged has been ended. */
    private void judgePriorities(Domain d) {
        for (Pcpu p : pcpus) {
            if (!gic.cpu(p.id()).isPriorityIdle()) {
                report(
                        Violation.Kind.INCONSISTENT,
                        d,
                        null,
                        null,
                        p
                                + " idles, but has never ended an interrupt that it acknowledged: no other of its priority comes");
            }
        }
    }

    private void judgeDescriptor(Domain d, PendingIrq p, IrqDesc desc) {
        boolean disabled = (desc.status().peek() & 1 << IrqDesc.IRQ_DISABLED) != 0;
        if (disabled == gic.distributor().isEnabled(desc.irq())) {
            inconsistent(
                    d,
                    p,
                    null,
                    disabled
                            ? "is enabled in the GIC, and its descriptor says that it is disabled"
                            : "is disabled in the GIC, and its descriptor says that it is enabled");
        }
    }

    private void judgeRest(Domain d, Vcpu v) {
        if (pcpuOf(v) != null) {
            return; // it turns round inside the guest
        }
        int flags = v.pauseFlags().peek();
        if (!v.runqueue().isEmpty()) {
            report(Violation.Kind.INCONSISTENT, d, null, v, v + " is on a run queue although every pCPU idles");
        } else if (flags == 0 && v.pauseCount().peek() == 0 && d.pauseCount().peek() == 0) {
            report(
                    Violation.Kind.INCONSISTENT,
                    d,
                    null,
                    v,
                    v + " may run, but neither runs nor is on a run queue (of cpu"
                            + v.processor().peek() + ", scheduler's flags 0x"
                            + Integer.toHexString(v.schedFlags().peek()) + ", is_running "
                            + v.running().peek() + ")");
        } else if ((flags & 1 << Vcpu.VPF_MIGRATING) != 0) {
            report(Violation.Kind.INCONSISTENT, d, null, v, v + " is being moved between pCPUs, and nobody ends it");
        }
    }

    // ---- lists ------------------------------------------------------------------------------------------------------

    private void judgeInflight(Domain d, Vcpu v, Seen seen) {
        ListNode<PendingIrq> head = ((VgicVcpu) v.vgic()).inflight();
        if (isBroken(d, v, head, "inflight")) {
            return;
        }
        for (ListNode<PendingIrq> n = head.next(); n != head; n = n.next()) {
            PendingIrq p = n.element();
            seen.inflight.add(p);
            if (has(p, PendingIrq.ENABLED) && !isFinished(v, p) && !isDown(v)) {
                String where = p.lrQueue().isEmpty() || !hasFreeLr(v)
                        ? ""
                        : ", in lr_pending although a list register is free";
                report(
                        Violation.Kind.LEFT_BEHIND,
                        d,
                        p,
                        v,
                        name(d, p) + ": enabled and undelivered while " + v
                                + (pcpuOf(v) == null ? " sleeps" : " turns round") + where + " (" + p.describe()
                                + ")");
            }
        }
    }

    /** Whether the guest, which has not left since, is done with {@code p}, and nothing more of it is recorded. */
    private boolean isFinished(Vcpu v, PendingIrq p) {
        Pcpu on = pcpuOf(v);
        return on != null
                && has(p, PendingIrq.VISIBLE)
                && !has(p, PendingIrq.QUEUED)
                && p.lrNumber() < driver.nrLrs()
                && (gic.cpu(on.id()).listRegister(p.lrNumber()) & VirtualCpuInterface.LR_STATE) == 0;
    }

    private void judgeLrPending(Domain d, Vcpu v, Seen seen) {
        ListNode<PendingIrq> head = ((VgicVcpu) v.vgic()).lrPending();
        if (isBroken(d, v, head, "lr_pending")) {
            return;
        }
        for (ListNode<PendingIrq> n = head.next(); n != head; n = n.next()) {
            PendingIrq p = n.element();
            seen.queued.add(p);
            if (!seen.inflight.contains(p)) {
                inconsistent(d, p, v, "is in lr_pending of " + v + " without being in flight there");
            } else if (has(p, PendingIrq.VISIBLE) || !has(p, PendingIrq.ENABLED)) {
                inconsistent(
                        d, p, v, "is in lr_pending of " + v + ", where only an enabled one outside the LRs may be");
            }
        }
    }

    /** Whether a list is not the same forwards and backwards; reports where. */
    private boolean isBroken(Domain d, Vcpu v, ListNode<PendingIrq> head, String list) {
        ListNode<PendingIrq> a = head;
        for (int steps = 0; steps < MAX_LIST; steps++) {
            ListNode<PendingIrq> b = a.next();
            if (b.prev() != a || b != head && b.element() == null) {
                PendingIrq at = b.element() != null ? b.element() : a.element();
                boolean atHead = at == null;
                at = atHead ? astray(v, b) : at;
                report(
                        Violation.Kind.INCONSISTENT,
                        d,
                        at,
                        v,
                        "the " + list + " list of " + v + " is broken"
                                + (atHead ? " at its head" : " at interrupt " + at.irq()));
                return true;
            }
            if (b == head) {
                return false;
            }
            a = b;
        }
        report(Violation.Kind.INCONSISTENT, d, a.element(), v, "the " + list + " list of " + v + " does not end");
        return true;
    }

    /** Who is to be looked at when a list is broken between two heads: who went astray, else where the second leads back to. */
    private static PendingIrq astray(Vcpu v, ListNode<PendingIrq> second) {
        PendingIrq known = ((VgicVcpu) v.vgic()).astray().peek();
        return known != null ? known : second.prev().element();
    }

    // ---- list registers ---------------------------------------------------------------------------------------------

    /** The pCPU on which {@code v} is loaded, or {@code null}. */
    private Pcpu pcpuOf(Vcpu v) {
        for (Pcpu p : pcpus) {
            if (p.current() == v) {
                return p;
            }
        }
        return null;
    }

    private long maskOf(Vcpu v) {
        Pcpu p = pcpuOf(v);
        return p == null ? driver.savedLrMask(v) : p.lrMask();
    }

    private boolean hasFreeLr(Vcpu v) {
        return maskOf(v) != -1L >>> 64 - driver.nrLrs();
    }

    private void judgeListRegisters(Domain d, Vcpu v, Seen seen) {
        Pcpu on = pcpuOf(v);
        long mask = maskOf(v);
        for (int i = 0; i < driver.nrLrs(); i++) {
            long lr = on == null ? driver.savedLr(v, i) : gic.cpu(on.id()).listRegister(i);
            boolean valid = (lr & VirtualCpuInterface.LR_STATE) != 0;
            if (!valid && (mask >>> i & 1) == 0) {
                continue;
            }
            PendingIrq p = ((VgicDomain) d.vgic()).peekInLr(v, lr);
            if (p == null) {
                report(Violation.Kind.INCONSISTENT, d, null, v, v + " has a list register for no interrupt of " + d);
                continue;
            }
            String where = "list register " + i + " of " + v;
            if ((mask >>> i & 1) == 0) {
                inconsistent(d, p, v, "is in " + where + ", which is not allocated");
            } else if (!valid && on == null) {
                inconsistent(d, p, v, "has ended in " + where + ", which is still allocated");
            }
            String other = seen.inLr.put(p, where);
            if (other != null) {
                inconsistent(d, p, v, "is in " + where + " and in " + other);
            } else if (!has(p, PendingIrq.VISIBLE) || p.lrNumber() != i) {
                inconsistent(d, p, v, "is in " + where + ", and its entry says: " + p.describe());
            }
            VgicVcpu owner = p.peekOwner();
            if (owner != null && owner != v.vgic()) {
                inconsistent(d, p, v, "is in " + where + ", and in flight on " + owner.vcpu());
            }
            if (valid) {
                judgeContents(d, v, p, lr, where, on == null);
            }
        }
    }

    /** An {@code ACTIVE} mark on a register that is only pending is left alone: Xen keeps it (H12), and it does no harm at rest. */
    private void judgeContents(Domain d, Vcpu v, PendingIrq p, long lr, String where, boolean isSaved) {
        IrqDesc desc = p.desc().peek();
        boolean hardware = (lr & VirtualCpuInterface.LR_HW) != 0;
        int physical = (int) (lr >>> VirtualCpuInterface.LR_PHYSICAL_SHIFT & VirtualCpuInterface.LR_PHYSICAL_MASK);
        if (hardware != (desc != null)) {
            inconsistent(d, p, v, "has " + where + (hardware ? " with" : " without") + " the HW bit");
        } else if (hardware && physical != desc.irq()) {
            inconsistent(d, p, v, "has " + where + " linked to physical interrupt " + physical);
        } else if (hardware && !gic.distributor().isActive(physical)) {
            inconsistent(d, p, v, "is in " + where + ", but not active in the GIC");
        }
        if (isSaved && (lr & VirtualCpuInterface.LR_ACTIVE) != 0 && !has(p, PendingIrq.ACTIVE)) {
            inconsistent(d, p, v, "is active in " + where + ", and its entry does not know");
        }
    }

    // ---- entries ----------------------------------------------------------------------------------------------------

    private void judgeEntry(Domain d, PendingIrq p, Seen seen) {
        Vcpu v = p.vcpu() < 0 ? null : d.vcpu(p.vcpu());
        boolean inflight = seen.inflight.contains(p);
        if (!p.inflight().isEmpty() && !inflight) {
            inconsistent(d, p, v, "is linked in flight, and on no vCPU's list");
        }
        if (!p.lrQueue().isEmpty() && !seen.queued.contains(p)) {
            inconsistent(d, p, v, "is linked in lr_pending, and on no vCPU's list");
        }
        if (has(p, PendingIrq.VISIBLE) && !seen.inLr.containsKey(p)) {
            inconsistent(d, p, v, "is marked VISIBLE, and is in no list register");
        }
        if (has(p, PendingIrq.ENABLED) != ((VgicDomain) d.vgic()).peekEnabled(p)) {
            inconsistent(
                    d,
                    p,
                    v,
                    "is " + (has(p, PendingIrq.ENABLED) ? "enabled" : "disabled")
                            + ", and its enable register says otherwise");
        }
        if (!inflight && p.inflight().isEmpty()) {
            if (has(p, PendingIrq.VISIBLE) || has(p, PendingIrq.MIGRATING)) {
                inconsistent(d, p, v, "is not in flight, but marked " + p.describe());
            } else if (has(p, PendingIrq.QUEUED)) {
                report(
                        Violation.Kind.LEFT_BEHIND,
                        d,
                        p,
                        v,
                        name(d, p) + ": an assertion is marked QUEUED that is on no list");
            }
        }
    }

    private static boolean has(PendingIrq p, int bit) {
        return (p.status().peek() & 1 << bit) != 0;
    }

    private static String name(Domain d, PendingIrq p) {
        return d + (p.vcpu() < 0 ? "" : "v" + p.vcpu()) + " interrupt " + p.irq();
    }

    private void inconsistent(Domain d, PendingIrq p, Vcpu v, String what) {
        report(Violation.Kind.INCONSISTENT, d, p, v, name(d, p) + " " + what);
    }

    /** A private interrupt is named together with its own vCPU, wherever it was found. */
    private void report(Violation.Kind kind, Domain d, PendingIrq p, Vcpu v, String text) {
        int vcpu = p != null && p.vcpu() >= 0 ? p.vcpu() : v == null ? -1 : v.vcpuId();
        ledger.report(new Violation(kind, d.id(), p == null ? -1 : p.irq(), vcpu, text, List.of()));
    }

    // ---- repair -----------------------------------------------------------------------------------------------------

    /**
     * Brings dead lines of a domain back to life, as an operator with a debugger would: a line that is active in the GIC while
     * nothing of it is in flight is deactivated; an assertion that is recorded and on no list is struck out. Returns how many
     * lines there were. The machine must be at rest.
     */
    public int revive(Domain d) {
        VgicDomain vd = (VgicDomain) d.vgic();
        int revived = 0;
        for (int virq = 32; virq < 32 + vd.nrSpis(); virq++) {
            PendingIrq p = vd.spi(virq);
            if (!p.inflight().isEmpty()) {
                continue;
            }
            int status = p.status().peek();
            p.status().compareAndSetOutside(status, status & ~(1 << PendingIrq.QUEUED));
            IrqDesc desc = p.desc().peek();
            if (desc == null || ledger.isSettled(desc.irq())) {
                continue;
            }
            if (gic.distributor().isActive(desc.irq())) {
                ledger.forgive(desc.irq());
                gic.distributor().deactivate(desc.irq());
                revived++;
            } else if (!gic.distributor().isPending(desc.irq())) {
                ledger.forgive(desc.irq()); // delivered to nobody, and reported as lost
            }
        }
        return revived;
    }
}

package org.smpvisor.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.HdrHistogram.Histogram;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.TimerAbi;
import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.gic.hw.SpiInputs;
import org.smpvisor.trace.Witness;

/**
 * The history half of the oracle: exact accounts per interrupt source, kept with plain single-writer stores, so that keeping
 * them orders nothing in the model.
 *
 * <p>A physical SPI carries the generation number of its assertion: every generation must be acknowledged by a guest exactly
 * once, in order, on a vCPU that was its target at some moment since the raise. An SGI or virtual SPI has no generation;
 * there each raiser counts its raises before it makes them, an acknowledge notes how far the counts had come, and at rest no
 * count may be ahead of its note; and there may never be more acknowledges than raises.
 *
 * <p>The routes of virtual SPIs are numbered in epochs. A raise that was complete before the last acknowledge but one has been
 * answered, at the latest, by the last one: the second of two raises may find the first in a list register and wait until that
 * was acknowledged, and a third merges with the second. So an acknowledge must be on a vCPU that was the target since the last
 * but one, or since a raise began that was still under way then.
 *
 * <p>Timers and events have accounts of their own, see {@link TimerLedger}.
 */
public final class Ledger implements Witness {
    private static final int INTIDS = 1024;
    private static final int MAX_KEPT = 200;
    private static final long NOW = Long.MAX_VALUE;
    private static final long NEVER = -1;
    private static final long MAX_LATENCY_NANOS = 60_000_000_000L;
    private static final int SPI_SOURCES = 256;
    private static final long IDLE = Long.MAX_VALUE;
    private static final int SAMPLE = 16;

    /** The account of one domain. */
    private static final class Domain {
        final int vcpus;
        /** Generation until which a vCPU was target of a physical SPI: NOW if it is, NEVER if it was not. */
        final HwWords targetUntil;
        /** The same for a virtual SPI, in epochs of its route. */
        final HwWords targetUntilEpoch;
        /** Route changes of each SPI so far; written under its rank lock. */
        final HwWords epoch;
        /** Epoch in which a raise began that has not ended, per (source, raiser); IDLE for none. */
        final HwWords raising;
        /** Earliest epoch of a raise that the last acknowledge of a source, and the one before it, could leave behind. */
        final HwWords bound;

        final HwWords boundBefore;
        /** Raises begun, per (source, raiser). */
        final HwWords begun;
        /** Raises begun as the last acknowledge of the source saw them. */
        final HwWords seen;
        /** Acknowledges per source. */
        final HwWords acks;
        /** Timers and events. */
        final TimerLedger timers;

        Domain(int vcpus, int pcpus) {
            this.vcpus = vcpus;
            this.timers = new TimerLedger(vcpus, pcpus);
            this.targetUntil = new HwWords(INTIDS * vcpus);
            int sources = vcpus * GicAbi.NR_SGIS + SPI_SOURCES;
            this.begun = new HwWords(sources * vcpus);
            this.seen = new HwWords(sources * vcpus);
            this.acks = new HwWords(sources);
            this.epoch = new HwWords(INTIDS);
            this.targetUntilEpoch = new HwWords(INTIDS * vcpus);
            this.raising = new HwWords(sources * vcpus);
            this.bound = new HwWords(sources);
            this.boundBefore = new HwWords(sources);
            clear();
        }

        /** As for a domain that has just been created. */
        void clear() {
            fill(begun, 0);
            fill(seen, 0);
            fill(acks, 0);
            fill(epoch, 0);
            fill(bound, 0);
            fill(boundBefore, 0);
            fill(raising, IDLE);
            timers.clear();
            for (int i = 0; i < INTIDS; i++) {
                for (int v = 0; v < vcpus; v++) {
                    targetUntil.setOpaque(i * vcpus + v, v == 0 ? NOW : NEVER);
                    targetUntilEpoch.setOpaque(i * vcpus + v, v == 0 ? NOW : NEVER);
                }
            }
        }

        private static void fill(HwWords words, long value) {
            for (int i = 0; i < words.length(); i++) {
                words.setOpaque(i, value);
            }
        }

        int sgiSource(int vcpu, int sgi) {
            return vcpu * GicAbi.NR_SGIS + sgi;
        }

        int spiSource(int virq) {
            return vcpus * GicAbi.NR_SGIS + virq % SPI_SOURCES;
        }
    }

    private final Domain[] domains;
    private final HwWords acked = new HwWords(INTIDS);
    /** Generation until which a guest has taken back what was not acknowledged; NOW while it does. */
    private final HwWords clearedUntil = new HwWords(INTIDS);

    private final HwWords lost = HwWords.padded(1);
    private final Histogram[] latency;
    private final ConcurrentLinkedQueue<Violation> violations = new ConcurrentLinkedQueue<>();
    private final AtomicInteger[] counts = new AtomicInteger[Violation.Kind.values().length];
    private final AtomicInteger kept = new AtomicInteger();
    /** Whether an assertion of (domain, INTID) was forgotten lately; the last word says whether any was. */
    private final HwWords dropped;

    private final Map<Integer, List<String>> stories = new ConcurrentHashMap<>();
    private SpiInputs gic;
    private LatencyClock clock = (spi, generation, now) -> -1;
    private Historian historian = (domain, intid) -> List.of();

    /** Tells what is known of an interrupt, for the story of a violation; called at the moment it is noticed. */
    public interface Historian {
        List<String> history(int domain, int intid);
    }

    /** Tells how long ago a generation of a physical SPI was made; -1 if that is not known. */
    public interface LatencyClock {
        long age(int spi, long generation, long now);
    }

    /**
     * @param domains number of domains, ids 1..domains
     * @param vcpus vCPUs of each
     */
    public Ledger(int domains, int vcpus, int pcpus) {
        this.domains = new Domain[domains + 1];
        for (int i = 1; i <= domains; i++) {
            this.domains[i] = new Domain(vcpus, pcpus);
        }
        this.dropped = new HwWords((domains + 1) * INTIDS + 1);
        this.latency = new Histogram[pcpus];
        for (int i = 0; i < pcpus; i++) {
            latency[i] = new Histogram(MAX_LATENCY_NANOS, 2);
        }
        for (int i = 0; i < counts.length; i++) {
            counts[i] = new AtomicInteger();
        }
    }

    /** Connects the hardware whose generations are accounted, before the machine starts. */
    public void connect(SpiInputs distributor, LatencyClock latencyClock, Historian h) {
        this.gic = distributor;
        this.clock = latencyClock;
        this.historian = h;
    }

    // ---- raises by guests -------------------------------------------------------------------------------------------

    @Override
    public void guestSgiBegins(Pcpu cpu, Vcpu sender, long sgir) {
        Domain d = domains[sender.domain().id()];
        int sgi = (int) (sgir >>> 24) & 0xf;
        account(cpu, sgi);
        if ((sgir >>> 40 & 1) != 0) {
            for (int t = 0; t < d.vcpus; t++) {
                if (t != sender.vcpuId()) {
                    begin(d, d.sgiSource(t, sgi), sender.vcpuId());
                }
            }
            return;
        }
        int base = ((int) (sgir >>> 16) & 0xff) * 16;
        for (int list = (int) sgir & 0xffff; list != 0; list &= list - 1) {
            int t = base + Integer.numberOfTrailingZeros(list);
            if (t < d.vcpus) {
                begin(d, d.sgiSource(t, sgi), sender.vcpuId());
            }
        }
    }

    @Override
    public void guestStoreBegins(Pcpu cpu, Vcpu v, long address, long value) {
        long o = address - GicAbi.GUEST_GICD_BASE - GicAbi.GICD_ISPENDR;
        if (o < 4 || o >= 0x80) {
            return;
        }
        Domain d = domains[v.domain().id()];
        for (long bits = value & 0xffffffffL; bits != 0; bits &= bits - 1) {
            int virq = (int) o * 8 + Long.numberOfTrailingZeros(bits);
            account(cpu, virq);
            d.raising.setOpaque(d.spiSource(virq) * d.vcpus + v.vcpuId(), d.epoch.getOpaque(virq));
            begin(d, d.spiSource(virq), v.vcpuId());
        }
    }

    @Override
    public void guestStoreEnds(Pcpu cpu, Vcpu v, long address, long value) {
        long o = address - GicAbi.GUEST_GICD_BASE - GicAbi.GICD_ISPENDR;
        if (o < 4 || o >= 0x80) {
            return;
        }
        Domain d = domains[v.domain().id()];
        for (long bits = value & 0xffffffffL; bits != 0; bits &= bits - 1) {
            int virq = (int) o * 8 + Long.numberOfTrailingZeros(bits);
            account(cpu, virq);
            d.raising.setOpaque(d.spiSource(virq) * d.vcpus + v.vcpuId(), IDLE);
        }
    }

    /** The accounts of a virtual interrupt are looked at or changed: controlled runs note which step does that. */
    private static void account(Pcpu cpu, int virq) {
        Memory m = cpu.memory();
        if (m != null) {
            m.touchesAccount(virq);
        }
    }

    private static void begin(Domain d, int source, int raiser) {
        int i = source * d.vcpus + raiser;
        d.begun.setOpaque(i, d.begun.getOpaque(i) + 1);
    }

    // ---- timers and events ------------------------------------------------------------------------------------------

    @Override
    public void guestTimerWritten(Pcpu cpu, Vcpu v, int ppi, boolean armed, long deadline) {
        account(cpu, ppi);
        domains[v.domain().id()].timers.written(v.vcpuId(), ppi, armed, deadline, cpu.time());
    }

    @Override
    public void upcallRaised(Pcpu cpu, Vcpu v) {
        account(cpu, TimerAbi.EVTCHN_PPI);
        domains[v.domain().id()].timers.upcall(v.vcpuId(), cpu.id());
    }

    /**
     * At rest, when no timer is left to expire: reports those of a domain that were armed and never came.
     *
     * @param isDown whether a vCPU is off: its timers come to nothing
     */
    void judgeTimers(int domain, IntPredicate isDown) {
        domains[domain].timers.judge(isDown, (vcpu, ppi) -> {
            lost.getAndAdd(0, 1);
            report(new Violation(
                    Violation.Kind.LOST,
                    domain,
                    ppi,
                    vcpu,
                    "d" + domain + "v" + vcpu + " interrupt " + ppi
                            + ": the timer was armed, and no interrupt came when it" + " had expired",
                    List.of()));
        });
    }

    /** Expiries of timers, and events, that guests were to be interrupted for. */
    public long timersAndEvents() {
        long n = 0;
        for (Domain d : domains) {
            n += d == null ? 0 : d.timers.raised();
        }
        return n;
    }

    // ---- acknowledges -----------------------------------------------------------------------------------------------

    @Override
    public void guestAck(Pcpu cpu, Vcpu v, int virq, int physical, long generation) {
        Domain d = domains[v.domain().id()];
        account(cpu, virq);
        if (physical >= 0) {
            ackPhysical(cpu, v, d, virq, physical, generation);
        } else if (virq >= GicAbi.NR_SGIS && virq < GicAbi.NR_LOCAL_IRQS) {
            ackLocal(cpu, v, d, virq);
        } else {
            ackVirtual(v, d, virq);
        }
    }

    private void ackPhysical(Pcpu cpu, Vcpu v, Domain d, int virq, int physical, long generation) {
        long before = acked.getOpaque(physical);
        long step = generation - before & 0xffffffffL;
        if (step == 0) {
            report(Violation.Kind.DUPLICATED, v, virq, "generation " + generation + " is acknowledged a second time");
        } else if (step != 1 && !isCleared(physical, generation - 1)) {
            lost.getAndAdd(0, step - 1);
            report(Violation.Kind.LOST, v, virq, skipped(before + 1, generation - 1));
        }
        acked.setOpaque(physical, generation);
        long until = d.targetUntil.getOpaque(virq * d.vcpus + v.vcpuId());
        if (until != NOW && generation > until) {
            report(
                    Violation.Kind.WRONG_TARGET,
                    v,
                    virq,
                    "generation " + generation + " is delivered to vCPU " + v.vcpuId() + ", which "
                            + (until == NEVER
                                    ? "never was its target"
                                    : "ceased to be its target at generation " + until));
        }
        if (generation % SAMPLE == 0) {
            long age = clock.age(physical, generation, cpu.engine().now());
            if (age >= 0) {
                latency[cpu.id()].recordValue(Math.min(MAX_LATENCY_NANOS, age));
            }
        }
    }

    private void ackLocal(Pcpu cpu, Vcpu v, Domain d, int virq) {
        String wrong = virq == TimerAbi.EVTCHN_PPI
                ? d.timers.upcallAcknowledged(v.vcpuId())
                : d.timers.acknowledged(v.vcpuId(), virq, cpu.time());
        if (wrong != null) {
            report(Violation.Kind.DUPLICATED, v, virq, wrong);
        }
    }

    private void ackVirtual(Vcpu v, Domain d, int virq) {
        int source = virq < GicAbi.NR_SGIS ? d.sgiSource(v.vcpuId(), virq) : d.spiSource(virq);
        long n = d.acks.getOpaque(source) + 1;
        d.acks.setOpaque(source, n);
        long raises = 0;
        for (int r = 0; r < d.vcpus; r++) {
            long b = d.begun.getOpaque(source * d.vcpus + r);
            d.seen.setOpaque(source * d.vcpus + r, b);
            raises += b;
        }
        if (n > raises) {
            report(Violation.Kind.DUPLICATED, v, virq, "acknowledged " + n + " times, raised " + raises + " times");
            d.acks.setOpaque(source, raises); // one too many is reported once
        }
        if (virq >= GicAbi.NR_LOCAL_IRQS) {
            judgeTarget(v, d, virq, source);
        }
    }

    private void judgeTarget(Vcpu v, Domain d, int virq, int source) {
        long until = d.targetUntilEpoch.getOpaque(virq * d.vcpus + v.vcpuId());
        long since = d.boundBefore.getOpaque(source);
        if (until < since) {
            report(
                    Violation.Kind.WRONG_TARGET,
                    v,
                    virq,
                    "is delivered to vCPU " + v.vcpuId() + ", which "
                            + (until == NEVER
                                    ? "never was its target"
                                    : "ceased to be its target " + (since - until)
                                            + " route changes before the raise"));
        }
        long now = d.epoch.getOpaque(virq);
        for (int r = 0; r < d.vcpus; r++) {
            now = Math.min(now, d.raising.getOpaque(source * d.vcpus + r));
        }
        d.boundBefore.setOpaque(source, d.bound.getOpaque(source));
        d.bound.setOpaque(source, now);
    }

    private static String skipped(long from, long to) {
        return from == to
                ? "generation " + from + " was skipped"
                : "generations " + from + " to " + to + " were skipped";
    }

    /** An assertion was forgotten: its story is asked for by {@link #rememberDropped} before the rings run over it. */
    @Override
    public void assertionDropped(int domain, int virq) {
        dropped.setOpaque(domain * INTIDS + virq, 1);
        dropped.setOpaque(dropped.length() - 1, 1);
    }

    /** Takes down the stories of assertions that were forgotten lately; called often, from outside the machine. */
    public void rememberDropped() {
        if (dropped.getOpaque(dropped.length() - 1) == 0) {
            return;
        }
        dropped.setOpaque(dropped.length() - 1, 0);
        for (int i = 0; i < dropped.length() - 1; i++) {
            if (dropped.getOpaque(i) != 0) {
                dropped.setOpaque(i, 0);
                stories.put(i, historian.history(i / INTIDS, i % INTIDS));
            }
        }
    }

    // ---- what guests take back --------------------------------------------------------------------------------------

    @Override
    public void clearBegins(Pcpu cpu, Vcpu v, int virq, int physical) {
        account(cpu, virq);
        if (physical >= 0) {
            clearedUntil.setOpaque(physical, NOW);
        }
    }

    /** Of a virtual interrupt all raises that have begun count as seen: nobody will acknowledge them, or not any more. */
    @Override
    public void clearEnds(Pcpu cpu, Vcpu v, int virq, int physical) {
        account(cpu, virq);
        if (physical >= 0) {
            clearedUntil.setOpaque(physical, gic.generation(physical));
            return;
        }
        Domain d = domains[v.domain().id()];
        int source = virq < GicAbi.NR_SGIS ? d.sgiSource(v.vcpuId(), virq) : d.spiSource(virq);
        for (int r = 0; r < d.vcpus; r++) {
            d.seen.setOpaque(source * d.vcpus + r, d.begun.getOpaque(source * d.vcpus + r));
        }
    }

    /** Whether a guest has taken back the generations up to {@code generation}, or is about to. */
    private boolean isCleared(int physical, long generation) {
        return generation <= clearedUntil.getOpaque(physical);
    }

    // ---- routes -----------------------------------------------------------------------------------------------------

    @Override
    public void routeBegins(Pcpu cpu, int domain, int virq, int from, int to) {
        Domain d = domains[domain];
        account(cpu, virq);
        d.targetUntil.setOpaque(virq * d.vcpus + to, NOW);
        d.targetUntilEpoch.setOpaque(virq * d.vcpus + to, NOW);
    }

    @Override
    public void routeEnds(Pcpu cpu, int domain, int virq, int from, int to) {
        Domain d = domains[domain];
        account(cpu, virq);
        d.targetUntil.setOpaque(virq * d.vcpus + from, gic.generation(virq));
        long epoch = d.epoch.getOpaque(virq);
        d.targetUntilEpoch.setOpaque(virq * d.vcpus + from, epoch);
        d.epoch.setOpaque(virq, epoch + 1);
    }

    // ---- legal ends -------------------------------------------------------------------------------------------------

    @Override
    public void assertionEnded(Pcpu cpu, int domain, int virq, int physical) {
        account(cpu, virq);
        acked.setOpaque(physical, gic.acknowledgedGeneration(physical));
    }

    /** What others sent it while it was down has ended. */
    @Override
    public void vcpuReset(Pcpu cpu, Vcpu v) {
        Domain d = domains[v.domain().id()];
        for (int sgi = 0; sgi < GicAbi.NR_SGIS; sgi++) {
            account(cpu, sgi);
            forgetRaises(d, d.sgiSource(v.vcpuId(), sgi));
        }
        d.timers.reset(v.vcpuId(), cpu.engine().now());
    }

    private static void forgetRaises(Domain d, int source) {
        for (int r = 0; r < d.vcpus; r++) {
            d.seen.setOpaque(source * d.vcpus + r, d.begun.getOpaque(source * d.vcpus + r));
        }
    }

    @Override
    public void domainDestroyed(Pcpu cpu, org.smpvisor.domain.Domain dead) {
        domains[dead.id()].clear();
    }

    /** What its device did before is nobody's any more, but for what is pending still. */
    @Override
    public void lineGiven(Pcpu cpu, org.smpvisor.domain.Domain owner, int physical) {
        acked.setOpaque(physical, gic.generation(physical) - (gic.isPending(physical) ? 1 : 0));
    }

    // ---- judging ----------------------------------------------------------------------------------------------------

    private void report(Violation.Kind kind, Vcpu v, int virq, String text) {
        report(new Violation(
                kind, v.domain().id(), virq, v.vcpuId(), v.domain() + " interrupt " + virq + ": " + text, List.of()));
    }

    /** Records a violation; the first few hundred of a round are kept, all are counted. */
    void report(Violation v) {
        counts[v.kind().ordinal()].getAndIncrement();
        if (kept.getAndIncrement() < MAX_KEPT) {
            violations.add(v.intid() < 0 ? v : v.withHistory(story(v)));
        }
    }

    private List<String> story(Violation v) {
        List<String> remembered = v.kind() == Violation.Kind.LOST ? stories.get(v.domain() * INTIDS + v.intid()) : null;
        return remembered != null ? remembered : historian.history(v.domain(), v.intid());
    }

    /** Takes the violations found since the last call. */
    public List<Violation> drain() {
        List<Violation> out = new ArrayList<>();
        kept.set(0);
        for (Violation v = violations.poll(); v != null; v = violations.poll()) {
            out.add(v);
        }
        return out;
    }

    /** How many violations of a kind were found. */
    public int count(Violation.Kind kind) {
        return counts[kind.ordinal()].get();
    }

    /** Raises lost, those included that were skipped over. */
    public long lost() {
        return lost.getOpaque(0);
    }

    /** At rest: whether the last raise of the physical SPI was acknowledged by a guest. */
    boolean isSettled(int physical) {
        long raised = gic.generation(physical);
        return acked.getOpaque(physical) == raised || isCleared(physical, raised);
    }

    /** At rest: reports what was raised and never acknowledged. */
    void judgeLine(int domain, int virq, int physical, boolean isInLr) {
        long raised = gic.generation(physical);
        long seen = acked.getOpaque(physical);
        if (raised == seen || isCleared(physical, raised)) {
            if (gic.isActive(physical) && !isInLr) {
                report(new Violation(
                        Violation.Kind.INCONSISTENT,
                        domain,
                        virq,
                        -1,
                        "d" + domain + " interrupt " + virq
                                + ": every raise was seen, but it is still active in the GIC at rest",
                        List.of()));
            }
            return;
        }
        boolean dead = gic.isActive(physical) && !isInLr;
        long gone = (dead ? gic.acknowledgedGeneration(physical) : raised) - seen;
        lost.getAndAdd(0, Math.max(1, gone));
        String how = "";
        if (dead) {
            how = "; generation " + gic.acknowledgedGeneration(physical)
                    + " is active in the GIC without a list register, so the" + " line never fires again"
                    + (raised > seen + gone ? ", and what was raised since waits behind it" : "");
        }
        report(new Violation(
                Violation.Kind.LOST,
                domain,
                virq,
                -1,
                "d" + domain + " interrupt " + virq + ": raised " + raised + " times, the guest saw " + seen + how,
                List.of()));
    }

    /** Assertions of a physical line that no guest has acknowledged yet; may be out of date at once. */
    public long outstanding(int physical) {
        return Math.max(0, gic.generation(physical) - acked.getOpaque(physical));
    }

    /** At rest: takes the account of a line to where the hardware is, after a loss was reported. */
    void forgive(int physical) {
        boolean dead = gic.isActive(physical);
        acked.setOpaque(physical, dead ? gic.acknowledgedGeneration(physical) : gic.generation(physical));
    }

    /**
     * At rest: reports SGIs and virtual SPIs of a domain that were raised and not acknowledged afterwards.
     *
     * @param isDown whether the vCPU that an SPI is routed to (from 32 on), or a vCPU itself (below, as -1 - id), is down: what was
     *     sent to it has ended
     */
    void judgeVirtual(int domain, IntPredicate isDown) {
        Domain d = domains[domain];
        for (int s = 0; s < d.acks.length(); s++) {
            int owner = s < d.vcpus * GicAbi.NR_SGIS ? -1 - s / GicAbi.NR_SGIS : s - d.vcpus * GicAbi.NR_SGIS;
            if (isDown.test(owner)) {
                forgetRaises(d, s);
            }
            long raises = 0;
            for (int r = 0; r < d.vcpus; r++) {
                int i = s * d.vcpus + r;
                raises += d.begun.getOpaque(i);
                if (d.begun.getOpaque(i) != d.seen.getOpaque(i)) {
                    boolean sgi = s < d.vcpus * GicAbi.NR_SGIS;
                    int virq = sgi ? s % GicAbi.NR_SGIS : s - d.vcpus * GicAbi.NR_SGIS;
                    int vcpu = sgi ? s / GicAbi.NR_SGIS : -1;
                    lost.getAndAdd(0, 1);
                    report(new Violation(
                            Violation.Kind.LOST,
                            domain,
                            virq,
                            vcpu,
                            "d" + domain + (sgi ? "v" + vcpu + " SGI " : " virtual SPI ") + virq
                                    + ": the last raise by vCPU " + r + " was never acknowledged",
                            List.of()));
                    d.seen.setOpaque(i, d.begun.getOpaque(i));
                }
            }
            d.acks.setOpaque(s, raises); // what coalesced in this round is no credit for the next
        }
    }

    /** SPIs that guests have set pending themselves. */
    public long setPending() {
        long n = 0;
        for (Domain d : domains) {
            for (int i = d == null ? 0 : d.vcpus * GicAbi.NR_SGIS * d.vcpus; d != null && i < d.begun.length(); i++) {
                n += d.begun.getOpaque(i);
            }
        }
        return n;
    }

    /** Latency from raise to guest acknowledge, sampled on every 16th generation; at rest or after the run. */
    public Histogram latency() {
        Histogram all = new Histogram(MAX_LATENCY_NANOS, 2);
        for (Histogram h : latency) {
            all.add(h);
        }
        return all;
    }
}

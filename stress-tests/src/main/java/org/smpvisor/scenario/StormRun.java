package org.smpvisor.scenario;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.guest.GuestMemory;
import org.smpvisor.guest.StormGuest;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.machine.DomainSpec;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.oracle.Audit;
import org.smpvisor.oracle.Ledger;
import org.smpvisor.oracle.Violation;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.vgic.rank.FaultPlan;

/**
 * One native stress run: rounds of storm, each followed by rest, at which the oracle judges. The environment is the calling
 * thread: it touches lines only; what needs Xen is posted to a pCPU.
 */
public final class StormRun {
    private static final long ROUND_NANOS = 400_000_000L;
    private static final double PATIENCE_SECONDS = 8;
    private static final int PHYSICAL = 255;
    private static final int MAX_HISTORY = 40;
    private static final int FIRST_VIRTUAL_LINE = 200;
    private static final int MAX_FINDINGS = 1_000;

    /** Told how the run goes, a few times a second, by the running thread. */
    public interface Listener {
        void progress(StormRun run, double seconds);

        /** A new finding. */
        void found(Finding finding);
    }

    private final RunOptions options;
    private final Listener listener;
    private final Marks marks;
    private final FaultPlan faults;
    private final Ledger ledger;
    private final List<GuestMemory> memories = new ArrayList<>();
    private final Machine machine;
    private final Audit audit;
    private final Explainer explainer;
    private final SplittableRandom rng;
    private final List<Finding> findings = new ArrayList<>();
    private final int[] lines;
    private final int console;
    private long revived;
    private int rounds;
    private int lockViolationsSeen;
    private int unexplained;
    private Watchdog.Hang hang;
    private long startedAt;
    private double stormSeconds;
    private volatile boolean interrupted;

    /** Assembles the machine of a run. */
    public StormRun(RunOptions options, Listener listener) {
        this.options = options;
        this.listener = listener;
        this.marks = new Marks(options.domains() + 1);
        this.faults = new FaultPlan(options.variant().fault());
        this.ledger = new Ledger(options.domains(), options.vcpus(), options.pcpus());
        this.rng = new SplittableRandom(options.seed());
        MachineDescription description = options.description();
        List<DomainSpec> domains = domains(description);
        this.lines = domains.stream()
                .flatMap(d -> d.lines().stream())
                .mapToInt(MachineDescription.Irq::intid)
                .toArray();
        this.console = description.console().isPresent() && description.console().get().spi().isPresent()
                ? description.console().get().spi().getAsInt()
                : -1;
        MachineSpec base = MachineSpec.of(description, options.variant());
        this.machine = new Machine(new MachineSpec(
                description,
                base.gicLines(),
                base.listRegisters(),
                base.priorityBits(),
                options.variant(),
                marks,
                faults,
                domains,
                options.validate(),
                base.events(),
                base.registers(),
                ledger,
                line -> {}));
        ledger.connect(machine.hardware().distributor(), machine.devices()::raisedAt, this::history);
        this.audit = new Audit(ledger, machine.hardware().distributor(), machine.driver());
        this.explainer = new Explainer(marks);
    }

    /** Deals the tree's device lines out to the domains, the console's excepted. */
    private List<DomainSpec> domains(MachineDescription description) {
        int uart = description.console().isPresent() && description.console().get().spi().isPresent()
                ? description.console().get().spi().getAsInt()
                : -1;
        List<MachineDescription.Irq> free = new ArrayList<>();
        for (MachineDescription.Device d : description.devices()) {
            for (MachineDescription.Irq i : d.interrupts()) {
                boolean known = free.stream().anyMatch(f -> f.intid() == i.intid());
                if (i.isSpi() && i.intid() != uart && i.intid() < FIRST_VIRTUAL_LINE && !known) {
                    free.add(i);
                }
            }
        }
        // Level-sensitive lines are few on most machines: deal them out first, so that every domain gets some.
        free.sort(Comparator.comparing((MachineDescription.Irq i) -> i.trigger() == MachineDescription.Trigger.EDGE));
        List<DomainSpec> out = new ArrayList<>();
        Scenario s = options.scenario();
        for (int d = 0; d < options.domains(); d++) {
            List<MachineDescription.Irq> mine = new ArrayList<>();
            for (int i = d; i < free.size() && mine.size() < s.lines(); i += options.domains()) {
                mine.add(free.get(i));
            }
            if (s.lines() > 0 && mine.isEmpty()) {
                throw new IllegalArgumentException("the device tree has " + free.size()
                        + " device interrupts, too few for scenario " + s.name() + " with " + options.domains() + " domains");
            }
            int[] virtual = new int[s.virtualLines()];
            for (int i = 0; i < virtual.length; i++) {
                virtual[i] = FIRST_VIRTUAL_LINE + i;
            }
            boolean[] level = new boolean[mine.size()];
            for (int i = 0; i < level.length; i++) {
                level[i] = mine.get(i).trigger() == MachineDescription.Trigger.LEVEL;
            }
            GuestMemory memory = new GuestMemory(
                    mine.stream().mapToInt(MachineDescription.Irq::intid).toArray(), level, virtual);
            memories.add(memory);
            long seed = rng.nextLong() | 1;
            out.add(new DomainSpec(options.vcpus(), mine, id -> new StormGuest(s.plan(), memory, seed + id)));
        }
        return out;
    }

    // ---- the run ----------------------------------------------------------------------------------------------------

    /** Runs to the end and returns the record. Called once. */
    public RunRecord run() {
        startedAt = System.nanoTime();
        machine.start();
        long end = startedAt + (long) (options.seconds() * 1e9);
        Watchdog watchdog = new Watchdog(machine, PATIENCE_SECONDS);
        while (goesOn() && System.nanoTime() < end) {
            storm(Math.min(end, System.nanoTime() + ROUND_NANOS), watchdog);
            if (goesOn() || interrupted) {
                comeToRest(watchdog);
            }
            if (hang == null && machine.failure() == null) {
                judge();
            }
            rounds++;
        }
        stormSeconds = (System.nanoTime() - startedAt) / 1e9;
        RunRecord record = record();
        machine.close();
        return record;
    }

    private boolean goesOn() {
        return !interrupted && hang == null && machine.failure() == null && findings.size() < MAX_FINDINGS;
    }

    /** Ends the run early, from another thread; it comes to rest and is judged first. */
    public void interrupt() {
        interrupted = true;
    }

    private void storm(long until, Watchdog watchdog) {
        setResting(false);
        faults.arm();
        Scenario.Environment env = options.scenario().environment();
        long nextReport = 0;
        for (int burst = 1; System.nanoTime() < until && goesOn() && !stopsForFault(); burst++) {
            raise(env);
            if (every(env.moveEvery(), burst)) {
                postMove();
            }
            if (every(env.consoleEvery(), burst) && console >= 0) {
                machine.hardware().distributor().raise(console);
            }
            if (every(env.crossCallEvery(), burst)) {
                machine.post(rng.nextInt(options.pcpus()), cpu -> machine.crossCall().onOthers(cpu, c -> {}));
            }
            long now = System.nanoTime();
            if (now > nextReport) {
                nextReport = now + 200_000_000L;
                listener.progress(this, elapsed());
                hang = watchdog.look();
            }
            LockSupport.parkNanos(env.pauseMicros() * 1_000L);
        }
    }

    /** A planted fault is judged at once, before later events can paper over it. */
    private boolean stopsForFault() {
        return options.variant().fault() != null && faults.hasFired();
    }

    private static boolean every(int n, int burst) {
        return n > 0 && burst % n == 0;
    }

    private void raise(Scenario.Environment env) {
        if (lines.length == 0) {
            return;
        }
        for (int i = 0; i < env.burst(); i++) {
            raiseLine(lines[rng.nextInt(lines.length)]);
        }
        int line = lines[rng.nextInt(lines.length)];
        for (int i = 0; i < env.hammer(); i++) {
            raiseLine(line);
        }
    }

    private void raiseLine(int spi) {
        if (machine.devices().raise(spi)) {
            machine.environmentEvents()
                    .record(Event.LINE, PHYSICAL, spi, (int) machine.hardware().distributor().generation(spi));
        }
    }

    private void postMove() {
        Domain d = machine.domains().get(rng.nextInt(options.domains()));
        Vcpu v = d.vcpu(rng.nextInt(options.vcpus()));
        int to = rng.nextInt(options.pcpus());
        Tasklets.Work move = cpu -> machine.scheduler().migrate(cpu, v, to);
        machine.post(rng.nextInt(options.pcpus()), move);
    }

    private void setResting(boolean resting) {
        for (GuestMemory m : memories) {
            m.setResting(resting);
        }
        machine.devices().setOpen(!resting);
        if (!resting) {
            // Sleeping vCPUs notice by an interrupt only: wake them all.
            for (Domain d : machine.domains()) {
                for (int i = 0; i < d.maxVcpus(); i++) {
                    Vcpu v = d.vcpu(i);
                    machine.post(i % options.pcpus(), cpu -> machine.scheduler().unblock(cpu, v));
                }
            }
        }
    }

    private void comeToRest(Watchdog watchdog) {
        setResting(true);
        int calm = 0;
        long lastSteps = -1;
        long nextLook = System.nanoTime() + 200_000_000L;
        long giveUp = System.nanoTime() + (long) (3 * PATIENCE_SECONDS * 1e9);
        while (calm < 3 && hang == null && machine.failure() == null) {
            LockSupport.parkNanos(200_000);
            long steps = activity();
            calm = machine.isAtRest() && steps == lastSteps ? calm + 1 : 0;
            lastSteps = steps;
            long now = System.nanoTime();
            if (now > nextLook) {
                nextLook = now + 200_000_000L;
                hang = watchdog.look();
                if (hang == null && now > giveUp) {
                    hang = watchdog.report();
                }
            }
        }
    }

    private long activity() {
        return machine.total(Counter.GUEST_STEPS) + machine.total(Counter.CONTEXT_SWITCHES) + machine.total(Counter.IRQS_IN_XEN);
    }

    // ---- judging ----------------------------------------------------------------------------------------------------

    private void judge() {
        for (Domain d : machine.domains()) {
            audit.judge(d);
        }
        for (Violation v : ledger.drain()) {
            add(v);
        }
        List<LockViolation> locking = machine.validator().violations();
        for (; lockViolationsSeen < locking.size(); lockViolationsSeen++) {
            LockViolation l = locking.get(lockViolationsSeen);
            List<String> both = new ArrayList<>();
            l.here().lines().forEach(both::add);
            if (!l.there().isEmpty()) {
                both.add("  the other half:");
                l.there().lines().forEach(both::add);
            }
            add(new Violation(Violation.Kind.LOCKING, 0, -1, -1, l.rule() + ": " + l.text(), both));
        }
        for (Domain d : machine.domains()) {
            revived += audit.revive(d);
            for (int i = 0; i < d.maxVcpus(); i++) {
                Vcpu v = d.vcpu(i);
                if (!machine.vgicOf(d).domain().isDying() && hasLeftover(v)) {
                    machine.post(i % options.pcpus(), cpu -> machine.scheduler().kick(cpu, v));
                }
            }
        }
        marks.forget();
    }

    private static boolean hasLeftover(Vcpu v) {
        return !((org.smpvisor.vgic.rank.VgicVcpu) v.vgic()).inflight().isEmpty();
    }

    private void add(Violation v) {
        Quirk by = explainer.explain(v);
        Finding f = new Finding(v, by, elapsed(), machine.total(Counter.MIGRATIONS));
        findings.add(f);
        if (by == null) {
            unexplained++;
        }
        listener.found(f);
    }

    private List<String> history(int domain, int intid) {
        List<EventRing.Entry> all = new ArrayList<>();
        for (Pcpu p : machine.pcpus()) {
            p.events().collect(domain, intid, all);
            if (intid >= 32) {
                p.events().collect(PHYSICAL, intid, all);
            }
        }
        if (intid >= 32) {
            machine.environmentEvents().collect(PHYSICAL, intid, all);
        }
        all.sort(Comparator.comparingLong(EventRing.Entry::nanos));
        List<String> out = new ArrayList<>();
        int from = Math.max(0, all.size() - MAX_HISTORY);
        for (EventRing.Entry e : all.subList(from, all.size())) {
            out.add(String.format(
                    "%12.3f us  %-7s %s %d",
                    (e.nanos() - all.get(all.size() - 1).nanos()) / 1e3, e.source(), e.kind().text(), e.arg()));
        }
        return out;
    }

    // ---- figures ----------------------------------------------------------------------------------------------------

    /** Seconds since the machine started to boot. */
    public double elapsed() {
        return (System.nanoTime() - startedAt) / 1e9;
    }

    public Machine machine() {
        return machine;
    }

    /** Findings so far. */
    public int findings() {
        return findings.size();
    }

    private RunRecord record() {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (Counter c : Counter.values()) {
            counters.put(c.name(), machine.total(c));
        }
        Map<String, Long> unmet = new TreeMap<>();
        for (Counter c : options.scenario().promises().keySet()) {
            long required = options.scenario().required(c, options.seconds());
            if (machine.total(c) < required) {
                unmet.put(c.name(), required);
            }
        }
        Map<String, Integer> kinds = new LinkedHashMap<>();
        for (Violation.Kind k : Violation.Kind.values()) {
            if (ledger.count(k) > 0) {
                kinds.put(k.name(), ledger.count(k));
            }
        }
        if (lockViolationsSeen > 0) {
            kinds.put(Violation.Kind.LOCKING.name(), lockViolationsSeen);
        }
        Map<String, Long> hits = new LinkedHashMap<>();
        for (Quirk q : Quirk.values()) {
            if (marks.hits(q) > 0) {
                hits.put(q.name(), marks.hits(q));
            }
        }
        EnumMap<LockClass, long[]> locks = new EnumMap<>(LockClass.class);
        for (LockClass c : LockClass.values()) {
            long[] sums = new long[2];
            for (Pcpu p : machine.pcpus()) {
                sums[0] += p.held().acquisitions(c);
                sums[1] += p.held().contentions(c);
            }
            locks.put(c, sums);
        }
        Map<String, Long> acquisitions = new LinkedHashMap<>();
        Map<String, Long> contentions = new LinkedHashMap<>();
        locks.forEach((c, n) -> {
            if (n[0] > 0) {
                acquisitions.put(c.name(), n[0]);
                contentions.put(c.name(), n[1]);
            }
        });
        Verdict verdict = verdict(unmet);
        return new RunRecord(
                options,
                verdict,
                explain(verdict, unmet),
                stormSeconds,
                rounds,
                machine.devices().raised() + machine.total(Counter.GUEST_SGIS),
                machine.devices().coalesced() + machine.total(Counter.GUEST_SGIS_COALESCED),
                counters,
                ledger.lost(),
                ledger.count(Violation.Kind.DUPLICATED),
                revived,
                findings,
                kinds,
                unmet,
                hits,
                acquisitions,
                contentions,
                machine.validator().edges().stream().sorted().toList(),
                ledger.latency(),
                hang == null ? failureText() : hang.report());
    }

    private Verdict verdict(Map<String, Long> unmet) {
        if (machine.failure() != null) {
            return Verdict.MODEL_BUG;
        }
        if (hang != null) {
            return hang.isDeadlock() ? Verdict.DEADLOCK : Verdict.STALLED;
        }
        if (unexplained > 0) {
            return Verdict.VIOLATION;
        }
        if (interrupted) {
            return Verdict.INTERRUPTED;
        }
        if (!unmet.isEmpty()) {
            return Verdict.NOT_EXERCISED;
        }
        return findings.isEmpty() ? Verdict.CLEAN : Verdict.KNOWN;
    }

    private String failureText() {
        Throwable f = machine.failure();
        if (f == null) {
            return null;
        }
        StringBuilder b = new StringBuilder();
        b.append(machine.failedOn()).append(": ").append(f instanceof ModelBug ? f.getMessage() : f.toString()).append('\n');
        int shown = 0;
        for (StackTraceElement e : f.getStackTrace()) {
            if (shown++ < 24) {
                b.append("      at ").append(e).append('\n');
            }
        }
        return b.toString();
    }

    private String explain(Verdict v, Map<String, Long> unmet) {
        return switch (v) {
            case CLEAN -> "nothing lost, nothing doubled, and every hard event happened often enough";
            case KNOWN -> "every violation is explained by a known weak spot of Xen that was reached on that very interrupt";
            case VIOLATION -> unexplained + " violations that no known weak spot explains";
            case DEADLOCK -> "pCPUs wait for each other in a circle"
                    + (marks.hits(Quirk.C1) > 0 ? "; see quirk C1 (host GIC lock taken with interrupts open)" : "");
            case STALLED -> "the machine no longer gets anywhere";
            case NOT_EXERCISED -> "too few of: " + String.join(", ", unmet.keySet());
            case INTERRUPTED -> "ended by the user";
            case MODEL_BUG -> "an invariant of the model is broken; the run proves nothing";
        };
    }
}

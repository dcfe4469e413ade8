package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.Actor;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Point;
import org.smpvisor.engine.Race;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.engine.Strategy;
import org.smpvisor.entry.GuestDied;
import org.smpvisor.guest.GuestGic;
import org.smpvisor.guest.ScriptGuest;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.RwLock;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.machine.DomainSpec;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.oracle.Audit;
import org.smpvisor.oracle.Ledger;
import org.smpvisor.oracle.Violation;
import org.smpvisor.scenario.Explainer;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/**
 * A small scenario on a machine of its own, booted once and stopped at the mark from which every schedule starts: guests are
 * set up and stand ready. Runs one schedule after the other and judges each. For one thread at a time.
 */
public final class Subject {
    /** Steps after which a schedule is given up. */
    public static final int MAX_STEPS = 5_000;

    private static final int BOOT_STEPS = 2_000_000;
    private static final int GIC_LINES = 64;
    private static final int EVENTS = 1 << 9;
    private static final long BOOT_SEED = 1;

    private final SmallScenario scenario;
    private final Variant variant;
    private final ControlledEngine engine;
    private final Machine machine;
    private final Ledger ledger;
    private final Audit audit;
    private final Marks marks;
    private final Snapshot snapshot;
    private final long[] marked = new long[Counter.values().length];
    private final Explainer explainer;
    private final Map<Violation, Optional<Quirk>> lockCauses = new HashMap<>();
    private final Map<Violation, Set<LockClass>> closable = new HashMap<>();
    private int lockViolationsSeen;
    private int racesSeen;

    /**
     * Builds and boots the machine.
     *
     * @param continuations whether to use continuations where the JVM has them
     */
    public Subject(SmallScenario scenario, Variant variant, boolean continuations) {
        this(scenario, variant, continuations, true);
    }

    /** The same, with or without the lock validator. */
    Subject(SmallScenario scenario, Variant variant, boolean continuations, boolean validate) {
        this.scenario = scenario;
        this.variant = variant;
        int n = scenario.pcpus();
        this.engine = new ControlledEngine(n, continuations);
        MachineDescription description =
                (scenario.isGicV2() ? MachineDescription.qemuVirtGicV2() : MachineDescription.qemuVirt()).withCpus(n);
        this.marks = new Marks(2);
        this.explainer = new Explainer(marks);
        this.ledger = new Ledger(1, scenario.roles().size(), n);
        List<ScriptGuest> guests = guests();
        MachineSpec base = MachineSpec.of(description, variant);
        MachineSpec spec = new MachineSpec(
                description,
                GIC_LINES,
                scenario.listRegisters(),
                base.priorityBits(),
                variant,
                marks,
                base.faults(),
                List.of(new DomainSpec(guests.size(), passedThrough(description), guests::get)),
                scenario.scheduler(),
                validate && scenario.isValidated(),
                EVENTS,
                base.registers(),
                ledger,
                base.console());
        this.machine = new Machine(spec, engine);
        machine.attach(engine);
        ledger.connect(machine.hardware().distributor(), machine.devices()::age, (d, i) -> List.of());
        this.audit = new Audit(ledger, machine.hardware(), machine.driver(), machine.pcpus());
        boot(guests);
        List<Actor> environment = new ArrayList<>();
        for (Function<Subject, Actor> f : scenario.environment()) {
            Actor a = f.apply(this);
            environment.add(a);
            engine.register(a);
        }
        guests.forEach(ScriptGuest::release);
        machine.restartClock();
        machine.devices().setOpen(true);
        for (Pcpu p : machine.pcpus()) {
            p.events().clear(); // stories begin at the mark
        }
        machine.environmentEvents().clear();
        for (Counter c : Counter.values()) {
            marked[c.ordinal()] = machine.total(c);
        }
        this.snapshot = new Snapshot(
                Set.of(
                        ControlledEngine.class,
                        LockValidator.class,
                        Memory.class,
                        MachineDescription.class,
                        SmallScenario.class, // which other workers' machines share
                        Snapshot.class),
                engine.memory(),
                machine,
                ledger,
                marks,
                environment,
                guests);
        engine.setMachineState(() -> snapshot.hash(engine.hasSetDeadlines()));
    }

    private List<ScriptGuest> guests() {
        int[] physical = scenario.lines();
        int[] virtual = scenario.virtualLines();
        int[] all = new int[physical.length + virtual.length];
        int[] priorities = new int[all.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = i < physical.length ? physical[i] : virtual[i - physical.length];
            priorities[i] = scenario.priority(i);
        }
        GuestGic gic = scenario.isGicV2() ? GuestGic.v2() : GuestGic.v3();
        List<ScriptGuest> out = new ArrayList<>();
        for (SmallScenario.Role r : scenario.roles()) {
            out.add(new ScriptGuest(gic, r.script(), all, priorities, r.sleepsFirst(), scenario.usesPpis()));
        }
        return out;
    }

    private List<MachineDescription.Irq> passedThrough(MachineDescription d) {
        List<MachineDescription.Irq> out = new ArrayList<>();
        for (int spi : scenario.lines()) {
            out.add(d.devices().stream()
                    .flatMap(x -> x.interrupts().stream())
                    .filter(i -> i.intid() == spi)
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no device of the tree has interrupt " + spi)));
        }
        return out;
    }

    private void boot(List<ScriptGuest> guests) {
        RandomWalk fair = new RandomWalk(BOOT_SEED);
        Outcome o = engine.run(
                new Strategy() {
                    @Override
                    public void begin(ControlledEngine e) {
                        fair.begin(e);
                    }

                    @Override
                    public int choose(long enabled, int current) {
                        if (!engine.isStopped() && isReady(guests)) {
                            engine.stop();
                        }
                        return fair.choose(enabled, current);
                    }
                },
                cpu -> {
                    machine.boot(cpu);
                    for (SmallScenario.HostLine l : scenario.hostLines()) {
                        if (l.pcpu() == cpu.id()) {
                            machine.claim(
                                    cpu,
                                    l.spi(),
                                    (c, irq) -> machine.crossCall().onOthers(c, x -> {}));
                        }
                    }
                    machine.run(cpu);
                },
                BOOT_STEPS,
                null);
        boolean allAsleep = o.end() == Outcome.End.QUIESCENT && guests.stream().allMatch(ScriptGuest::sleepsFirst);
        if (o.end() != Outcome.End.STOPPED && !allAsleep) {
            throw new IllegalStateException(
                    "scenario " + scenario.name() + " does not boot: " + o.end() + " " + o.text(), o.failure());
        }
    }

    private boolean isReady(List<ScriptGuest> guests) {
        if (machine.domains().isEmpty()) {
            return false;
        }
        Domain d = machine.domains().get(0);
        for (int i = 0; i < guests.size(); i++) {
            Vcpu v = d.vcpu(i);
            boolean running = v.running().peek() != 0;
            if (!ScriptGuest.isReady(v.guest()) || running == guests.get(i).sleepsFirst()) {
                return false;
            }
        }
        for (Pcpu p : machine.pcpus()) {
            boolean settled =
                    engine.pendingPoint(p.id()) == Point.GUEST_STEP || engine.pendingPoint(p.id()) == Point.WFI;
            if (!settled || !p.mailbox().isEmpty() || p.softirqs().peek() != 0) {
                return false;
            }
        }
        return true;
    }

    // ---- one schedule -----------------------------------------------------------------------------------------------

    /** Puts the machine back and names what is not as it was at the mark. */
    List<String> strays() {
        snapshot.restore();
        return snapshot.strays();
    }

    /** Runs one schedule from the mark; {@code observer} may be {@code null}. */
    public Outcome run(Strategy strategy, ControlledEngine.Observer observer) {
        snapshot.restore();
        racesSeen = 0;
        return engine.run(strategy, machine::run, MAX_STEPS, observer);
    }

    /** What the schedule that has just ended shows; empty when nothing is wrong. */
    public List<Violation> judge(Outcome o) {
        List<Violation> out = new ArrayList<>();
        switch (o.end()) {
            case QUIESCENT, STOPPED -> audit(o.end() == Outcome.End.QUIESCENT, out);
            case TOO_LONG -> {
                if (o.text().isEmpty()) {
                    audit(false, out); // vCPUs find something to wait for that never comes: judged as it stands
                }
            }
            default -> {}
        }
        out.addAll(ledger.drain());
        switch (o.end()) {
            case DEADLOCK -> out.add(new Violation(Violation.Kind.DEADLOCK, 0, -1, -1, o.text(), List.of()));
            case FAILED -> out.add(failure(o));
            case TOO_LONG -> {
                if (out.isEmpty()) {
                    String text =
                            "no rest after " + MAX_STEPS + " steps" + (o.text().isEmpty() ? "" : "; " + o.text());
                    out.add(new Violation(Violation.Kind.LIVELOCK, 0, -1, -1, text, List.of()));
                }
            }
            default -> {}
        }
        notice(out);
        return out;
    }

    /** What the lock validator and the race detector have found since they were asked last; also for a schedule that was cut. */
    public List<Violation> notice() {
        List<Violation> out = new ArrayList<>();
        notice(out);
        return out;
    }

    private void notice(List<Violation> out) {
        List<LockViolation> locking = machine.validator().violations();
        for (; lockViolationsSeen < locking.size(); lockViolationsSeen++) {
            LockViolation l = locking.get(lockViolationsSeen);
            Violation v = new Violation(
                    Violation.Kind.LOCKING,
                    0,
                    -1,
                    -1,
                    l.rule() + ": " + l.text(),
                    l.here().lines().toList());
            out.add(v);
            Set<LockClass> classes = closable(l);
            if (!classes.isEmpty()) {
                closable.put(v, classes);
            }
            lockCauses.put(v, Optional.ofNullable(explainer.explain(l)));
        }
        List<Race> races = engine.memory().races();
        for (; racesSeen < races.size(); racesSeen++) {
            out.add(new Violation(
                    Violation.Kind.RACE, 0, -1, -1, races.get(racesSeen).toString(), List.of()));
        }
    }

    private void audit(boolean isAtRest, List<Violation> out) {
        for (Domain d : machine.domains()) {
            if (d.isDying()) {
                ledger.drain(); // Xen would have paused it: what it still did is no history
            }
            judgeEnd(d, isAtRest, out);
            audit.judge(d, isAtRest);
        }
    }

    /** Of a domain that was killed nothing is left but its lines, which anybody can be given. */
    private void judgeEnd(Domain d, boolean isAtRest, List<Violation> out) {
        if (isAtRest && d.isBeingKilled() && !d.isDestroyed()) {
            String text = d + " was killed, and is never destroyed";
            out.add(new Violation(Violation.Kind.INCONSISTENT, d.id(), -1, -1, text, List.of()));
        }
        if (d.isDestroyed()) {
            for (int spi : scenario.lines()) {
                if (machine.hardware().distributor().isActive(spi)) {
                    String text = "interrupt " + spi + " is active in the GIC for ever: " + d
                            + ", which had it, is destroyed";
                    out.add(new Violation(Violation.Kind.LEFT_ACTIVE, d.id(), spi, -1, text, List.of()));
                }
            }
        }
    }

    private static Set<LockClass> closable(LockViolation l) {
        Set<LockClass> out = EnumSet.noneOf(LockClass.class);
        if (l.cycle() != null) {
            l.cycle().classes().stream().filter(Objects::nonNull).forEach(out::add);
        } else if (l.rule() == LockViolation.Rule.IRQ_MODE || l.rule() == LockViolation.Rule.RECURSION) {
            out.add(l.lock());
        }
        return out;
    }

    /**
     * Classes of the locks of which a finding of the lock validator says that pCPUs may wait for them for ever: those of a
     * circle, one that is taken twice, one under which interrupts are opened. Empty for other findings.
     */
    Set<LockClass> closable(Violation v) {
        return closable.getOrDefault(v, Set.of());
    }

    /** Classes of the locks that pCPUs wait for, after a run that ended in a deadlock. */
    Set<LockClass> awaited() {
        Set<LockClass> out = EnumSet.noneOf(LockClass.class);
        for (Pcpu p : machine.pcpus()) {
            if (p.waitingFor() instanceof SpinLock l) {
                out.add(l.lockClass());
            } else if (p.waitingFor() instanceof RwLock l) {
                out.add(l.lockClass());
            }
        }
        return out;
    }

    /** The weak spot that explains a violation that {@link #judge} has just reported, or {@code null}. */
    Quirk explain(Violation v) {
        return switch (v.kind()) {
            case LOCKING -> lockCauses.get(v).orElse(null);
            case LIVELOCK -> explainer.explainLivelock(machine.pcpus());
            case DEADLOCK -> explainer.explainDeadlock(machine.pcpus());
            default -> explainer.explain(v);
        };
    }

    private static Violation failure(Outcome o) {
        if (o.failure() instanceof StateCorrupted c) {
            return new Violation(Violation.Kind.CORRUPTED, c.domain(), c.intid(), c.vcpu(), c.getMessage(), stack(c));
        }
        if (o.failure() instanceof GuestDied) {
            return new Violation(
                    Violation.Kind.GUEST_DIED, 0, -1, -1, o.failure().getMessage(), List.of());
        }
        return new Violation(
                Violation.Kind.MODEL_BUG, 0, -1, -1, "cpu" + o.pcpu() + ": " + o.failure(), stack(o.failure()));
    }

    private static List<String> stack(Throwable e) {
        List<String> out = new ArrayList<>();
        for (StackTraceElement s : e.getStackTrace()) {
            out.add("at " + s);
        }
        return out;
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    public SmallScenario scenario() {
        return scenario;
    }

    public Variant variant() {
        return variant;
    }

    public ControlledEngine engine() {
        return engine;
    }

    public Machine machine() {
        return machine;
    }

    public Marks marks() {
        return marks;
    }

    /** Value of a counter at the end of the schedule that has just ended. */
    long total(Counter c) {
        return machine.total(c);
    }

    /** Value of a counter at the mark. */
    long atMark(Counter c) {
        return marked[c.ordinal()];
    }

    /** Events of the schedule that has just ended, oldest first. */
    List<EventRing.Entry> events() {
        List<EventRing.Entry> all = new ArrayList<>();
        for (Pcpu p : machine.pcpus()) {
            p.events().collectAll(all);
        }
        machine.environmentEvents().collectAll(all);
        all.sort(Comparator.comparingLong(EventRing.Entry::nanos));
        return all;
    }
}

package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.GuestDevices;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.Actor;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Search;
import org.smpvisor.engine.Strategy;
import org.smpvisor.gic.hw.VirtualCpuInterface;
import org.smpvisor.guest.GuestGic;
import org.smpvisor.guest.Script;
import org.smpvisor.guest.ScriptGuest;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.machine.DomainSpec;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.oracle.Audit;
import org.smpvisor.oracle.Ledger;
import org.smpvisor.oracle.Violation;
import org.smpvisor.scenario.Explainer;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;
import org.smpvisor.vgic.rank.PendingIrq;

/**
 * A scene of a conformance scenario, played under either engine until its window was hit: on real threads by playing it again and
 * again, under the controlled engine by trying schedules. What counts as a hit, and what must be true then, is the same for both.
 */
final class Scene {
    /** A guest's access to a device with this value writes down the state of an SPI. */
    static final int PROBE = 100;
    /** Somebody deactivates a physical SPI behind its guest's back, and its line rises. */
    static final int TAMPER = 101;

    private static final int GIC_LINES = 64;
    private static final int SCHEDULES = 6_000;
    private static final int ATTEMPTS = 400;
    private static final int CALM = 200;
    private static final long PATIENCE_NANOS = 3_000_000_000L;
    private static final long BUDGET_NANOS = 15_000_000_000L;

    /** What one play showed. */
    record Seen(
            Machine machine,
            List<EventRing.Entry> events,
            long[] counts,
            List<String> probes,
            List<Violation> violations,
            List<Quirk> causes,
            LockRecord locks,
            Marks marks,
            long rankContentions,
            boolean moment,
            Throwable failure,
            boolean deadlocked) {
        long count(Counter c) {
            return counts[c.ordinal()];
        }

        /** What became of an interrupt, in words: event, argument, and the pCPU on which it happened. */
        List<String> of(int intid) {
            return events.stream()
                    .filter(e -> e.domain() == 1 && e.intid() == intid)
                    .map(e -> e.kind() + " " + e.arg() + " @" + e.source())
                    .toList();
        }

        List<Event> kinds(int intid) {
            return events.stream()
                    .filter(e -> e.domain() == 1 && e.intid() == intid)
                    .map(EventRing.Entry::kind)
                    .toList();
        }

        /** INTIDs in the order in which guests acknowledged them. */
        List<Integer> acks() {
            return events.stream()
                    .filter(e -> e.kind() == Event.GUEST_ACK)
                    .map(EventRing.Entry::intid)
                    .toList();
        }

        boolean has(LockClass outer, LockClass inner) {
            return locks.edges().stream().anyMatch(e -> e.outer() == outer && e.inner() == inner);
        }

        PendingIrq spi(int virq) {
            return machine.vgicOf(machine.domains().get(0)).spi(virq);
        }
    }

    final SmallScenario scenario;
    private final List<Function<Machine, Actor>> environment = new ArrayList<>();
    private Variant variant = Variant.xen();
    private int down = -1;
    private int ends = 1;
    private Predicate<Seen> window = s -> true;
    private Consumer<Seen> check = s -> {};
    private boolean mayFail;
    private Predicate<Machine> moment = m -> false;
    private Function<Integer, Strategy> strategies;

    Scene(String name, int pcpus) {
        scenario = new SmallScenario(name, name, pcpus);
    }

    // ---- what happens -----------------------------------------------------------------------------------------------

    Scene vcpu(Script s) {
        scenario.vcpu(s);
        return this;
    }

    Scene sleeper(Script s) {
        scenario.sleeper(s);
        return this;
    }

    Scene virtual(int... spis) {
        for (int spi : spis) {
            scenario.virtualLine(spi);
        }
        return this;
    }

    /** SPIs with a device behind them that guests ring. */
    Scene lines(int... spis) {
        for (int spi : spis) {
            scenario.line(spi, 0xa0, 0);
        }
        scenario.environment().clear(); // nobody else raises them
        return this;
    }

    Scene listRegisters(int n) {
        scenario.listRegisters(n);
        return this;
    }

    Scene gicV2() {
        scenario.gicV2();
        return this;
    }

    Scene environment(Function<Machine, Actor> f) {
        environment.add(f);
        return this;
    }

    Scene variant(Variant v) {
        variant = v;
        return this;
    }

    /** A vCPU, a sleeper, that is down. */
    Scene down(int vcpu) {
        down = vcpu;
        return this;
    }

    /** How often guests end an interrupt until the scene is over. */
    Scene ends(int n) {
        ends = n;
        return this;
    }

    /** Under which circumstances the scene shows what it is for. */
    Scene window(Predicate<Seen> p) {
        window = p;
        return this;
    }

    /** What must be true then. */
    Scene check(Consumer<Seen> c) {
        check = c;
        return this;
    }

    /** What a controlled run looks for at each of its decisions. */
    Scene moment(Predicate<Machine> p) {
        moment = p;
        return this;
    }

    /** Plays in which something goes wrong count, too. */
    Scene mayFail() {
        mayFail = true;
        return this;
    }

    /** Strategies of the controlled engine, instead of the portfolio's. */
    Scene strategies(Function<Integer, Strategy> f) {
        strategies = f;
        return this;
    }

    /** The state of an SPI as the tables of the vGIC's states have it, with what else is set. */
    static String state(PendingIrq p) {
        int s = p.status().peek();
        boolean queued = (s & 1 << PendingIrq.QUEUED) != 0;
        boolean visible = (s & 1 << PendingIrq.VISIBLE) != 0;
        String name;
        if (p.inflight().isEmpty()) {
            name = "IDLE";
        } else if (visible) {
            name = queued ? "INLR+" : "INLR";
        } else {
            name = p.lrQueue().isEmpty() ? "HELD" : "WAIT";
        }
        return name
                + ((s & 1 << PendingIrq.ACTIVE) != 0 ? ",ACTIVE" : "")
                + ((s & 1 << PendingIrq.MIGRATING) != 0 ? ",MIGRATING" : "")
                + ((s & 1 << PendingIrq.ENABLED) != 0 ? "" : ",disabled");
    }

    private final class Probes implements GuestDevices {
        private final Machine machine;
        private final List<String> notes = new ArrayList<>();

        Probes(Machine machine) {
            this.machine = machine;
        }

        @Override
        public long access(Pcpu cpu, Vcpu v, long register, long value) {
            int spi = (int) register;
            if (value == PROBE) {
                note(cpu, v, spi);
                return 0;
            }
            if (value == TAMPER) {
                machine.hardware().distributor().deactivate(spi);
            }
            return machine.devices().access(cpu, v, register, 1);
        }

        private synchronized void note(Pcpu cpu, Vcpu v, int spi) {
            boolean uie = machine.driver().isHcrSet(cpu, VirtualCpuInterface.HCR_UIE);
            notes.add("v" + v.vcpuId() + " " + spi + " "
                    + state(machine.vgicOf(v.domain()).spi(spi)) + " mask " + Long.toBinaryString(cpu.lrMask())
                    + (uie ? " UIE" : ""));
        }

        synchronized List<String> take() {
            List<String> out = List.copyOf(notes);
            notes.clear();
            return out;
        }
    }

    // ---- on real threads --------------------------------------------------------------------------------------------

    /** Plays on real threads until the window was hit, checks, and returns what was seen then. */
    Seen onThreads() {
        long end = System.nanoTime() + BUDGET_NANOS;
        for (int i = 0; i < ATTEMPTS && System.nanoTime() < end; i++) {
            Seen s = playOnThreads(i);
            refuse(s);
            if (window.test(s)) {
                check.accept(s);
                return s;
            }
        }
        throw new AssertionError(scenario.name() + ": the window was not hit on real threads");
    }

    /** Plays on real threads {@code times} times, and checks each. */
    void onThreads(int times) {
        for (int i = 0; i < times; i++) {
            Seen s = playOnThreads(i);
            refuse(s);
            check.accept(s);
        }
    }

    private void refuse(Seen s) {
        boolean isNew = false;
        for (int i = 0; i < s.violations().size(); i++) {
            isNew |= s.causes().get(i) == null;
        }
        if (!mayFail && (s.failure() != null || s.deadlocked() || isNew)) {
            throw new AssertionError(
                    scenario.name() + ": " + s.violations() + " probes " + s.probes() + " deadlock " + s.deadlocked(),
                    s.failure());
        }
    }

    private MachineDescription description() {
        return (scenario.isGicV2() ? MachineDescription.qemuVirtGicV2() : MachineDescription.qemuVirt())
                .withCpus(scenario.pcpus());
    }

    private Seen playOnThreads(int seed) {
        MachineDescription d = description();
        List<ScriptGuest> guests = new ArrayList<>();
        int[] all = new int[scenario.lines().length + scenario.virtualLines().length];
        int[] priorities = new int[all.length];
        for (int i = 0; i < all.length; i++) {
            int physical = scenario.lines().length;
            all[i] = i < physical ? scenario.lines()[i] : scenario.virtualLines()[i - physical];
            priorities[i] = 0xa0;
        }
        GuestGic gic = scenario.isGicV2() ? GuestGic.v2() : GuestGic.v3();
        for (SmallScenario.Role r : scenario.roles()) {
            guests.add(new ScriptGuest(gic, r.script(), all, priorities, r.sleepsFirst(), scenario.usesPpis()));
        }
        List<MachineDescription.Irq> passed = new ArrayList<>();
        for (int spi : scenario.lines()) {
            d.devices().stream()
                    .flatMap(x -> x.interrupts().stream())
                    .filter(i -> i.intid() == spi)
                    .findFirst()
                    .ifPresent(passed::add);
        }
        Ledger ledger = new Ledger(1, guests.size(), scenario.pcpus());
        MachineSpec spec = MachineSpec.of(d, variant)
                .withDomains(List.of(new DomainSpec(guests.size(), passed, guests::get)))
                .withWitness(ledger);
        spec = spec.withGic(GIC_LINES, scenario.listRegisters(), spec.priorityBits());
        try (Machine m = new Machine(spec)) {
            ledger.connect(m.hardware().distributor(), m.devices()::age, (dom, i) -> List.of());
            Audit audit = new Audit(ledger, m.hardware(), m.driver(), m.pcpus());
            m.start();
            await(m, () -> isReady(m, guests));
            return play(m, guests, ledger, audit, spec.marks(), new SplittableRandom(seed));
        }
    }

    private Seen play(
            Machine m, List<ScriptGuest> guests, Ledger ledger, Audit audit, Marks marks, SplittableRandom rng) {
        Domain d = m.domains().get(0);
        Probes probes = new Probes(m);
        m.devices().setOpen(true);
        setDown(d);
        d.setDevices(probes);
        long start = m.now();
        long[] before = totals(m);
        long contended = rankContentions(m);
        List<Actor> actors = environment.stream().map(f -> f.apply(m)).toList();
        guests.forEach(ScriptGuest::release);
        boolean over = await(m, () -> {
            for (Actor a : actors) {
                if (a.isEnabled() && rng.nextInt(4) == 0) {
                    a.act();
                }
            }
            return actors.stream().noneMatch(Actor::isEnabled) && isOver(m, d, guests, before);
        });
        boolean rests = over && settles(m);
        m.close();
        List<Violation> violations = new ArrayList<>();
        if (m.failure() == null) {
            m.settleMarks(d);
            audit.judge(d, rests && m.isAtRest());
            violations.addAll(ledger.drain());
            if (!over) {
                violations.add(new Violation(Violation.Kind.LIVELOCK, 0, -1, -1, "it does not end", List.of()));
            }
        }
        Explainer explainer = new Explainer(marks);
        for (LockViolation l : m.validator().violations()) {
            violations.add(new Violation(
                    Violation.Kind.LOCKING,
                    0,
                    -1,
                    -1,
                    l.rule() + ": " + l.text(),
                    l.here().lines().toList()));
        }
        List<Quirk> causes = new ArrayList<>();
        int known = violations.size() - m.validator().violations().size();
        for (int i = 0; i < violations.size(); i++) {
            causes.add(
                    i < known
                            ? explainer.explain(violations.get(i))
                            : explainer.explain(m.validator().violations().get(i - known)));
        }
        long[] counts = totals(m);
        for (int i = 0; i < counts.length; i++) {
            counts[i] -= before[i];
        }
        List<EventRing.Entry> events = new ArrayList<>();
        for (Pcpu p : m.pcpus()) {
            p.events().collectAll(events);
        }
        events.removeIf(e -> e.nanos() < start);
        events.sort(Comparator.comparingLong(EventRing.Entry::nanos));
        LockRecord locks = m.validator().record(m.pcpus());
        return new Seen(
                m,
                events,
                counts,
                probes.take(),
                violations,
                causes,
                locks,
                marks,
                rankContentions(m) - contended,
                false,
                m.failure(),
                false);
    }

    /** A vCPU that sleeps is powered off, as if it never had been on. */
    private void setDown(Domain d) {
        if (down >= 0) {
            d.vcpu(down).pauseFlags().compareAndSetOutside(1 << Vcpu.VPF_BLOCKED, 1 << Vcpu.VPF_DOWN);
        }
    }

    private static long[] totals(Machine m) {
        long[] out = new long[Counter.values().length];
        for (Counter c : Counter.values()) {
            out[c.ordinal()] = m.total(c);
        }
        return out;
    }

    private static long rankContentions(Machine m) {
        long n = 0;
        for (Pcpu p : m.pcpus()) {
            n += p.held().contentions(LockClass.RANK);
        }
        return n;
    }

    private static boolean isReady(Machine m, List<ScriptGuest> guests) {
        if (m.domains().isEmpty()) {
            return false;
        }
        for (int i = 0; i < guests.size(); i++) {
            Vcpu v = m.domains().get(0).vcpu(i);
            boolean running = v.running().peek() != 0;
            if (!ScriptGuest.isReady(v.guest()) || running == guests.get(i).sleepsFirst()) {
                return false;
            }
        }
        for (Pcpu p : m.pcpus()) {
            if (!p.mailbox().isEmpty() || p.softirqs().peek() != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isOver(Machine m, Domain d, List<ScriptGuest> guests, long[] before) {
        for (int i = 0; i < guests.size(); i++) {
            if (!guests.get(i).sleepsFirst() && !guests.get(i).isDone(d.vcpu(i).guest())) {
                return false;
            }
        }
        return m.total(Counter.GUEST_ENDS) - before[Counter.GUEST_ENDS.ordinal()] >= ends;
    }

    /** Waits until every pCPU idles, or nothing is left to do and nothing happens for a while: guests may turn round. */
    private static boolean settles(Machine m) {
        long[] last = totals(m);
        int calm = 0;
        int resting = 0;
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (calm < CALM && resting < 3 && System.nanoTime() < end) {
            LockSupport.parkNanos(100_000);
            long[] now = totals(m);
            now[Counter.GUEST_STEPS.ordinal()] = last[Counter.GUEST_STEPS.ordinal()];
            calm = Arrays.equals(now, last) && !hasWork(m) ? calm + 1 : 0;
            resting = m.isAtRest() ? resting + 1 : 0;
            last = now;
        }
        return calm == CALM || resting == 3;
    }

    private static boolean hasWork(Machine m) {
        for (Pcpu p : m.pcpus()) {
            if (p.needsAttention()
                    || m.hardware().cpu(p.id()).hasWork()
                    || p.virtualInterface().isIrqAsserted()) {
                return true;
            }
        }
        return false;
    }

    /** Waits for a condition; false if it does not come, or the machine breaks. */
    private boolean await(Machine m, BooleanSupplier condition) {
        boolean isHasty =
                !environment.isEmpty(); // who plays the environment is quick, else leaves the host to the pCPUs
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < end && m.failure() == null) {
            if (condition.getAsBoolean()) {
                return true;
            }
            if (isHasty) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(20_000);
            }
        }
        return false;
    }

    // ---- under the controlled engine --------------------------------------------------------------------------------

    /** Tries schedules until one hits the window, checks, and returns what was seen then. */
    Seen controlled() {
        Subject s = subject();
        Portfolio portfolio = new Portfolio("portfolio", 1, true);
        long end = System.nanoTime() + BUDGET_NANOS;
        for (int i = 0; i < SCHEDULES && System.nanoTime() < end; ) {
            Portfolio.Arm arm = strategies == null ? portfolio.next() : null;
            for (int slice = 0; slice < 64; slice++, i++) {
                Seen seen = playControlled(s, arm == null ? strategies.apply(i) : arm.strategy());
                if (arm != null) {
                    portfolio.ended(arm);
                }
                refuse(seen);
                if (window.test(seen)) {
                    check.accept(seen);
                    return seen;
                }
            }
        }
        throw new AssertionError(scenario.name() + ": the window was not hit by the controlled engine");
    }

    /** Plays {@code schedules} schedules of its strategies, and checks each. */
    void controlled(int schedules) {
        Subject s = subject();
        for (int i = 0; i < schedules; i++) {
            Seen seen = playControlled(s, strategies.apply(i));
            refuse(seen);
            check.accept(seen);
        }
    }

    /** Plays all schedules of a search, up to {@code most}; all must go well, and one must hit the window. */
    Seen search(Search search, int most) {
        Subject s = subject();
        Seen hit = null;
        for (int i = 0; i < most; i++) {
            Seen seen = playControlled(s, search);
            refuse(seen);
            if (seen.count(Counter.GUEST_ENDS) >= ends && window.test(seen)) {
                check.accept(seen);
                hit = seen;
            }
            if (!search.end()) {
                break;
            }
        }
        if (hit == null) {
            throw new AssertionError(scenario.name() + ": no schedule of the search hits the window");
        }
        return hit;
    }

    private Subject subject() {
        if (scenario.environment().isEmpty()) {
            for (Function<Machine, Actor> f : environment) {
                scenario.environment().add(s -> f.apply(s.machine()));
            }
        }
        return new Subject(scenario, variant, true);
    }

    private Seen playControlled(Subject s, Strategy strategy) {
        Machine m = s.machine();
        Probes probes = new Probes(m);
        long[][] before = new long[1][];
        long[] contended = new long[1];
        boolean[] met = new boolean[1];
        Outcome o = s.run(
                new Strategy() {
                    @Override
                    public void begin(ControlledEngine e) {
                        before[0] = totals(m);
                        contended[0] = rankContentions(m);
                        m.domains().get(0).setDevices(probes);
                        setDown(m.domains().get(0));
                        strategy.begin(e);
                    }

                    @Override
                    public int choose(long enabled, int current) {
                        met[0] |= moment.test(m);
                        return strategy.choose(enabled, current);
                    }

                    @Override
                    public boolean buffersStores() {
                        return strategy.buffersStores();
                    }

                    @Override
                    public boolean comparesStates() {
                        return strategy.comparesStates();
                    }

                    @Override
                    public boolean tracesSteps() {
                        return strategy.tracesSteps();
                    }

                    @Override
                    public boolean mayInterrupt(int pcpu) {
                        return strategy.mayInterrupt(pcpu);
                    }

                    @Override
                    public boolean countsInterrupts() {
                        return strategy.countsInterrupts();
                    }
                },
                null);
        List<Violation> violations = o.end() == Outcome.End.CUT ? s.notice() : s.judge(o);
        List<Quirk> causes = violations.stream().map(s::explain).toList();
        long[] counts = totals(m);
        for (int i = 0; i < counts.length; i++) {
            counts[i] -= before[0][i];
        }
        return new Seen(
                m,
                s.events(),
                counts,
                probes.take(),
                violations,
                causes,
                m.validator().record(m.pcpus()),
                s.marks(),
                rankContentions(m) - contended[0],
                met[0],
                o.end() == Outcome.End.FAILED ? o.failure() : null,
                o.end() == Outcome.End.DEADLOCK);
    }

    /** Nestings between classes that a machine has seen. */
    static Set<String> edges(Seen s) {
        return s.machine().validator().edges();
    }
}

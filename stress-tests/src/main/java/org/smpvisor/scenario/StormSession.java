package org.smpvisor.scenario;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.StateCorrupted;
import org.smpvisor.gic.host.CpuHotplug;
import org.smpvisor.guest.GuestGic;
import org.smpvisor.guest.GuestMemory;
import org.smpvisor.guest.StormGuest;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.machine.DomainSpec;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.oracle.Audit;
import org.smpvisor.oracle.Ledger;
import org.smpvisor.oracle.Violation;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.EventRing;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Quirk;
import org.smpvisor.vgic.rank.FaultPlan;
import org.smpvisor.vgic.rank.PendingIrq;
import org.smpvisor.vgic.rank.VgicVcpu;

/**
 * One machine under storm: rounds of storm, each followed by rest, at which the oracle judges. The environment is the calling
 * thread: it touches lines only; what needs Xen is posted to a pCPU. A session ends when its machine is wrecked.
 */
final class StormSession implements AutoCloseable {
    private static final double PATIENCE_SECONDS = 8;
    private static final long BUSY_REST_NANOS = 1_500_000_000L;
    private static final long LONGEST_REST_NANOS = 30_000_000_000L;
    private static final int BURSTS_BEFORE_FAULT = 100;
    private static final int EVENTS = 1 << 13;
    private static final int PHYSICAL = 255;
    private static final int MAX_HISTORY = 40;
    private static final int FIRST_VIRTUAL_LINE = 200;

    private final RunOptions options;
    private final SplittableRandom rng;
    private final Marks marks;
    private final FaultPlan faults;
    private final Ledger ledger;
    private final List<GuestMemory> memories = new ArrayList<>();
    private final Machine machine;
    private final Audit audit;
    private final Watchdog watchdog;
    private final int[] lines;
    private final int console;
    private long revived;
    private int lockViolationsSeen;
    private Watchdog.Hang hang;
    private boolean wrecked;

    /** How things stood when the machine did not come to rest, {@code null} if it did. */
    private String restless;

    /** Domains that the toolstack has begun to kill, and those that it has begun to create. */
    private final Set<Domain> killed = new HashSet<>();

    private final boolean[] creating;
    /** pCPUs that are being taken down, are down, or are being brought up. */
    private final boolean[] away;

    private boolean plugging;
    private boolean resting;
    private Vcpu paused;
    private final List<Errand> errands = new ArrayList<>();

    /** Assembles a machine; nothing runs yet. */
    StormSession(RunOptions options, SplittableRandom rng) {
        this.options = options;
        this.rng = rng;
        this.away = new boolean[options.pcpus()];
        this.creating = new boolean[options.domains()];
        this.marks = new Marks(options.domains() + 1);
        this.faults = new FaultPlan(options.variant().fault());
        this.ledger = new Ledger(options.domains(), options.vcpus(), options.pcpus());
        this.console = consoleLine(options.description());
        List<DomainSpec> domains = domains(options.description());
        this.lines = domains.stream()
                .flatMap(d -> d.lines().stream())
                .mapToInt(MachineDescription.Irq::intid)
                .toArray();
        MachineSpec base = MachineSpec.of(options.description(), options.variant());
        this.machine = new Machine(new MachineSpec(
                options.description(),
                base.gicLines(),
                base.listRegisters(),
                base.priorityBits(),
                options.variant(),
                marks,
                faults,
                domains,
                options.scheduler(),
                options.validate(),
                EVENTS,
                base.registers(),
                ledger,
                base.console()));
        if (options.measureLocks()) {
            for (Pcpu p : machine.pcpus()) {
                p.held().measure();
            }
        }
        ledger.connect(machine.hardware().distributor(), machine.devices()::age, this::history);
        this.audit = new Audit(ledger, machine.hardware(), machine.driver(), machine.pcpus());
        this.watchdog = new Watchdog(machine, PATIENCE_SECONDS);
    }

    private static int consoleLine(MachineDescription d) {
        return d.console().map(c -> c.spi().orElse(-1)).orElse(-1);
    }

    /** Deals the tree's device lines out to the domains, the console's excepted; level-sensitive ones, being few, first. */
    private List<DomainSpec> domains(MachineDescription description) {
        List<MachineDescription.Irq> free = new ArrayList<>();
        for (MachineDescription.Device d : description.devices()) {
            for (MachineDescription.Irq i : d.interrupts()) {
                boolean known = free.stream().anyMatch(f -> f.intid() == i.intid());
                if (i.isSpi() && i.intid() != console && i.intid() < FIRST_VIRTUAL_LINE && !known) {
                    free.add(i);
                }
            }
        }
        free.sort(Comparator.comparing((MachineDescription.Irq i) -> i.trigger() == MachineDescription.Trigger.EDGE));
        Scenario s = options.scenario();
        if (s.lines() > 0 && free.size() < options.domains()) {
            throw new IllegalArgumentException("the device tree has " + free.size() + " device interrupts, too few for "
                    + options.domains() + " domains in scenario " + s.name());
        }
        List<DomainSpec> out = new ArrayList<>();
        for (int d = 0; d < options.domains(); d++) {
            List<MachineDescription.Irq> mine = new ArrayList<>();
            for (int i = d; i < free.size() && mine.size() < s.lines(); i += options.domains()) {
                mine.add(free.get(i));
            }
            out.add(domain(s, mine));
        }
        return out;
    }

    private DomainSpec domain(Scenario s, List<MachineDescription.Irq> mine) {
        int[] virtual = new int[s.virtualLines()];
        for (int i = 0; i < virtual.length; i++) {
            virtual[i] = FIRST_VIRTUAL_LINE + i;
        }
        boolean[] level = new boolean[mine.size()];
        for (int i = 0; i < level.length; i++) {
            level[i] = mine.get(i).trigger() == MachineDescription.Trigger.LEVEL;
        }
        GuestGic gic = options.description().gic().isV2() ? GuestGic.v2() : GuestGic.v3();
        int[] intids = mine.stream().mapToInt(MachineDescription.Irq::intid).toArray();
        GuestMemory memory = new GuestMemory(gic, intids, level, virtual);
        memories.add(memory);
        long seed = rng.nextLong() | 1;
        return new DomainSpec(options.vcpus(), mine, id -> new StormGuest(s.plan(), memory, seed + id));
    }

    // ---- a round ----------------------------------------------------------------------------------------------------

    void start() {
        machine.start();
    }

    /** Whether another round makes sense on this machine. */
    boolean isSound() {
        return hang == null && machine.failure() == null && !wrecked;
    }

    /** Storms for {@code nanos}, or until {@code stop} says so, or the machine hangs. */
    void storm(long nanos, BooleanSupplier stop, Runnable progress) {
        long until = machine.now() + nanos;
        setResting(false);
        Scenario.Environment env = options.scenario().environment();
        long nextReport = 0;
        for (int burst = 1; machine.now() < until && isSound() && !stop.getAsBoolean() && !faultFired(); burst++) {
            raise(env);
            ledger.rememberDropped();
            if (burst == BURSTS_BEFORE_FAULT) {
                faults.arm(); // not while the sleepers of the last rest are still being woken, which would mend it
            }
            if (every(env.eventEvery(), burst)) {
                postEvent();
            }
            if (every(env.moveEvery(), burst)) {
                postMove();
            }
            if (every(env.consoleEvery(), burst) && console >= 0) {
                machine.hardware().distributor().raise(console);
            }
            if (every(env.crossCallEvery(), burst)) {
                machine.post(anyOnline(), cpu -> machine.crossCall().onOthers(cpu, c -> {}));
            }
            comeAndGo(env, burst);
            long now = machine.now();
            if (now > nextReport) {
                nextReport = now + 100_000_000L;
                progress.run();
                hang = watchdog.look();
            }
            LockSupport.parkNanos(env.pauseMicros() * 1_000L);
        }
    }

    /** A planted fault is judged at once, before later events can paper over it. */
    boolean faultFired() {
        return options.variant().fault() != null && faults.hasFired();
    }

    private static boolean every(int n, int burst) {
        return n > 0 && burst % n == 0;
    }

    private void raise(Scenario.Environment env) {
        if (lines.length == 0) {
            if (env.eventEvery() == 0) {
                wakeOne();
            }
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

    private void wakeOne() {
        Domain d = machine.domains().get(rng.nextInt(options.domains()));
        Vcpu v = d.vcpu(rng.nextInt(options.vcpus()));
        machine.post(anyOnline(), cpu -> machine.scheduler().unblock(cpu, v));
    }

    private void raiseLine(int spi) {
        if (machine.devices().raise(spi)) {
            machine.environmentEvents().record(Event.LINE, PHYSICAL, spi, (int)
                    machine.hardware().distributor().generation(spi));
        }
    }

    private void postEvent() {
        Domain d = machine.domains().get(rng.nextInt(options.domains()));
        Vcpu v = d.vcpu(rng.nextInt(options.vcpus()));
        machine.post(anyOnline(), cpu -> machine.upcalls().markPending(cpu, v));
    }

    private void postMove() {
        Domain d = machine.domains().get(rng.nextInt(options.domains()));
        Vcpu v = d.vcpu(rng.nextInt(options.vcpus()));
        int to = rng.nextInt(options.pcpus());
        Tasklets.Work move = cpu -> machine.scheduler().migrate(cpu, v, to);
        machine.post(anyOnline(), move);
    }

    // ---- what comes and goes ----------------------------------------------------------------------------------------

    private void comeAndGo(Scenario.Environment env, int burst) {
        runErrands();
        if (env.killEvery() > 0) {
            for (int d = 0; d < options.domains(); d++) {
                if (machine.domains().get(d).isDestroyed()
                        && !creating[d]
                        && !killed.contains(machine.domains().get(d))
                        && rng.nextInt(env.killEvery()) == 0) {
                    create(d);
                }
                creating[d] &= machine.domains().get(d).isDestroyed();
            }
        }
        if (every(env.killEvery(), burst)) {
            kill(machine.domains().get(rng.nextInt(options.domains())));
        }
        if (every(env.hotplugEvery(), burst) && options.pcpus() > 2) {
            plug(machine.pcpu(1 + rng.nextInt(options.pcpus() - 1)));
        }
        if (every(env.pauseEvery(), burst)) {
            pause();
        }
    }

    private void kill(Domain d) {
        if (!d.isBeingKilled() && !d.isDestroyed() && killed.add(d)) {
            postUntilDone(cpu -> machine.lifecycle().kill(cpu, d), () -> {});
        }
    }

    private void create(int d) {
        creating[d] = true;
        memories.get(d).reset();
        postUntilDone(
                cpu -> {
                    machine.createAgain(cpu, d);
                    return true;
                },
                () -> memories.get(d).setResting(resting));
    }

    private void plug(Pcpu p) {
        if (plugging || !away[p.id()] && !canSpareOne()) {
            return; // one at a time, as Xen has it
        }
        plugging = true;
        if (away[p.id()]) {
            postUntilDone(cpu -> machine.hotplug().online(cpu, p), () -> away[p.id()] = plugging = false);
        } else {
            away[p.id()] = true; // nothing is posted there from now on
            CpuHotplug.Removal removal = new CpuHotplug.Removal(p);
            postUntilDone(cpu -> machine.hotplug().offline(cpu, removal), () -> plugging = false);
        }
    }

    /** Whether every vCPU can still run when one pCPU more is gone; under the null scheduler each needs one for itself. */
    private boolean canSpareOne() {
        int here = 0;
        for (boolean a : away) {
            here += a ? 0 : 1;
        }
        return options.scheduler() != SchedulerKind.NULL || here > options.domains() * options.vcpus();
    }

    /** Pauses a vCPU, or lets the one that is paused go on; both by the same pCPU, so that they come in that order. */
    private void pause() {
        Vcpu v = paused;
        if (v == null) {
            Domain d = machine.domains().get(rng.nextInt(options.domains()));
            Vcpu chosen = d.vcpu(rng.nextInt(options.vcpus()));
            paused = chosen;
            machine.post(0, cpu -> machine.scheduler().pauseNosync(cpu, chosen));
        } else {
            paused = null;
            machine.post(0, cpu -> machine.scheduler().unpause(cpu, v));
        }
    }

    /** Has an operation of the toolstack run until it says that it is done. */
    private void postUntilDone(Operation o, Runnable then) {
        Errand e = new Errand(o, then);
        errands.add(e);
        e.post();
    }

    /** Kills what has shut itself down, and runs again what was not done. */
    private void runErrands() {
        for (Domain d : machine.domains()) {
            if (d.shutdown().peek() != Domain.RUNS) {
                kill(d);
            }
        }
        for (Iterator<Domain> i = killed.iterator(); i.hasNext(); ) {
            Domain d = i.next();
            if (d.isDestroyed()) {
                audit.judgeDestroyed(d, linesOf(d));
                i.remove();
            }
        }
        errands.removeIf(Errand::isDone);
        for (Errand e : errands) {
            if (e.state == Errand.AGAIN) {
                e.post();
            }
        }
    }

    /** What the toolstack does. */
    private interface Operation {
        /** Returns false if it is to be run again. */
        boolean run(Pcpu cpu);
    }

    /** An operation under way; run by one pCPU at a time, posted by the session. */
    private final class Errand implements Tasklets.Work {
        static final int POSTED = 0;
        static final int AGAIN = 1;
        static final int DONE = 2;

        private final Operation operation;
        private volatile int state;

        private final Runnable then;

        Errand(Operation operation, Runnable then) {
            this.operation = operation;
            this.then = then;
        }

        void post() {
            state = POSTED;
            if (!machine.post(anyOnline(), this)) {
                state = AGAIN;
            }
        }

        @Override
        public void run(Pcpu cpu) {
            state = operation.run(cpu) ? DONE : AGAIN;
        }

        /** What follows is done by the session, once. */
        boolean isDone() {
            if (state == DONE) {
                then.run();
            }
            return state == DONE;
        }
    }

    private int[] linesOf(Domain d) {
        return machine.spec().domains().get(d.id() - 1).lines().stream()
                .mapToInt(MachineDescription.Irq::intid)
                .toArray();
    }

    private int onlineFrom(int i) {
        int p = i % options.pcpus();
        return away[p] ? 0 : p;
    }

    private int anyOnline() {
        return onlineFrom(rng.nextInt(options.pcpus()));
    }

    private void setResting(boolean atRest) {
        resting = atRest;
        if (resting && paused != null) {
            pause();
        }
        for (GuestMemory m : memories) {
            m.setResting(resting);
        }
        machine.devices().setOpen(!resting);
        if (resting) {
            return;
        }
        for (Domain d : machine.domains()) { // sleeping vCPUs notice by waking up only
            for (int i = 0; i < d.maxVcpus(); i++) {
                Vcpu v = d.vcpu(i);
                machine.post(onlineFrom(i), cpu -> machine.scheduler().unblock(cpu, v));
            }
        }
    }

    /** Stops raising and waits until the machine is at rest, or circles idly, or hangs. */
    void comeToRest() {
        setResting(true);
        int calm = 0;
        long lastWork = -1;
        long since = machine.now();
        long workAt = since;
        long nextLook = since + 100_000_000L;
        while (calm < 3 && isSound()) {
            LockSupport.parkNanos(200_000);
            long now = machine.now();
            // Not their moves: vCPUs that never sleep are moved on and on by the scheduler.
            long work = machine.total(Counter.GUEST_ACKS) + machine.total(Counter.INJECTIONS);
            if (work != lastWork) {
                lastWork = work;
                workAt = now;
                calm = 0;
            }
            runErrands();
            calm = machine.isAtRest() && errands.isEmpty() && killed.isEmpty() ? calm + 1 : 0;
            if (now > nextLook) {
                nextLook = now + 100_000_000L;
                hang = watchdog.look();
                boolean isIdle = now - workAt > BUSY_REST_NANOS && isOnlyWaking();
                if (hang == null && (isIdle || now - since > LONGEST_REST_NANOS)) {
                    wrecked = true; // vCPUs wait for something that never comes: stopped, then judged
                    restless = watchdog.report().report() + state();
                } else if (hang == null && now - workAt > (long) (PATIENCE_SECONDS * 1e9)) {
                    hang = watchdog.report();
                }
            }
        }
    }

    /** What the vCPUs do, for a machine that does not come to rest. */
    private String state() {
        StringBuilder b = new StringBuilder();
        for (Domain d : machine.domains()) {
            for (int i = 0; i < d.maxVcpus(); i++) {
                Vcpu v = d.vcpu(i);
                b.append(v)
                        .append(" on cpu")
                        .append(v.processor().peek())
                        .append(", pause flags 0x")
                        .append(Integer.toHexString(v.pauseFlags().peek()))
                        .append(v.guest().isIrqMasked() ? ", its interrupts masked" : "")
                        .append(", in flight:");
                VgicVcpu vv = (VgicVcpu) v.vgic();
                int shown = 0;
                for (ListNode<PendingIrq> n = vv.inflight().next(); n.element() != null && shown < 8; n = n.next()) {
                    b.append(' ')
                            .append(n.element().irq())
                            .append(" (")
                            .append(n.element().describe())
                            .append(')');
                    shown++;
                }
                b.append(shown == 0 ? " nothing" : "").append('\n');
            }
        }
        b.append(errands.size()).append(" errands, ").append(killed.size()).append(" domains being killed");
        return b.toString();
    }

    /** Whether every pCPU idles or runs a guest that does nothing but WFI. */
    private boolean isOnlyWaking() {
        long wfi = machine.total(Counter.WFI);
        LockSupport.parkNanos(20_000_000L);
        return machine.total(Counter.WFI) > wfi;
    }

    // ---- judging ----------------------------------------------------------------------------------------------------

    /**
     * A violation and the weak spot that explains it.
     *
     * @param by {@code null} if none does
     */
    record Judged(Violation violation, Quirk by) {}

    /** Everything found since the last call. At rest; a machine that is not sound is stopped first, so that it stands still. */
    List<Judged> judge() {
        Explainer explainer = new Explainer(marks);
        List<Judged> out = new ArrayList<>();
        boolean atRest = isSound(); // comeToRest has seen to it
        if (hang != null && hang.isDeadlock()) {
            List<String> story = hang.report().lines().toList();
            Violation v = new Violation(Violation.Kind.DEADLOCK, 0, -1, -1, hang.circle(), story);
            out.add(new Judged(v, explainer.explain(hang)));
        }
        if (!isSound()) {
            machine.close();
        }
        machine.domains().forEach(machine::settleMarks);
        if (hang == null && (machine.failure() == null || machine.failure() instanceof StateCorrupted)) {
            judgeState(atRest).forEach(v -> out.add(new Judged(v, explainState(explainer, v))));
        }
        for (Violation v : ledger.drain()) {
            out.add(new Judged(v, explainer.explain(v)));
            wrecked |= v.kind() == Violation.Kind.INCONSISTENT; // nobody repairs that, and marks are forgotten
        }
        if (restless != null && out.isEmpty()) {
            String text =
                    "the machine does not come to rest: its guests wake up again and again, and find nothing to do";
            out.add(new Judged(
                    new Violation(
                            Violation.Kind.LIVELOCK,
                            0,
                            -1,
                            -1,
                            text,
                            restless.lines().toList()),
                    null));
        }
        blameBrokenLists(out);
        List<LockViolation> locking = machine.validator().violations();
        for (; lockViolationsSeen < locking.size(); lockViolationsSeen++) {
            LockViolation l = locking.get(lockViolationsSeen);
            out.add(new Judged(locking(l), explainer.explain(l)));
        }
        return out;
    }

    /**
     * Where a known weak spot has broken a list, so that Xen's own code ran into it and the machine ends here, what else went wrong with
     * the interrupts of that domain since the last rest came of it: it is not known on which of them the list has led astray.
     */
    private static void blameBrokenLists(List<Judged> found) {
        for (Judged broken : List.copyOf(found)) {
            if (broken.violation().kind() == Violation.Kind.CORRUPTED && broken.by() != null) {
                found.replaceAll(j -> j.by() == null
                                && j.violation().domain() == broken.violation().domain()
                        ? new Judged(j.violation(), broken.by())
                        : j);
            }
        }
    }

    private Quirk explainState(Explainer explainer, Violation v) {
        Quirk q = explainer.explain(v);
        boolean isList = machine.failure() instanceof StateCorrupted c && c.isList();
        return q == null && isList && v.kind() == Violation.Kind.CORRUPTED
                ? explainer.explainBrokenList(v.domain())
                : q;
    }

    /** What Xen's code found corrupt, else what the audit finds, most of it by way of the ledger. */
    private List<Violation> judgeState(boolean atRest) {
        List<Violation> out = new ArrayList<>();
        if (machine.failure() instanceof StateCorrupted c) {
            List<String> story = new ArrayList<>(c.intid() < 0 ? List.of() : history(c.domain(), c.intid()));
            for (StackTraceElement e : c.getStackTrace()) {
                story.add("at " + e);
            }
            out.add(new Violation(Violation.Kind.CORRUPTED, c.domain(), c.intid(), c.vcpu(), c.getMessage(), story));
        } else {
            for (Domain d : machine.domains()) {
                audit.judge(d, atRest);
            }
        }
        return out;
    }

    private static Violation locking(LockViolation l) {
        List<String> both = new ArrayList<>();
        l.here().lines().forEach(both::add);
        if (!l.there().isEmpty()) {
            both.add("the other half:");
            l.there().lines().forEach(both::add);
        }
        return new Violation(Violation.Kind.LOCKING, 0, -1, -1, l.rule() + ": " + l.text(), both);
    }

    /** Brings dead lines and forgotten vCPUs back to life, so that the storm can go on. At rest. */
    void revive() {
        for (Domain d : machine.domains()) {
            revived += audit.revive(d);
            for (int i = 0; i < d.maxVcpus(); i++) {
                Vcpu v = d.vcpu(i);
                if (!((VgicVcpu) v.vgic()).inflight().isEmpty()) {
                    machine.post(onlineFrom(i), cpu -> machine.scheduler().kick(cpu, v));
                }
            }
        }
        marks.forget();
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
            double micros = (e.nanos() - all.get(all.size() - 1).nanos()) / 1e3;
            out.add(String.format(
                    "%12.3f us  %-7s %s %d", micros, e.source(), e.kind().text(), e.arg()));
        }
        return out;
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    Machine machine() {
        return machine;
    }

    Marks marks() {
        return marks;
    }

    Ledger ledger() {
        return ledger;
    }

    Watchdog.Hang hang() {
        return hang;
    }

    /** Assertions of device lines so far; level-sensitive ones count again when they are still high at deactivation. */
    long lineAssertions() {
        long n = 0;
        for (int spi : lines) {
            n += machine.hardware().distributor().generation(spi);
        }
        return n;
    }

    /** Assertions of device lines that no guest has acknowledged yet. */
    long inFlight() {
        long n = 0;
        for (int spi : lines) {
            n += ledger.outstanding(spi);
        }
        return n;
    }

    long revived() {
        return revived;
    }

    @Override
    public void close() {
        machine.close();
    }
}

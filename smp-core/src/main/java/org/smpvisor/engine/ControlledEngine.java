package org.smpvisor.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.RwLock;
import org.smpvisor.lock.SpinLock;

/**
 * One token: only its holder runs, and at each point a {@link Strategy} decides who goes on. What can happen next is an
 * actor: a pCPU does what it has announced; a pCPU takes an interrupt; the hardware completes a step; a registered
 * {@link Actor} acts. A wait is no spin: an actor that waits cannot be chosen until its wait is over. When nothing can be
 * chosen the run is over, and whether that is rest or deadlock is known and not guessed. The same decisions give the same run.
 *
 * <p>Actor numbers, for {@code n} pCPUs: {@code k} is {@code cpu<k>}, {@code n + k} is {@code cpu<k>.irq}, {@code 2n + k} is
 * {@code cpu<k>.hw} (its oldest write to the GIC that has not taken effect yet), {@code 3n + k} is {@code cpu<k>.sb} (the
 * oldest store in its buffer reaches the memory); registered actors follow.
 *
 * <p>If the strategy {@linkplain Strategy#buffersStores() wants that}, stores wait in a buffer per pCPU, first in, first out,
 * as on a TSO machine: the pCPU itself sees them at once, others when {@code cpu<k>.sb} was chosen. A pCPU cannot go on with a
 * full fence, an atomic operation with a full barrier or a lock operation before its buffer is empty.
 *
 * <p>The decision is made on the stack of whoever arrives at a point: choosing the same pCPU again costs a method call.
 */
public final class ControlledEngine extends Engine {
    /** Most actors that there can be. */
    public static final int MAX_ACTORS = 64;

    private static final int HW_QUEUE = 64;

    /** Actors that each pCPU has: itself, its interrupt, its hardware, its store buffer. */
    private static final int FIXED = 4;

    /**
     * Steps after which everybody has his turn and the strategy is not asked any more: a run that still finds no rest gets
     * nowhere by itself, and not because the strategy starves somebody.
     */
    public static final int FAIR_AFTER = 2_500;

    /** Steps of patient actors in a run that need not wait until nothing else can happen. */
    private static final int HASTE = 3;

    private static final int FIRST_CAPACITY = 1 << 12;

    /** What a pCPU is up to, between its points. */
    private enum State {
        READY,
        WAITING,
        WFI,
        DONE
    }

    /** Sees every step of a run, for stories and replay files. */
    public interface Observer {
        /** The step with number {@code step}, from 0, is about to be done. */
        void step(int step, int actor, Point what, Object on);
    }

    private static final class HwQueue {
        final HwStep[] steps = new HwStep[HW_QUEUE];
        final int[] indices = new int[HW_QUEUE];
        final long[] values = new long[HW_QUEUE];
        int head;
        int tail;
    }

    private final int n;
    private final Vehicle vehicle;
    private final Pcpu[] cpus;
    private final List<Actor> actors = new ArrayList<>();
    private Actor[] others = new Actor[0];
    private final State[] state;
    private final Point[] what;
    private final Object[] on;
    private final long[] waitEpoch;
    private final boolean[] irqOrdered;
    private final boolean[] leaves;
    private final boolean[] mustTake;
    private final boolean[] waitIsOver;
    private final HwQueue[] hw;
    private final Memory memory;
    private boolean buffering;
    private boolean noting;
    private Footprints tracing;
    private LongSupplier machine;

    private Strategy strategy;
    private Observer observer;
    private int maxSteps;
    private final int[] lastStep = new int[MAX_ACTORS];
    private int current;
    private long patient;
    private int haste;
    private long epoch;
    private long clock;
    private long points;
    private long totalPoints;
    private byte[] decisions = new byte[FIRST_CAPACITY];
    private int steps;
    private boolean stopped;
    private boolean fair;
    private Outcome outcome;

    /**
     * @param pcpus number of pCPUs, at most 8
     * @param wantContinuations whether to use continuations where the JVM has them
     */
    public ControlledEngine(int pcpus, boolean wantContinuations) {
        if (pcpus < 1 || pcpus > 8) {
            throw new IllegalArgumentException("a controlled run has 1 to 8 pCPUs, not " + pcpus);
        }
        n = pcpus;
        vehicle = wantContinuations && ContinuationVehicle.isAvailable()
                ? new ContinuationVehicle()
                : new ThreadVehicle();
        cpus = new Pcpu[n];
        state = new State[n];
        what = new Point[n];
        on = new Object[n];
        waitEpoch = new long[n];
        irqOrdered = new boolean[n];
        leaves = new boolean[n];
        mustTake = new boolean[n];
        waitIsOver = new boolean[n];
        hw = new HwQueue[n];
        memory = new Memory(n, this);
        Arrays.setAll(hw, i -> new HwQueue());
        Arrays.fill(state, State.DONE);
    }

    /** Whether this JVM has continuations that can be used. */
    public static boolean hasContinuations() {
        return ContinuationVehicle.isAvailable();
    }

    /** Makes the pCPUs known; once, when the machine has been assembled. */
    public void attach(Pcpu[] pcpus) {
        System.arraycopy(pcpus, 0, cpus, 0, n);
    }

    /** Registers an actor; before the first run. Returns its number. */
    public int register(Actor a) {
        if (FIXED * n + actors.size() == MAX_ACTORS) {
            throw new IllegalArgumentException("too many actors: " + a.name() + " is one more than " + MAX_ACTORS);
        }
        actors.add(a);
        patient |= a.isPatient() ? 1L << FIXED * n + actors.size() - 1 : 0;
        others = actors.toArray(Actor[]::new);
        return FIXED * n + others.length - 1;
    }

    /** What carries the stacks: {@code continuations} or {@code threads}. */
    public String vehicle() {
        return vehicle.name();
    }

    public int pcpus() {
        return n;
    }

    /** Number of actors. */
    public int actors() {
        return FIXED * n + others.length;
    }

    /** Name of an actor, as it stands in replay files. */
    public String actorName(int actor) {
        if (actor < n) {
            return "cpu" + actor;
        }
        if (actor < 2 * n) {
            return "cpu" + (actor - n) + ".irq";
        }
        if (actor < 3 * n) {
            return "cpu" + (actor - 2 * n) + ".hw";
        }
        return actor < FIXED * n ? "cpu" + (actor - 3 * n) + ".sb" : others[actor - FIXED * n].name();
    }

    /** Number of the actor with that name, -1 if there is none. */
    public int actorNamed(String name) {
        for (int i = 0; i < actors(); i++) {
            if (actorName(i).equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** pCPU that an actor is part of, -1 for the environment and the hardware. */
    public int pcpuOf(int actor) {
        return actor < 2 * n ? actor % n : -1;
    }

    /** The pCPU with that id. */
    public Pcpu pcpu(int k) {
        return cpus[k];
    }

    /** Whether the actor is an interrupt being taken. */
    public boolean isIrq(int actor) {
        return actor >= n && actor < 2 * n;
    }

    /** Whether the actor is a store that reaches the memory. */
    public boolean isStoreBuffer(int actor) {
        return actor >= 3 * n && actor < FIXED * n;
    }

    // ---- a run ------------------------------------------------------------------------------------------------------

    /** Code that one pCPU runs. */
    public interface Body {
        void run(Pcpu cpu);
    }

    /**
     * Runs every pCPU's {@code body} under {@code s} until nothing can happen any more, or something fails. The machine must
     * be as it was when the run with the same decisions began.
     *
     * @param limit steps after which the pCPUs are asked to leave; after twice as many the run is given up
     * @param watcher sees every step, or {@code null}
     */
    public Outcome run(Strategy s, Body body, int limit, Observer watcher) {
        strategy = s;
        observer = watcher;
        maxSteps = limit;
        epoch = 0;
        points = 0;
        steps = 0;
        stopped = false;
        outcome = null;
        haste = HASTE;
        Arrays.fill(lastStep, -1);
        clock = 0;
        fair = false;
        for (int k = 0; k < n; k++) {
            state[k] = State.READY;
            what[k] = Point.START;
            on[k] = null;
            irqOrdered[k] = false;
            leaves[k] = false;
            mustTake[k] = false;
            hw[k].head = 0;
            hw[k].tail = 0;
        }
        s.begin(this);
        buffering = s.buffersStores();
        noting = s.comparesStates() && machine != null;
        memory.begin(buffering, noting, s.tracesSteps());
        tracing = memory.tracing();
        current = 0;
        int first = firstPcpu();
        if (first < 0) {
            outcome = new Outcome(Outcome.End.CUT, -1, null, "");
            return outcome;
        }
        vehicle.run(n, k -> drive(k, body), first);
        totalPoints += points;
        return outcome;
    }

    /** The first decision is made on the carrier: pCPUs have no stack yet and no interrupt can be taken. */
    private int firstPcpu() {
        while (true) {
            long enabled = enabled() & ((1L << n) - 1 | -1L << FIXED * n);
            int a = pick(enabled, 0);
            if (a < 0) {
                return -1;
            }
            note(a);
            if (a < n) {
                return a;
            }
            outside(a);
        }
    }

    private int drive(int k, Body body) {
        try {
            body.run(cpus[k]);
        } catch (RunAborted e) {
            throw e;
        } catch (Throwable e) {
            outcome = new Outcome(Outcome.End.FAILED, k, e, "");
            return -1;
        }
        state[k] = State.DONE;
        while (true) {
            long enabled = enabled();
            if (enabled == 0) {
                outcome = verdict();
                return -1;
            }
            int a = next(enabled, k);
            if (a < 0) {
                return -1;
            }
            if (a < 2 * n) {
                return hand(a);
            }
            outside(a);
        }
    }

    // ---- who can go on ----------------------------------------------------------------------------------------------

    private long enabled() {
        long set = 0;
        for (int k = 0; k < n; k++) {
            HwQueue q = hw[k];
            if (q.head != q.tail) {
                set |= 1L << 2 * n + k;
            }
            Pcpu cpu = cpus[k];
            if (cpu.needsAttention()) {
                cpu.takeIn();
                if (tracing != null && steps > 0 && processOf(current) != k) {
                    tracing.touchSignal(k, true); // what its own step does to the signal only its own steps see
                }
            }
            State s = state[k];
            if (buffering && !memory.buffer(k).isEmpty()) {
                set |= 1L << 3 * n + k;
            }
            if (s == State.DONE) {
                continue;
            }
            boolean signalled = cpu.hasPendingInterrupt();
            boolean open = !cpu.isIrqMasked() || what[k] == Point.GUEST_STEP;
            boolean takes = signalled && open && s != State.WFI && what[k] != Point.START;
            if (takes) {
                set |= 1L << n + k;
            }
            if (s == State.WAITING && !waitIsOver[k] && isWaitOver(k)) {
                waitIsOver[k] = true;
                if (tracing != null && strategy.countsInterrupts()) {
                    tracing.touchSignal(k, true); // from now on an interrupt is one that it takes where it could go on
                }
            }
            if (s == State.READY ? !(takes && mustTake[k]) : s == State.WFI ? signalled || stopped : isWaitOver(k)) {
                set |= buffering && mustDrain(k) ? 0 : 1L << k;
            }
        }
        Actor[] o = others;
        for (int i = 0; i < o.length; i++) {
            if (o[i].isEnabled()) {
                set |= 1L << FIXED * n + i;
            }
        }
        long hasty = set & ~patient;
        return hasty != 0 && haste == 0 ? hasty : set;
    }

    /** Whether what the pCPU is about to do, or the lock that it waits for, needs an empty buffer. */
    private boolean mustDrain(int k) {
        return !memory.buffer(k).isEmpty()
                && (what[k].drains()
                        || what[k] == Point.AWAIT && (on[k] instanceof SpinLock || on[k] instanceof RwLock));
    }

    private boolean isWaitOver(int k) {
        if (on[k] instanceof SpinLock l && cpus[k].waitTicket() >= 0) {
            return l.serving() == cpus[k].waitTicket();
        }
        return epoch != waitEpoch[k];
    }

    private int pick(long enabled, int from) {
        if ((enabled & enabled - 1) == 0) {
            return Long.numberOfTrailingZeros(enabled);
        }
        if (steps < FAIR_AFTER) {
            return strategy.choose(enabled, from);
        }
        fair = true;
        return longestIdle(enabled);
    }

    /** The actor whose last step lies back farthest: nobody is starved. */
    private int longestIdle(long enabled) {
        int best = -1;
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            if (best < 0 || lastStep[a] < lastStep[best]) {
                best = a;
            }
        }
        return best;
    }

    private void note(int actor) {
        if (steps == decisions.length) {
            decisions = Arrays.copyOf(decisions, 2 * steps);
        }
        decisions[steps] = (byte) actor;
        lastStep[actor] = steps;
        if (tracing != null) {
            trace(actor);
        }
        if (observer != null) {
            int k = pcpuOf(actor);
            if (k >= 0) {
                observer.step(steps, actor, what[k], on[k]);
            } else if (isStoreBuffer(actor)) {
                observer.step(
                        steps, actor, Point.STORE, memory.buffer(actor - 3 * n).oldest());
            } else {
                Point w = actor >= FIXED * n ? others[actor - FIXED * n].what() : Point.HARDWARE;
                observer.step(steps, actor, w, null);
            }
        }
        steps++;
        clock++;
        current = actor;
    }

    /** Notes what a step touches because of what it is; what it does is noted where it does that. */
    private void trace(int actor) {
        tracing.step();
        if (actor >= 2 * n && actor < 3 * n) {
            tracing.touchHardwareQueue(actor - 2 * n);
        } else if ((patient >>> actor & 1) != 0) {
            tracing.touchAll(); // whether it can go on depends on whether anybody else can
        }
        if (actor >= 2 * n) {
            return;
        }
        int k = actor % n;
        boolean open = !cpus[k].isIrqMasked() || what[k] == Point.GUEST_STEP;
        if (isIrq(actor) || state[k] == State.WFI || mustTake[k] || open && strategy.mayInterrupt(k)) {
            tracing.touchSignal(k, false);
        }
        if (isIrq(actor)) {
            return;
        }
        if (on[k] instanceof Watched w) {
            tracing.touch(w, what[k].writes());
        }
        if (state[k] == State.WAITING && !(on[k] instanceof SpinLock)) {
            tracing.touchAll(); // anybody's write lets it look again
        }
    }

    /** Decides; returns -1 when the run ends here instead. */
    private int next(long enabled, int k) {
        if (steps == maxSteps) {
            stopped = true; // whoever can leave in good order does
        } else if (steps == 2 * maxSteps) {
            outcome = new Outcome(Outcome.End.TOO_LONG, k, null, cpus[k] + " does not get out of what it does");
            return -1;
        }
        int a = pick(enabled, current);
        if (a < 0) {
            outcome = new Outcome(Outcome.End.CUT, k, null, "");
            return -1;
        }
        note(a);
        return a;
    }

    private int hand(int actor) {
        if (actor >= n) {
            irqOrdered[actor - n] = true;
            return actor - n;
        }
        return actor;
    }

    private void outside(int actor) {
        epoch++;
        if (actor >= 3 * n && actor < FIXED * n) {
            memory.buffer(actor - 3 * n).drainOne();
            return;
        }
        if (actor >= FIXED * n) {
            if ((patient >>> actor & 1) != 0 && haste > 0) {
                haste--;
            }
            others[actor - FIXED * n].act();
            return;
        }
        HwQueue q = hw[actor - 2 * n];
        int i = q.head & HW_QUEUE - 1;
        q.head++;
        q.steps[i].complete(q.indices[i], q.values[i]);
    }

    /** The pCPU has announced what it will do next; returns when it has been chosen to do it. */
    private void decide(Pcpu cpu) {
        int k = cpu.id();
        while (true) {
            long enabled = enabled();
            if (enabled == 0) {
                outcome = verdict();
                vehicle.end(k);
            }
            int a = next(enabled, k);
            if (a < 0) {
                vehicle.end(k);
            }
            if (a >= 2 * n) {
                outside(a);
                continue;
            }
            int to = hand(a);
            if (to != k) {
                vehicle.switchTo(k, to);
            }
            if (!irqOrdered[k]) {
                return;
            }
            irqOrdered[k] = false;
            mustTake[k] = false;
            if (what[k] == Point.GUEST_STEP) {
                leaves[k] = true;
                return;
            }
            interrupt(cpu, k);
        }
    }

    private void interrupt(Pcpu cpu, int k) {
        State s = state[k];
        Point w = what[k];
        Object o = on[k];
        long e = waitEpoch[k];
        state[k] = State.READY;
        cpu.takeInterrupt();
        state[k] = s;
        what[k] = w;
        on[k] = o;
        waitEpoch[k] = e;
    }

    // ---- the model's side -------------------------------------------------------------------------------------------

    @Override
    public boolean decidesAtPoints() {
        return true;
    }

    @Override
    public void point(Pcpu cpu, Point w, Object o) {
        int k = cpu.id();
        points++;
        what[k] = w;
        on[k] = o;
        leaves[k] = false;
        if (noting) {
            noteStep(k, w, o);
        }
        decide(cpu);
        if (w.writes()) {
            epoch++;
        }
    }

    private void noteStep(int k, Point w, Object o) {
        if (w == Point.GUEST_STEP) {
            memory.forget(k);
        } else {
            memory.saw(cpus[k], (long) w.ordinal() << 32 | System.identityHashCode(o) & 0xffffffffL);
        }
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public void irqsOpened(Pcpu cpu) {
        point(cpu, Point.IRQ_ENABLE, cpu);
    }

    @Override
    public boolean leavesGuest(Pcpu cpu) {
        return leaves[cpu.id()];
    }

    @Override
    public void relax(Pcpu cpu, int turn) {
        int k = cpu.id();
        points++;
        what[k] = Point.AWAIT;
        on[k] = cpu.waitingFor();
        waitEpoch[k] = epoch;
        state[k] = State.WAITING;
        waitIsOver[k] = false;
        if (tracing != null && !(on[k] instanceof SpinLock)) {
            tracing.touchAll(); // it will wait for any write that comes after this moment
        }
        if (noting) {
            noteStep(k, Point.AWAIT, on[k]);
        }
        String circle = circle(k);
        if (circle != null) {
            outcome = new Outcome(Outcome.End.DEADLOCK, k, null, circle);
            vehicle.end(k);
        }
        decide(cpu);
        state[k] = State.READY;
    }

    @Override
    public void waitForInterrupt(Pcpu cpu) {
        int k = cpu.id();
        points++;
        what[k] = Point.WFI;
        on[k] = null;
        state[k] = State.WFI;
        if (noting) {
            memory.forget(k);
        }
        decide(cpu);
        state[k] = State.READY;
        mustTake[k] = cpu.hasPendingInterrupt(); // an idle loop that never opens its eyes is not worth exploring
    }

    @Override
    public void hardware(Pcpu cpu, HwStep step, int index, long value) {
        HwQueue q = hw[cpu.id()];
        if (q.tail - q.head == HW_QUEUE) {
            outside(2 * n + cpu.id()); // the oldest has waited long enough
        }
        int i = q.tail & HW_QUEUE - 1;
        q.steps[i] = step;
        q.indices[i] = index;
        q.values[i] = value;
        q.tail++;
        if (tracing != null) {
            tracing.touchHardwareQueue(cpu.id());
        }
    }

    @Override
    public boolean deliversAtOnce() {
        return false;
    }

    @Override
    public void wake(Pcpu cpu) {
        // Whether a wait is over is looked up at each decision.
    }

    /** Logical time: steps so far, and what {@link #advance} added. */
    @Override
    public long now() {
        return clock;
    }

    /** Time goes on to {@code then}, if it is not later already; for timers that expire. */
    public void advance(long then) {
        clock = Math.max(clock, then);
    }

    @Override
    public void stop() {
        stopped = true;
    }

    @Override
    public boolean isStopped() {
        return stopped;
    }

    // ---- waiting for each other -------------------------------------------------------------------------------------

    private Outcome verdict() {
        boolean rests = true;
        for (int k = 0; k < n; k++) {
            // Nobody is obliged to bring up a pCPU that waits for power, and for nothing else.
            boolean isOff = state[k] == State.WAITING && on[k] == null && !cpus[k].isOnline();
            rests &= state[k] == State.WFI || state[k] == State.DONE || isOff;
        }
        if (rests && steps >= maxSteps) {
            return new Outcome(Outcome.End.TOO_LONG, -1, null, "");
        }
        if (rests) {
            return new Outcome(stopped ? Outcome.End.STOPPED : Outcome.End.QUIESCENT, -1, null, "");
        }
        StringBuilder b = new StringBuilder();
        for (int k = 0; k < n; k++) {
            if (state[k] == State.WAITING) {
                b.append(b.isEmpty() ? "" : "; ")
                        .append(cpus[k])
                        .append(" waits for ")
                        .append(describeWait(k));
            }
        }
        return new Outcome(Outcome.End.DEADLOCK, -1, null, b.toString());
    }

    private String describeWait(int k) {
        Object o = on[k];
        int holder = holderOf(k);
        String held = holder < 0 ? "" : ", which cpu" + holder + (owns(holder, o) ? " holds" : " is next in line for");
        return o + held;
    }

    private boolean owns(int k, Object o) {
        return o instanceof SpinLock l && l.owner() == cpus[k];
    }

    /** The pCPU that must move before {@code k} can, where that is known for certain; -1 otherwise. */
    private int holderOf(int k) {
        if (on[k] instanceof SpinLock l) {
            Pcpu owner = l.owner();
            if (owner != null) {
                return owner.id();
            }
            for (int j = 0; j < n; j++) { // free, but the next in line has been interrupted
                if (cpus[j].isQueuedBelow(l, l.serving())) {
                    return j;
                }
            }
        }
        if (on[k] instanceof RwLock l) {
            return l.writer();
        }
        return -1;
    }

    /** The circle of waits that pCPU {@code k} has just closed, in words, or {@code null}. */
    private String circle(int k) {
        StringBuilder b = new StringBuilder();
        int j = k;
        for (int hops = 0; hops <= n; hops++) {
            int holder = holderOf(j);
            if (holder < 0 || holder != k && state[holder] != State.WAITING) {
                return null;
            }
            b.append(b.isEmpty() ? "" : "; ")
                    .append(cpus[j])
                    .append(" waits for ")
                    .append(describeWait(j));
            if (holder == k) {
                return b.toString();
            }
            j = holder;
        }
        return null;
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    /** What pCPU {@code k} will do when it is chosen. */
    public Point pendingPoint(int k) {
        return what[k];
    }

    /** What pCPU {@code k} will do it on, or {@code null}. */
    public Object pendingObject(int k) {
        return on[k];
    }

    /** Makes a hash of the machine's state known, all but the stacks of its pCPUs; for strategies that compare states. */
    public void setMachineState(LongSupplier hash) {
        machine = hash;
    }

    /**
     * A hash of the state that the run has come to: where two runs have the same, whatever can follow is the same. Besides the
     * machine's it takes in where each pCPU is and what it has seen since it was last in the guest or asleep, which is all that
     * its stack depends on. Time is left out as long as nobody sets a deadline.
     */
    public long state() {
        long h = machine.getAsLong();
        for (int k = 0; k < n; k++) {
            boolean waits = state[k] == State.WAITING;
            long flags = state[k].ordinal()
                    | (mustTake[k] ? 8 : 0)
                    | (leaves[k] ? 16 : 0)
                    | (waits && isWaitOver(k) ? 32 : 0)
                    | (waits && on[k] instanceof SpinLock l ? cpus[k].waitTicket() - l.serving() : 0) << 8
                    | (long) what[k].ordinal() << 20;
            h += Memory.mix(memory.seen(k) + Memory.mix(flags << 4 | k));
            HwQueue q = hw[k];
            for (int i = q.head; i != q.tail; i++) {
                int at = i & HW_QUEUE - 1;
                long step = (long) System.identityHashCode(q.steps[at]) << 16 ^ q.indices[at];
                h += Memory.mix(Memory.mix(step ^ q.values[at] << 24) + ((long) (i - q.head) << 4 | k));
            }
        }
        return Memory.mix(h + haste) + (hasSetDeadlines() ? Memory.mix(clock) : 0);
    }

    /** Whether {@link #state} says anything in this run. */
    public boolean comparesStates() {
        return noting;
    }

    /** What the steps of the run so far have touched; {@code null} unless the strategy wanted to know. */
    Footprints footprints() {
        return tracing;
    }

    /**
     * Whether two steps of this run cannot change places: they belong to one process, or touch something in common that one of
     * them writes. For runs of a strategy that {@linkplain Strategy#tracesSteps() traces steps}.
     */
    public boolean dependOnEachOther(int i, int j) {
        return processOf(decision(i)) == processOf(decision(j)) || tracing.conflicts(tracing.of(i), j);
    }

    /** What can change places: actors of one process never do. A pCPU and its interrupts are one. */
    int processOf(int actor) {
        return actor < 2 * n ? actor % n : actor;
    }

    /** Whether the last run ended before everything in it had: it failed, or somebody could not be got to leave. */
    boolean endedEarly() {
        Outcome.End end = outcome.end();
        return end != Outcome.End.QUIESCENT && end != Outcome.End.STOPPED && end != Outcome.End.CUT;
    }

    /** Whether the run became so long that the strategy was not asked any more. */
    public boolean wasMadeFair() {
        return fair;
    }

    /** Whether deadlines have been set in some run whose states were compared. */
    public boolean hasSetDeadlines() {
        return memory.isTimed();
    }

    /** Number of decisions of the run so far. */
    public int steps() {
        return steps;
    }

    /** Actor chosen at step {@code i} of the run so far. */
    public int decision(int i) {
        return decisions[i];
    }

    /** The decisions of the last run, one actor each. */
    public byte[] decisions() {
        return Arrays.copyOf(decisions, steps);
    }

    /** Points reported in all runs. */
    public long totalPoints() {
        return totalPoints;
    }
}

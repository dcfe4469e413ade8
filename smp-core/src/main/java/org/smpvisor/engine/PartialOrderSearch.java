package org.smpvisor.engine;

import java.util.Arrays;

/**
 * Search through all schedules, of which it tries one of each kind: two are of one kind if they differ in the order of steps that
 * touch nothing in common, see {@link Footprints}. Whatever any schedule can come to, one of those that are tried comes to. There is no
 * bound on preemptions, and one on interrupts only if that is wanted; schedules longer than {@link ControlledEngine#FAIR_AFTER} are
 * searched as far as that.
 *
 * <p>This is dynamic partial-order reduction with source sets and sleep sets (Abdulla, Aronsson, Jonsson, Sagonas, POPL 2014). After
 * each schedule, steps are looked for that touch something in common and could have come in the other order; where the earlier of
 * them was decided, an actor that leads there is noted, to be tried later. An actor that has been tried sleeps where what it would do
 * has not been touched since. What is particular here:
 *
 * <ul>
 *   <li>A pCPU and the taking of its interrupt are two choices of one process: where one is tried, so is the other.
 *   <li>If no actor that leads to the other order could go on at that moment, all that could are noted; but none if the later step had
 *       to wait for the earlier one.
 *   <li>Where a run fails, what the others were about to do is not done: all that could go on at its last decision are noted.
 *   <li>What depends on whether anybody else can go on, or on the time, counts as touching everything.
 * </ul>
 */
public final class PartialOrderSearch implements Search {
    /** No bound. */
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    private static final int FIRST_CAPACITY = 1 << 9;

    /** An actor that need not go on here: what follows has been tried, and nothing has touched what it would touch. */
    private record Sleeper(int actor, int[] footprint, Sleeper next) {}

    private final int maxInterrupts;
    private ControlledEngine engine;
    private int processes;
    private int[] interrupts = new int[0];

    /** By step: who could go on, 0 where nothing was decided. */
    private long[] enabled = new long[FIRST_CAPACITY];

    /** By step: who is to be tried. */
    private long[] wanted = new long[FIRST_CAPACITY];

    private byte[] chosen = new byte[FIRST_CAPACITY];
    private Sleeper[] asleep = new Sleeper[FIRST_CAPACITY];

    /** Step at which this run leaves the way of the last one; those before it are repeated. */
    private int branch = -1;

    /** Step of the last decision. */
    private int last = -1;

    private boolean cut;
    private boolean redundant;
    private boolean timed;
    private boolean truncated;
    private boolean exhausted;
    private long schedules;
    private long cuts;

    // What the analysis of a run needs. Clocks: by step and process, one more than the latest step of that process
    // before it.
    private int[] clocks = new int[0];
    private int[] now = new int[0];
    private int[] lastOf = new int[0];
    private int[] firstOf = new int[0];
    private int[] writers = new int[0];
    private int[] readers = new int[0];
    private int[] touched = new int[FIRST_CAPACITY];
    private int touchedCount;
    private boolean[] isTouched = new boolean[0];
    private int[] rivals = new int[FIRST_CAPACITY];
    private int rivalCount;

    /** A search through everything. */
    public PartialOrderSearch() {
        this(UNBOUNDED);
    }

    /**
     * @param maxInterrupts how many interrupts each pCPU takes, in one schedule, where it could have gone on, or
     *     {@link #UNBOUNDED}
     */
    public PartialOrderSearch(int maxInterrupts) {
        this.maxInterrupts = maxInterrupts;
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        processes = e.actors();
        interrupts = new int[e.pcpus()];
        last = -1;
        cut = false;
        redundant = false;
        if (schedules + cuts == 0) {
            timed = e.hasSetDeadlines();
        }
    }

    @Override
    public boolean tracesSteps() {
        return true;
    }

    @Override
    public boolean countsInterrupts() {
        return !isUnbounded();
    }

    @Override
    public boolean mayInterrupt(int pcpu) {
        return interrupts[pcpu] < maxInterrupts;
    }

    // ---- deciding ---------------------------------------------------------------------------------------------------

    @Override
    public int choose(long able, int current) {
        long set = affordable(able);
        int a = choose(set);
        if (a >= 0 && engine.isIrq(a) && (set >>> a - engine.pcpus() & 1) != 0) {
            interrupts[a - engine.pcpus()]++;
        }
        return a;
    }

    /** Without the interrupts of pCPUs that can go on, and have taken as many as they may where they could have gone on. */
    private long affordable(long able) {
        long set = able;
        for (int k = 0; k < interrupts.length; k++) {
            if (interrupts[k] >= maxInterrupts && (able >>> k & 1) != 0) {
                set &= ~(1L << k + interrupts.length);
            }
        }
        return set;
    }

    private int choose(long set) {
        int s = engine.steps();
        if (s >= chosen.length) {
            grow(s);
        }
        if (s <= branch) {
            if ((set >>> chosen[s] & 1) == 0) {
                throw new ModelBug("the same decisions do not lead to the same place: " + engine.actorName(chosen[s])
                        + " cannot go on at step " + s);
            }
            last = s;
            return chosen[s];
        }
        Sleeper sleepers = stillAsleep(s);
        long awake = set & ~actors(sleepers);
        if (redundant || awake == 0) {
            cut = true;
            return -1;
        }
        Arrays.fill(enabled, last + 1, s, 0);
        last = s;
        asleep[s] = sleepers;
        enabled[s] = set;
        chosen[s] = (byte) preferred(awake);
        wanted[s] = withTwin(chosen[s], set);
        return chosen[s];
    }

    private void grow(int s) {
        int n = Math.max(s + 1, 2 * chosen.length);
        enabled = Arrays.copyOf(enabled, n);
        wanted = Arrays.copyOf(wanted, n);
        chosen = Arrays.copyOf(chosen, n);
        asleep = Arrays.copyOf(asleep, n);
    }

    /** Who sleeps at step {@code s}: those that slept at the last decision, but for whom a step since then has touched. */
    private Sleeper stillAsleep(int s) {
        Sleeper out = last < 0 ? null : asleep[last];
        for (int t = Math.max(last, 0); t < s && out != null; t++) {
            int actor = engine.decision(t);
            Sleeper kept = null;
            for (Sleeper q = out; q != null; q = q.next) {
                if (q.actor == actor) {
                    redundant |= t > last; // nothing was decided there, and it has been tried
                } else if (engine.processOf(q.actor) != engine.processOf(actor)
                        && !engine.footprints().conflicts(q.footprint, t)) {
                    kept = new Sleeper(q.actor, q.footprint, kept);
                }
            }
            out = kept;
        }
        return out;
    }

    private static long actors(Sleeper sleepers) {
        long out = 0;
        for (Sleeper q = sleepers; q != null; q = q.next) {
            out |= 1L << q.actor;
        }
        return out;
    }

    /** The pCPU that went on last, so that schedules have few switches; else the first. */
    private int preferred(long awake) {
        for (int i = engine.steps() - 1; i >= 0; i--) {
            int k = engine.pcpuOf(engine.decision(i));
            if (k >= 0) {
                return (awake >>> k & 1) != 0 ? k : Long.numberOfTrailingZeros(awake);
            }
        }
        return Long.numberOfTrailingZeros(awake);
    }

    private long withTwin(int actor, long set) {
        int n = engine.pcpus();
        long twin = actor < n ? 1L << actor + n : actor < 2 * n ? 1L << actor - n : 0;
        return 1L << actor | twin & set;
    }

    // ---- after a run ------------------------------------------------------------------------------------------------

    @Override
    public boolean end() {
        truncated |= engine.wasMadeFair();
        if (cut) {
            cuts++;
        } else {
            schedules++;
        }
        if (engine.hasSetDeadlines() && !timed) {
            timed = true; // what was tried before did not know that time matters: from the start
            branch = -1;
            schedules = 0;
            cuts = 0;
            return true;
        }
        findRaces();
        if (engine.endedEarly() && last >= 0) {
            wanted[last] |= enabled[last]; // what the others were about to do was not done, so that no race shows it
        }
        for (int s = last; s >= 0; s--) {
            if (enabled[s] == 0) {
                continue;
            }
            asleep[s] = new Sleeper(chosen[s], engine.footprints().of(s), asleep[s]);
            long next = wanted[s] & ~actors(asleep[s]);
            if (next != 0) {
                chosen[s] = (byte) Long.numberOfTrailingZeros(next);
                wanted[s] |= withTwin(chosen[s], enabled[s]);
                branch = s;
                return true;
            }
            asleep[s] = null;
        }
        exhausted = true;
        return false;
    }

    private void findRaces() {
        int steps = engine.steps();
        Footprints f = engine.footprints();
        prepare(steps, f.things());
        for (int j = 0; j < steps; j++) {
            int q = engine.processOf(engine.decision(j));
            System.arraycopy(clocks, lastOf[q] * processes, now, 0, processes);
            int before = lastOf[q] - 1;
            collectRivals(f, j, q);
            for (int r = 0; r < rivalCount; r++) {
                int i = rivals[r];
                int p = engine.processOf(engine.decision(i));
                if (now[p] <= i) { // nothing else orders the two
                    join(i);
                    rivals[r] = ~i;
                }
            }
            now[q] = j + 1;
            System.arraycopy(now, 0, clocks, (j + 1) * processes, processes);
            lastOf[q] = j + 1;
            if (j >= branch) {
                for (int r = 0; r < rivalCount; r++) {
                    if (rivals[r] < 0) {
                        wantReverse(~rivals[r], j, before);
                    }
                }
            }
            remember(f, j, q);
        }
        for (int t = 0; t < touchedCount; t++) {
            isTouched[touched[t]] = false;
        }
    }

    /** Row 0 of the clocks is what is known before anything has happened; row {@code i + 1} belongs to step {@code i}. */
    private void prepare(int steps, int things) {
        if (clocks.length < (steps + 1) * processes) {
            clocks = new int[2 * (steps + 1) * processes];
        }
        if (now.length != processes) {
            now = new int[processes];
            lastOf = new int[processes];
            firstOf = new int[processes];
        }
        if (writers.length < things) {
            writers = new int[2 * things];
            readers = new int[2 * things * processes];
            isTouched = new boolean[2 * things];
        }
        Arrays.fill(clocks, 0, processes, 0);
        Arrays.fill(lastOf, 0);
        touchedCount = 0;
    }

    /** The latest earlier steps of others that touch what step {@code j} touches, where one of the two writes; latest first. */
    private void collectRivals(Footprints f, int j, int q) {
        rivalCount = 0;
        int end = f.end(j);
        for (int at = f.first(j); at < end; at++) {
            int thing = f.entry(at) >>> 1;
            if (!isTouched[thing]) {
                continue;
            }
            addRival(writers[thing], q);
            if ((f.entry(at) & 1) != 0) {
                for (int p = 0; p < processes; p++) {
                    addRival(readers[thing * processes + p], q);
                }
            }
        }
    }

    /** @param after one more than the step, 0 for none */
    private void addRival(int after, int q) {
        int i = after - 1;
        if (i < 0 || engine.processOf(engine.decision(i)) == q) {
            return;
        }
        if (rivalCount == rivals.length) {
            rivals = Arrays.copyOf(rivals, 2 * rivalCount);
        }
        int at = rivalCount;
        while (at > 0 && rivals[at - 1] < i) {
            at--;
        }
        if (at > 0 && rivals[at - 1] == i) {
            return;
        }
        System.arraycopy(rivals, at, rivals, at + 1, rivalCount - at);
        rivals[at] = i;
        rivalCount++;
    }

    private void join(int i) {
        int row = (i + 1) * processes;
        for (int p = 0; p < processes; p++) {
            now[p] = Math.max(now[p], clocks[row + p]);
        }
    }

    private void remember(Footprints f, int j, int q) {
        int end = f.end(j);
        for (int at = f.first(j); at < end; at++) {
            int thing = f.entry(at) >>> 1;
            boolean write = (f.entry(at) & 1) != 0;
            if (!isTouched[thing]) {
                isTouched[thing] = true;
                if (touchedCount == touched.length) {
                    touched = Arrays.copyOf(touched, 2 * touchedCount);
                }
                touched[touchedCount++] = thing;
                writers[thing] = 0;
                Arrays.fill(readers, thing * processes, (thing + 1) * processes, 0);
            }
            if (write) {
                writers[thing] = j + 1;
                Arrays.fill(readers, thing * processes, (thing + 1) * processes, 0);
            } else {
                readers[thing * processes + q] = j + 1;
            }
        }
    }

    /**
     * Step {@code j} comes after step {@code i} only by the order in which they were chosen: sees to it that somebody is tried there
     * who leads to the other order.
     *
     * @param before the step before {@code j} of the same process, -1 for none
     */
    private void wantReverse(int i, int j, int before) {
        if (i > last || enabled[i] == 0) {
            return; // nothing was decided there
        }
        long leads = leadersTo(i, j);
        if ((leads & (wanted[i] | actors(asleep[i]))) != 0) {
            return;
        }
        long able = leads & enabled[i];
        if (able == 0) {
            // What its process waited for came with step i: there is no other order. Else nobody knows who leads there.
            boolean waited = before < i && (enabled[i] >>> engine.decision(j) & 1) == 0;
            wanted[i] |= waited ? 0 : enabled[i];
            return;
        }
        int a = engine.decision(j);
        wanted[i] |= withTwin((able >>> a & 1) != 0 ? a : Long.numberOfTrailingZeros(able), enabled[i]);
    }

    /** Those who can begin what leads to step {@code j} and needs nothing of step {@code i}. */
    private long leadersTo(int i, int j) {
        Arrays.fill(firstOf, -1);
        int p = engine.processOf(engine.decision(i));
        long out = 0;
        for (int t = i + 1; t <= j; t++) {
            int row = (t + 1) * processes;
            int q = engine.processOf(engine.decision(t));
            if (firstOf[q] >= 0 || t < j && clocks[row + p] > i) {
                continue;
            }
            boolean leads = true;
            for (int o = 0; o < processes && leads; o++) {
                leads = o == q || firstOf[o] < 0 || clocks[row + o] <= firstOf[o];
            }
            firstOf[q] = t;
            out |= leads ? 1L << engine.decision(t) : 0;
        }
        return out;
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    @Override
    public long schedules() {
        return schedules;
    }

    @Override
    public long cuts() {
        return cuts;
    }

    @Override
    public boolean isExhausted() {
        return exhausted;
    }

    @Override
    public boolean isTruncated() {
        return truncated;
    }

    @Override
    public boolean isUnbounded() {
        return maxInterrupts == UNBOUNDED;
    }

    @Override
    public String bound() {
        String of = "a schedule of each kind";
        if (maxInterrupts == 0) {
            of += " in which pCPUs take interrupts where they cannot go on";
        } else if (!isUnbounded()) {
            of += " in which each pCPU takes up to " + maxInterrupts
                    + (maxInterrupts == 1 ? " interrupt" : " interrupts") + " where it could go on";
        }
        return Search.within(of, truncated);
    }
}

package org.smpvisor.engine;

import java.util.Arrays;

/**
 * Depth-first search through all schedules with at most so many preemptions and so many interrupts taken where the pCPU could
 * have gone on. A pCPU that can go on does so for free; when it cannot, whoever comes next is free. Letting anybody else
 * go on, another pCPU, the hardware or a device, is a preemption. Without a bound it is a search through all schedules; where
 * schedules are longer than {@link ControlledEngine#FAIR_AFTER} steps, it is one of how they begin.
 *
 * <p>Each run repeats the decisions up to the last one with an alternative left and takes that; so a run costs what it takes
 * from the start. A run is cut where it comes to a state from which the search has gone on before, with as much left of its
 * bounds: states are the same when {@link ControlledEngine#state} is. Unlike {@link PartialOrderSearch} that
 * loses nothing under bounds on preemptions.
 */
public final class BoundedSearch implements Search {
    /** No bound. */
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    private static final int FIRST_CAPACITY = 1 << 10;
    private static final int MOST = (1 << 15) - 1;

    private final int maxPreemptions;
    private final int maxInterrupts;
    private final Visited visited;
    private ControlledEngine engine;
    private int pcpus;

    private long[] left = new long[FIRST_CAPACITY];
    private byte[] chosen = new byte[FIRST_CAPACITY];
    private int[] preemptions = new int[FIRST_CAPACITY + 1];
    private int[] interrupts = new int[FIRST_CAPACITY + 1];
    private int depth;
    private int prefix;
    private int running;
    private long schedules;
    private long cuts;
    private boolean cut;
    private boolean timed;
    private boolean truncated;
    private boolean exhausted;

    /** Bounds of 0 and more, or {@link #UNBOUNDED}. */
    public BoundedSearch(int maxPreemptions, int maxInterrupts) {
        this(maxPreemptions, maxInterrupts, true);
    }

    /** @param merges whether a run is cut where it meets a state that has been gone on from */
    BoundedSearch(int maxPreemptions, int maxInterrupts, boolean merges) {
        this.maxPreemptions = maxPreemptions;
        this.maxInterrupts = maxInterrupts;
        this.visited = merges ? new Visited() : null;
    }

    @Override
    public void begin(ControlledEngine e) {
        engine = e;
        pcpus = e.pcpus();
        depth = 0;
        running = 0;
        cut = false;
        if (schedules + cuts == 0) {
            timed = e.hasSetDeadlines();
        }
    }

    @Override
    public boolean comparesStates() {
        return visited != null;
    }

    @Override
    public int choose(long enabled, int current) {
        for (int i = engine.steps() - 1; i >= 0; i--) { // forced steps in between were not asked for
            if (engine.pcpuOf(engine.decision(i)) >= 0) {
                running = engine.pcpuOf(engine.decision(i));
                break;
            }
        }
        if (depth == chosen.length) {
            grow();
        }
        if (depth >= prefix) {
            if (engine.comparesStates() && !isNew()) {
                cut = true;
                return -1;
            }
            left[depth] = affordable(enabled);
            chosen[depth] = (byte) preferred(enabled);
            left[depth] &= ~(1L << chosen[depth]);
        }
        int a = chosen[depth];
        if ((enabled >>> a & 1) == 0) {
            throw new ModelBug("the same decisions do not lead to the same place: " + engine.actorName(a)
                    + " cannot go on at step " + engine.steps());
        }
        preemptions[depth + 1] = preemptions[depth] + preemptionCost(enabled, a);
        interrupts[depth + 1] = interrupts[depth] + interruptCost(enabled, a);
        depth++;
        return a;
    }

    private boolean isNew() {
        boolean bounded = maxPreemptions != UNBOUNDED || maxInterrupts != UNBOUNDED;
        if (!bounded) {
            return visited.add(engine.state(), 0, 0);
        }
        long state = engine.state() + (running + 1) * 0x9E3779B97F4A7C15L; // whom it is free to let go on
        return visited.add(state, Math.min(preemptions[depth], MOST), Math.min(interrupts[depth], MOST));
    }

    private void grow() {
        int n = 2 * chosen.length;
        left = Arrays.copyOf(left, n);
        chosen = Arrays.copyOf(chosen, n);
        preemptions = Arrays.copyOf(preemptions, n + 1);
        interrupts = Arrays.copyOf(interrupts, n + 1);
    }

    /** What costs nothing, where there is such a thing: the same pCPU, else the next. */
    private int preferred(long enabled) {
        if ((enabled >>> running & 1) != 0) {
            return running;
        }
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            if (preemptionCost(enabled, a) + interruptCost(enabled, a) == 0) {
                return a;
            }
        }
        return Long.numberOfTrailingZeros(enabled); // an interrupt over somebody who could go on, and nothing else
    }

    private long affordable(long enabled) {
        long out = 0;
        for (long s = enabled; s != 0; s &= s - 1) {
            int a = Long.numberOfTrailingZeros(s);
            boolean pays = (long) preemptions[depth] + preemptionCost(enabled, a) <= maxPreemptions
                    && (long) interrupts[depth] + interruptCost(enabled, a) <= maxInterrupts;
            out |= pays ? 1L << a : 0;
        }
        return out;
    }

    private int preemptionCost(long enabled, int actor) {
        boolean goesOn = (enabled >>> running & 1) != 0;
        return goesOn && engine.pcpuOf(actor) != running ? 1 : 0;
    }

    private int interruptCost(long enabled, int actor) {
        return engine.isIrq(actor) && (enabled >>> actor - pcpus & 1) != 0 ? 1 : 0;
    }

    @Override
    public boolean end() {
        truncated |= engine.wasMadeFair();
        if (cut) {
            cuts++;
        } else {
            schedules++;
        }
        if (visited != null && engine.hasSetDeadlines() && !timed) {
            timed = true; // states found before did not know that time matters: from the start
            visited.clear();
            depth = 0;
            prefix = 0;
            schedules = 0;
            cuts = 0;
            return true;
        }
        while (depth > 0 && left[depth - 1] == 0) {
            depth--;
        }
        if (depth == 0) {
            exhausted = true;
            return false;
        }
        int a = Long.numberOfTrailingZeros(left[depth - 1]);
        left[depth - 1] &= left[depth - 1] - 1;
        chosen[depth - 1] = (byte) a;
        prefix = depth;
        return true;
    }

    @Override
    public long schedules() {
        return schedules;
    }

    @Override
    public long cuts() {
        return cuts;
    }

    /** Different states that were gone on from. */
    public int states() {
        return visited == null ? 0 : visited.size();
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
        return maxPreemptions == UNBOUNDED && maxInterrupts == UNBOUNDED;
    }

    @Override
    public String bound() {
        return Search.within(isUnbounded() ? "all schedules" : "all schedules with " + counts(), truncated);
    }

    private String counts() {
        String p = maxPreemptions == UNBOUNDED
                ? "any number of preemptions"
                : "up to " + count(maxPreemptions, "preemption");
        String i = maxInterrupts == UNBOUNDED ? "any number of interrupts" : count(maxInterrupts, "interrupt");
        return p + " and " + i;
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }
}

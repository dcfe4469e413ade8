package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Replay;
import org.smpvisor.oracle.Violation;

/**
 * Makes a failing schedule shorter to read while it fails in the same way: removes switches between actors, and whole runs of
 * steps, until none can be removed. What is removed is skipped loosely, and whoever runs goes on instead.
 */
public final class Shrinker {
    /** A run of steps by one actor. */
    private record Run(byte actor, int count) {}

    private final Subject subject;
    private final String signature;
    private final int limit;
    private int tried;
    private byte[] best;

    /**
     * @param signature of the failure that must stay, see {@link Failure#signature()}
     * @param limit schedules to try at most
     */
    public Shrinker(Subject subject, String signature, int limit) {
        this.subject = subject;
        this.signature = signature;
        this.limit = limit;
    }

    /** Returns the shortest schedule found; {@code decisions} itself if nothing can be removed. */
    public byte[] shrink(byte[] decisions) {
        best = decisions;
        for (boolean better = true; better && tried < limit; ) {
            better = withoutChunks() || withMerges() || withSwaps();
        }
        return best;
    }

    /** Schedules tried. */
    public int tried() {
        return tried;
    }

    private boolean withoutChunks() {
        List<Run> runs = runs(best);
        boolean better = false;
        for (int size = Math.max(1, runs.size() / 2); size >= 1 && tried < limit; size /= 2) {
            for (int from = 0; from + size <= runs(best).size() && tried < limit; ) {
                List<Run> candidate = new ArrayList<>(runs(best));
                candidate.subList(from, from + size).clear();
                if (accept(candidate)) {
                    better = true;
                } else {
                    from += size;
                }
            }
        }
        return better;
    }

    /** Lets a run go on over the one that follows it: two switches less. */
    private boolean withMerges() {
        boolean better = false;
        for (int i = 0; i + 2 < runs(best).size() && tried < limit; i++) {
            List<Run> candidate = new ArrayList<>(runs(best));
            if (candidate.get(i).actor == candidate.get(i + 2).actor) {
                Run a = candidate.get(i);
                Run moved = candidate.get(i + 1);
                Run b = candidate.get(i + 2);
                candidate.set(i, new Run(a.actor, a.count + b.count));
                candidate.set(i + 1, moved);
                candidate.remove(i + 2);
                better |= accept(candidate);
            }
        }
        return better;
    }

    /** Lets a run come before the one in front of it. */
    private boolean withSwaps() {
        boolean better = false;
        for (int i = 0; i + 1 < runs(best).size() && tried < limit; i++) {
            List<Run> candidate = new ArrayList<>(runs(best));
            Run a = candidate.get(i);
            candidate.set(i, candidate.get(i + 1));
            candidate.set(i + 1, a);
            better |= accept(candidate);
        }
        return better;
    }

    private boolean accept(List<Run> runs) {
        tried++;
        Outcome o = subject.run(new Replay(decisions(runs), false), null);
        byte[] actual = subject.engine().decisions();
        List<Violation> violations = subject.judge(o);
        boolean same = violations.stream().anyMatch(v -> Failure.signature(v).equals(signature));
        if (same && isShorter(actual, best)) {
            best = actual;
            return true;
        }
        return false;
    }

    private static boolean isShorter(byte[] a, byte[] b) {
        int x = runs(a).size();
        int y = runs(b).size();
        return x != y ? x < y : a.length < b.length;
    }

    private static List<Run> runs(byte[] decisions) {
        List<Run> out = new ArrayList<>();
        for (int i = 0; i < decisions.length; ) {
            int end = i;
            while (end < decisions.length && decisions[end] == decisions[i]) {
                end++;
            }
            out.add(new Run(decisions[i], end - i));
            i = end;
        }
        return out;
    }

    private static byte[] decisions(List<Run> runs) {
        byte[] out = new byte[runs.stream().mapToInt(Run::count).sum()];
        int at = 0;
        for (Run r : runs) {
            Arrays.fill(out, at, at + r.count, r.actor);
            at += r.count;
        }
        return out;
    }
}

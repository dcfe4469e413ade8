package org.smpvisor.scenario;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.RwLock;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.machine.Machine;

/** Notices from outside that a machine no longer gets anywhere, and says who holds and who waits for what. */
final class Watchdog {
    private final Machine machine;
    private final long patienceNanos;
    private final Map<Pcpu, Integer> waits = new LinkedHashMap<>();
    private final Map<Pcpu, Long> since = new LinkedHashMap<>();
    private String lastCircle = "";
    private long lastProgress;
    private long progressAt;

    Watchdog(Machine machine, double patienceSeconds) {
        this.machine = machine;
        this.patienceNanos = (long) (patienceSeconds * 1e9);
        this.progressAt = machine.now();
    }

    /**
     * A hang.
     *
     * @param blockers the pCPUs that wait for each other in a circle, none if there is no circle
     * @param circle the circle in one sentence, empty without one
     * @param report state of all pCPUs
     */
    record Hang(List<Blocker> blockers, String circle, String report) {
        boolean isDeadlock() {
            return !blockers.isEmpty();
        }
    }

    /**
     * A pCPU in a circle.
     *
     * @param pcpu its id
     * @param isInHardIrq whether it handles an interrupt
     * @param lock class of the lock for which the one before it in the circle waits
     */
    record Blocker(int pcpu, boolean isInHardIrq, LockClass lock) {}

    /** Looks; returns the hang if there has been one for longer than the patience, else {@code null}. */
    Hang look() {
        List<Pcpu> waiters = circle();
        StringBuilder circle = new StringBuilder();
        waiters.forEach(p -> circle.append(p).append(' ').append(p.waitSerial()).append(' '));
        boolean sameCircle = !waiters.isEmpty() && lastCircle.contentEquals(circle);
        lastCircle = circle.toString();
        if (sameCircle) {
            return report(); // the same waits in the same circle: a deadlock, however short it has lasted
        }
        long now = machine.now();
        boolean stuck = false;
        long progress = 0;
        for (Pcpu p : machine.pcpus()) {
            int wait = p.waitSerial();
            if (wait == 0 || !Objects.equals(wait, waits.get(p))) {
                waits.put(p, wait);
                since.put(p, now);
            } else if (now - since.get(p) > patienceNanos) {
                stuck = true;
            }
            for (Counter c : Counter.values()) {
                progress += p.counter(c);
            }
        }
        if (progress != lastProgress) {
            lastProgress = progress;
            progressAt = now;
        }
        boolean still = now - progressAt > patienceNanos && !machine.isAtRest();
        return stuck || still ? report() : null;
    }

    /** The present state of all pCPUs as a hang report. */
    Hang report() {
        StringBuilder b = new StringBuilder();
        for (Pcpu p : machine.pcpus()) {
            b.append(p).append(" runs ").append(p.current());
            b.append(p.isIrqMasked() ? ", interrupts masked" : ", interrupts open");
            b.append(p.isInHardIrq() ? ", in a hard interrupt" : "");
            b.append(", holds ").append(p.held().describe());
            Object w = p.waitingFor();
            b.append(w == null ? "" : ", waits for " + w + holder(w));
            b.append('\n');
            Thread t = p.driver();
            if (t != null && (w != null || !p.isIdling())) {
                stack(b, t);
            }
        }
        List<Pcpu> waiters = circle();
        String circle = describe(waiters);
        if (!circle.isEmpty()) {
            b.append("circle: ").append(circle).append('\n');
        }
        return new Hang(blockers(waiters), circle, b.toString());
    }

    private static List<Blocker> blockers(List<Pcpu> circle) {
        List<Blocker> out = new ArrayList<>();
        for (int i = 0; i < circle.size(); i++) {
            Pcpu p = circle.get(i);
            Object awaited = circle.get((i + circle.size() - 1) % circle.size()).waitingFor();
            out.add(new Blocker(p.id(), p.isInHardIrq(), awaited instanceof SpinLock l ? l.lockClass() : null));
        }
        return out;
    }

    private String describe(List<Pcpu> circle) {
        StringBuilder b = new StringBuilder();
        for (Pcpu p : circle) {
            b.append(b.isEmpty() ? "" : "; ").append(p);
            b.append(p.isInHardIrq() ? " (in an interrupt, over " + p.held().describe() + ")" : "");
            b.append(" waits for ").append(p.waitingFor()).append(holder(p.waitingFor()));
        }
        return b.toString();
    }

    private static void stack(StringBuilder b, Thread t) {
        int shown = 0;
        for (StackTraceElement f : t.getStackTrace()) {
            if (f.getClassName().startsWith("org.smpvisor") && shown++ < 14) {
                b.append("      at ")
                        .append(f.getClassName().replace("org.smpvisor.", ""))
                        .append('.')
                        .append(f.getMethodName())
                        .append(':')
                        .append(f.getLineNumber())
                        .append('\n');
            }
        }
    }

    private String holder(Object w) {
        if (w instanceof SpinLock l) {
            Pcpu owner = l.owner();
            Pcpu next = owner == null ? nextInQueue(l) : null;
            return next == null
                    ? ", held by " + owner
                    : ", free, but the next ticket is that of " + next + ", which an interrupt took away from its wait";
        }
        if (w instanceof RwLock l) {
            return ", " + l.readers() + " readers, writer " + l.writer();
        }
        return "";
    }

    /** Whoever must go on before the lock is handed to its waiters. */
    private Pcpu blocker(SpinLock l) {
        Pcpu owner = l.owner();
        return owner != null ? owner : nextInQueue(l);
    }

    private Pcpu nextInQueue(SpinLock l) {
        for (Pcpu p : machine.pcpus()) {
            if (p.isQueuedBelow(l, l.serving())) {
                return p;
            }
        }
        return null;
    }

    private List<Pcpu> circle() {
        for (Pcpu start : machine.pcpus()) {
            List<Pcpu> path = new ArrayList<>();
            Pcpu p = start;
            while (p != null && !path.contains(p)) {
                path.add(p);
                p = p.waitingFor() instanceof SpinLock l ? blocker(l) : null;
            }
            if (p != null) {
                return path.subList(path.indexOf(p), path.size());
            }
        }
        return List.of();
    }
}

package org.smpvisor.scenario;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.RwLock;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.machine.Machine;

/** Notices from outside that a machine no longer gets anywhere, and says who holds and who waits for what. */
final class Watchdog {
    private final Machine machine;
    private final long patienceNanos;
    private final Map<Pcpu, Object> waits = new LinkedHashMap<>();
    private final Map<Pcpu, Long> since = new LinkedHashMap<>();
    private String lastCircle = "";
    private long lastProgress;
    private long progressAt = System.nanoTime();

    Watchdog(Machine machine, double patienceSeconds) {
        this.machine = machine;
        this.patienceNanos = (long) (patienceSeconds * 1e9);
    }

    /**
     * A hang.
     *
     * @param isDeadlock whether pCPUs wait for each other in a circle
     * @param circle the circle in one sentence, empty without one
     * @param report state of all pCPUs
     */
    record Hang(boolean isDeadlock, String circle, String report) {}

    /** Looks; returns the hang if there has been one for longer than the patience, else {@code null}. */
    Hang look() {
        String circle = describe(circle());
        boolean sameCircle = !circle.isEmpty() && circle.equals(lastCircle);
        lastCircle = circle;
        if (sameCircle) {
            return report(); // a circle of owners and waiters that stands still is a deadlock, however short it has
            // lasted
        }
        long now = System.nanoTime();
        boolean stuck = false;
        long progress = 0;
        for (Pcpu p : machine.pcpus()) {
            Object w = p.waitingFor();
            if (w == null || w != waits.get(p)) {
                waits.put(p, w);
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
        String circle = describe(circle());
        if (!circle.isEmpty()) {
            b.append("circle: ").append(circle).append('\n');
        }
        return new Hang(!circle.isEmpty(), circle, b.toString());
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

package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Point;
import org.smpvisor.engine.Strategy;
import org.smpvisor.oracle.Violation;
import org.smpvisor.trace.EventRing;

/**
 * One schedule told as a sequence diagram: a column per pCPU and one for hardware and devices, one line per step. Only the
 * steps that matter are told: those on something that more than one pCPU touches and somebody changes, interrupts, hardware,
 * devices, and what happened to interrupts.
 */
public final class Story {
    private static final int COLUMN = 34;

    /** A step, as it was taken; {@code time} is that of the clock, which runs ahead of the steps where a timer expires. */
    private record Step(int number, long time, int actor, Point what, Object on, String locks) {}

    private final Subject subject;
    private final List<Step> steps = new ArrayList<>();
    private final Outcome outcome;
    private final List<Violation> violations;
    private final List<EventRing.Entry> events;

    private Story(Subject subject, Strategy strategy) {
        this.subject = subject;
        ControlledEngine engine = subject.engine();
        this.outcome = subject.run(strategy, (number, actor, what, on) -> {
            int k = engine.pcpuOf(actor);
            steps.add(new Step(
                    number,
                    engine.now(),
                    actor,
                    what,
                    on,
                    k < 0 ? "" : locks(subject.machine().pcpu(k))));
        });
        this.violations = subject.judge(outcome);
        this.events = subject.events();
    }

    /** Runs the schedule that {@code strategy} chooses and keeps what is needed to tell it. */
    public static Story of(Subject subject, Strategy strategy) {
        return new Story(subject, strategy);
    }

    private static String locks(Pcpu p) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < p.held().depth(); i++) {
            b.append(b.isEmpty() ? "" : " ").append(p.held().lockAt(i));
        }
        return b.toString();
    }

    public Outcome outcome() {
        return outcome;
    }

    public List<Violation> violations() {
        return violations;
    }

    /** The story of the steps that matter, one line per element. */
    public List<String> lines() {
        return lines(false);
    }

    /** The story, one line per element; of every step if {@code all}. */
    public List<String> lines(boolean all) {
        List<String> out = new ArrayList<>();
        int n = subject.engine().pcpus();
        StringBuilder head = new StringBuilder("  step  ");
        for (int k = 0; k < n; k++) {
            head.append(pad("cpu" + k));
        }
        out.add(head + "hardware and devices");
        Set<Object> shared = shared();
        int e = 0;
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            for (; e < events.size() && events.get(e).nanos() <= s.time; e++) {
                out.add(line(-1, column(events.get(e).source()), told(events.get(e))));
            }
            if (all || matters(s, shared)) {
                out.add(line(s.number, subject.engine().pcpuOf(s.actor), told(s)));
            }
        }
        for (; e < events.size(); e++) {
            out.add(line(-1, column(events.get(e).source()), told(events.get(e))));
        }
        return out;
    }

    private Set<Object> shared() {
        Map<Object, long[]> users = new IdentityHashMap<>();
        for (Step s : steps) {
            int k = subject.engine().pcpuOf(s.actor);
            if (k >= 0 && s.on != null) {
                long[] u = users.computeIfAbsent(s.on, o -> new long[2]);
                u[0] |= 1L << k;
                u[1] |= s.what.writes() ? 1 : 0;
            }
        }
        Set<Object> out = Collections.newSetFromMap(new IdentityHashMap<>());
        users.forEach((o, u) -> {
            if (Long.bitCount(u[0]) > 1 && u[1] != 0) {
                out.add(o);
            }
        });
        return out;
    }

    private boolean matters(Step s, Set<Object> shared) {
        if (subject.engine().isIrq(s.actor) || subject.engine().pcpuOf(s.actor) < 0) {
            return true;
        }
        return switch (s.what) {
            case START, FENCE, STORE_FENCE, LOAD_FENCE, RELAX, IRQ_ENABLE, IRQ_DISABLE, GUEST_STEP, WFI, IRQ_DELIVER ->
                false;
            case HARDWARE -> false;
            case AWAIT, MAILBOX_PUT -> true;
            default -> shared.contains(s.on);
        };
    }

    private String told(Step s) {
        if (subject.engine().isIrq(s.actor)) {
            return "takes an interrupt" + (s.locks.isEmpty() ? "" : " under " + s.locks);
        }
        if (subject.engine().pcpuOf(s.actor) < 0) {
            return subject.engine().actorName(s.actor);
        }
        String verb = switch (s.what) {
            case LOAD -> "reads";
            case STORE -> "writes";
            case RMW, UPDATE -> "changes";
            case ACQUIRE -> "locks";
            case TRY_ACQUIRE -> "tries to lock";
            case RELEASE -> "unlocks";
            case AWAIT -> "has waited for";
            case MAILBOX_PUT -> "sends an SGI to";
            default -> s.what.name().toLowerCase(Locale.ROOT);
        };
        return verb + " " + (s.on == null ? "" : s.on);
    }

    private static String told(EventRing.Entry e) {
        return "* " + (e.domain() == 255 ? "" : "d" + e.domain() + " ") + "INTID " + e.intid() + " "
                + e.kind().text() + " " + e.arg();
    }

    private int column(String source) {
        return source.startsWith("cpu") ? Integer.parseInt(source.substring(3)) : -1;
    }

    private String line(int number, int column, String text) {
        int n = subject.engine().pcpus();
        int at = column < 0 ? n : column;
        String indent = " ".repeat(COLUMN * at);
        return (number < 0 ? "        " : String.format(Locale.ROOT, "%6d  ", number)) + indent + text;
    }

    private static String pad(String s) {
        return s + " ".repeat(Math.max(1, COLUMN - s.length()));
    }
}

package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Point;
import org.smpvisor.engine.Replay;
import org.smpvisor.oracle.Violation;

/**
 * A schedule with what was met at each step, so that a replay can tell where the program has changed. Steps are hashed from
 * names (actor, kind of step, object), which do not change when unrelated code does.
 */
final class Recording implements ControlledEngine.Observer {
    /** One step: its actor, and a hash and a description of what it was. */
    record Step(String actor, int hash, String what) {}

    private final ControlledEngine engine;
    private final List<Step> steps = new ArrayList<>();

    private Recording(ControlledEngine engine) {
        this.engine = engine;
    }

    @Override
    public void step(int step, int actor, Point what, Object on) {
        steps.add(met(engine, actor, what, on));
    }

    /** What a step is recorded as. */
    static Step met(ControlledEngine engine, int actor, Point what, Object on) {
        String name = engine.actorName(actor);
        String text = what + (on == null ? "" : " " + on);
        return new Step(name, (name + " " + text).hashCode() & 0xffff, text);
    }

    /** Runs the schedule once more and records it; the violations go to {@code violations}. */
    static List<Step> of(Subject subject, byte[] decisions, List<Violation> violations) {
        Recording r = new Recording(subject.engine());
        Outcome o = subject.run(new Replay(decisions, true), r);
        violations.addAll(subject.judge(o));
        return r.steps;
    }
}

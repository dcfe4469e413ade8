package org.smpvisor.engine;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.cpu.InterruptLine;
import org.smpvisor.cpu.IrqEntry;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/** Some pCPUs without a GIC under a controlled engine, each with a body of its own. Build the shared state anew for each run. */
public final class ControlledPcpus {
    public final ControlledEngine engine;
    public final LockValidator validator = new LockValidator(true);
    public final Pcpu[] cpus;

    /** Every step as {@code actor what on}. */
    public final List<String> steps = new ArrayList<>();

    public ControlledPcpus(int n) {
        engine = new ControlledEngine(n, true);
        cpus = new Pcpu[n];
        InterruptLine silent = c -> false;
        IrqEntry none = c -> {};
        for (int i = 0; i < n; i++) {
            cpus[i] = new Pcpu(i, i, n, engine, validator, new EventRing("cpu" + i, 0, engine));
            cpus[i].connect(silent, null, none);
        }
        engine.attach(cpus);
    }

    /** Runs the bodies, one per pCPU. */
    public Outcome run(Strategy s, ControlledEngine.Body... bodies) {
        steps.clear();
        return engine.run(
                s,
                cpu -> bodies[cpu.id()].run(cpu),
                100_000,
                (step, actor, what, on) -> steps.add(engine.actorName(actor) + " " + what + " " + on));
    }

    /** Runs one schedule after the other, as {@code search} wants it, each with fresh state from {@code arrange}. */
    public int exhaust(Strategy search, Runnable arrange, Runnable judge, ControlledEngine.Body... bodies) {
        int runs = 0;
        do {
            arrange.run();
            run(search, bodies);
            judge.run();
            runs++;
        } while (search.end() && runs < 200_000);
        return runs;
    }
}

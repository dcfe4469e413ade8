package org.smpvisor.verify;

import java.util.List;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.oracle.Violation;
import org.smpvisor.scenario.Finding;
import org.smpvisor.scenario.RunOptions;
import org.smpvisor.scenario.RunRecord;
import org.smpvisor.scenario.Scenario;
import org.smpvisor.scenario.Scenarios;
import org.smpvisor.scenario.StormRun;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Variant;
import org.smpvisor.verify.BugRecord.Cell;

/** Storms a machine on real threads until something goes wrong that no weak spot explains, or the time is up. */
final class StressHunt {
    private StressHunt() {}

    /**
     * What came of it.
     *
     * @param stress what the oracle, the watchdog or the model itself reported
     * @param locks what the lock validator reported
     */
    record Result(Cell stress, Cell locks) {}

    /** All scenarios have their turn, each with its share of the time, until something is found. */
    static Result run(Variant variant, double seconds, long seed) {
        List<Scenario> scenarios = Scenarios.all();
        Cell locking = null;
        double spent = 0;
        for (Scenario s : scenarios) {
            First first = new First(s.name(), spent);
            RunRecord record = new StormRun(options(s, variant, seconds / scenarios.size(), seed), first).run();
            locking = locking == null ? first.locking : locking;
            spent += record.seconds();
            Cell found = found(first, record, spent);
            if (found != null) {
                return new Result(found, locking == null ? Cell.notFound(spent) : locking);
            }
        }
        return new Result(Cell.notFound(spent), locking == null ? Cell.notFound(spent) : locking);
    }

    private static RunOptions options(Scenario s, Variant variant, double seconds, long seed) {
        MachineDescription tree = MachineDescription.qemuVirt().withCpus(s.pcpus());
        return new RunOptions(s, s.pcpus(), s.domains(), s.vcpus(), seconds, seed, variant, tree, true, "")
                .withScheduler(SchedulerKind.CREDIT2);
    }

    private static Cell found(First first, RunRecord record, double spent) {
        if (first.other != null) {
            return first.other;
        }
        return switch (record.verdict()) {
            case DEADLOCK, STALLED, MODEL_BUG, GUEST_DIED ->
                Cell.found(spent, record.verdict().text() + " in " + first.scenario);
            default -> null;
        };
    }

    /** Keeps the first report of either kind; what the validator says does not end the run. */
    private static final class First implements StormRun.Listener {
        private final String scenario;
        private final double before;
        private Cell locking;
        private Cell other;
        private boolean over;

        First(String scenario, double before) {
            this.scenario = scenario;
            this.before = before;
        }

        @Override
        public void progress(StormRun run) {
            if (over) {
                run.interrupt();
            }
        }

        @Override
        public void found(Finding f) {
            if (f.explainedBy() != null) {
                return;
            }
            Violation.Kind kind = f.violation().kind();
            if (kind == Violation.Kind.LOCKING) {
                locking = locking == null ? Cell.found(before + f.secondsIn(), "stress") : locking;
            } else if (other == null) {
                other = Cell.found(before + f.secondsIn(), kind.name() + " in " + scenario);
                over = true;
            }
        }
    }
}

package org.smpvisor.verify;

import org.smpvisor.machine.MachineDescription;
import org.smpvisor.oracle.Violation;
import org.smpvisor.scenario.Finding;
import org.smpvisor.scenario.RunOptions;
import org.smpvisor.scenario.RunRecord;
import org.smpvisor.scenario.Scenario;
import org.smpvisor.scenario.Scenarios;
import org.smpvisor.scenario.StormRun;
import org.smpvisor.scenario.Verdict;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Variant;
import org.smpvisor.verify.BugRecord.Cell;

/** Storms a machine on real threads until something goes wrong that no weak spot explains, or the time is up. */
final class StressHunt {
    static final String SCENARIO = "all";

    private StressHunt() {}

    /**
     * What came of it.
     *
     * @param stress what the oracle, the watchdog or the model itself reported
     * @param locks what the lock validator reported
     */
    record Result(Cell stress, Cell locks) {}

    static Result run(Variant variant, double seconds, long seed) {
        Scenario s = Scenarios.named(SCENARIO).orElseThrow();
        First first = new First();
        RunRecord record = new StormRun(
                        new RunOptions(
                                        s,
                                        s.pcpus(),
                                        s.domains(),
                                        s.vcpus(),
                                        seconds,
                                        seed,
                                        variant,
                                        MachineDescription.qemuVirt().withCpus(s.pcpus()),
                                        true,
                                        "")
                                .withScheduler(SchedulerKind.CREDIT2),
                        first)
                .run();
        return new Result(stress(first, record), first.locking == null ? Cell.notFound(seconds) : first.locking);
    }

    private static Cell stress(First first, RunRecord record) {
        if (first.other != null) {
            return first.other;
        }
        Verdict v = record.verdict();
        boolean ended =
                v == Verdict.DEADLOCK || v == Verdict.STALLED || v == Verdict.MODEL_BUG || v == Verdict.GUEST_DIED;
        return ended ? Cell.found(record.seconds(), v.text()) : Cell.notFound(record.seconds());
    }

    /** Keeps the first report of either kind; what the validator says does not end the run. */
    private static final class First implements StormRun.Listener {
        private Cell locking;
        private Cell other;
        private boolean over;

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
                locking = locking == null ? Cell.found(f.secondsIn(), "stress") : locking;
            } else if (other == null) {
                other = Cell.found(f.secondsIn(), kind.name());
                over = true;
            }
        }
    }
}

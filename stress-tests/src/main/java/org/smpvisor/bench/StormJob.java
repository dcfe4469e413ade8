package org.smpvisor.bench;

import java.util.Locale;
import org.smpvisor.cpu.Counter;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.scenario.Finding;
import org.smpvisor.scenario.RunOptions;
import org.smpvisor.scenario.RunRecord;
import org.smpvisor.scenario.Scenario;
import org.smpvisor.scenario.Scenarios;
import org.smpvisor.scenario.StormRun;
import org.smpvisor.scenario.Verdict;
import org.smpvisor.variant.Variant;

/** Acknowledges of SPIs and SGIs a second, by guests, in the default storm with all weak spots corrected. */
final class StormJob implements Subject {
    private static final long FIRST_SEED = 4711;

    private static final StormRun.Listener SILENT = new StormRun.Listener() {
        @Override
        public void progress(StormRun run) {}

        @Override
        public void found(Finding finding) {}
    };

    private static final double LONGEST_SECONDS = 10;

    private final int pcpus;
    private final boolean validate;
    private long seed = FIRST_SEED;

    /** @param validate whether the lock validator is on */
    StormJob(int pcpus, boolean validate) {
        this.pcpus = pcpus;
        this.validate = validate;
    }

    /** A run that is so short that no guest got to its first acknowledge is repeated, twice as long. */
    @Override
    public double rate(double seconds) {
        double rate = 0;
        for (double s = seconds; rate == 0 && s < LONGEST_SECONDS; s *= 2) {
            rate = run(s);
        }
        return rate;
    }

    private double run(double seconds) {
        Scenario storm = Scenarios.all().get(0);
        RunOptions options = new RunOptions(
                storm,
                pcpus,
                storm.domains(),
                storm.vcpus(),
                seconds,
                seed++,
                Variant.allFixed(),
                MachineDescription.qemuVirt().withCpus(pcpus),
                validate,
                String.format(
                        Locale.ROOT,
                        "./smpvisor stress --quirks fixed --pcpus %d --seconds %s --seed %d",
                        pcpus,
                        seconds,
                        seed - 1));
        RunRecord run = new StormRun(options, SILENT).run();
        if (run.verdict() != Verdict.CLEAN && run.verdict() != Verdict.NOT_EXERCISED) {
            throw new BenchFailure("the storm ended with verdict "
                    + run.verdict().text() + " (" + run.explanation() + "); see " + options.commandLine());
        }
        return (run.counter(Counter.GUEST_SPI_ACKS) + run.counter(Counter.GUEST_SGI_ACKS)) / run.seconds();
    }
}

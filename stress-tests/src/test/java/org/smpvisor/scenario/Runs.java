package org.smpvisor.scenario;

import org.smpvisor.machine.MachineDescription;
import org.smpvisor.variant.Variant;

/** Short runs for tests. */
final class Runs {
    private Runs() {}

    static RunRecord run(String scenario, Variant variant, double seconds, long seed) {
        return new StormRun(options(scenario, variant, seconds, seed), silent()).run();
    }

    static RunOptions options(String scenario, Variant variant, double seconds, long seed) {
        Scenario s = Scenarios.named(scenario).orElseThrow();
        MachineDescription tree = MachineDescription.qemuVirt().withCpus(s.pcpus());
        return new RunOptions(s, s.pcpus(), s.domains(), s.vcpus(), seconds, seed, variant, tree, true, "test");
    }

    static StormRun.Listener silent() {
        return new StormRun.Listener() {
            @Override
            public void progress(StormRun run) {
                // Nobody watches.
            }

            @Override
            public void found(Finding finding) {
                // The record has it.
            }
        };
    }
}

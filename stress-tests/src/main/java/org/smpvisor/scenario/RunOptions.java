package org.smpvisor.scenario;

import org.smpvisor.machine.MachineDescription;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Variant;

/**
 * What a run is a function of, but for the timing of real threads.
 *
 * @param pcpus pCPUs, 1..128
 * @param domains domains, 1..16
 * @param vcpus vCPUs of each domain, 1..128
 * @param seconds length of the storm
 * @param seed seed of all choices of guests and environment
 * @param description the machine's tree, cut or extended to {@code pcpus}
 * @param validate whether the lock validator is on
 * @param measureLocks whether times are taken at every lock, which costs
 * @param scheduler who runs when
 */
public record RunOptions(
        Scenario scenario,
        int pcpus,
        int domains,
        int vcpus,
        double seconds,
        long seed,
        Variant variant,
        MachineDescription description,
        boolean validate,
        String commandLine,
        boolean measureLocks,
        SchedulerKind scheduler) {
    /** A run that takes no times at locks. */
    public RunOptions(
            Scenario scenario,
            int pcpus,
            int domains,
            int vcpus,
            double seconds,
            long seed,
            Variant variant,
            MachineDescription description,
            boolean validate,
            String commandLine) {
        this(
                scenario,
                pcpus,
                domains,
                vcpus,
                seconds,
                seed,
                variant,
                description,
                validate,
                commandLine,
                false,
                SchedulerKind.RR);
    }

    /** The same with that scheduler. */
    public RunOptions withScheduler(SchedulerKind kind) {
        return new RunOptions(
                scenario,
                pcpus,
                domains,
                vcpus,
                seconds,
                seed,
                variant,
                description,
                validate,
                commandLine,
                measureLocks,
                kind);
    }
}

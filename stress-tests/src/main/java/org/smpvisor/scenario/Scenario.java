package org.smpvisor.scenario;

import java.util.Map;
import org.smpvisor.cpu.Counter;
import org.smpvisor.guest.GuestPlan;

/**
 * A workload: what the guests do, what the environment does, and which events must happen for its verdict to mean anything.
 *
 * @param name name on the command line
 * @param summary one line for people
 * @param plan what the guests do
 * @param pcpus default number of pCPUs
 * @param domains default number of domains
 * @param vcpus default number of vCPUs of each domain
 * @param lines most device lines of each domain
 * @param virtualLines SPIs of each domain without a device behind them
 * @param environment what happens outside the guests
 * @param promises events that must happen, and how often in a run of a minute or more
 */
public record Scenario(
        String name,
        String summary,
        GuestPlan plan,
        int pcpus,
        int domains,
        int vcpus,
        int lines,
        int virtualLines,
        Environment environment,
        Map<Counter, Integer> promises) {
    /**
     * Rates of the environment.
     *
     * @param pauseMicros pause between two bursts
     * @param burst lines raised in a burst
     * @param hammer how often in a row one chosen line is raised in a burst
     * @param moveEvery one vCPU move every so many bursts, 0 for none
     * @param consoleEvery one interrupt of Xen's own console every so many bursts, 0 for none
     * @param crossCallEvery one cross call every so many bursts, 0 for none
     * @param eventEvery one vCPU is told of events every so many bursts, 0 for none
     * @param killEvery one domain is destroyed every so many bursts, and created anew, 0 for none
     * @param hotplugEvery one pCPU goes down, or comes up again, every so many bursts, 0 for none
     * @param pauseEvery one vCPU or domain is paused, or goes on, every so many bursts, 0 for none
     */
    public record Environment(
            int pauseMicros,
            int burst,
            int hammer,
            int moveEvery,
            int consoleEvery,
            int crossCallEvery,
            int eventEvery,
            int killEvery,
            int hotplugEvery,
            int pauseEvery) {
        /** An environment in which domains and pCPUs stay. */
        public Environment(
                int pauseMicros,
                int burst,
                int hammer,
                int moveEvery,
                int consoleEvery,
                int crossCallEvery,
                int eventEvery) {
            this(pauseMicros, burst, hammer, moveEvery, consoleEvery, crossCallEvery, eventEvery, 0, 0, 0);
        }

        /** The same with domains and pCPUs that come and go, and pauses. */
        public Environment withComingAndGoing(int kills, int hotplugs, int pauses) {
            return new Environment(
                    pauseMicros,
                    burst,
                    hammer,
                    moveEvery,
                    consoleEvery,
                    crossCallEvery,
                    eventEvery,
                    kills,
                    hotplugs,
                    pauses);
        }

        /** No device does anything; a sleeping vCPU is woken now and then, as by a timer. */
        public static final Environment QUIET = new Environment(200, 0, 0, 0, 0, 0);

        /** The same without events. */
        public Environment(
                int pauseMicros, int burst, int hammer, int moveEvery, int consoleEvery, int crossCallEvery) {
            this(pauseMicros, burst, hammer, moveEvery, consoleEvery, crossCallEvery, 0);
        }
    }

    public Scenario {
        promises = Map.copyOf(promises);
        if (promises.isEmpty() || promises.values().stream().anyMatch(n -> n < 1)) {
            throw new IllegalArgumentException("scenario " + name + " must promise events, each at least once");
        }
    }

    /** How often {@code c} must happen in a run of that many seconds: at least once, the whole promise from a minute on. */
    public long required(Counter c, double seconds) {
        return Math.max(1, Math.round(promises.get(c) * Math.min(1.0, seconds / 60.0)));
    }
}

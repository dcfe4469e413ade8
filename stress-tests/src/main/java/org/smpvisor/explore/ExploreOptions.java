package org.smpvisor.explore;

import java.nio.file.Path;
import java.util.List;
import org.smpvisor.variant.Variant;

/**
 * What an exploration is asked to do.
 *
 * @param scenarios the small scenarios, one after the other
 * @param variant the weak spots in force
 * @param strategy one of {@link #STRATEGIES}
 * @param seconds for all scenarios together; ignored when {@code schedules} is positive
 * @param schedules for each scenario; 0 for as many as the time allows
 * @param threads workers
 * @param seed of all choices; worker {@code w} uses {@code seed + w}
 * @param runs folder for replay files, {@code null} for none
 * @param commandLine the command that does the same again
 */
public record ExploreOptions(
        List<SmallScenario> scenarios,
        Variant variant,
        String strategy,
        double seconds,
        long schedules,
        int threads,
        long seed,
        Path runs,
        String commandLine) {
    /** Names of strategies. */
    public static final List<String> STRATEGIES = Portfolio.NAMES;

    public ExploreOptions {
        scenarios = List.copyOf(scenarios);
    }
}

package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.explore.Explorer;
import org.smpvisor.explore.SmallScenario;
import org.smpvisor.explore.SmallScenarios;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Variant;

/**
 * Explores all small scenarios, every weak spot corrected, until something is found or time is up. Runs in the class loader of
 * the mutant, and is called from outside by name: its answer is a line of text.
 */
public final class Examination {
    private static final int FIRST_SLICE = 100;
    private static final int ROUNDS = 4;
    private static final double NO_LIMIT = 1e9;
    private static final String TAB = "\t";

    private Examination() {}

    /**
     * Returns a {@link Trial.Result} as a line: status, tool, scenario, schedules, text.
     *
     * @param budget seconds for all scenarios; or, if {@code counted}, schedules of each
     */
    public static String examine(double budget, boolean counted, long seed) {
        double seconds = counted ? NO_LIMIT : budget;
        long start = System.nanoTime();
        long schedules = 0;
        List<SmallScenario> scenarios =
                SmallScenarios.all().stream().filter(s -> s.madeFor() == null).toList();
        List<Explorer> explorers = new ArrayList<>();
        for (int round = 0; round <= ROUNDS; round++) {
            if (round == ROUNDS && !Deviants.isReached()) {
                break; // three quarters of the time did not lead there
            }
            for (int i = 0; i < scenarios.size(); i++) {
                String name = scenarios.get(i).name();
                if (round == 0) {
                    try {
                        explorers.add(new Explorer(scenarios.get(i), Variant.allFixed(), "portfolio", seed, true));
                    } catch (RuntimeException | LinkageError e) {
                        return line("killed", "does not boot", name, schedules, String.valueOf(e.getMessage()));
                    }
                }
                Explorer e = explorers.get(i);
                long before = e.schedules();
                double share =
                        round == 0 ? Double.POSITIVE_INFINITY : share(start, seconds, scenarios.size(), round, i);
                long most = round == 0 ? FIRST_SLICE : counted ? (long) Math.ceil(budget / ROUNDS) : Long.MAX_VALUE;
                long from = System.nanoTime();
                e.explore(() -> !e.groups().isEmpty() || e.schedules() - before >= most || seconds(from) >= share);
                schedules += e.schedules() - before;
                if (!e.groups().isEmpty()) {
                    Violation v = e.groups().get(0).first().violation();
                    return line("killed", tool(v.kind()), name, schedules, v.kind() + ": " + v.text());
                }
            }
        }
        return line(Deviants.isReached() ? "survived" : "not reached", "", "", schedules, "");
    }

    /** What is left of the time, evenly over what is left to do. */
    private static double share(long start, double seconds, int scenarios, int round, int i) {
        int left = (ROUNDS - round + 1) * scenarios - i;
        return Math.max(0, seconds - seconds(start)) / left;
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static String tool(Violation.Kind kind) {
        return switch (kind) {
            case LOCKING -> "lock validator";
            case DEADLOCK -> "deadlock";
            case LIVELOCK -> "livelock";
            case LOST, DUPLICATED, WRONG_TARGET -> "ledger";
            case LEFT_BEHIND, LEFT_ACTIVE, INCONSISTENT -> "audit";
            case CORRUPTED, MODEL_BUG -> "assertion";
            case GUEST_DIED -> "guest";
            case RACE -> "race detector";
        };
    }

    private static String line(String status, String tool, String scenario, long schedules, String text) {
        String flat = text.replaceAll("\\s+", " ");
        return String.join(TAB, status, tool, scenario, Long.toString(schedules), flat);
    }
}
